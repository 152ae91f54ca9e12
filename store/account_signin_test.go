package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// directory is a directory and a provider in memory: of members of example.com and
// cloud.test whose password or code is "right".
type directory struct{ proved *time.Time }

func (directory) Method(address string) signin.Method {
	_, domain, _ := strings.Cut(address, "@")
	return map[string]signin.Method{"example.com": signin.LDAP, "cloud.test": signin.OIDC, "own.test": signin.Password}[domain]
}

// Password finds clara and her other addresses, clara+ANYTHING, in one entry.
func (directory) Password(_ context.Context, address, password string, found func(string) error) (signin.Person, error) {
	user, _, _ := strings.Cut(address, "@")
	user, _, _ = strings.Cut(user, "+")
	if err := found("uid=" + user); err != nil {
		return signin.Person{}, err
	}
	switch password {
	case "right":
		return signin.Person{Address: address, Name: "Clara"}, nil
	case "down":
		return signin.Person{}, signin.ErrUnavailable
	}
	return signin.Person{}, signin.ErrRefused
}

func (directory) Begin(_ context.Context, hint string, f signin.Flow, _ bool) (string, error) {
	return "https://login.test/?state=" + f.State, nil
}

func (d directory) Redeem(_ context.Context, f signin.Flow, code string) (signin.Person, error) {
	switch code {
	case "right":
		p := signin.Person{Address: "dora@cloud.test", Name: "Dora"}
		if d.proved != nil {
			p.Proved = *d.proved
		}
		return p, nil
	case "right, in capitals":
		return signin.Person{Address: "Emil.M@Cloud.TEST", Name: "Emil"}, nil
	}
	return signin.Person{}, signin.ErrRefused
}

// join makes the account of somebody who was verified, as a portal does.
func (e *env) join(in socket.SignedIn) (socket.Session, error) {
	e.t.Helper()
	key, err := seal.NewAccountKey()
	if err != nil {
		e.t.Fatal(err)
	}
	escrow, err := key.Escrow(e.portal.RecoveryRecipient)
	if err != nil {
		e.t.Fatal(err)
	}
	return e.Activate(context.Background(), in.Link, socket.Activation{Name: "Clara", PublicKey: key.Recipient(), Escrow: escrow, Client: "192.0.2.1"})
}

// TestDomainLoginByOtherAddresses tries one person's password by one address after
// the other, each from another network: all count for the entry that they lead to.
func TestDomainLoginByOtherAddresses(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = directory{} }), context.Background()
	try := func(address, password string, network int) error {
		_, err := e.DomainLogin(ctx, socket.DomainLogin{Address: address, Password: password, Client: fmt.Sprintf("192.0.%d.1", network)})
		return err
	}
	var throttled *socket.ThrottledError
	for i := range 6 {
		if err := try(fmt.Sprintf("clara+%d@example.com", i), "wrong", i); !errors.Is(err, socket.ErrLogin) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if err := try("clara+7@example.com", "right", 7); !errors.As(err, &throttled) {
		t.Errorf("after six failures by other addresses: %v", err)
	}
	if err := try("dirk@example.com", "wrong", 7); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("somebody else: %v", err)
	}
	e.clock.advance(time.Hour)
	for i := range 3 { // success forgets
		if err := try("clara@example.com", "right", 8+i); err != nil {
			t.Errorf("later: %v", err)
		}
	}
}

func TestDomainLogin(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = directory{} }), context.Background()
	try := func(address, password string) (socket.SignedIn, error) {
		return e.DomainLogin(ctx, socket.DomainLogin{Address: address, Password: password, Client: "192.0.2.1"})
	}
	for address, want := range map[string]string{"Clara@Example.com": "ldap", "dora@cloud.test": "oidc", "x@own.test": "password", "bob@guest.test": "password", "": "password"} {
		if m := must(e.SignInMethod(ctx, address))(t); m != want {
			t.Errorf("%q signs in by %s, want %s", address, m, want)
		}
	}
	if _, err := try("clara@example.com", "wrong"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := try("clara@example.com", "down"); !errors.Is(err, socket.ErrUnavailable) {
		t.Errorf("directory is down: %v", err)
	}
	if _, err := try("bob@guest.test", "right"); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a guest: %v", err)
	}
	in := must(try("clara@example.com", "right"))(t)
	if in.Link == (seal.Token{}) || in.Session.Token != (seal.Token{}) {
		t.Fatalf("a first sign-in: %+v", in)
	}
	// The link makes an account without a password, and no other.
	a := e.activation(nil)
	if _, err := e.Activate(ctx, in.Link, a); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("with a password: %v", err)
	}
	s := must(e.join(in))(t)
	if info := must(e.Account(ctx, s.Token))(t); info.Password || info.Method != "ldap" || !info.Fresh {
		t.Errorf("account: %+v", info)
	}
	if _, err := e.Waiting(ctx, in.Link); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("the link again: %v", err)
	}
	again := must(try("clara@example.com", "right"))(t)
	if again.Link != (seal.Token{}) || len(again.Session.Escrow) == 0 || len(again.Session.Wrapped) != 0 {
		t.Errorf("a later sign-in: %+v", again)
	}
	// Where the organisation signs in there is no password to try, forget or make.
	if err := login(e, "clara@example.com", "", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("login by password: %v", err)
	}
	if k1, k2 := must(e.Challenge(ctx, "clara@example.com"))(t), must(e.Challenge(ctx, "clara@example.com"))(t); k1.Check() != nil || string(k1.Salt) != string(k2.Salt) {
		t.Errorf("challenge: %+v", k1)
	}
	if err := e.RequestReset(ctx, "clara@example.com", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if n := len(e.queued()); n != 0 {
		t.Errorf("%d mails for a password that there is not", n)
	}
	notice := e.deposit(seal.ModeAccount, "for emil", "emil@example.com")[0]
	if _, err := e.Activate(ctx, notice.Code.Token(), a); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("activation by a notice: %v", err)
	}
	// The proof for changes is a fresh login.
	if _, err := e.BeginTOTP(ctx, again.Session.Token, socket.Proof{}); err != nil {
		t.Errorf("fresh: %v", err)
	}
	e.clock.advance(freshLogin)
	if _, err := e.BeginTOTP(ctx, again.Session.Token, socket.Proof{}); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("not fresh: %v", err)
	}
}

// A provider that remembers somebody proves nothing: what counts is when the person
// last showed it who they are.
func TestProviderThatRemembers(t *testing.T) {
	var proved time.Time
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = directory{&proved} }), context.Background()
	in := func() socket.SignedIn {
		t.Helper()
		start := must(e.BeginCloud(ctx, "dora@cloud.test", "192.0.2.1", false))(t)
		_, state, _ := strings.Cut(start.URL, "state=")
		return must(e.FinishCloud(ctx, socket.CloudFinish{Ticket: start.Ticket, State: state, Code: "right", Client: "192.0.2.1"}))(t)
	}
	first := true
	for name, tc := range map[string]struct {
		proved   time.Time
		fresh    bool
		unproven bool
	}{
		"a moment ago":          {proved: e.clock.now().Add(-time.Minute), fresh: true},
		"by a clock that is on": {proved: e.clock.now().Add(time.Hour), fresh: true},
		"long ago":              {proved: e.clock.now().Add(-freshLogin)},
		"nobody knows when":     {unproven: true},
	} {
		proved = tc.proved
		for range 2 { // with the account that is made on the way, and with one that is there
			signed := in()
			s := signed.Session
			if first {
				s, first = must(e.join(signed))(t), false
			}
			_, err := e.BeginTOTP(ctx, s.Token, socket.Proof{})
			if tc.fresh != (err == nil) || !tc.fresh && !errors.Is(err, socket.ErrExpired) {
				t.Errorf("%s: %v", name, err)
			}
			if info := must(e.Account(ctx, s.Token))(t); info.Fresh != tc.fresh {
				t.Errorf("%s: account %+v", name, info)
			}
			if info := must(e.SessionInfo(ctx, s.Token))(t); info.Unproven != tc.unproven {
				t.Errorf("%s: session %+v", name, info)
			}
		}
		if name == "long ago" || name == "nobody knows when" {
			continue
		}
		if err := e.CloseAccount(ctx, in().Session.Token, socket.Proof{}); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
		first = true
	}
}

// queued returns the kinds of the mails in the outbox.
func (e *env) queued() []string {
	var kinds []string
	err := e.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketMail)).ForEach(func(k, _ []byte) error {
			var m mailRecord
			if err := e.vault.get(tx, bucketMail, k, &m); err != nil {
				return err
			}
			kinds = append(kinds, m.Kind)
			return nil
		})
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return kinds
}

func TestMemberByPassword(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = directory{} }), context.Background()
	if err := e.RequestReset(ctx, "x@own.test", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	code, ok := e.mails.codes["x@own.test"]
	if !ok || len(e.queued()) != 1 {
		t.Fatalf("mails: %v", e.queued())
	}
	s, _ := e.activate(code, "password")
	if s.Address != "x@own.test" {
		t.Errorf("session: %+v", s)
	}
}

func TestCloudSignIn(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = directory{} }), context.Background()
	start := must(e.BeginCloud(ctx, "dora@cloud.test", "192.0.2.1", false))(t)
	state := strings.TrimPrefix(start.URL, "https://login.test/?state=")
	if strings.Contains(string(start.Ticket), state) {
		t.Error("the ticket is readable")
	}
	if _, err := e.BeginCloud(ctx, "clara@example.com", "192.0.2.1", false); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("of another method: %v", err)
	}
	other := must(e.BeginCloud(ctx, "dora@cloud.test", "192.0.2.1", false))(t)
	finish := func(ticket []byte, state, code string) error {
		in, err := e.FinishCloud(ctx, socket.CloudFinish{Ticket: ticket, State: state, Code: code, Client: "192.0.2.1"})
		if err == nil && in.Link != (seal.Token{}) {
			_, err = e.join(in)
		}
		return err
	}
	for name, tc := range map[string]struct {
		ticket      []byte
		state, code string
		want        error
	}{
		"another browser's answer": {other.Ticket, state, "right", socket.ErrUnknown},
		"no state":                 {start.Ticket, "", "right", socket.ErrUnknown},
		"a made-up ticket":         {append([]byte{start.Ticket[0] ^ 1}, start.Ticket[1:]...), state, "right", socket.ErrUnknown},
		"no ticket":                {nil, state, "right", socket.ErrUnknown},
		"a code that is not right": {start.Ticket, state, "wrong", socket.ErrLogin},
		"all is right":             {start.Ticket, state, "right", nil},
		"an account is there":      {start.Ticket, state, "right", nil},
	} {
		if err := finish(tc.ticket, tc.state, tc.code); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.clock.advance(signin.FlowLife)
	if err := finish(start.Ticket, state, "right"); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("too late: %v", err)
	}
}

// Messages name their recipients in lower case, and are opened by the account that
// they name, however the provider writes it.
func TestCloudAddressInCapitals(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.SignIn = directory{} }), context.Background()
	message := e.deposit(seal.ModeAccount, "x", "Emil.M@cloud.test")[0]
	start := must(e.BeginCloud(ctx, "emil.m@cloud.test", "192.0.2.1", false))(t)
	state := strings.TrimPrefix(start.URL, "https://login.test/?state=")
	in := must(e.FinishCloud(ctx, socket.CloudFinish{Ticket: start.Ticket, State: state, Code: "right, in capitals", Client: "192.0.2.1"}))(t)
	w := must(e.Waiting(ctx, in.Link))(t)
	s := must(e.join(in))(t)
	if len(w.Messages) != 1 || !strings.Contains(string(w.Messages[0].Manifest.JSON), message.Message) {
		t.Errorf("waiting: %+v", w.Messages)
	}
	if s.Address != "emil.m@cloud.test" || w.Recipient != s.Address {
		t.Errorf("the account is %s, of %s", s.Address, w.Recipient)
	}
}
