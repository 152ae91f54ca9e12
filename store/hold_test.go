package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// holdRequest is a message that a rule blocked for bob and carol.
func (e *env) holdRequest(body string) HoldRequest {
	return HoldRequest{
		Sender: "alice@example.com", Recipients: []string{"Bob@guest.test", "carol@guest.test"},
		MessageID: "<held@example.com>", Rule: "cards", Text: "A card number.",
		Summary: seal.Summary{Subject: "planted-subject"}, Message: strings.NewReader(body), Pass: []byte("pass"),
		Link: true, Created: e.clock.now(), Expires: e.clock.now().Add(3 * 24 * time.Hour),
	}
}

func (e *env) hold(r HoldRequest) Held {
	e.t.Helper()
	d := e.Begin(e.key())
	h := must(d.Hold(context.Background(), r))(e.t)
	if err := d.Commit(context.Background()); err != nil {
		e.t.Fatal(err)
	}
	return h
}

// heldKey opens the grant of a held message as a portal does.
func (e *env) heldKey(h socket.Held, by *age.HybridIdentity) string {
	e.t.Helper()
	man := must(h.Manifest.Verify(e.portal.Signing))(e.t)
	key := must(seal.OpenGrant(h.Grant, by, man))(e.t)
	if s := must(key.OpenSummary(h.ID, h.Summary))(e.t); s.Subject != "planted-subject" {
		e.t.Fatalf("summary: %+v", s)
	}
	return key.Text()
}

func (e *env) codeKey(code seal.Code) string {
	e.t.Helper()
	return e.heldKey(must(e.Held(context.Background(), code.Token()))(e.t), must(code.Identity())(e.t))
}

// events counts the verbs of the trail.
func (e *env) events() map[Event]int {
	e.t.Helper()
	entries, _, err := e.Trail(context.Background(), 0, 100000)
	if err != nil {
		e.t.Fatal(err)
	}
	out := map[Event]int{}
	for _, a := range entries {
		out[a.Event]++
	}
	return out
}

// payloads counts what lies in all payload files.
func (e *env) payloads() (n int) {
	e.t.Helper()
	for _, w := range must(e.weeks.list())(e.t) {
		err := e.weeks.with(w, false, func(f *file) error {
			p, err := f.listPayloads(id{})
			n += len(p)
			return err
		})
		if err != nil {
			e.t.Fatal(err)
		}
	}
	return n
}

func TestHeldMessageIsReleased(t *testing.T) {
	for name, body := range map[string]string{
		"small": "Subject: x\r\n\r\nplanted-body\x00\xff no line end",
		"large": strings.Repeat("planted-body\r\n", 60000),
	} {
		t.Run(name, func(t *testing.T) {
			e, ctx := newEnv(t), context.Background()
			h := e.hold(e.holdRequest(body))
			info := must(e.Link(ctx, h.Code.Token()))(t)
			if info.Kind != socket.LinkRelease || info.Sender != "alice@example.com" || info.Message != h.ID {
				t.Fatalf("link: %+v", info)
			}
			held := must(e.Held(ctx, h.Code.Token()))(t)
			if held.State != "waiting" || held.Deferred || len(held.Recipients) != 2 || held.Rule != "cards" || held.Text != "A card number." {
				t.Fatalf("held: %+v", held)
			}
			for file, b := range e.files() {
				if bytes.Contains(b, []byte("planted")) || bytes.Contains(b, []byte("guest.test")) {
					t.Errorf("%s: something is in clear", file)
				}
			}
			if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
				t.Fatal("a mail before the release")
			}
			order := socket.ReleaseOrder{Key: e.codeKey(h.Code), Reason: "it is\r\n mine\x1b[2J", Client: "192.0.2.1"}
			for range 2 { // twice is no error, and one mail
				if err := e.Release(ctx, h.Code.Token(), order); err != nil {
					t.Fatal(err)
				}
			}
			i := must(e.ClaimMail(ctx, time.Minute))(t)
			if i == nil || i.Kind != KindReleased || i.From != "alice@example.com" || i.ID != "<held@example.com>" ||
				string(i.Pass) != "pass" || fmt.Sprint(i.To) != "[Bob@guest.test carol@guest.test]" {
				t.Fatalf("mail: %+v", i)
			}
			if got := must(io.ReadAll(must(i.Open())(t)))(t); string(got) != body {
				t.Error("the mail is not what was held")
			}
			if j := must(e.ClaimMail(ctx, time.Minute))(t); j != nil {
				t.Error("two mails")
			}
			if err := e.MailSent(ctx, i); err != nil {
				t.Fatal(err)
			}
			if e.payloads() != 0 {
				t.Error("the payload is still there")
			}
			held = must(e.Held(ctx, h.Code.Token()))(t)
			if held.State != "released" || held.Ended.IsZero() || len(held.Grant)+len(held.Summary) > 0 {
				t.Errorf("after the release: %+v", held)
			}
			if err := e.Withdraw(ctx, h.Code.Token(), ""); !errors.Is(err, socket.ErrConflict) {
				t.Errorf("withdrawn after the release: %v", err)
			}
			entries, _, err := e.Trail(ctx, 0, 100)
			if err != nil || e.events()[EventReleased] != 2 {
				t.Fatalf("trail: %v, %v", e.events(), err)
			}
			for _, a := range entries {
				if a.Event == EventReleased && (a.Note != "it is mine [2J" || a.Client != "192.0.2.1" || a.Rule != "cards") {
					t.Errorf("entry: %+v", a)
				}
			}
			e.clock.advance(91 * 24 * time.Hour)
			if err := e.Purge(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Held(ctx, h.Code.Token()); !errors.Is(err, socket.ErrUnknown) {
				t.Errorf("after its memory: %v", err)
			}
		})
	}
}

func TestReleaseNeedsTheRightKey(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	h, other := e.hold(e.holdRequest("one")), e.hold(e.holdRequest("two"))
	stranger := must(seal.NewMessageKey())(t)
	for name, key := range map[string]string{
		"none": "", "text": "AGE-SECRET-KEY-PQ-1", "a stranger's": stranger.Text(), "another message's": e.codeKey(other.Code),
	} {
		if err := e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: key}); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st := must(e.Held(ctx, h.Code.Token()))(t); st.State != "waiting" {
		t.Errorf("state: %s", st.State)
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Error("a mail was sent")
	}
	if err := e.Release(ctx, seal.NewCode().Token(), socket.ReleaseOrder{}); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a stranger's link: %v", err)
	}
}

// TestChangedPayloadIsNotReleased damages a held payload: the mail must not leave.
func TestChangedPayloadIsNotReleased(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	r := e.holdRequest(strings.Repeat("x", 200<<10))
	h := e.hold(r)
	key := e.codeKey(h.Code)
	err := e.weeks.with(weekOf(r.Expires), false, func(f *file) error {
		return f.update(ctx, 0, func(c *change) error {
			k, _ := c.Bucket([]byte(bucketChunk)).Cursor().Last()
			return c.drop(bucketChunk, bytes.Clone(k))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: key}); err == nil {
		t.Error("a payload without its end was released")
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Error("a mail was sent")
	}
	if err := e.Withdraw(ctx, h.Code.Token(), ""); err != nil { // so that the store is whole again
		t.Fatal(err)
	}
}

func TestWithdraw(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	h := e.hold(e.holdRequest("x"))
	key := e.codeKey(h.Code)
	for range 2 {
		if err := e.Withdraw(ctx, h.Code.Token(), "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: key}); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("released after a withdrawal: %v", err)
	}
	if st := must(e.Held(ctx, h.Code.Token()))(t); st.State != "withdrawn" || e.payloads() != 0 || e.events()[EventWithdrawn] != 2 {
		t.Errorf("%+v", st)
	}
}

func TestRejectTellsTheSender(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	for name, c := range map[string]struct {
		change func(*HoldRequest)
		told   bool
	}{
		"with a link":     {func(*HoldRequest) {}, true},
		"without":         {func(r *HoldRequest) { r.Link = false }, true},
		"in quarantine":   {func(r *HoldRequest) { r.Link, r.Quarantine = false, true }, false},
		"the null sender": {func(r *HoldRequest) { r.Sender = "" }, false},
	} {
		r := e.holdRequest("x")
		c.change(&r)
		h := e.hold(r)
		for range 2 { // the second time changes nothing
			if err := e.RejectHeld(ctx, h.ID, "why"); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		i := must(e.ClaimMail(ctx, time.Minute))(t)
		if told := i != nil && i.Kind == "dsn" && fmt.Sprint(i.To) == "[alice@example.com]"; told != c.told || i != nil && !told {
			t.Errorf("%s: %+v", name, i)
		}
	}
	if again := must(e.ClaimMail(ctx, time.Minute))(t); again != nil {
		t.Errorf("told twice: %+v", again)
	}
}

func TestHeldMessageExpires(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	h := e.hold(e.holdRequest("x"))
	q := e.holdRequest("y")
	q.Link, q.Quarantine = false, true
	hidden := e.hold(q)
	if hidden.Code != (seal.Code{}) {
		t.Error("a code without a link")
	}
	e.clock.advance(3 * 24 * time.Hour)
	if err := e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{}); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("released after its end: %v", err)
	}
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	i := must(e.ClaimMail(ctx, time.Minute))(t)
	if i == nil || fmt.Sprint(i.To) != "[alice@example.com]" || i.Kind != "dsn" {
		t.Fatalf("the sender was not told: %+v", i)
	}
	if again := must(e.ClaimMail(ctx, time.Minute))(t); again != nil {
		t.Errorf("told of a message in quarantine: %+v", again)
	}
	if st := must(e.Held(ctx, h.Code.Token()))(t); st.State != "expired" || e.events()[EventHoldExpired] != 4 {
		t.Errorf("%+v %v", st, e.events())
	}
}

func TestHoldRefusals(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.Recovery = nil }), context.Background()
	for name, change := range map[string]func(*HoldRequest){
		"nobody could release it": func(r *HoldRequest) { r.Link = false },
		"no recipient":            func(r *HoldRequest) { r.Recipients = nil },
		"past":                    func(r *HoldRequest) { r.Expires = e.clock.now() },
		"long pass":               func(r *HoldRequest) { r.Pass = make([]byte, maxPass+1) },
	} {
		r := e.holdRequest("x")
		change(&r)
		d := e.Begin(e.key())
		if _, err := d.Hold(ctx, r); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		d.Abandon()
	}
}

func (e *env) deferRequest() DeferRequest {
	return DeferRequest{
		Sender: "eve@outside.test", Recipients: []string{"bob@example.com"}, Rule: "mass", Text: "Mass mail.",
		Subject: "planted-subject", Trust: TrustGrant{Recipients: true, For: 24 * time.Hour},
		Created: e.clock.now(), Expires: e.clock.now().Add(5 * 24 * time.Hour),
	}
}

// Whoever sends mail that is deferred does not fill the disk: what was noted goes
// on, and the others come again.
func TestDeferralsAreBounded(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.deferrals.left = 1
	first := must(e.Defer(ctx, [32]byte{1}, e.deferRequest()))(t)
	if _, err := e.Defer(ctx, [32]byte{2}, e.deferRequest()); !errors.Is(err, ErrManyDeferred) {
		t.Fatalf("the second: %v", err)
	}
	if _, known, err := e.Deferral(ctx, [32]byte{2}); known || err != nil {
		t.Fatal(known, err)
	}
	if again := must(e.Defer(ctx, [32]byte{1}, e.deferRequest()))(t); again != first {
		t.Fatalf("the first again: %+v", again)
	}
	e.clock.advance(deferEvery)
	must(e.Defer(ctx, [32]byte{2}, e.deferRequest()))(t)
}

func TestDeferredMessage(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	key := [32]byte{1}
	if _, known, err := e.Deferral(ctx, key); known || err != nil {
		t.Fatal(known, err)
	}
	first := must(e.Defer(ctx, key, e.deferRequest(), Entry{Event: EventBlocked}))(t)
	second := must(e.Defer(ctx, key, e.deferRequest(), Entry{Event: EventBlocked}))(t)
	again, known, err := e.Deferral(ctx, key)
	if first != second || again != first || !known || err != nil || first.State != HoldWaiting || e.events()[EventBlocked] != 1 {
		t.Fatalf("%+v %+v %+v %v", first, second, again, err)
	}
	if other := must(e.Defer(ctx, [32]byte{2}, e.deferRequest()))(t); other.Code == first.Code {
		t.Fatal("two messages share a code")
	}
	e.close()
	e.open()
	if again, _, _ = e.Deferral(ctx, key); again != first {
		t.Fatalf("after a restart: %+v", again)
	}
	h := must(e.Held(ctx, first.Code.Token()))(t)
	if s := must(first.Code.OpenText(h.Subject))(t); s != "planted-subject" || !h.Deferred || h.Trust != "recipient" || h.TrustFor != 24*time.Hour {
		t.Fatalf("held: %+v", h)
	}
	if err := e.Release(ctx, first.Code.Token(), socket.ReleaseOrder{Client: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	if again, _, _ = e.Deferral(ctx, key); again.State != HoldReleased {
		t.Errorf("after the release: %+v", again)
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Error("a mail for a message that the sender's server has")
	}
	e.clock.advance(5 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if d, known, err := e.Deferral(ctx, [32]byte{2}); d.State != HoldExpired || !known || err != nil {
		t.Errorf("the other: %+v, %v", d, err)
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Error("a notification for a message that was never taken")
	}
}

func TestTrust(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	release := func(r HoldRequest) {
		t.Helper()
		h := e.hold(r)
		if err := e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: e.codeKey(h.Code)}); err != nil {
			t.Fatal(err)
		}
	}
	trusted := func(rule, sender, recipient string) bool {
		t.Helper()
		return must(e.Trusted(ctx, rule, sender, recipient))(t)
	}
	r := e.holdRequest("x")
	release(r)
	if trusted("cards", "alice@example.com", "bob@guest.test") {
		t.Error("a release without trust gives trust")
	}
	r = e.holdRequest("x")
	r.Trust = TrustGrant{Recipients: true, For: 24 * time.Hour}
	release(r)
	for _, tc := range []struct {
		rule, sender, recipient string
		want                    bool
	}{
		{"cards", "Alice@EXAMPLE.com", "bob@guest.test", true},
		{"cards", "alice@example.com", "carol@guest.test", true},
		{"cards", "alice@example.com", "dave@guest.test", false},
		{"cards", "mallory@example.com", "bob@guest.test", false},
		{"cards", "", "bob@guest.test", false},
		{"virus", "alice@example.com", "bob@guest.test", false},
	} {
		if got := trusted(tc.rule, tc.sender, tc.recipient); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
	e.clock.advance(24 * time.Hour)
	if trusted("cards", "alice@example.com", "bob@guest.test") {
		t.Error("the trust outlives its time")
	}
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	r = e.holdRequest("x")
	r.Trust = TrustGrant{Anybody: true}
	release(r)
	e.clock.advance(5 * 365 * 24 * time.Hour)
	if !trusted("cards", "alice@example.com", "dave@guest.test") {
		t.Error("trust for ever and anybody")
	}
	if l := must(e.TrustList(ctx))(t); len(l) != 1 || l[0].Sender != "alice@example.com" || l[0].Recipient != "" || !l[0].Expires.IsZero() {
		t.Errorf("list: %+v", l)
	}
	if n := must(e.RevokeTrust(ctx, "ALICE@example.com", ""))(t); n != 1 || trusted("cards", "alice@example.com", "dave@guest.test") {
		t.Errorf("revoked: %d", n)
	}
}

func TestUnwantedSender(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	for _, grant := range []TrustGrant{{Recipients: true}, {Anybody: true}} {
		r := e.holdRequest("x")
		r.Trust = grant
		h := e.hold(r)
		if err := e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: e.codeKey(h.Code)}); err != nil {
			t.Fatal(err)
		}
	}
	trusted := func(to string) bool { return must(e.Trusted(ctx, "cards", "alice@example.com", to))(t) }
	if err := e.MarkUnwanted(ctx, seal.NewToken(), s.Message, false); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a stranger: %v", err)
	}
	for range 2 {
		if err := e.MarkUnwanted(ctx, session.Token, s.Message, false); err != nil {
			t.Fatal(err)
		}
	}
	if trusted("bob@guest.test") || !trusted("carol@guest.test") {
		t.Error("unwanted by one is unwanted by that one")
	}
	if _, err := e.RevokeTrust(ctx, "alice@example.com", "nobody@guest.test"); err != nil {
		t.Fatal(err)
	}
	if err := e.MarkUnwanted(ctx, session.Token, s.Message, true); err != nil {
		t.Fatal(err)
	}
	if !trusted("bob@guest.test") { // by the one for anybody
		t.Error("taken back")
	}
	for _, l := range must(e.TrustList(ctx))(t) {
		if l.Recipient == "bob@guest.test" {
			t.Error("the trust that was ended lives again")
		}
	}
	if e.events()[EventUnwanted] != 2 {
		t.Errorf("trail: %v", e.events())
	}
}

// TestReleasedOnceAtATime has many clicks at the same time, some of them against
// it: one mail, or none.
func TestReleasedOnceAtATime(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	for round := range 5 {
		h := e.hold(e.holdRequest(strings.Repeat("x", 100<<10)))
		key := e.codeKey(h.Code)
		errs := make(chan error, 12)
		for n := range cap(errs) {
			go func() {
				if n%4 == round%4 {
					errs <- e.Withdraw(ctx, h.Code.Token(), "")
				} else {
					errs <- e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: key})
				}
			}()
		}
		for range cap(errs) {
			if err := <-errs; err != nil && !errors.Is(err, socket.ErrConflict) {
				t.Error(err)
			}
		}
		want := 0
		if must(e.Held(ctx, h.Code.Token()))(t).State == string(HoldReleased) {
			want = 1
		}
		if sent := e.sendAll(); sent[KindReleased] != want {
			t.Errorf("mails: %v, want %d", sent, want)
		}
	}
	if err := e.sweep(ctx); err != nil || e.payloads() != 0 {
		t.Errorf("%d payloads are left, %v", e.payloads(), err)
	}
}
