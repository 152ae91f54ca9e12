package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// choose sets how often bob is told of messages.
func (e *env) choose(s socket.Session, r socket.Roundup) {
	e.t.Helper()
	if err := e.Change(context.Background(), s.Token, socket.AccountChange{Roundup: &r}); err != nil {
		e.t.Fatal(err)
	}
}

// come deposits a message as the milter does: with a notice unless it waits.
func (e *env) come(r SealRequest) (Sealed, socket.Follower) {
	e.t.Helper()
	ctx := context.Background()
	d := e.Begin(e.key())
	sealed := must(d.Seal(ctx, r))(e.t)
	for _, s := range sealed {
		if s.Waits.IsZero() {
			d.Send(Mail{Kind: KindNotice, From: r.Sender, To: []string{s.Recipient}, ID: "<" + s.Message + "@x>", Data: []byte("notice"), Message: s.Message})
		}
	}
	code := must(d.Follow(Dispatch{
		Sender: r.Sender, Lines: []DispatchLine{{Recipient: sealed[0].Recipient, Message: sealed[0].Message, Action: "pickup"}},
		Created: r.Created, Expires: r.Expires,
	}))(e.t)
	if err := d.Commit(ctx); err != nil {
		e.t.Fatal(err)
	}
	return sealed[0], socket.Follower{Link: code.Token()}
}

// purge runs the sweeper and returns what left, and the round-ups among it.
func (e *env) purge() (kinds map[string]int, roundups []RoundupMail) {
	e.t.Helper()
	e.mails.given = nil
	if err := e.Purge(context.Background()); err != nil {
		e.t.Fatal(err)
	}
	for _, g := range e.mails.given {
		if r, ok := g.(RoundupMail); ok {
			roundups = append(roundups, r)
		}
	}
	return e.sendAll(), roundups
}

func (e *env) status(by socket.Follower) socket.StatusLine {
	e.t.Helper()
	return must(e.Status(context.Background(), by))(e.t).Lines[0]
}

// longSessions keep a test's session alive over days.
func longSessions(o *Options) { o.SessionIdle, o.SessionMax = 100*day, 100*day }

var daily = socket.Roundup{Every: socket.EveryDay, Hour: 8, Zone: "Europe/Helsinki"} // 06:00 UTC in winter

func TestDailyRoundup(t *testing.T) {
	e, ctx := newEnv(t, longSessions), context.Background() // it is 10:00 UTC
	session := e.holder()
	e.sendAll()
	// Without a choice each message has its notice.
	if s, by := e.come(e.request(seal.ModeAccount, "x", "bob@guest.test")); !s.Waits.IsZero() || !e.status(by).Waits.IsZero() {
		t.Errorf("without a choice: %+v", s)
	}
	e.choose(session, daily)
	if a := must(e.Account(ctx, session.Token))(t); a.Roundup != daily {
		t.Errorf("kept: %+v", a.Roundup)
	}
	due := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	first, by := e.come(e.request(seal.ModeAccount, "first", "Bob@guest.test"))
	e.clock.advance(time.Minute)
	second, _ := e.come(e.request(seal.ModeAccount, "second", "bob@guest.test"))
	if !first.Waits.Equal(due) || !second.Waits.Equal(due) {
		t.Fatalf("wait for %v and %v, want %v", first.Waits, second.Waits, due)
	}
	l := e.status(by)
	if !l.Waits.Equal(due) || !l.Noticed.IsZero() || l.CanRemind || l.WhyNot != "roundup" {
		t.Errorf("status: %+v", l)
	}
	if _, err := e.Remind(ctx, by, first.Message); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("reminded before it was told: %v", err)
	}
	e.sendAll()
	// Another process goes on with it.
	e.close()
	e.open()
	if kinds, _ := e.purge(); len(kinds) != 0 {
		t.Errorf("before its time: %v", kinds)
	}
	e.clock.advance(due.Sub(e.clock.now()))
	kinds, mails := e.purge()
	if len(mails) != 1 || kinds[KindRoundup] != 1 || len(kinds) != 1 {
		t.Fatalf("mails: %v, %d round-ups", kinds, len(mails))
	}
	m := mails[0]
	if m.Address != "bob@guest.test" || len(m.Messages) != 2 || m.More != 0 || m.Zone.String() != daily.Zone || m.Check != second.Check ||
		m.Messages[0].Sender != "alice@example.com" || !m.Messages[1].Sent.Before(m.Messages[0].Sent) {
		t.Errorf("round-up: %+v", m)
	}
	if l := e.status(by); !l.Waits.IsZero() || l.Noticed.IsZero() {
		t.Errorf("after it: %+v", l)
	}
	e.clock.advance(day)
	if kinds, _ := e.purge(); len(kinds) != 0 {
		t.Errorf("a day without messages: %v", kinds)
	}
}

func TestHourlyRoundup(t *testing.T) {
	e := newEnv(t, longSessions)
	session := e.holder()
	e.choose(session, socket.Roundup{Every: socket.EveryHour})
	e.sendAll()
	var told []time.Time // every mail about messages
	come := func() {
		if s, _ := e.come(e.request(seal.ModeAccount, "x", "bob@guest.test")); s.Waits.IsZero() {
			told = append(told, e.clock.now())
		}
	}
	pass := func(d time.Duration) {
		for end := e.clock.now().Add(d); e.clock.now().Before(end); e.clock.advance(5 * time.Minute) {
			if kinds, _ := e.purge(); kinds[KindRoundup] > 0 {
				told = append(told, e.clock.now())
			}
		}
	}
	come() // at once
	pass(10 * time.Minute)
	come() // waits
	come()
	pass(45 * time.Minute)
	if len(told) != 1 {
		t.Fatalf("told at %v", told)
	}
	pass(20 * time.Minute) // the round-up
	come()                 // waits again
	pass(70 * time.Minute)
	pass(2 * time.Hour)
	come() // after a quiet time: at once
	if len(told) != 4 {
		t.Fatalf("told at %v, want 4 times", told)
	}
	for i := 1; i < len(told); i++ {
		if d := told[i].Sub(told[i-1]); d < time.Hour {
			t.Errorf("two mails within %v", d)
		}
	}
}

// Two messages that come at the same moment are not both the first of the hour, and
// one that is given up leaves its place to the next.
func TestHourlyAtOnce(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.choose(e.holder(), socket.Roundup{Every: socket.EveryHour})
	seals := func(d *Deposit) bool {
		t.Helper()
		s := must(d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test")))(t)
		return s[0].Waits.IsZero()
	}
	a, b, c := e.Begin(e.key()), e.Begin(e.key()), e.Begin(e.key())
	if !seals(a) || seals(b) || seals(a) {
		t.Fatal("only the first of what is under way has a notice")
	}
	a.Abandon()
	if !seals(c) {
		t.Fatal("the first was given up, and the next has no notice")
	}
	for _, d := range []*Deposit{b, c} {
		if err := d.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	e.clock.advance(time.Hour)
	if _, mails := e.purge(); len(mails) != 1 || len(mails[0].Messages) != 1 {
		t.Fatalf("round-ups: %+v", mails)
	}
}

func TestToldAtOnceWhateverIsChosen(t *testing.T) {
	e := newEnv(t)
	e.choose(e.holder(), daily)
	for name, change := range map[string]func(*SealRequest){
		"opens once":             func(r *SealRequest) { r.Mode = seal.ModeOneTime },
		"opens with a PIN":       func(r *SealRequest) { r.Restrict.PIN = true },
		"ends before":            func(r *SealRequest) { r.Expires = r.Created.Add(19 * time.Hour) },
		"ends a short while on":  func(r *SealRequest) { r.Expires = r.Created.Add(20*time.Hour + 30*time.Minute) },
		"of somebody else":       func(r *SealRequest) { r.Recipients = []string{"carol@guest.test"} },
		"to a stranger as links": func(r *SealRequest) { r.Recipients, r.Mode = []string{"carol@guest.test"}, seal.ModeOneTime },
	} {
		r := e.request(seal.ModeAccount, "x", "bob@guest.test")
		change(&r)
		if s, _ := e.come(r); !s.Waits.IsZero() {
			t.Errorf("%s: waits for %v", name, s.Waits)
		}
	}
}

// Whatever becomes of the account or of the message meanwhile: a message that lives
// and that nobody has seen is told of, and no other.
func TestWhileItWaits(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, e *env, session socket.Session, s Sealed, by socket.Follower)
		want int // round-ups at the next purge
	}{
		{"opened", func(t *testing.T, e *env, session socket.Session, s Sealed, _ socket.Follower) {
			check(t, e.MarkOpened(context.Background(), session.Token, s.Message, true))
		}, 0},
		{"marked as read", func(t *testing.T, e *env, session socket.Session, s Sealed, _ socket.Follower) {
			check(t, e.Flag(context.Background(), session.Token, socket.Selection{IDs: []string{s.Message}}, socket.Flags{Read: true}, socket.Flags{}))
		}, 0},
		{"deleted", func(t *testing.T, e *env, session socket.Session, s Sealed, _ socket.Follower) {
			check(t, e.Move(context.Background(), session.Token, socket.Selection{IDs: []string{s.Message}}, socket.ToDeleted))
		}, 0},
		{"removed", func(t *testing.T, e *env, session socket.Session, s Sealed, _ socket.Follower) {
			for _, to := range []socket.Destination{socket.ToDeleted, socket.ToNowhere} {
				check(t, e.Move(context.Background(), session.Token, socket.Selection{IDs: []string{s.Message}}, to))
			}
		}, 0},
		{"recalled", func(t *testing.T, e *env, _ socket.Session, _ Sealed, by socket.Follower) {
			must(e.Recall(context.Background(), by, nil))(t)
		}, 0},
		{"account closed", func(t *testing.T, e *env, session socket.Session, _ Sealed, _ socket.Follower) {
			check(t, e.CloseAccount(context.Background(), session.Token, e.proof("password")))
		}, 0},
		{"nothing", func(*testing.T, *env, socket.Session, Sealed, socket.Follower) {}, 1},
		{"a later hour chosen", func(_ *testing.T, e *env, session socket.Session, _ Sealed, _ socket.Follower) {
			e.choose(session, socket.Roundup{Every: socket.EveryDay, Hour: 23})
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnv(t, longSessions)
			session := e.holder()
			e.choose(session, daily)
			s, by := e.come(e.request(seal.ModeAccount, "x", "bob@guest.test"))
			if s.Waits.IsZero() {
				t.Fatal("it does not wait")
			}
			tt.do(t, e, session, s, by)
			e.consistent()
			e.clock.advance(s.Waits.Sub(e.clock.now()))
			if _, mails := e.purge(); len(mails) != tt.want {
				t.Errorf("%d round-ups, want %d", len(mails), tt.want)
			}
			if l := e.status(by); !l.Waits.IsZero() {
				t.Errorf("it still waits: %+v", l)
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Who chooses otherwise is told at once of what waits, if that is sooner.
func TestChoiceHastensRoundup(t *testing.T) {
	for name, choice := range map[string]socket.Roundup{
		"each":   {},
		"hourly": {Every: socket.EveryHour},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			session := e.holder()
			e.choose(session, daily)
			e.come(e.request(seal.ModeAccount, "x", "bob@guest.test"))
			e.choose(session, choice)
			if _, mails := e.purge(); len(mails) != 1 || len(mails[0].Messages) != 1 {
				t.Errorf("round-ups: %+v", mails)
			}
		})
	}
}

// A forgotten password is no other choice.
func TestResetKeepsTheChoice(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.choose(e.holder(), daily)
	check(t, e.RequestReset(ctx, "bob@guest.test", "192.0.2.1"))
	e.activate(e.mails.codes["bob@guest.test"], "another password")
	if s, _ := e.come(e.request(seal.ModeAccount, "x", "bob@guest.test")); s.Waits.IsZero() {
		t.Error("it does not wait")
	}
}

// The choice of the moment of the commit counts, not that of Seal.
func TestChoiceBetweenSealAndCommit(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	session := e.holder()
	e.choose(session, daily)
	d := e.Begin(e.key())
	if s := must(d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test")))(t)[0]; s.Waits.IsZero() {
		t.Fatal("it does not wait")
	}
	e.choose(session, socket.Roundup{})
	check(t, d.Commit(ctx))
	if _, mails := e.purge(); len(mails) != 1 {
		t.Errorf("round-ups: %+v", mails)
	}
	// Of an account that closed nothing is kept for a key that is no more.
	e.choose(session, daily)
	d = e.Begin(e.key())
	must(d.Seal(ctx, e.request(seal.ModeAccount, "y", "bob@guest.test")))(t)
	check(t, e.CloseAccount(ctx, session.Token, e.proof("password")))
	if err := d.Commit(ctx); !errors.Is(err, ErrChanged) {
		t.Errorf("after the account closed: %v", err)
	}
}

// An account that closed, and of which not everything was ended when the process
// was killed: the recipient is told as somebody without an account is.
func TestRoundupOfWhoIsGone(t *testing.T) {
	e := newEnv(t)
	e.choose(e.holder(), daily)
	s, _ := e.come(e.request(seal.ModeAccount, "x", "bob@guest.test"))
	account := e.vault.account("bob@guest.test")
	check(t, e.update(context.Background(), func(c *change) error {
		if err := e.endSessions(c, account); err != nil {
			return err
		}
		return c.drop(bucketAccount, account[:])
	}))
	e.clock.advance(day)
	kinds, mails := e.purge()
	if len(mails) != 0 || kinds[KindReminder] != 1 {
		t.Fatalf("mails: %v", kinds)
	}
	if r := e.mails.given[0].(RemindMail); r.Account || r.Code == (seal.Code{}) || r.Message != s.Message {
		t.Errorf("reminder: %+v", r)
	}
}

// A round-up lists so many, and tells of more than one mail may only in the next.
func TestRoundupOfMany(t *testing.T) {
	e := newEnv(t)
	e.choose(e.holder(), daily)
	for range 6 {
		var to []string
		for range 100 {
			to = append(to, "bob@guest.test")
		}
		d := e.Begin(e.key())
		must(d.Seal(context.Background(), e.request(seal.ModeAccount, "x", to...)))(t)
		check(t, d.Commit(context.Background()))
	}
	e.clock.advance(day)
	_, mails := e.purge()
	if len(mails) != 1 || len(mails[0].Messages) != maxRoundupLines || mails[0].More != maxRoundup-maxRoundupLines {
		t.Fatalf("first: %d round-ups", len(mails))
	}
	e.consistent()
	e.clock.advance(day)
	if _, mails = e.purge(); len(mails) != 1 || len(mails[0].Messages)+mails[0].More != 600-maxRoundup {
		t.Fatalf("second: %d round-ups", len(mails))
	}
}

// A round-up that is given up shows with each of its messages.
func TestRoundupIsLost(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.choose(e.holder(), daily)
	_, one := e.come(e.request(seal.ModeAccount, "x", "bob@guest.test"))
	_, two := e.come(e.request(seal.ModeAccount, "y", "bob@guest.test"))
	e.sendAll()
	e.clock.advance(day)
	check(t, e.Purge(ctx))
	check(t, e.DropMail(ctx, must(e.ClaimMail(ctx, time.Minute))(t), "refused"))
	for _, by := range []socket.Follower{one, two} {
		if l := e.status(by); !l.NoticeLost {
			t.Errorf("status: %+v", l)
		}
	}
	var told []FollowMail
	for _, g := range e.mails.given {
		if f, ok := g.(FollowMail); ok {
			told = append(told, f)
		}
	}
	if len(told) != 2 || told[0].Kind != FollowLost || told[0].To != "alice@example.com" || told[0].Recipients[0].Recipient != "bob@guest.test" {
		t.Errorf("senders are told: %+v", told)
	}
	if kinds := e.sendAll(); kinds["status"] != 2 {
		t.Errorf("mails: %v", kinds)
	}
}

// What the first mail is still to tell of is not reminded of.
func TestNoReminderWhileItWaits(t *testing.T) {
	e := newEnv(t, func(o *Options) {
		o.Reminders = Reminders{UnreadAfter: []time.Duration{2 * time.Hour, 3 * day}, ToRecipient: true}
	})
	session := e.holder()
	e.choose(session, daily)
	for _, m := range must(e.Inbox(context.Background(), session.Token, "", 10))(t).Messages {
		check(t, e.MarkOpened(context.Background(), session.Token, m.ID, true))
	}
	e.sendAll()
	e.come(e.request(seal.ModeAccount, "x", "bob@guest.test"))
	e.clock.advance(3 * time.Hour)
	if kinds, _ := e.purge(); len(kinds) != 0 {
		t.Errorf("while it waits: %v", kinds)
	}
	e.clock.advance(day)
	e.purge()
	e.clock.advance(3 * day)
	if kinds, _ := e.purge(); kinds[KindReminder] != 1 {
		t.Errorf("after its round-up: %v", kinds)
	}
}

func TestWrongChoices(t *testing.T) {
	e := newEnv(t)
	session := e.holder()
	for _, r := range []socket.Roundup{{Every: "week"}, {Every: socket.EveryDay, Hour: 24}, {Hour: -1}, {Zone: string(make([]byte, 65))}} {
		if err := e.Change(context.Background(), session.Token, socket.AccountChange{Roundup: &r}); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
