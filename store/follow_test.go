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

// A followed is a deposit whose sender has a status link.
type followed struct {
	sealed []Sealed
	by     socket.Follower
	code   seal.Code
}

// follow deposits a message with a status link and one notice a recipient.
func (e *env) follow(r SealRequest, more ...DispatchLine) followed {
	e.t.Helper()
	ctx := context.Background()
	d := e.Begin(e.key())
	sealed := must(d.Seal(ctx, r))(e.t)
	lines := more
	for _, s := range sealed {
		d.Send(Mail{Kind: KindNotice, From: r.Sender, To: []string{s.Recipient}, ID: "<" + s.Message + "@x>", Data: []byte("notice"), Message: s.Message})
		lines = append(lines, DispatchLine{Recipient: s.Recipient, Message: s.Message, Action: "pickup"})
	}
	code := must(d.Follow(Dispatch{
		Sender: r.Sender, Subject: "planted-subject", MessageID: r.MessageID, Rule: "guests", Lines: lines,
		Created: r.Created, Expires: r.Expires,
	}))(e.t)
	if err := d.Commit(ctx); err != nil {
		e.t.Fatal(err)
	}
	return followed{sealed, socket.Follower{Link: code.Token(), Client: "192.0.2.9"}, code}
}

// line returns the status of a recipient.
func (e *env) line(f followed, to string) socket.StatusLine {
	e.t.Helper()
	st := must(e.Status(context.Background(), f.by))(e.t)
	for _, l := range st.Lines {
		if l.Recipient == to {
			return l
		}
	}
	e.t.Fatalf("no line for %s", to)
	return socket.StatusLine{}
}

// sendAll takes everything out of the outbox and returns the kinds.
func (e *env) sendAll() map[string]int {
	e.t.Helper()
	out := map[string]int{}
	for {
		i := must(e.ClaimMail(context.Background(), time.Minute))(e.t)
		if i == nil {
			return out
		}
		out[i.Kind]++
		if err := e.MailSent(context.Background(), i); err != nil {
			e.t.Fatal(err)
		}
	}
}

func TestStatusFollowsWhatHappens(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	f := e.follow(e.request(seal.ModeAccount, "x", "bob@guest.test", "carol@guest.test"),
		DispatchLine{Recipient: "dave@example.com", Action: "deliver"})
	st := must(e.Status(ctx, f.by))(t)
	if len(st.Lines) != 3 || st.Sender != "alice@example.com" || must(f.code.OpenText(st.Subject))(t) != "planted-subject" {
		t.Fatalf("status: %+v", st)
	}
	if info := must(e.Link(ctx, f.code.Token()))(t); info.Kind != socket.LinkStatus || info.Recipient != "alice@example.com" {
		t.Errorf("link: %+v", info)
	}
	if l := e.line(f, "dave@example.com"); l.Action != "deliver" || l.Message != "" || l.CanRecall || l.WhyNot != "" {
		t.Errorf("in clear: %+v", l)
	}
	if l := e.line(f, "bob@guest.test"); !l.Noticed.IsZero() || !l.CanRecall || !l.CanExtend || l.WhyNot != "soon" {
		t.Errorf("new: %+v", l)
	}
	i := must(e.ClaimMail(ctx, time.Minute))(t)
	if err := e.DropMail(ctx, i, "refused"); err != nil {
		t.Fatal(err)
	}
	e.sendAll()
	lost, came := e.line(f, i.To[0]), e.line(f, map[string]string{"bob@guest.test": "carol@guest.test", "carol@guest.test": "bob@guest.test"}[i.To[0]])
	if !lost.NoticeLost || !lost.Noticed.IsZero() || came.NoticeLost || came.Noticed.IsZero() {
		t.Errorf("notices: %+v %+v", lost, came)
	}
	session, _ := e.activate(f.sealed[0].Code, "password")
	e.clock.advance(10 * time.Minute)
	if err := e.MarkOpened(ctx, session.Token, f.sealed[0].Message, true); err != nil {
		t.Fatal(err)
	}
	if err := e.Reply(ctx, socket.Caller{Session: session.Token}, socket.Reply{Message: f.sealed[0].Message, Subject: "Re", Nonce: "n"}, strings.NewReader(plainEntity)); err != nil {
		t.Fatal(err)
	}
	if l := e.line(f, "bob@guest.test"); l.Opened.IsZero() || l.Replied.IsZero() || l.WhyNot != "opened" {
		t.Errorf("opened: %+v", l)
	}
	e.clock.advance(30 * 24 * time.Hour)
	if l := e.line(f, "bob@guest.test"); l.Ended != endExpired || l.Opened.IsZero() || l.CanRecall || l.CanExtend || l.WhyNot != "ended" {
		t.Errorf("before the purge: %+v", l)
	}
	for range 3 { // outlines stay as long as the status does
		if err := e.Purge(ctx); err != nil {
			t.Fatal(err)
		}
		if l := e.line(f, "bob@guest.test"); l.Ended != endExpired || l.Opened.IsZero() || l.Replied.IsZero() {
			t.Errorf("after the purge: %+v", l)
		}
		e.clock.advance(29 * 24 * time.Hour)
	}
	e.clock.advance(10 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Status(ctx, f.by); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("after its memory: %v", err)
	}
}

// TestStatusOfMany has more recipients than a record of lines, and a page of what
// a member sent.
func TestStatusOfMany(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	var to []string
	for n := range linesInRecord + 7 {
		to = append(to, fmt.Sprintf("guest%d@guest.test", n))
	}
	f := e.follow(e.request(seal.ModeAccount, "x", to...))
	if st := must(e.Status(ctx, f.by))(t); len(st.Lines) != len(to) || st.Lines[len(to)-1].Recipient != to[len(to)-1] {
		t.Fatalf("%d lines", len(st.Lines))
	}
	e.clock.advance(time.Minute)
	r := e.request(seal.ModeAccount, "x", "alice@example.com")
	g := e.follow(r)
	session, _ := e.activate(g.sealed[0].Code, "password")
	page := must(e.Sent(ctx, session.Token, "", 1))(t)
	if page.Total != 2 || len(page.Items) != 1 || len(page.Items[0].Lines) != 1 || page.Next == "" {
		t.Fatalf("page: %+v", page)
	}
	page = must(e.Sent(ctx, session.Token, page.Next, 1))(t)
	if len(page.Items) != 1 || len(page.Items[0].Lines) != shownLines || page.Items[0].More != len(to)-shownLines || page.Next != "" {
		t.Fatalf("page: %+v", page)
	}
	by := socket.Follower{Session: session.Token, Dispatch: page.Items[0].ID}
	if st := must(e.Recall(ctx, by, nil))(t); st.Lines[0].Ended != endRecalled || st.Lines[len(to)-1].Ended != endRecalled {
		t.Errorf("recalled by session: %+v", st.Lines[0])
	}
	stranger, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	for name, by := range map[string]socket.Follower{
		"another's session":  {Session: stranger.Token, Dispatch: page.Items[0].ID},
		"no such dispatch":   {Session: session.Token, Dispatch: newID().String()},
		"a recipient's code": {Link: g.sealed[0].Code.Token()},
	} {
		if _, err := e.Status(ctx, by); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := must(e.Sent(ctx, stranger.Token, "", 10))(t); p.Total != 0 {
		t.Errorf("another's list: %+v", p)
	}
}

func TestRecallTellsByWhom(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	f := e.follow(e.request(seal.ModeAccount, strings.Repeat("x", 100<<10), "bob@guest.test", "carol@guest.test"))
	session, _ := e.activate(f.sealed[0].Code, "password")
	if err := e.MarkOpened(ctx, session.Token, f.sealed[0].Message, true); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Recall(ctx, f.by, []string{newID().String()}); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("another's message: %v", err)
	}
	e.clock.advance(10 * time.Minute)
	at := e.clock.now()
	for range 2 {
		must(e.Recall(ctx, f.by, []string{f.sealed[0].Message}))(t)
	}
	if l := e.line(f, "bob@guest.test"); l.Ended != endRecalled || l.Opened.IsZero() || !l.EndedAt.Equal(at) {
		t.Errorf("what was seen stays shown: %+v", l)
	}
	if l := e.line(f, "carol@guest.test"); l.Ended != "" {
		t.Errorf("the other: %+v", l)
	}
	check := func(err error) {
		t.Helper()
		var end *socket.EndedError
		if !errors.As(err, &end) || !errors.Is(err, socket.ErrRecalled) || end.By != "alice@example.com" || !end.At.Equal(at) {
			t.Errorf("%v: %+v", err, end)
		}
	}
	_, err := e.Message(ctx, session.Token, f.sealed[0].Message)
	check(err)
	_, err = e.Payload(ctx, session.Token, f.sealed[0].Message)
	check(err)
	_, err = e.Link(ctx, f.sealed[0].Code.Token())
	check(err)
	p := must(e.Inbox(ctx, session.Token, "", 10))(t)
	if p.Total != 1 || p.Unread != 0 || len(p.Messages) != 1 {
		t.Fatalf("inbox: %+v", p)
	}
	m := p.Messages[0]
	if m.Ended != endRecalled || m.EndedBy != "alice@example.com" || !m.EndedAt.Equal(at) || m.Sender != "alice@example.com" ||
		!m.Read || len(m.Manifest.JSON)+len(m.Summary)+len(m.Grant) > 0 {
		t.Errorf("line: %+v", m)
	}
	if e.payloads() != 1 {
		t.Error("the other's payload is gone")
	}
	must(e.Recall(ctx, f.by, nil))(t)
	if e.payloads() != 0 {
		t.Error("the payload is still there")
	}
	// A guest who makes an account later finds nothing of it.
	d := e.deposit(seal.ModeAccount, "x", "carol@guest.test")[0]
	late, _ := e.activate(d.Code, "password")
	if p := must(e.Inbox(ctx, late.Token, "", 10))(t); p.Total != 1 {
		t.Errorf("carol: %+v", p)
	}
	e.clock.advance(121 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if st := must(e.Stats(ctx))(t); st.Messages != 1 || st.Dispatches != 0 { // the one to carol has just ended
		t.Errorf("%+v", st)
	}
}

func TestExtendMovesThePayload(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.Reminders.BeforeExpiry = 24 * time.Hour }), context.Background()
	body := strings.Repeat("planted-body ", 20000)
	r := e.request(seal.ModeAccount, body, "bob@guest.test", "carol@guest.test", "dave@guest.test")
	r.Expires = e.clock.now().Add(2 * 24 * time.Hour)
	f := e.follow(r)
	session, key := e.activate(f.sealed[0].Code, "password")
	e.clock.advance(time.Hour)
	st := must(e.Extend(ctx, f.by, []string{f.sealed[0].Message, f.sealed[1].Message}, 30*24*time.Hour))(t)
	until := e.clock.now().Add(30 * 24 * time.Hour)
	for n, want := range []time.Time{until, until, r.Expires} {
		if !st.Lines[n].Expires.Equal(want) {
			t.Errorf("%s ends at %s", st.Lines[n].Recipient, st.Lines[n].Expires)
		}
	}
	if e.payloads() != 2 {
		t.Errorf("%d payloads", e.payloads())
	}
	e.consistent()
	e.clock.advance(10 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if list := must(e.weeks.list())(t); len(list) != 1 || list[0] != weekOf(until) {
		t.Errorf("files: %v", list)
	}
	session = must(e.Login(ctx, socket.Login{Address: "bob@guest.test", Verifier: e.verifier("password")}))(t)
	m := must(e.Message(ctx, session.Token, f.sealed[0].Message))(t)
	if e.read(m, key.Identity(), must(e.Payload(ctx, session.Token, f.sealed[0].Message))(t)) != body {
		t.Error("the message is not what was sealed")
	}
	if _, err := e.Link(ctx, f.sealed[1].Code.Token()); err != nil {
		t.Errorf("the link of an extended message: %v", err)
	}
	if l := e.line(f, "dave@guest.test"); l.Ended != endExpired {
		t.Errorf("the one that was not extended: %+v", l)
	}
	// One whose end is later keeps it.
	st = must(e.Extend(ctx, f.by, nil, 24*time.Hour))(t)
	if !st.Lines[0].Expires.Equal(until) {
		t.Errorf("shortened to %s", st.Lines[0].Expires)
	}
	if _, err := e.Extend(ctx, f.by, nil, 2*24*time.Hour); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("two days: %v", err)
	}
	if e.events()[EventExtended] != 2 {
		t.Errorf("trail: %v", e.events())
	}
	e.clock.advance(20 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if l := e.line(f, "bob@guest.test"); l.Ended != endExpired {
		t.Errorf("after the new end: %+v", l)
	}
	if e.payloads() != 1 { // it goes with its week
		t.Errorf("%d payloads", e.payloads())
	}
	e.clock.advance(8 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if list := must(e.weeks.list())(t); len(list) != 0 {
		t.Errorf("files: %v", list)
	}
}

func TestExtendIsBoundedByTheRetention(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.Retention = 10 * 24 * time.Hour }), context.Background()
	r := e.request(seal.ModeOneTime, "x", "bob@guest.test", "carol@guest.test")
	r.Expires = e.clock.now().Add(24 * time.Hour)
	f := e.follow(r)
	must(e.OpenOneTime(ctx, f.sealed[1].Code.Token()))(t)
	st := must(e.Extend(ctx, f.by, nil, 30*24*time.Hour))(t)
	if got := st.Lines[0].Expires.Sub(e.clock.now()); got != 10*24*time.Hour {
		t.Errorf("extended by %s", got)
	}
	if l := st.Lines[1]; l.CanExtend || !l.Expires.Equal(r.Expires) {
		t.Errorf("an opened one-time message: %+v", l)
	}
	m := must(e.OpenOneTime(ctx, f.sealed[0].Code.Token()))(t)
	if e.read(m, must(f.sealed[0].Code.Identity())(t), must(e.OneTimePayload(ctx, f.sealed[0].Code.Token()))(t)) != "x" {
		t.Error("the message is not what was sealed")
	}
}

func TestRemind(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	f := e.follow(e.request(seal.ModeAccount, "x", "bob@guest.test", "carol@guest.test"))
	once := e.follow(e.request(seal.ModeOneTime, "x", "dave@guest.test"))
	e.sendAll()
	if _, err := e.Remind(ctx, f.by, f.sealed[0].Message); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("at once: %v", err)
	}
	e.clock.advance(time.Hour)
	for n := range 2 {
		e.mails.given = nil
		must(e.Remind(ctx, f.by, f.sealed[n].Message))(t)
		r := e.mails.given[0].(RemindMail)
		if r.Kind != RemindAgain || r.Recipient != f.sealed[n].Recipient || r.Account != (n == 0) || (r.Code == seal.Code{}) != (n == 0) {
			t.Fatalf("mail: %+v", r)
		}
		if n == 1 { // the fresh link makes the account, and opens the message
			session, key := e.activate(r.Code, "password")
			m := must(e.Message(ctx, session.Token, f.sealed[1].Message))(t)
			if e.read(m, key.Identity(), must(e.Payload(ctx, session.Token, f.sealed[1].Message))(t)) != "x" {
				t.Error("the message is not what was sealed")
			}
		}
		if _, err := e.Remind(ctx, f.by, f.sealed[n].Message); !errors.Is(err, socket.ErrConflict) {
			t.Errorf("twice: %v", err)
		}
	}
	if sent := e.sendAll(); sent[KindReminder] != 2 || e.events()[EventReminded] != 2 {
		t.Errorf("mails: %v, trail: %v", sent, e.events())
	}
	if l := e.line(once, "dave@guest.test"); l.CanRemind || l.WhyNot != "one-time" {
		t.Errorf("one-time: %+v", l)
	}
	if _, err := e.Remind(ctx, once.by, once.sealed[0].Message); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("one-time: %v", err)
	}
}

func TestRemindWithoutRecovery(t *testing.T) {
	e := newEnv(t, func(o *Options) { o.RecoveryOffline = true })
	f := e.follow(e.request(seal.ModeAccount, "x", "bob@guest.test"))
	e.clock.advance(2 * time.Hour)
	if l := e.line(f, "bob@guest.test"); l.CanRemind || l.WhyNot != "offline" {
		t.Errorf("%+v", l)
	}
}

func TestReminders(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) {
		o.Reminders = Reminders{
			UnreadAfter: []time.Duration{24 * time.Hour, 3 * 24 * time.Hour}, ToRecipient: true, ToSender: true,
			BeforeExpiry: 2 * 24 * time.Hour, ExpiredUnread: true,
		}
	}), context.Background()
	r := e.request(seal.ModeAccount, "x", "bob@guest.test", "carol@guest.test")
	r.Expires = e.clock.now().Add(10 * 24 * time.Hour)
	f := e.follow(r)
	e.sendAll()
	session, _ := e.activate(f.sealed[1].Code, "password")
	if err := e.MarkOpened(ctx, session.Token, f.sealed[1].Message, true); err != nil {
		t.Fatal(err)
	}
	want := map[int]string{ // by day
		1:  "unread bob@guest.test, sender unread bob@guest.test",
		3:  "unread bob@guest.test, sender unread bob@guest.test",
		8:  "expiring bob@guest.test, sender expiring bob@guest.test",
		10: "sender expired bob@guest.test",
	}
	for day := 1; day <= 11; day++ {
		e.clock.advance(24 * time.Hour)
		e.mails.given = nil
		for range 3 { // and after a restart
			if err := e.Purge(ctx); err != nil {
				t.Fatal(err)
			}
			e.close()
			e.open()
		}
		var got []string
		for _, g := range e.mails.given {
			switch m := g.(type) {
			case RemindMail:
				got = append(got, fmt.Sprintf("%s %s", m.Kind, m.Recipient))
			case FollowMail:
				got = append(got, fmt.Sprintf("sender %s %s", m.Kind, m.Recipients[0].Recipient))
			}
		}
		if text := strings.Join(got, ", "); text != want[day] {
			t.Errorf("day %d: %s, want %s", day, text, want[day])
		}
		if sent := e.sendAll(); sent[KindReminder]+sent["status"] != len(got) {
			t.Errorf("day %d: mails %v", day, sent)
		}
		e.consistent()
	}
}

// TestSenderIsToldOnce has many unread recipients of one message: one mail.
func TestSenderIsToldOnce(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) {
		o.Reminders = Reminders{UnreadAfter: []time.Duration{time.Hour}, ToSender: true}
	}), context.Background()
	var to []string
	for n := range 50 {
		to = append(to, fmt.Sprintf("guest%d@guest.test", n))
	}
	e.follow(e.request(seal.ModeAccount, "x", to...))
	e.sendAll()
	e.clock.advance(time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if sent := e.sendAll(); sent["status"] != 1 || len(e.mails.given[0].(FollowMail).Recipients) != len(to) {
		t.Errorf("mails: %v", sent)
	}
}

// A sender outside has nothing to follow, and learns nothing of what is read.
func TestSenderOutsideIsNotTold(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) {
		o.Reminders = Reminders{UnreadAfter: []time.Duration{time.Hour}, ToSender: true, BeforeExpiry: time.Hour, ExpiredUnread: true}
	}), context.Background()
	r := e.request(seal.ModeAccount, "x", "alice@example.com")
	r.Sender, r.Internal = "mallory@guest.test", false
	d := e.Begin(e.key())
	must(d.Seal(ctx, r))(t)
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	e.clock.advance(r.Expires.Sub(e.clock.now()) + time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if sent := e.sendAll(); sent["status"] != 0 || e.events()[EventExpired] != 1 {
		t.Errorf("mails: %v, trail: %v", sent, e.events())
	}
}

func TestReadReceipt(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	for _, mode := range []seal.Mode{seal.ModeAccount, seal.ModeOneTime} {
		e.mails.given = nil
		r := e.request(mode, "x", "bob@guest.test")
		r.ReadReceipt = "alice+read@example.com"
		f := e.follow(r)
		e.sendAll()
		if mode == seal.ModeAccount {
			session, _ := e.activate(f.sealed[0].Code, "password")
			for range 2 {
				if err := e.MarkOpened(ctx, session.Token, f.sealed[0].Message, true); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			must(e.OpenOneTime(ctx, f.sealed[0].Code.Token()))(t)
			must(e.OpenOneTime(ctx, f.sealed[0].Code.Token()))(t)
		}
		i := must(e.ClaimMail(ctx, time.Minute))(t)
		if i == nil || i.Kind != "mdn" || fmt.Sprint(i.To) != "[alice+read@example.com]" || len(e.mails.given) != 1 {
			t.Fatalf("%s: %+v, %v", mode, i, e.mails.given)
		}
		if g := e.mails.given[0].(ReadMail); g.Recipient != "bob@guest.test" || g.MessageID != "<orig@example.com>" || !g.Opened.Equal(e.clock.now()) {
			t.Errorf("%s: %+v", mode, g)
		}
		e.sendAll()
	}
	// Nobody is kept from reading by a receipt that can't be rendered.
	e.mails.err = errors.New("no such text")
	r := e.request(seal.ModeOneTime, "x", "bob@guest.test")
	r.ReadReceipt = "alice@example.com"
	f := e.follow(r)
	must(e.OpenOneTime(ctx, f.sealed[0].Code.Token()))(t)
}

func TestThread(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	if err := e.Reply(ctx, socket.Caller{Session: session.Token}, socket.Reply{Message: s.Message, Subject: "Re", Nonce: "n"}, strings.NewReader(plainEntity)); err != nil {
		t.Fatal(err)
	}
	i, _ := e.nextMail("reply")
	for _, tc := range []struct {
		ids  []string
		to   string
		want bool
	}{
		{[]string{"<other@x>", i.ID}, "Bob@Guest.test", true},
		{append([]string{i.ID}, make([]string, maxThread)...), "bob@guest.test", false},
		{[]string{i.ID}, "carol@guest.test", false},
		{[]string{"<other@x>", ""}, "bob@guest.test", false},
		{nil, "bob@guest.test", false},
	} {
		if got := must(e.InThread(ctx, tc.ids, tc.to))(t); got != tc.want {
			t.Errorf("%d ids, %s: %v", len(tc.ids), tc.to, got)
		}
	}
	e.clock.advance(365 * 24 * time.Hour)
	if must(e.InThread(ctx, []string{i.ID}, "bob@guest.test"))(t) {
		t.Error("the thread outlives its time")
	}
}

func TestNoReply(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	r := e.request(seal.ModeOneTime, "x", "bob@guest.test")
	r.Restrict = seal.Restriction{NoReply: true, NoPrint: true}
	f := e.follow(r)
	m := must(e.OpenOneTime(ctx, f.sealed[0].Code.Token()))(t)
	man := must(m.Manifest.Verify(e.portal.Signing))(t)
	if m.CanReply || man.Restrict != r.Restrict || e.line(f, "bob@guest.test").Restrict != r.Restrict {
		t.Errorf("%+v %+v", m, man)
	}
	by := socket.Caller{Link: f.sealed[0].Code.Token()}
	err := e.Reply(ctx, by, socket.Reply{Message: m.ID, Subject: "Re", Nonce: "n"}, strings.NewReader(plainEntity))
	if !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("a reply: %v", err)
	}
}
