package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// TestServedAccounts makes the calls around sign-in and settings over the real
// socket.
func TestServedAccounts(t *testing.T) {
	e := newEnv(t, func(o *Options) { o.SignIn, o.URL = directory{}, "https://pickup.example.com" })
	c, ctx := e.client(), context.Background()

	if m := must(c.SignInMethod(ctx, "clara@example.com"))(t); m != socket.MethodDomain {
		t.Errorf("method %s", m)
	}
	if _, err := c.DomainLogin(ctx, socket.DomainLogin{Address: "clara@example.com", Password: "wrong", Client: "::1"}); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("wrong password: %v", err)
	}
	in := must(c.DomainLogin(ctx, socket.DomainLogin{Address: "clara@example.com", Password: "right", Client: "::1"}))(t)
	if in.Link == (seal.Token{}) || in.Name != "Clara" {
		t.Fatalf("%+v", in)
	}
	must(e.join(in))(t)
	in = must(c.DomainLogin(ctx, socket.DomainLogin{Address: "clara@example.com", Password: "right", Client: "::1"}))(t)
	if in.Link != (seal.Token{}) || len(in.Session.Escrow) == 0 || in.Session.Pending {
		t.Fatalf("%+v", in)
	}
	start := must(c.BeginCloud(ctx, "dora@cloud.test", "::1", false))(t)
	state := start.URL[strings.Index(start.URL, "state=")+len("state="):]
	cloud := must(c.FinishCloud(ctx, socket.CloudFinish{Ticket: start.Ticket, State: state, Code: "right", Client: "::1"}))(t)
	if cloud.Address != "dora@cloud.test" || cloud.Link == (seal.Token{}) {
		t.Errorf("%+v", cloud)
	}

	s := e.holder()
	setup := must(c.BeginTOTP(ctx, s.Token, e.proof("password")))(t)
	codes := must(c.FinishTOTP(ctx, s.Token, e.totp(setup.Secret)))(t)
	if len(codes.Codes) != recoveryCodes || !strings.HasPrefix(setup.URL, "otpauth://totp/pickup.example.com:bob@guest.test?") {
		t.Errorf("%+v, %s", codes, setup.URL)
	}
	if b := must(c.BeginPasskey(ctx, s.Token, e.proof("password")))(t); !strings.Contains(string(b), `"id":"pickup.example.com"`) {
		t.Errorf("%s", b)
	}
	for _, made := range []string{"", "{}", "null", `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`} {
		if _, err := c.FinishPasskey(ctx, s.Token, "made up", []byte(made)); !errors.Is(err, socket.ErrInvalid) && !errors.Is(err, socket.ErrLogin) {
			t.Errorf("passkey %q: %v", made, err)
		}
	}
	if fresh := must(c.NewRecoveryCodes(ctx, s.Token, e.proof("password")))(t); len(fresh.Codes) != recoveryCodes {
		t.Errorf("%+v", fresh)
	} else {
		codes = fresh
	}
	pending := e.loginAs("password")
	if q := must(c.SecondFactor(ctx, pending.Token))(t); !q.TOTP || len(q.Passkey) != 0 {
		t.Errorf("%+v", q)
	}
	if err := c.Confirm(ctx, pending.Token, socket.FactorAnswer{Passkey: []byte("{}")}); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("a passkey that there is not: %v", err)
	}
	if err := c.Confirm(ctx, pending.Token, socket.FactorAnswer{Code: codes.Codes[0], Client: "::1", Agent: "Firefox"}); err != nil {
		t.Error(err)
	}
	a := must(c.Account(ctx, s.Token))(t)
	if len(a.Sessions) != 2 || len(a.Factors) != 1 || !a.Alerts || a.KDF.Check() != nil {
		t.Errorf("%+v", a)
	}
	phrase := "blue elephants"
	if err := c.Change(ctx, s.Token, socket.AccountChange{Phrase: &phrase}); err != nil {
		t.Error(err)
	}
	if err := c.EndSession(ctx, s.Token, ""); err != nil {
		t.Error(err)
	}
	if err := c.RemoveFactor(ctx, s.Token, e.proof("password"), a.Factors[0].ID); err != nil {
		t.Error(err)
	}
	if err := c.ChangePassword(ctx, s.Token, e.proof("password"), e.newPassword("new")); err != nil {
		t.Error(err)
	}
	if err := c.CloseAccount(ctx, s.Token, e.proof("new")); err != nil {
		t.Error(err)
	}
	if _, err := c.Account(ctx, s.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a closed account: %v", err)
	}
}

// switched is a directory whose domain own.test changes its method.
type switched struct {
	directory
	external *bool
}

func (s switched) Method(address string) signin.Method {
	if m := s.directory.Method(address); m != signin.Password || !*s.external {
		return m
	}
	return signin.LDAP
}

// TestMethodChanges: an account by password goes on where the organisation signs in
// from now on, and its password is worth nothing any more.
func TestMethodChanges(t *testing.T) {
	external := false
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = switched{external: &external} }), context.Background()
	message := e.deposit(seal.ModeAccount, "for oscar", "oscar@own.test")[0]
	s, _ := e.activate(message.Code, "password")
	external = true
	if err := login(e, "oscar@own.test", "password", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("the old password: %v", err)
	}
	in := must(e.DomainLogin(ctx, socket.DomainLogin{Address: "oscar@own.test", Password: "right", Client: "192.0.2.1"}))(t)
	if p := must(e.Inbox(ctx, in.Session.Token, "", 10))(t); p.Total != 1 {
		t.Errorf("%d messages", p.Total)
	}
	if a := must(e.Account(ctx, s.Token))(t); a.Password {
		t.Error("the account still has a password")
	}
	if err := e.ChangePassword(ctx, s.Token, e.proof("password"), e.newPassword("new")); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("change of a password that is worth nothing: %v", err)
	}
}
