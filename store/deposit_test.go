package store

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

func TestGuestActivatesReadsAndLogsIn(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	body := strings.Repeat("planted-body ", 20000) // several chunks
	first := e.deposit(seal.ModeAccount, "first", "Bob@Guest.test")[0]
	e.clock.advance(time.Second)
	second := e.deposit(seal.ModeAccount, body, "bob@guest.test")[0]
	if first.Account || first.Code == (seal.Code{}) || first.Code == second.Code {
		t.Fatal("each message of a new guest has a code of its own")
	}
	if first.Recipient != "Bob@Guest.test" {
		t.Errorf("recipient %q is not as it was given", first.Recipient)
	}
	info := must(e.Link(ctx, first.Code.Token()))(t)
	if info.Recipient != "bob@guest.test" || info.Kind != socket.LinkActivate || info.Account || info.Message != first.Message || info.Sender != "alice@example.com" {
		t.Fatalf("link: %+v", info)
	}
	session, key := e.activate(first.Code, "password")
	page := must(e.Inbox(ctx, session.Token, "", 10))(t)
	if page.Total != 2 || page.Unread != 2 || page.Messages[0].ID != second.Message || page.Next != "" {
		t.Fatalf("inbox: %+v", page)
	}
	m := must(e.Message(ctx, session.Token, second.Message))(t)
	if got := e.read(m, key.Identity(), must(e.Payload(ctx, session.Token, second.Message))(t)); got != body {
		t.Fatal("the message is not what was sealed")
	}
	if err := e.MarkOpened(ctx, session.Token, second.Message, true); err != nil {
		t.Fatal(err)
	}
	if m = must(e.Message(ctx, session.Token, second.Message))(t); !m.Read || m.Opened.IsZero() {
		t.Fatalf("opened: %+v", m)
	}

	// A message after the activation needs no code.
	third := e.deposit(seal.ModeAccount, "third", "bob@guest.test")[0]
	if !third.Account || third.Code != (seal.Code{}) {
		t.Fatalf("known account: %+v", third)
	}
	kdf := must(e.Challenge(ctx, "BOB@guest.test"))(t)
	if len(kdf.Salt) != 16 {
		t.Fatalf("challenge: %+v", kdf)
	}
	again, err := e.Login(ctx, socket.Login{Address: "bob@GUEST.test", Verifier: e.verifier("password"), Client: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	m = must(e.Message(ctx, again.Token, third.Message))(t)
	if got := e.read(m, key.Identity(), must(e.Payload(ctx, again.Token, third.Message))(t)); got != "third" {
		t.Fatal("the message is not what was sealed")
	}
	if err := e.Logout(ctx, again.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SessionInfo(ctx, again.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Fatalf("after log-out: %v", err)
	}
}

func TestOneTime(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeOneTime, "once", "carol@guest.test")[0]
	token := s.Code.Token()
	if _, err := e.OneTimePayload(ctx, token); !errors.Is(err, socket.ErrUnknown) {
		t.Fatalf("payload before it was opened: %v", err)
	}
	for range 2 { // reopenable within the grace period
		m := must(e.OpenOneTime(ctx, token))(t)
		id := must(s.Code.Identity())(t)
		if got := e.read(m, id, must(e.OneTimePayload(ctx, token))(t)); got != "once" {
			t.Fatal("the message is not what was sealed")
		}
	}
	e.clock.advance(time.Hour)
	for name, call := range map[string]func() error{
		"link":    func() error { _, err := e.Link(ctx, token); return err },
		"open":    func() error { _, err := e.OpenOneTime(ctx, token); return err },
		"payload": func() error { _, err := e.OneTimePayload(ctx, token); return err },
	} {
		if err := call(); !errors.Is(err, socket.ErrUsed) {
			t.Errorf("%s after the grace period: %v", name, err)
		}
	}
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.OpenOneTime(ctx, token); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("after the purge: %v", err)
	}
	if _, err := e.OpenOneTime(ctx, seal.NewCode().Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a stranger: %v", err)
	}
	var p []storedPayload
	if err := e.weeks.with(weekOf(s.Expires), false, func(f *file) (err error) { p, err = f.listPayloads(id{}); return err }); err != nil || len(p) != 0 {
		t.Errorf("the payload is still there: %v, %v", p, err)
	}
}

func TestOutcomeAndDuplicate(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	k := e.key()
	if _, ok, err := e.Outcome(ctx, k); ok || err != nil {
		t.Fatal(ok, err)
	}
	a, b := e.Begin(k), e.Begin(k)
	for _, d := range []*Deposit{a, b} {
		if _, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test")); err != nil {
			t.Fatal(err)
		}
		d.SetOutcome([]byte("notice text"))
	}
	if err := a.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(ctx); !errors.Is(err, ErrDuplicate) {
		t.Fatalf("second: %v", err)
	}
	k.To = append([]string{}, k.To...)
	if out, ok, err := e.Outcome(ctx, k); !ok || string(out) != "notice text" || err != nil {
		t.Fatal(string(out), ok, err)
	}
	e.clock.advance(24 * time.Hour)
	if _, ok, _ := e.Outcome(ctx, k); ok {
		t.Fatal("the outcome outlives its day")
	}
	c := e.Begin(k)
	if err := c.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if st := must(e.Stats(ctx))(t); st.Messages != 1 {
		t.Fatalf("stats: %+v", st)
	}
}

func TestAbandonedIsInvisibleAndSwept(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	d := e.Begin(e.key())
	s := must(d.Seal(ctx, e.request(seal.ModeAccount, strings.Repeat("x", 300<<10), "bob@guest.test")))(t)[0]
	if _, err := e.Link(ctx, s.Code.Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Fatalf("before commit: %v", err)
	}
	count := func() (n int) {
		err := e.weeks.with(weekOf(s.Expires), false, func(f *file) error {
			p, err := f.listPayloads(id{})
			n = len(p)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	d.waitForTest(t)
	if err := e.sweep(ctx); err != nil || count() != 1 {
		t.Fatalf("a payload of a running deposit was swept: %v", err)
	}
	d.Abandon()
	e.deposit(seal.ModeAccount, "kept", "bob@guest.test")
	if err := e.sweep(ctx); err != nil || count() != 1 {
		t.Fatalf("orphans after the sweep: %d, %v", count()-1, err)
	}
}

func (d *Deposit) waitForTest(t *testing.T) {
	for _, w := range d.waiting {
		if err := <-w; err != nil {
			t.Fatal(err)
		}
	}
	d.waiting = nil
}

func TestOutbox(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	large := strings.Repeat("large mail\r\n", 50000)
	d := e.Begin(e.key())
	d.Send(Mail{Kind: KindNotice, From: "alice@example.com", To: []string{"bob@guest.test"}, ID: "<1@x>", Data: []byte("small")})
	d.Send(Mail{Kind: "dsn", To: []string{"alice@example.com"}, ID: "<2@x>", Data: []byte(large)})
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-e.MailDue():
	default:
		t.Fatal("nobody was told")
	}
	want := map[string]string{"<1@x>": "small", "<2@x>": large}
	var items []*OutboxItem
	for range 2 {
		i := must(e.ClaimMail(ctx, time.Minute))(t)
		r := must(i.Open())(t)
		if b := must(io.ReadAll(r))(t); string(b) != want[i.ID] || i.Size != int64(len(b)) || i.Attempts != 0 {
			t.Fatalf("%s: %d octets", i.ID, len(b))
		}
		delete(want, i.ID)
		items = append(items, i)
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Fatal("claimed twice")
	}
	if err := e.MailSent(ctx, items[0]); err != nil {
		t.Fatal(err)
	}
	if err := e.MailSent(ctx, items[0]); !errors.Is(err, ErrStale) {
		t.Fatalf("sent twice: %v", err)
	}
	if err := e.RetryMail(ctx, items[1], time.Hour); err != nil {
		t.Fatal(err)
	}
	e.clock.advance(59 * time.Minute)
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Fatal("claimed before its time")
	}
	e.clock.advance(time.Minute)
	again := must(e.ClaimMail(ctx, time.Minute))(t)
	if again == nil || again.Attempts != 1 {
		t.Fatalf("claim: %+v", again)
	}
	e.clock.advance(2 * time.Minute) // the lease is over: another may take it
	other := must(e.ClaimMail(ctx, time.Minute))(t)
	for name, err := range map[string]error{
		"sent":  e.MailSent(ctx, again),
		"retry": e.RetryMail(ctx, again, 0),
		"drop":  e.DropMail(ctx, again, "gave up"),
	} {
		if !errors.Is(err, ErrStale) {
			t.Errorf("%s by a stale holder: %v", name, err)
		}
	}
	if err := e.DropMail(ctx, other, "gave up"); err != nil {
		t.Fatal(err)
	}
	if st := must(e.Stats(ctx))(t); st.Outbox != 0 {
		t.Fatalf("left: %+v", st)
	}
}

func TestExpiryRemovesWeekAndKeepsTombstone(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "body", "bob@guest.test")[0]
	known := e.deposit(seal.ModeAccount, "body", "bob@guest.test")[0]
	e.clock.advance(30*24*time.Hour - time.Minute)
	session, _ := e.activate(known.Code, "password")
	e.clock.advance(time.Minute)
	check := func(when string) {
		t.Helper()
		if _, err := e.Link(ctx, s.Code.Token()); !errors.Is(err, socket.ErrExpired) {
			t.Errorf("%s: link: %v", when, err)
		}
		if _, err := e.Message(ctx, session.Token, s.Message); !errors.Is(err, socket.ErrExpired) {
			t.Errorf("%s: message: %v", when, err)
		}
		for _, m := range must(e.Inbox(ctx, session.Token, "", 10))(t).Messages {
			if m.Ended != endExpired || m.Sender != "alice@example.com" || len(m.Grant)+len(m.Summary)+len(m.Manifest.JSON) > 0 {
				t.Errorf("%s: inbox: %+v", when, m)
			}
		}
		if _, err := e.Link(ctx, seal.NewCode().Token()); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s: stranger: %v", when, err)
		}
	}
	check("before the purge")
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	check("after the purge")
	if list := must(e.weeks.list())(t); len(list) != 1 {
		t.Fatalf("weeks: %v", list)
	}
	e.clock.advance(7 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if list := must(e.weeks.list())(t); len(list) != 0 {
		t.Fatalf("weeks: %v", list)
	}
	e.clock.advance(90 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Link(ctx, s.Code.Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("forgotten: %v", err)
	}
	if st := must(e.Stats(ctx))(t); st.Messages != 0 || st.Sessions != 0 || st.Outbox != 0 {
		t.Errorf("left: %+v", st)
	}
}
