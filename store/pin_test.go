package store

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

func (e *env) pinRequest(mode seal.Mode, to ...string) SealRequest {
	r := e.request(mode, "x", to...)
	r.Restrict = seal.Restriction{PIN: true}
	return r
}

// readLocked opens a message with a PIN.
func (e *env) readLocked(m socket.Message, by *age.HybridIdentity, keys seal.PINKeys, payload io.ReadCloser) {
	e.t.Helper()
	defer payload.Close()
	man := must(m.Manifest.Verify(e.portal.Signing))(e.t)
	if _, err := seal.OpenGrant(m.Grant, by, man); !errors.Is(err, seal.ErrOpen) {
		e.t.Errorf("opened without the PIN: %v", err)
	}
	key := must(seal.OpenLockedGrant(m.Grant, by, man, keys.Wrap))(e.t)
	got := must(io.ReadAll(must(key.ReadPayload(payload))(e.t)))(e.t)
	if string(got) != "x" {
		e.t.Errorf("read %q", got)
	}
}

func TestOneTimeWithPIN(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	f := e.follow(e.pinRequest(seal.ModeOneTime, "bob@guest.test", "carol@guest.test"))
	s := f.sealed[0]
	if len(s.PIN) != 8 || s.PIN == f.sealed[1].PIN {
		t.Fatalf("PINs: %d digits", len(s.PIN))
	}
	right := must(seal.StretchPIN(s.PIN, s.Message))(t)
	by := socket.Caller{Link: s.Code.Token()}
	m := must(e.OpenOneTime(ctx, s.Code.Token()))(t)
	if !m.NeedsPIN || len(m.Grant) > 0 || !m.Opened.IsZero() {
		t.Fatalf("without the PIN: %+v", m)
	}
	if _, err := e.OneTimePayload(ctx, s.Code.Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("payload without the PIN: %v", err)
	}
	wrong := make([]byte, seal.KeySize)
	for range maxPINFailures {
		if _, err := e.TryPIN(ctx, by, s.Message, wrong, "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
			t.Fatalf("wrong: %v", err)
		}
	}
	e.close()
	e.open()
	if _, err := e.TryPIN(ctx, by, s.Message, right.Verifier[:], ""); !errors.Is(err, socket.ErrThrottled) {
		t.Fatalf("after too many, and a restart: %v", err)
	}
	if l := e.line(f, "bob@guest.test"); !l.PIN || !l.CanExtend {
		t.Errorf("status: %+v", l)
	}
	must(e.Extend(ctx, f.by, nil, 24*time.Hour))(t)
	m = must(e.TryPIN(ctx, by, s.Message, right.Verifier[:], ""))(t)
	e.readLocked(m, must(s.Code.Identity())(t), right, must(e.OneTimePayload(ctx, s.Code.Token()))(t))
	if l := e.line(f, "bob@guest.test"); l.Opened.IsZero() || l.PIN {
		t.Errorf("status: %+v", l)
	}
	other := must(seal.StretchPIN(s.PIN, f.sealed[1].Message))(t)
	if _, err := e.TryPIN(ctx, socket.Caller{Link: f.sealed[1].Code.Token()}, f.sealed[1].Message, other.Verifier[:], ""); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("another's PIN: %v", err)
	}
	if e.events()[EventPINFailed] != maxPINFailures+1 {
		t.Errorf("trail: %v", e.events())
	}
	if _, err := e.TryPIN(ctx, by, f.sealed[1].Message, right.Verifier[:], ""); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("another's message: %v", err)
	}
}

// TestAccountWithPIN turns the grant for recovery into one for a new account, as a
// portal does, without knowing the PIN.
func TestAccountWithPIN(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	f := e.follow(e.pinRequest(seal.ModeAccount, "bob@guest.test"))
	s := f.sealed[0]
	w := must(e.Waiting(ctx, s.Code.Token()))(t)
	man := must(w.Messages[0].Manifest.Verify(e.portal.Signing))(t)
	if _, err := seal.OpenGrant(w.Messages[0].Recovery, e.portal.Recovery, man); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("recovery opens it without the PIN: %v", err)
	}
	key := must(seal.NewAccountKey())(t)
	to := must(age.ParseHybridRecipient(key.Recipient()))(t)
	grant := must(seal.Regrant(w.Messages[0].Recovery, e.portal.Recovery, man, to))(t)
	session := must(e.Activate(ctx, s.Code.Token(), socket.Activation{
		Name: "Bob", KDF: seal.NewKDF(), Verifier: e.verifier("password"), PublicKey: key.Recipient(),
		Wrapped: []byte{1}, Grants: map[string][]byte{s.Message: grant},
	}))(t)
	if p := must(e.Inbox(ctx, session.Token, "", 10))(t); len(p.Messages) != 1 || !p.Messages[0].NeedsPIN || len(p.Messages[0].Grant) > 0 {
		t.Fatalf("inbox: %+v", p)
	}
	if m := must(e.Message(ctx, session.Token, s.Message))(t); !m.NeedsPIN || len(m.Grant) > 0 {
		t.Fatalf("message: %+v", m)
	}
	right := must(seal.StretchPIN(s.PIN, s.Message))(t)
	m := must(e.TryPIN(ctx, socket.Caller{Session: session.Token}, s.Message, right.Verifier[:], ""))(t)
	e.readLocked(m, key.Identity(), right, must(e.Payload(ctx, session.Token, s.Message))(t))
	if l := e.line(f, "bob@guest.test"); !l.Opened.IsZero() {
		t.Error("the PIN alone opens nothing in account mode: MarkOpened does")
	}
	plain := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	if _, err := e.TryPIN(ctx, socket.Caller{Session: session.Token}, plain.Message, right.Verifier[:], ""); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("a message without a PIN: %v", err)
	}
}

func TestTooManyPINs(t *testing.T) {
	e := newEnv(t)
	d := e.Begin(e.key())
	defer d.Abandon()
	if _, err := d.Seal(context.Background(), e.pinRequest(seal.ModeOneTime, make([]string, MaxPINs+1)...)); !errors.Is(err, socket.ErrTooLarge) {
		t.Error(err)
	}
}
