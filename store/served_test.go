package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// client serves the store on a real socket, and returns a client of it.
func (e *env) client() *socket.Client {
	e.t.Helper()
	dir, err := os.MkdirTemp("", "served") // with room for a socket's path (unix(7))
	if err != nil {
		e.t.Fatal(err)
	}
	l := must(socket.Listen(filepath.Join(dir, "s"), -1))(e.t)
	server := socket.NewServer(e.Store, socket.ServerOptions{UIDs: []int{os.Getuid()}})
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	c := socket.NewClient(filepath.Join(dir, "s"))
	e.t.Cleanup(func() {
		c.Close()
		if err := errors.Join(server.Shutdown(context.Background()), <-done); err != nil {
			e.t.Error(err)
		}
		os.RemoveAll(dir)
	})
	return c
}

// TestServed does over the real socket what a portal does, from the notice to
// the reply: each call of the API is made at least once.
func TestServed(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	c := e.client()
	body := strings.Repeat("planted-body ", 100000)
	s := e.deposit(seal.ModeAccount, body, "bob@guest.test")[0]
	info := must(c.Link(ctx, s.Code.Token()))(t)
	if info.Recipient != "bob@guest.test" || !info.Expires.Equal(s.Expires) {
		t.Fatalf("%+v", info)
	}
	session, key := e.activateAt(c, s.Code, "password")
	m := must(c.Message(ctx, session.Token, s.Message))(t)
	if e.read(m, key.Identity(), must(c.Payload(ctx, session.Token, s.Message))(t)) != body {
		t.Error("the message is not what was sealed")
	}
	if err := c.MarkOpened(ctx, session.Token, s.Message, true); err != nil {
		t.Error(err)
	}
	if p := must(c.Inbox(ctx, session.Token, "", 5))(t); p.Total != 1 || p.Unread != 0 {
		t.Errorf("%+v", p)
	}
	if err := c.KeepKey(ctx, session.Token, key.ForSession(seal.Token{1})); err != nil {
		t.Error(err)
	}
	if si := must(c.SessionInfo(ctx, session.Token))(t); si.PublicKey != key.Recipient() || len(si.SealedKey) == 0 {
		t.Errorf("%+v", si)
	}
	reply := socket.Reply{Message: s.Message, Subject: "Re: it", Nonce: "n"}
	if err := c.Reply(ctx, socket.Caller{Session: session.Token}, reply, strings.NewReader(plainEntity+strings.Repeat("more\r\n", 50000))); err != nil {
		t.Error(err)
	}
	if _, data := e.nextMail("reply"); !strings.HasSuffix(data, "more\r\n") {
		t.Error("the reply is not whole")
	}
	if _, err := c.ClaimGrant(ctx, session.Token, s.Code.Token()); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("claim grant: %v", err)
	}
	if err := c.Claim(ctx, session.Token, s.Code.Token(), []byte("x")); err != nil {
		t.Errorf("claim: %v", err)
	}
	if err := c.Logout(ctx, session.Token); err != nil {
		t.Error(err)
	}
	kdf := must(c.Challenge(ctx, "bob@guest.test"))(t)
	if kdf.Check() != nil {
		t.Errorf("%+v", kdf)
	}
	if _, err := c.Login(ctx, socket.Login{Address: "bob@guest.test", Verifier: e.verifier("wrong"), Client: "::1"}); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("wrong password: %v", err)
	}
	if err := c.RequestReset(ctx, "bob@guest.test", "::1"); err != nil {
		t.Error(err)
	}
	e.activateAt(c, e.mails.codes["bob@guest.test"], "another")
	once := e.deposit(seal.ModeOneTime, body, "carol@guest.test")[0]
	o := must(c.OpenOneTime(ctx, once.Code.Token()))(t)
	if e.read(o, must(once.Code.Identity())(t), must(c.OneTimePayload(ctx, once.Code.Token()))(t)) != body {
		t.Error("the one-time message is not what was sealed")
	}
	if err := c.Reply(ctx, socket.Caller{Link: once.Code.Token()}, socket.Reply{Message: once.Message, Subject: "Re", Nonce: "n"}, strings.NewReader(plainEntity)); err != nil {
		t.Error(err)
	}
	if err := e.RecallMessage(ctx, once.Message); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Link(ctx, once.Code.Token()); !errors.Is(err, socket.ErrRecalled) {
		t.Errorf("recalled: %v", err)
	}
	if err := e.RecallMessage(ctx, once.Message); !errors.Is(err, socket.ErrRecalled) {
		t.Errorf("recalled twice: %v", err)
	}
}

// TestServedToSenders does over the real socket what a sender does.
func TestServedToSenders(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	dir, err := os.MkdirTemp("", "served")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l := must(socket.Listen(filepath.Join(dir, "s"), -1))(t)
	server := socket.NewServer(e.Store, socket.ServerOptions{UIDs: []int{os.Getuid()}})
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	c := socket.NewClient(filepath.Join(dir, "s"))
	defer func() {
		c.Close()
		if err := errors.Join(server.Shutdown(ctx), <-done); err != nil {
			t.Error(err)
		}
	}()

	held, other := e.hold(e.holdRequest("x")), e.hold(e.holdRequest("y"))
	h := must(c.Held(ctx, held.Code.Token()))(t)
	if err := c.Release(ctx, held.Code.Token(), socket.ReleaseOrder{Key: e.heldKey(h, must(held.Code.Identity())(t))}); err != nil {
		t.Error(err)
	}
	if err := c.Withdraw(ctx, other.Code.Token(), "::1"); err != nil {
		t.Error(err)
	}
	if h = must(c.Held(ctx, other.Code.Token()))(t); h.State != string(HoldWithdrawn) {
		t.Errorf("%+v", h)
	}
	e.activate(e.deposit(seal.ModeAccount, "x", "alice@example.com")[0].Code, "password")
	f := e.follow(e.pinRequest(seal.ModeAccount, "bob@guest.test", "alice@example.com"))
	e.clock.advance(2 * time.Hour)
	if st := must(c.Remind(ctx, f.by, f.sealed[0].Message))(t); st.Lines[0].WhyNot != "soon" {
		t.Errorf("%+v", st.Lines[0])
	}
	if st := must(c.Extend(ctx, f.by, []string{f.sealed[0].Message}, 30*day))(t); !st.Lines[0].Expires.Equal(e.clock.now().Add(30 * day)) {
		t.Errorf("%+v", st.Lines[0])
	}
	session := must(c.Login(ctx, socket.Login{Address: "alice@example.com", Verifier: e.verifier("password")}))(t)
	by := socket.Caller{Session: session.Token}
	if _, err := c.TryPIN(ctx, by, f.sealed[1].Message, make([]byte, seal.KeySize), "::1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("wrong PIN: %v", err)
	}
	if p := must(c.Sent(ctx, session.Token, "", 10))(t); p.Total != 1 {
		t.Errorf("sent: %+v", p)
	}
	if err := c.MarkUnwanted(ctx, session.Token, f.sealed[1].Message, false); err != nil {
		t.Error(err)
	}
	must(c.Recall(ctx, f.by, nil))(t)
	var end *socket.EndedError
	if _, err := c.Message(ctx, session.Token, f.sealed[1].Message); !errors.As(err, &end) || end.By != "alice@example.com" {
		t.Errorf("recalled: %v", err)
	}
	if st := must(c.Status(ctx, f.by))(t); st.Lines[0].Ended != endRecalled || st.Lines[1].Ended != endRecalled {
		t.Errorf("%+v", st)
	}
}
