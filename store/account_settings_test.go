package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

func TestChangePassword(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.holder()
	other := e.loginAs("password")
	if err := e.ChangePassword(ctx, s.Token, e.proof("wrong"), e.newPassword("new")); !errors.Is(err, socket.ErrLogin) {
		t.Fatalf("with a wrong password: %v", err)
	}
	for name, n := range map[string]socket.NewPassword{
		"no parameters": {Verifier: e.verifier("new"), Wrapped: []byte("x")},
		"no verifier":   {KDF: seal.NewKDF(), Wrapped: []byte("x")},
		"no key":        {KDF: seal.NewKDF(), Verifier: e.verifier("new")},
	} {
		if err := e.ChangePassword(ctx, s.Token, e.proof("password"), n); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.ChangePassword(ctx, s.Token, e.proof("password"), e.newPassword("new")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SessionInfo(ctx, other.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("another session goes on: %v", err)
	}
	if _, err := e.SessionInfo(ctx, s.Token); err != nil {
		t.Errorf("this session ended: %v", err)
	}
	if err := login(e, "bob@guest.test", "password", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("the old password: %v", err)
	}
	if got := e.loginAs("new"); string(got.Wrapped) != "wrapped by new" {
		t.Errorf("key: %q", got.Wrapped)
	}
}

func TestSessionsOfAnAccount(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.holder()
	for i := range 3 {
		e.clock.advance(time.Minute)
		_, err := e.Login(ctx, socket.Login{Address: "bob@guest.test", Verifier: e.verifier("password"),
			Client: fmt.Sprintf("198.51.100.%d", i), Agent: fmt.Sprintf("Browser/%d\x00\u202e", i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	carol, _ := e.activate(e.deposit(seal.ModeAccount, "for carol", "carol@guest.test")[0].Code, "password")
	a := must(e.Account(ctx, s.Token))(t)
	if len(a.Sessions) != 4 || a.Sessions[0].Client != "198.51.100.2" || a.Sessions[0].Agent != "Browser/2" || !a.Sessions[3].Own {
		t.Fatalf("sessions: %+v", a.Sessions)
	}
	// Another's session is not ended by its id.
	for _, o := range must(e.Account(ctx, carol.Token))(t).Sessions {
		if err := e.EndSession(ctx, s.Token, o.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.SessionInfo(ctx, carol.Token); err != nil {
		t.Fatalf("another's session ended: %v", err)
	}
	if err := e.EndSession(ctx, s.Token, a.Sessions[1].ID); err != nil {
		t.Fatal(err)
	}
	if a = must(e.Account(ctx, s.Token))(t); len(a.Sessions) != 3 {
		t.Fatalf("sessions: %+v", a.Sessions)
	}
	if err := e.EndSession(ctx, s.Token, ""); err != nil {
		t.Fatal(err)
	}
	if a = must(e.Account(ctx, s.Token))(t); len(a.Sessions) != 1 || !a.Sessions[0].Own {
		t.Fatalf("sessions: %+v", a.Sessions)
	}
}

func TestAccountChange(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.holder()
	name, phrase, off := "Bob B.", "blue elephants", false
	if err := e.Change(ctx, s.Token, socket.AccountChange{Name: &name, Phrase: &phrase, Alerts: &off, Preferences: []byte(`{"a":1}`)}); err != nil {
		t.Fatal(err)
	}
	if err := e.Change(ctx, s.Token, socket.AccountChange{}); err != nil {
		t.Fatal(err)
	}
	if a := must(e.Account(ctx, s.Token))(t); a.Name != name || a.Phrase != phrase || a.Alerts || string(a.Preferences) != `{"a":1}` {
		t.Errorf("account: %+v", a)
	}
	if i := must(e.SessionInfo(ctx, s.Token))(t); i.Name != name || string(i.Preferences) != `{"a":1}` {
		t.Errorf("session: %+v", i)
	}
	long, bad, empty := strings.Repeat("x", 61), "a\r\nBcc: x", " "
	for _, c := range []socket.AccountChange{{Phrase: &long}, {Phrase: &bad}, {Name: &bad}, {Name: &empty},
		{Preferences: []byte("{")}, {Preferences: []byte(`"` + strings.Repeat("x", maxPreferences) + `"`)}} {
		if err := e.Change(ctx, s.Token, c); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCloseAccount(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.holder()
	for range closeBatch + 5 {
		e.deposit(seal.ModeAccount, "more", "bob@guest.test")
	}
	message := must(e.Inbox(ctx, s.Token, "", 1))(t).Messages[0].ID
	if err := e.CloseAccount(ctx, s.Token, e.proof("wrong")); !errors.Is(err, socket.ErrLogin) {
		t.Fatalf("with a wrong password: %v", err)
	}
	if err := e.CloseAccount(ctx, s.Token, e.proof("password")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SessionInfo(ctx, s.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("the session goes on: %v", err)
	}
	if err := login(e, "bob@guest.test", "password", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("login: %v", err)
	}
	if err := e.RecallMessage(ctx, message); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("a message of the account: %v", err)
	}
	// Who is written to afterwards is a new guest, and sees nothing of before.
	again, _ := e.activate(e.deposit(seal.ModeAccount, "again", "bob@guest.test")[0].Code, "password")
	if p := must(e.Inbox(ctx, again.Token, "", 10))(t); p.Total != 1 {
		t.Errorf("%d messages", p.Total)
	}
}

// alerts collects sign-in alerts.
type alerts struct{ sent []AlertMail }

func (a *alerts) Alert(m AlertMail) (Mail, error) {
	a.sent = append(a.sent, m)
	return Mail{Kind: "alert", From: "portal@example.com", ID: "<" + m.ID + "@example.com>", Data: []byte("Subject: alert\r\n\r\n")}, nil
}

func TestAlerts(t *testing.T) {
	sent := &alerts{}
	e, ctx := newEnv(t, func(o *Options) { o.Alerts = sent }), context.Background()
	s := e.holder()
	enter := func(client, agent string) int {
		t.Helper()
		before := len(sent.sent)
		_, err := e.Login(ctx, socket.Login{Address: "bob@guest.test", Verifier: e.verifier("password"), Client: client, Agent: agent})
		if err != nil {
			t.Fatal(err)
		}
		return len(sent.sent) - before
	}
	off, on := false, true
	steps := []struct {
		what, client, agent string
		do                  func() error
		want                int
	}{
		{what: "as at the activation", client: "192.0.2.1"},
		{what: "another network", client: "203.0.113.9", want: 1},
		{what: "the same network again", client: "203.0.113.9"},
		{what: "a third network soon after", client: "203.0.113.10"},
		{what: "the third, later", client: "203.0.113.10", want: 1, do: func() error { e.clock.advance(alertEvery); return nil }},
		{what: "a fourth, later", client: "203.0.113.11", want: 1, do: func() error { e.clock.advance(alertEvery); return nil }},
		{what: "another browser", client: "203.0.113.11", agent: "Other/7", want: 1, do: func() error { e.clock.advance(alertEvery); return nil }},
		{what: "its update", client: "203.0.113.11", agent: "Other/8", do: func() error { e.clock.advance(alertEvery); return nil }},
		{what: "switched off", client: "203.0.113.12", do: func() error {
			e.clock.advance(alertEvery)
			s = e.loginAs("password")
			return e.Change(ctx, s.Token, socket.AccountChange{Alerts: &off})
		}},
		{what: "and on", client: "203.0.113.13", want: 1, do: func() error { return e.Change(ctx, s.Token, socket.AccountChange{Alerts: &on}) }},
	}
	for _, st := range steps {
		if st.do != nil {
			if err := st.do(); err != nil {
				t.Fatal(st.what, err)
			}
		}
		if n := enter(st.client, st.agent); n != st.want {
			t.Errorf("%s: %d alerts, want %d", st.what, n, st.want)
		}
	}
	if m := sent.sent[0]; m.Address != "bob@guest.test" || m.Client != "203.0.113.9" {
		t.Errorf("alert: %+v", m)
	}
}
