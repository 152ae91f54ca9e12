package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// holder activates an account and returns its session and the address.
func (e *env) holder() socket.Session {
	e.t.Helper()
	s, _ := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	return s
}

func (e *env) proof(password string) socket.Proof {
	return socket.Proof{Verifier: e.verifier(password), Client: "192.0.2.1"}
}

// withTOTP adds an app to an account and returns its secret and the recovery codes.
func (e *env) withTOTP(session seal.Token) (string, []string) {
	e.t.Helper()
	setup, err := e.BeginTOTP(context.Background(), session, e.proof("password"))
	if err != nil {
		e.t.Fatal(err)
	}
	codes, err := e.FinishTOTP(context.Background(), session, e.totp(setup.Secret))
	if err != nil {
		e.t.Fatal(err)
	}
	return setup.Secret, codes.Codes
}

func (e *env) totp(secret string) string {
	code, err := totp.GenerateCode(secret, e.clock.now())
	if err != nil {
		e.t.Fatal(err)
	}
	return code
}

func (e *env) loginAs(password string) socket.Session {
	e.t.Helper()
	s, err := e.Login(context.Background(), socket.Login{Address: "bob@guest.test", Verifier: e.verifier(password), Client: "192.0.2.1"})
	if err != nil {
		e.t.Fatal(err)
	}
	return s
}

func TestSecondFactorIsNeeded(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	first := e.holder()
	secret, codes := e.withTOTP(first.Token)
	if len(codes) != recoveryCodes {
		t.Fatalf("%d recovery codes", len(codes))
	}
	if a := must(e.Account(ctx, first.Token))(t); len(a.Factors) != 1 || a.Codes != recoveryCodes {
		t.Fatalf("account: %+v", a)
	}
	e.clock.advance(totpPeriod)
	s := e.loginAs("password")
	if !s.Pending {
		t.Fatal("the session is not pending")
	}
	// A pending session can do nothing that a session can.
	message := must(e.Inbox(ctx, first.Token, "", 10))(t).Messages[0].ID
	for name, call := range map[string]func() error{
		"info":     func() error { _, err := e.SessionInfo(ctx, s.Token); return err },
		"inbox":    func() error { _, err := e.Inbox(ctx, s.Token, "", 10); return err },
		"message":  func() error { _, err := e.Message(ctx, s.Token, message); return err },
		"payload":  func() error { _, err := e.Payload(ctx, s.Token, message); return err },
		"mark":     func() error { return e.MarkOpened(ctx, s.Token, message, true) },
		"account":  func() error { _, err := e.Account(ctx, s.Token); return err },
		"remove":   func() error { return e.RemoveFactor(ctx, s.Token, e.proof("password"), socket.FactorTOTP) },
		"codes":    func() error { _, err := e.NewRecoveryCodes(ctx, s.Token, e.proof("password")); return err },
		"password": func() error { return e.ChangePassword(ctx, s.Token, e.proof("password"), e.newPassword("x")) },
		"change":   func() error { return e.Change(ctx, s.Token, socket.AccountChange{}) },
		"end":      func() error { return e.EndSession(ctx, s.Token, "") },
		"close":    func() error { return e.CloseAccount(ctx, s.Token, e.proof("password")) },
		"totp":     func() error { _, err := e.BeginTOTP(ctx, s.Token, e.proof("password")); return err },
		"reply":    func() error { return e.reply(socket.Caller{Session: s.Token}, message, "n") },
	} {
		if err := call(); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s in a pending session: %v", name, err)
		}
	}
	if err := e.KeepKey(ctx, s.Token, []byte("sealed")); err != nil {
		t.Error(err)
	}
	if q := must(e.SecondFactor(ctx, s.Token))(t); !q.TOTP || q.Codes != recoveryCodes || q.Address != "bob@guest.test" {
		t.Errorf("asked for %+v", q)
	}
	for _, wrong := range []string{"000000", "x", strings.Repeat("9", 60), "AAAAA-AAAAA"} {
		if err := e.Confirm(ctx, s.Token, socket.FactorAnswer{Code: wrong}); !errors.Is(err, socket.ErrLogin) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	code := e.totp(secret)
	if err := e.Confirm(ctx, s.Token, socket.FactorAnswer{Code: code, Client: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	info := must(e.SessionInfo(ctx, s.Token))(t)
	if string(info.SealedKey) != "sealed" || info.Expires.Sub(e.clock.now()) < 20*time.Minute {
		t.Errorf("session: %+v", info)
	}
	if err := e.Confirm(ctx, s.Token, socket.FactorAnswer{Code: code}); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("confirmed twice: %v", err)
	}
	// The same code does not count twice.
	again := e.loginAs("password")
	if err := e.Confirm(ctx, again.Token, socket.FactorAnswer{Code: code}); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("code used twice: %v", err)
	}
	// Nor does a recovery code, however it is typed.
	typed := strings.ToLower(strings.Replace(codes[3], "-", " ", 1))
	if err := e.Confirm(ctx, again.Token, socket.FactorAnswer{Code: typed}); err != nil {
		t.Errorf("recovery code: %v", err)
	}
	third := e.loginAs("password")
	if err := e.Confirm(ctx, third.Token, socket.FactorAnswer{Code: codes[3]}); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("recovery code used twice: %v", err)
	}
	// An answer that never comes.
	e.clock.advance(pendingLife)
	if err := e.Confirm(ctx, third.Token, socket.FactorAnswer{Code: codes[4]}); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a late answer: %v", err)
	}
}

func (e *env) newPassword(password string) socket.NewPassword {
	return socket.NewPassword{KDF: seal.NewKDF(), Verifier: e.verifier(password), Wrapped: []byte("wrapped by " + password)}
}

func TestSecondFactorIsSlow(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	_, codes := e.withTOTP(e.holder().Token)
	s := e.loginAs("password")
	throttled := 0
	for range 30 {
		if err := e.Confirm(ctx, s.Token, socket.FactorAnswer{Code: "000000"}); errors.Is(err, socket.ErrThrottled) {
			throttled++
		}
	}
	if throttled < 20 {
		t.Errorf("%d of 30 answers had to wait", throttled)
	}
	// Another login does not start the count anew.
	other := e.loginAs("password")
	if err := e.Confirm(ctx, other.Token, socket.FactorAnswer{Code: codes[0]}); !errors.Is(err, socket.ErrThrottled) {
		t.Errorf("by another login: %v", err)
	}
}

// TestResetKeepsTheSecondFactor: whoever has the mailbox does not come in by it.
func TestResetKeepsTheSecondFactor(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	secret, _ := e.withTOTP(e.holder().Token)
	if err := e.RequestReset(ctx, "bob@guest.test", "198.51.100.7"); err != nil {
		t.Fatal(err)
	}
	s, _ := e.activate(e.mails.codes["bob@guest.test"], "another password")
	if !s.Pending {
		t.Fatal("a reset passes the second factor by")
	}
	e.clock.advance(2 * totpPeriod)
	if err := e.Confirm(ctx, s.Token, socket.FactorAnswer{Code: e.totp(secret)}); err != nil {
		t.Fatal(err)
	}
	if a := must(e.Account(ctx, s.Token))(t); len(a.Factors) != 1 {
		t.Errorf("factors: %+v", a.Factors)
	}
}

func TestRemoveFactor(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.holder()
	e.withTOTP(s.Token)
	if err := e.RemoveFactor(ctx, s.Token, e.proof("wrong"), socket.FactorTOTP); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := e.RemoveFactor(ctx, s.Token, e.proof("password"), "none"); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("one that is not there: %v", err)
	}
	fresh := must(e.NewRecoveryCodes(ctx, s.Token, e.proof("password")))(t)
	if len(fresh.Codes) != recoveryCodes {
		t.Error(fresh)
	}
	if err := e.RemoveFactor(ctx, s.Token, e.proof("password"), socket.FactorTOTP); err != nil {
		t.Fatal(err)
	}
	if a := must(e.Account(ctx, s.Token))(t); len(a.Factors) != 0 || a.Codes != 0 {
		t.Errorf("account: %+v", a)
	}
	if e.loginAs("password").Pending {
		t.Error("still asked for")
	}
	// What a setup left behind is worth nothing later.
	setup := must(e.BeginTOTP(ctx, s.Token, e.proof("password")))(t)
	e.clock.advance(setupLife)
	if _, err := e.FinishTOTP(ctx, s.Token, e.totp(setup.Secret)); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("a late setup: %v", err)
	}
}

// TestTOTPVectors: RFC 6238, appendix B (SHA-1, the last six digits).
func TestTOTPVectors(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // "12345678901234567890"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		now := time.Unix(at, 0)
		if step, ok := totpStep(secret, want[:3]+" "+want[3:], now, 0); !ok || step != at/30 {
			t.Errorf("%d: step %d, %v", at, step, ok)
		}
		if _, ok := totpStep(secret, want, now, at/30); ok {
			t.Errorf("%d: a used step counts", at)
		}
		if _, ok := totpStep(secret, want, now.Add(2*totpPeriod), 0); ok {
			t.Errorf("%d: a code of a minute ago counts", at)
		}
	}
}
