package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

func login(e *env, address, password, client string) error {
	_, err := e.Login(context.Background(), socket.Login{Address: address, Verifier: e.verifier(password), Client: client})
	return err
}

func TestNobodyReachesAnothersMessages(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	bobs := e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0]
	carols := e.deposit(seal.ModeAccount, "for carol", "carol@guest.test")[0]
	carols2 := e.deposit(seal.ModeAccount, "for carol", "carol@guest.test")[0]
	once := e.deposit(seal.ModeOneTime, "once, for bob", "bob@guest.test")[0]
	bob, _ := e.activate(bobs.Code, "password")
	carol, _ := e.activate(carols.Code, "password")
	s, code := bob.Token, seal.NewCode().Token()
	drain := func(r io.ReadCloser, err error) error {
		if err == nil {
			r.Close()
		}
		return err
	}
	for name, call := range map[string]func() error{
		"message":                       func() error { _, err := e.Message(ctx, s, carols.Message); return err },
		"payload":                       func() error { return drain(e.Payload(ctx, s, carols.Message)) },
		"mark":                          func() error { return e.MarkOpened(ctx, s, carols.Message, true) },
		"one-time by session":           func() error { _, err := e.Message(ctx, s, once.Message); return err },
		"one-time payload by session":   func() error { return drain(e.Payload(ctx, s, once.Message)) },
		"no such message":               func() error { _, err := e.Message(ctx, s, newID().String()); return err },
		"not an id":                     func() error { _, err := e.Message(ctx, s, "../x"); return err },
		"claim another's":               func() error { return e.Claim(ctx, s, carols2.Code.Token(), []byte("x")) },
		"claim grant of another's":      func() error { _, err := e.ClaimGrant(ctx, s, carols2.Code.Token()); return err },
		"claim a one-time":              func() error { return e.Claim(ctx, s, once.Code.Token(), []byte("x")) },
		"activation link as one-time":   func() error { _, err := e.OpenOneTime(ctx, carols2.Code.Token()); return err },
		"activation payload":            func() error { return drain(e.OneTimePayload(ctx, carols2.Code.Token())) },
		"one-time link as activation":   func() error { _, err := e.Waiting(ctx, once.Code.Token()); return err },
		"stranger's link":               func() error { _, err := e.Link(ctx, code); return err },
		"stranger's session":            func() error { _, err := e.Inbox(ctx, code, "", 10); return err },
		"link as session":               func() error { _, err := e.SessionInfo(ctx, once.Code.Token()); return err },
		"session as link":               func() error { _, err := e.Link(ctx, s); return err },
		"keep a key in no session":      func() error { return e.KeepKey(ctx, code, []byte("x")) },
		"reply to another's":            func() error { return e.reply(socket.Caller{Session: s}, carols.Message, "n") },
		"reply by an unopened one-time": func() error { return e.reply(socket.Caller{Link: once.Code.Token()}, once.Message, "n") },
		"reply by an activation link":   func() error { return e.reply(socket.Caller{Link: carols2.Code.Token()}, carols2.Message, "n") },
	} {
		if err := call(); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s: %v, want unknown", name, err)
		}
	}
	if p := must(e.Inbox(ctx, s, "", 10))(t); p.Total != 1 || p.Messages[0].ID != bobs.Message {
		t.Errorf("inbox: %+v", p)
	}
	// A cursor is a place in one's own inbox, whoever made it.
	p := must(e.Inbox(ctx, carol.Token, "", 1))(t)
	if p = must(e.Inbox(ctx, s, p.Next, 10))(t); len(p.Messages) > 1 || len(p.Messages) == 1 && p.Messages[0].ID != bobs.Message {
		t.Errorf("inbox by another's cursor: %+v", p)
	}
	// Grants for another's message are refused as a whole.
	dave := e.deposit(seal.ModeAccount, "for dave", "dave@guest.test")[0]
	_, err := e.Activate(ctx, dave.Code.Token(), e.activation(map[string][]byte{carols.Message: []byte("x")}))
	if !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("grant for another's message: %v", err)
	}
	if err := e.reply(socket.Caller{}, bobs.Message, "n"); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("reply by nobody: %v", err)
	}
	both := socket.Caller{Session: s, Link: once.Code.Token()}
	if err := e.reply(both, bobs.Message, "n"); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("reply by two: %v", err)
	}
}

// activation is a valid one with a fresh key and these grants.
func (e *env) activation(grants map[string][]byte) socket.Activation {
	key, err := seal.NewAccountKey()
	if err != nil {
		e.t.Fatal(err)
	}
	return socket.Activation{Name: "Guest", KDF: seal.NewKDF(), Verifier: e.verifier("x"), PublicKey: key.Recipient(), Wrapped: []byte("w"), Grants: grants}
}

func TestActivationChecks(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	for name, change := range map[string]func(*socket.Activation){
		"no name":         func(a *socket.Activation) { a.Name = " " },
		"name of lines":   func(a *socket.Activation) { a.Name = "Bob\r\nBcc: x@y" },
		"name turned":     func(a *socket.Activation) { a.Name = "Bob\u202e" },
		"not UTF-8":       func(a *socket.Activation) { a.Name = "Bob\xff" },
		"long name":       func(a *socket.Activation) { a.Name = strings.Repeat("b", 201) },
		"weak parameters": func(a *socket.Activation) { a.KDF.Memory = 8 },
		"short verifier":  func(a *socket.Activation) { a.Verifier = a.Verifier[:31] },
		"classic key":     func(a *socket.Activation) { a.PublicKey = "age1xyz" },
		"no wrapped key":  func(a *socket.Activation) { a.Wrapped = nil },
		"large escrow":    func(a *socket.Activation) { a.Escrow = make([]byte, maxSealed+1) },
		"empty grant":     func(a *socket.Activation) { a.Grants = map[string][]byte{s.Message: nil} },
		"odd id":          func(a *socket.Activation) { a.Grants = map[string][]byte{strings.ToUpper(s.Message): {1}} },
	} {
		a := e.activation(nil)
		change(&a)
		if _, err := e.Activate(ctx, s.Code.Token(), a); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info := must(e.Link(ctx, s.Code.Token()))(t); info.Account {
		t.Error("an account was made")
	}
}

func TestOldNoticeDoesNotTakeOverAnAccount(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	first := e.deposit(seal.ModeAccount, "1", "bob@guest.test")[0]
	second := e.deposit(seal.ModeAccount, "2", "bob@guest.test")[0]
	session, _ := e.activate(first.Code, "password")
	for _, s := range []Sealed{first, second} {
		if _, err := e.Waiting(ctx, s.Code.Token()); !errors.Is(err, socket.ErrConflict) {
			t.Errorf("waiting: %v", err)
		}
		if _, err := e.Activate(ctx, s.Code.Token(), e.activation(nil)); !errors.Is(err, socket.ErrConflict) {
			t.Errorf("activate: %v", err)
		}
		if info := must(e.Link(ctx, s.Code.Token()))(t); !info.Account {
			t.Errorf("link: %+v", info)
		}
		if _, err := e.ClaimGrant(ctx, session.Token, s.Code.Token()); !errors.Is(err, socket.ErrConflict) {
			t.Errorf("claim grant: %v", err)
		}
		if err := e.Claim(ctx, session.Token, s.Code.Token(), []byte("x")); err != nil {
			t.Errorf("claim again: %v", err)
		}
	}
	if err := login(e, "bob@guest.test", "password", "192.0.2.9"); err != nil {
		t.Error(err)
	}
}

// TestClaim has a site without recovery at the portal: only the message of the
// link that was used can be turned over, the other one by its own link.
func TestClaim(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	first := e.deposit(seal.ModeAccount, "1", "bob@guest.test")[0]
	e.clock.advance(time.Second)
	second := e.deposit(seal.ModeAccount, "2", "bob@guest.test")[0]
	w := must(e.Waiting(ctx, first.Code.Token()))(t)
	for _, m := range w.Messages {
		man := must(m.Manifest.Verify(e.portal.Signing))(t)
		if own := man.Message == first.Message; (m.Grant != nil) != own {
			t.Errorf("%s: grant for a code given out: %v", man.Message, m.Grant != nil)
		}
	}
	session, err := e.Activate(ctx, first.Code.Token(), e.activation(map[string][]byte{first.Message: []byte("grant 1")}))
	if err != nil {
		t.Fatal(err)
	}
	if p := must(e.Inbox(ctx, session.Token, "", 10))(t); p.Total != 1 {
		t.Fatalf("inbox: %+v", p)
	}
	m := must(e.ClaimGrant(ctx, session.Token, second.Code.Token()))(t)
	man := must(m.Manifest.Verify(e.portal.Signing))(t)
	if _, err := seal.OpenGrant(m.Grant, must(second.Code.Identity())(t), man); err != nil || m.Recovery != nil {
		t.Fatal(err)
	}
	if err := e.Claim(ctx, session.Token, second.Code.Token(), []byte("grant 2")); err != nil {
		t.Fatal(err)
	}
	p := must(e.Inbox(ctx, session.Token, "", 10))(t)
	if p.Total != 2 || string(p.Messages[0].Grant) != "grant 2" {
		t.Fatalf("inbox: %+v", p)
	}
}

func TestReset(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "kept", "bob@guest.test")[0]
	old, _ := e.activate(s.Code, "old password")
	for range maxResets + 1 {
		if err := e.RequestReset(ctx, " BOB@guest.test", "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
	}
	if n := must(e.Stats(ctx))(t).Outbox; n != 1+maxResets {
		t.Fatalf("%d mails in the outbox", n)
	}
	if err := e.RequestReset(ctx, "nobody@guest.test", "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if n := must(e.Stats(ctx))(t).Outbox; n != 1+maxResets {
		t.Fatalf("%d mails in the outbox: an unknown address got one", n)
	}
	if _, err := e.Link(ctx, e.mails.codes["nobody@guest.test"].Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Fatalf("link of an unknown address: %v", err)
	}
	// The last one was over the limit, its link does not work; take one that does.
	var code seal.Code
	for range maxResets + 1 {
		i := must(e.ClaimMail(ctx, time.Minute))(t)
		if i.Kind != "reset" {
			continue
		}
		r := must(i.Open())(t)
		text := string(must(io.ReadAll(r))(t))
		code = must(seal.ParseCode(strings.TrimSpace(text[strings.Index(text, "\r\n\r\n"):])))(t)
		if !slices.Equal(i.To, []string{"bob@guest.test"}) {
			t.Fatalf("to %v", i.To)
		}
	}
	if info := must(e.Link(ctx, code.Token()))(t); info.Kind != socket.LinkReset || !info.Account || info.Message != "" {
		t.Fatalf("link: %+v", info)
	}
	session, key := e.activate(code, "new password")
	if _, err := e.SessionInfo(ctx, old.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("an old session lives on: %v", err)
	}
	m := must(e.Message(ctx, session.Token, s.Message))(t)
	if got := e.read(m, key.Identity(), must(e.Payload(ctx, session.Token, s.Message))(t)); got != "kept" {
		t.Error("the message was lost")
	}
	if err := login(e, "bob@guest.test", "old password", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("old password: %v", err)
	}
	if err := login(e, "bob@guest.test", "new password", "192.0.2.1"); err != nil {
		t.Errorf("new password: %v", err)
	}
	if _, err := e.Link(ctx, code.Token()); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("used link: %v", err)
	}
	if err := e.RequestReset(ctx, "bob@guest.test", "192.0.2.8"); err != nil {
		t.Fatal(err)
	}
	late := e.mails.codes["bob@guest.test"].Token()
	if _, err := e.Link(ctx, late); err != nil {
		t.Fatal(err)
	}
	e.clock.advance(24 * time.Hour)
	for _, when := range []string{"before", "after"} {
		if _, err := e.Waiting(ctx, late); !errors.Is(err, socket.ErrExpired) {
			t.Errorf("after a day, %s the purge: %v", when, err)
		}
		if err := e.Purge(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestResetWithoutRecovery loses what was sealed to the old key, and only that.
// However an address is typed, by whomever: the account that a reset makes is the one
// that messages name.
func TestResetOfAnAddressAsTyped(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")
	check(t, e.RequestReset(ctx, " BOB@Guest.TEST.", "192.0.2.1"))
	for _, code := range e.mails.codes {
		if info := must(e.Link(ctx, code.Token()))(t); info.Recipient != "bob@guest.test" {
			t.Errorf("the account would be of %q", info.Recipient)
		}
	}
}

func TestResetWithoutRecovery(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "lost", "bob@guest.test")[0]
	if _, err := e.Activate(ctx, s.Code.Token(), e.activation(map[string][]byte{s.Message: []byte("g")})); err != nil {
		t.Fatal(err)
	}
	d := e.Begin(e.key()) // sealed to the old key, committed after the reset
	if _, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test")); err != nil {
		t.Fatal(err)
	}
	if err := e.RequestReset(ctx, "bob@guest.test", ""); err != nil {
		t.Fatal(err)
	}
	session, err := e.Activate(ctx, e.mails.codes["bob@guest.test"].Token(), e.activation(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx); !errors.Is(err, ErrChanged) {
		t.Errorf("sealed to a key that is no more: %v", err)
	}
	if p := must(e.Inbox(ctx, session.Token, "", 10))(t); p.Total != 0 {
		t.Errorf("inbox: %+v", p)
	}
	if m := must(e.Message(ctx, session.Token, s.Message))(t); m.Grant != nil {
		t.Errorf("a grant for the old key is left")
	}
}

func TestChallengeTellsNothing(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	e.activate(s.Code, "password")
	known := must(e.Challenge(ctx, "bob@guest.test"))(t)
	unknown := must(e.Challenge(ctx, "eve@guest.test"))(t)
	again := must(e.Challenge(ctx, "EVE@guest.test "))(t)
	if string(unknown.Salt) != string(again.Salt) || string(unknown.Salt) == string(known.Salt) {
		t.Error("salts of an unknown address change, or are all the same")
	}
	if len(unknown.Salt) != len(known.Salt) || unknown.Memory != known.Memory || unknown.Time != known.Time || unknown.Threads != known.Threads {
		t.Errorf("%+v and %+v can be told apart", known, unknown)
	}
}

func TestLoginLimits(t *testing.T) {
	e := newEnv(t)
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	e.activate(s.Code, "password") // from 192.0.2.1
	wait := func(err error) time.Duration {
		t.Helper()
		var th *socket.ThrottledError
		if !errors.As(err, &th) {
			t.Fatalf("not throttled: %v", err)
		}
		return th.RetryAfter
	}
	// A stranger, from ever new networks.
	for i := range limitAccount.free + 1 {
		if err := login(e, "bob@guest.test", "wrong", fmt.Sprintf("198.51.100.%d", i)); !errors.Is(err, socket.ErrLogin) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if d := wait(login(e, "bob@guest.test", "password", "198.51.100.99")); d != time.Second {
		t.Errorf("first wait: %s", d)
	}
	e.clock.advance(time.Second)
	if err := login(e, "bob@guest.test", "wrong", "198.51.100.98"); !errors.Is(err, socket.ErrLogin) {
		t.Fatal(err)
	}
	if d := wait(login(e, "bob@guest.test", "wrong", "198.51.100.97")); d != 2*time.Second {
		t.Errorf("second wait: %s", d)
	}
	// The holder, from where he logged in before, is not kept out.
	if err := login(e, "bob@guest.test", "password", "192.0.2.1"); err != nil {
		t.Errorf("the holder is locked out: %v", err)
	}
	// An unknown address is slowed down just the same.
	for i := range limitAccount.free + 1 {
		if err := login(e, "nobody@guest.test", "wrong", fmt.Sprintf("203.0.113.%d", i)); !errors.Is(err, socket.ErrLogin) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if d := wait(login(e, "nobody@guest.test", "wrong", "203.0.113.99")); d != time.Second {
		t.Errorf("first wait of an unknown address: %s", d)
	}
	// One network, many addresses; IPv6 by /64.
	for i := range limitClient.free + 1 {
		if err := login(e, fmt.Sprintf("user%d@guest.test", i), "wrong", fmt.Sprintf("2001:db8:1:2::%x", i)); !errors.Is(err, socket.ErrLogin) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	wait(login(e, "other@guest.test", "wrong", "2001:db8:1:2:ffff::1"))
	if err := login(e, "other@guest.test", "wrong", "2001:db8:1:3::1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("another network: %v", err)
	}
	var failed int
	entries, _, err := e.Trail(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range entries {
		if a.Event == EventLoginFailed {
			failed++
		}
	}
	if want := 2*(limitAccount.free+1) + 1 + limitClient.free + 2; failed != want {
		t.Errorf("%d failures in the audit trail, want %d", failed, want)
	}
}

func TestThrottleTableIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	th := newThrottle(func() time.Time { return now })
	for i := range throttleEntries + 1000 {
		if err := th.try(map[string]limit{fmt.Sprint(i): limitClient}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(th.entries); n > throttleEntries {
		t.Fatalf("%d entries", n)
	}
}

func TestSessionLifetimes(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	if err := e.KeepKey(ctx, session.Token, []byte("sealed key")); err != nil {
		t.Fatal(err)
	}
	start := e.clock.now()
	for e.clock.now().Sub(start) < 12*time.Hour-20*time.Minute {
		e.clock.advance(20 * time.Minute)
		info, err := e.SessionInfo(ctx, session.Token)
		if err != nil || string(info.SealedKey) != "sealed key" || info.Address != "bob@guest.test" || info.Expires.Sub(start) > 12*time.Hour {
			t.Fatalf("after %s: %+v, %v", e.clock.now().Sub(start), info, err)
		}
	}
	e.clock.advance(20 * time.Minute)
	if _, err := e.SessionInfo(ctx, session.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("after 12 hours: %v", err)
	}
	if err := login(e, "bob@guest.test", "password", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	idle, err := e.Login(ctx, socket.Login{Address: "bob@guest.test", Verifier: e.verifier("password"), Client: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	e.clock.advance(31 * time.Minute)
	if _, err := e.Inbox(ctx, idle.Token, "", 10); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("after half an hour of nothing: %v", err)
	}
	e.clock.advance(12 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if n := must(e.Stats(ctx))(t).Sessions; n != 0 {
		t.Errorf("%d sessions left", n)
	}
}

func TestInboxPaging(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	var want []string
	var first Sealed
	for i := range 25 {
		s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
		if i == 0 {
			first = s
		}
		want = append([]string{s.Message}, want...)
		if i%3 == 0 { // several in the same millisecond
			e.clock.advance(time.Second)
		}
	}
	session, _ := e.activate(first.Code, "password")
	var got []string
	cursor := ""
	for pages := 0; ; pages++ {
		p := must(e.Inbox(ctx, session.Token, cursor, 10))(t)
		if p.Total != 25 || pages > 2 {
			t.Fatalf("page %d: %+v", pages, p)
		}
		for _, m := range p.Messages {
			got = append(got, m.ID)
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %d messages, want %d, each once", len(got), len(want))
	}
	for _, bad := range []string{"x", "AAAA", strings.Repeat("A", 1000)} {
		if _, err := e.Inbox(ctx, session.Token, bad, 10); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}
