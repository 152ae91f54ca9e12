package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	claims = "claims@customer.test"
	ann    = "ann@customer.test"
	rob    = "rob@customer.test"
)

// peopleMails keeps the mails about mailboxes with people.
type peopleMails struct {
	mu      sync.Mutex
	invited []InvitationMail
	told    []PeopleMail
}

func (m *peopleMails) Invitation(i InvitationMail) (Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invited = append(m.invited, i)
	return Mail{Kind: KindInvitation, ID: "<" + i.ID + "@example.com>", Data: []byte(i.Code.Text())}, nil
}

func (m *peopleMails) People(p PeopleMail) (Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, p)
	return Mail{Kind: KindPeople, ID: "<" + p.ID + "@example.com>", Data: []byte("told\r\n")}, nil
}

// who says to whom the mails went that say this.
func (m *peopleMails) who(what string) (to []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.told {
		if p.What == what {
			to = append(to, p.Address)
		}
	}
	slices.Sort(to)
	return to
}

// A crew is a mailbox and people who could open it.
type crew struct {
	*env
	mails   *peopleMails
	claims  socket.Session // the mailbox's own log-in
	key     seal.AccountKey
	session map[string]socket.Session
	keys    map[string]seal.AccountKey
}

func newCrew(t testing.TB, change ...func(*Options)) *crew {
	t.Helper()
	c := &crew{mails: &peopleMails{}, session: map[string]socket.Session{}, keys: map[string]seal.AccountKey{}}
	c.env = newEnv(t, append(change, func(o *Options) { o.People = c.mails })...)
	for _, a := range []string{claims, ann, rob} {
		c.session[a], c.keys[a] = c.env.activate(c.deposit(seal.ModeAccount, "for "+a, a)[0].Code, "password")
	}
	c.claims, c.key = c.session[claims], c.keys[claims]
	return c
}

// invite does what a portal does to invite somebody, and returns the mailed code.
func (c *crew) invite(by seal.Token, to string, manager bool) (seal.Code, error) {
	c.t.Helper()
	ctx := context.Background()
	ticket, err := c.Invite(ctx, by, c.proof("password"), socket.Invitation{Address: to, Manager: manager})
	if err != nil {
		return seal.Code{}, err
	}
	sealed := must(c.key.ForInvitation(c.portal.Pepper, must(age.ParseHybridRecipient(ticket.Recipient))(c.t), claims))(c.t)
	if err := c.SendInvitation(ctx, by, ticket.Ticket, sealed); err != nil {
		return seal.Code{}, err
	}
	return c.mails.invited[len(c.mails.invited)-1].Code, nil
}

// accept does what a portal does when somebody accepts.
func (c *crew) accept(session socket.Session, code seal.Code) error {
	c.t.Helper()
	ctx := context.Background()
	i, err := c.Invited(ctx, session.Token, code.Token())
	if err != nil {
		return err
	}
	key := must(seal.OpenInvitation(i.Key, c.portal.Pepper, code, i.Mailbox))(c.t)
	if key.Recipient() != i.PublicKey {
		c.t.Error("the invitation holds another key")
	}
	return c.Accept(ctx, session.Token, code.Token(), must(key.ForPerson(must(age.ParseHybridRecipient(i.PersonKey))(c.t), i.Mailbox))(c.t))
}

// join gives somebody a seat.
func (c *crew) join(to string, manager bool) {
	c.t.Helper()
	code := must(c.invite(c.claims.Token, to, manager))(c.t)
	if err := c.accept(c.session[to], code); err != nil {
		c.t.Fatal(err)
	}
}

// enter switches a session to the mailbox as a portal does.
func (c *crew) enter(session seal.Token, person string) (seal.Token, error) {
	c.t.Helper()
	ctx := context.Background()
	w, err := c.Switch(ctx, session, claims)
	if err != nil {
		return seal.Token{}, err
	}
	key := must(seal.OpenSeat(w.Key, c.keys[person].Identity(), w.Address))(c.t)
	if key.Recipient() != w.PublicKey {
		c.t.Error("the seat holds another key")
	}
	return w.Token, c.KeepKey(ctx, w.Token, key.ForVisit(c.keys[person], seal.NewToken()))
}

func (c *crew) mustEnter(person string) seal.Token {
	c.t.Helper()
	return must(c.enter(c.session[person].Token, person))(c.t)
}

// gone fails the test unless a session is over.
func (c *crew) gone(what string, token seal.Token) {
	c.t.Helper()
	if _, err := c.SessionInfo(context.Background(), token); !errors.Is(err, socket.ErrUnknown) {
		c.t.Errorf("%s: %v", what, err)
	}
}

func (c *crew) lives(what string, token seal.Token) {
	c.t.Helper()
	if _, err := c.SessionInfo(context.Background(), token); err != nil {
		c.t.Errorf("%s: %v", what, err)
	}
}

func TestPeopleOpenAMailbox(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	c.join(ann, true)
	c.join(rob, false)
	if to := c.mails.who("given"); !slices.Equal(to, []string{ann, ann, claims, claims, rob}) {
		t.Errorf("told: %v", to)
	}
	f := c.follow(c.request(seal.ModeAccount, "for all", claims))
	message := f.sealed[0].Message
	for _, person := range []string{ann, rob} {
		visit := c.mustEnter(person)
		c.gone("the session before", c.session[person].Token)
		info := must(c.SessionInfo(ctx, visit))(t)
		if info.Address != claims || info.Visitor == nil || info.Visitor.Address != person || len(info.Mailboxes) != 1 || info.Mailboxes[0].Address != claims {
			t.Errorf("%s: %+v", person, info)
		}
		m := must(c.Message(ctx, visit, message))(t)
		if got := c.read(m, c.key.Identity(), must(c.Payload(ctx, visit, message))(t)); got != "for all" {
			t.Errorf("%s reads %q", person, got)
		}
		for range 2 {
			if err := c.MarkOpened(ctx, visit, message, true); err != nil {
				t.Fatal(err)
			}
		}
		c.clock.advance(time.Minute)
		if person == rob {
			if err := c.reply(socket.Caller{Session: visit}, message, "n"); err != nil {
				t.Fatal(err)
			}
		}
		back := must(c.Switch(ctx, visit, ""))(t)
		if back.Address != person || len(back.Key) != 0 || len(back.Escrow) != 0 {
			t.Errorf("back: %+v", back)
		}
		if err := c.KeepKey(ctx, back.Token, []byte("key")); err != nil {
			t.Fatal(err)
		}
		c.gone("the visit", visit)
		if info := must(c.SessionInfo(ctx, back.Token))(t); info.Address != person || info.Visitor != nil || string(info.SealedKey) != "key" {
			t.Errorf("back: %+v", info)
		}
	}
	line := c.line(f, claims)
	if len(line.OpenedBy) != 2 || line.OpenedBy[0].Name != "Bob Guest" || !line.OpenedBy[1].At.After(line.Opened) || line.RepliedBy != "Bob Guest" {
		t.Errorf("status: %+v", line)
	}
	entries, _ := c.trail(TrailQuery{Message: message})
	var acts []string
	for _, e := range entries {
		if e.Actor != "" {
			acts = append(acts, string(e.Event)+" "+e.Actor)
		}
	}
	if want := []string{"opened " + ann, "opened " + rob, "replied " + rob}; !slices.Equal(acts, want) {
		t.Errorf("trail: %v", acts)
	}
	// The end of the message keeps who had opened it.
	if err := c.RecallMessage(ctx, message); err != nil {
		t.Fatal(err)
	}
	if line := c.line(f, claims); len(line.OpenedBy) != 2 {
		t.Errorf("after the end: %+v", line)
	}
}

// Whoever is removed, or leaves, is out at once: in every session, and by every way
// in that was prepared.
func TestRemovedPersonIsOut(t *testing.T) {
	for name, remove := range map[string]func(c *crew) error{
		"removed": func(c *crew) error {
			return c.RemovePerson(context.Background(), c.claims.Token, c.proof("password"), rob)
		},
		"by an administrator": func(c *crew) error { return c.DropPerson(context.Background(), claims, rob) },
		"left": func(c *crew) error {
			s := must(c.Login(context.Background(), socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(c.t)
			return c.LeaveMailbox(context.Background(), s.Token, claims)
		},
		"account closed": func(c *crew) error {
			s := must(c.Login(context.Background(), socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(c.t)
			return c.CloseAccount(context.Background(), s.Token, c.proof("password"))
		},
		"unlocked": func(c *crew) error { return c.DropFactors(context.Background(), rob) },
		"mailbox closed": func(c *crew) error {
			return c.CloseAccount(context.Background(), c.claims.Token, c.proof("password"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, ctx := newCrew(t), context.Background()
			c.join(ann, true)
			c.join(rob, true)
			message := must(c.Inbox(ctx, c.claims.Token, "", 1))(t).Messages[0].ID
			visit := c.mustEnter(rob)
			// Rob prepares a way back in: an invitation of a friend.
			later := must(c.invite(visit, "friend@customer.test", true))(t)
			ticket := must(c.Invite(ctx, visit, c.proof("password"), socket.Invitation{Address: "second@customer.test"}))(t)
			if err := remove(c); err != nil {
				t.Fatal(err)
			}
			c.gone("the visit", visit)
			if _, err := c.Message(ctx, visit, message); !errors.Is(err, socket.ErrUnknown) {
				t.Errorf("a message: %v", err)
			}
			if _, err := c.Payload(ctx, visit, message); !errors.Is(err, socket.ErrUnknown) {
				t.Errorf("a payload: %v", err)
			}
			if _, err := c.Switch(ctx, visit, ""); !errors.Is(err, socket.ErrUnknown) {
				t.Errorf("back: %v", err)
			}
			if _, err := c.Link(ctx, later.Token()); err == nil {
				t.Error("the invitation of a friend lives")
			}
			if err := c.SendInvitation(ctx, visit, ticket.Ticket, []byte("x")); !errors.Is(err, socket.ErrUnknown) {
				t.Errorf("an invitation that was begun: %v", err)
			}
			if s, err := c.Login(ctx, socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}); err == nil {
				if _, err := c.Switch(ctx, s.Token, claims); !errors.Is(err, socket.ErrUnknown) {
					t.Errorf("in again: %v", err)
				}
				if info := must(c.SessionInfo(ctx, s.Token))(t); len(info.Mailboxes) != 0 {
					t.Errorf("the menu: %+v", info.Mailboxes)
				}
			}
			for _, b := range []string{bucketSeat, bucketSeated} {
				if n, want := c.keysIn(b), map[bool]int{false: 1, true: 0}[name == "mailbox closed"]; n != want {
					t.Errorf("%d keys in %s, want %d", n, b, want)
				}
			}
			if n := c.keysIn(bucketInvited); n != 0 {
				t.Errorf("%d invitations are left", n)
			}
		})
	}
}

// Even a session record that was left over opens nothing without a seat.
func TestVisitNeedsItsSeat(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	c.join(rob, false)
	visit := c.mustEnter(rob)
	if err := c.update(ctx, func(ch *change) error {
		return ch.drop(bucketSeat, seatKey(c.vault.account(claims), c.vault.account(rob)))
	}); err != nil {
		t.Fatal(err)
	}
	c.gone("without a seat", visit)
	if err := c.update(ctx, func(ch *change) error {
		return ch.drop(bucketSeated, seatKey(c.vault.account(rob), c.vault.account(claims)))
	}); err != nil {
		t.Fatal(err)
	}
}

func TestInvitationIsForOnePerson(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	if _, err := c.Invite(ctx, c.claims.Token, c.proof("wrong"), socket.Invitation{Address: ann}); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("without a proof: %v", err)
	}
	for _, bad := range []string{"", "nobody", claims, "Ann <" + ann + ">", "a@b\r\nBcc: x@y", strings.Repeat("x", 4000) + "@customer.test"} {
		if _, err := c.Invite(ctx, c.claims.Token, c.proof("password"), socket.Invitation{Address: bad}); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("invite %.30q: %v", bad, err)
		}
	}
	code := must(c.invite(c.claims.Token, ann, false))(t)
	// A stolen link: the thief's own session, no session, the mailbox's session, and
	// the link as one of another kind.
	for who, s := range map[string]socket.Session{"another": c.session[rob], "the mailbox": c.claims} {
		if err := c.accept(s, code); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s accepts: %v", who, err)
		}
		if err := c.Accept(ctx, s.Token, code.Token(), []byte("key")); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s accepts without looking: %v", who, err)
		}
	}
	if _, err := c.Activate(ctx, code.Token(), c.activation(nil)); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("it gives Ann's account another password: %v", err)
	}
	if _, err := c.Waiting(ctx, code.Token()); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("it shows what waits for Ann: %v", err)
	}
	if _, err := c.ClaimGrant(ctx, c.session[ann].Token, code.Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("as a notice's link: %v", err)
	}
	if err := c.Furnish(ctx, c.session[ann].Token, code.Token(), socket.Activation{Name: "x", PublicKey: c.key.Recipient(), Escrow: []byte("x")}); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("to furnish: %v", err)
	}
	// A newer one ends it.
	second := must(c.invite(c.claims.Token, ann, true))(t)
	if err := c.accept(c.session[ann], code); !errors.Is(err, socket.ErrRecalled) {
		t.Errorf("an older one: %v", err)
	}
	if err := c.accept(c.session[ann], second); err != nil {
		t.Fatal(err)
	}
	if err := c.accept(c.session[ann], second); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("twice: %v", err)
	}
	if _, err := c.invite(c.claims.Token, ann, true); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("who has a seat: %v", err)
	}
	third := must(c.invite(c.claims.Token, rob, false))(t)
	// A visit is no log-in of the person's: it accepts nothing.
	visit := c.mustEnter(ann)
	if err := c.Accept(ctx, visit, third.Token(), []byte("key")); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a visit accepts: %v", err)
	}
	if err := c.RemovePerson(ctx, visit, c.proof("password"), rob); err != nil {
		t.Errorf("withdraw: %v", err)
	}
	if err := c.accept(c.session[rob], third); !errors.Is(err, socket.ErrRecalled) {
		t.Errorf("withdrawn: %v", err)
	}
	fourth := must(c.invite(visit, rob, false))(t)
	c.clock.advance(inviteLife)
	session := must(c.Login(ctx, socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(t)
	if err := c.accept(session, fourth); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("too late: %v", err)
	}
	if err := c.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if n := c.keysIn(bucketInvited); n != 0 {
		t.Errorf("%d invitations are left", n)
	}
}

// Who is invited and has no account makes one by the invitation, and takes the seat
// after that.
func TestInvitationMakesAnAccount(t *testing.T) {
	c := newCrew(t)
	const late = "new@customer.test"
	code := must(c.invite(c.claims.Token, late, false))(t)
	if info := must(c.Link(context.Background(), code.Token()))(t); info.Kind != socket.LinkSeat || info.Account || info.Recipient != late || info.Sender != claims {
		t.Errorf("link: %+v", info)
	}
	c.session[late], c.keys[late] = c.env.activate(code, "password")
	if info := must(c.SessionInfo(context.Background(), c.session[late].Token))(t); info.Address != late || len(info.Mailboxes) != 0 {
		t.Errorf("session: %+v", info)
	}
	if err := c.accept(c.session[late], code); err != nil {
		t.Fatal(err)
	}
	c.mustEnter(late)
}

// What a portal that was taken over can try with the sessions that it sees: none of
// it gives a seat.
func TestPortalMakesNoSeats(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	c.join(rob, false)
	visit := c.mustEnter(rob)
	if _, err := c.Switch(ctx, c.session[ann].Token, claims); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("switch without a seat: %v", err)
	}
	if err := c.FillSeat(ctx, c.session[ann].Token, []byte("key")); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("fill a seat that there is not: %v", err)
	}
	for what, err := range map[string]error{
		"invite":   errOf(c.Invite(ctx, visit, c.proof("password"), socket.Invitation{Address: ann})),
		"remove":   c.RemovePerson(ctx, visit, c.proof("password"), rob),
		"promote":  c.SetPerson(ctx, visit, c.proof("password"), rob, true),
		"access":   c.SetAccess(ctx, visit, c.proof("password"), socket.Access{PeopleOnly: true}),
		"password": c.ChangePassword(ctx, visit, c.proof("password"), c.newPassword("new")),
		"factor":   errOf(c.BeginTOTP(ctx, visit, c.proof("password"))),
		"close":    c.CloseAccount(ctx, visit, c.proof("password")),
		"name":     c.Change(ctx, visit, socket.AccountChange{Name: new("Another")}),
	} {
		if !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("an opener's %s: %v", what, err)
		}
	}
	a := must(c.Account(ctx, visit))(t)
	if a.Password || len(a.Sessions) != 0 || len(a.Factors) != 0 || a.Visitor == nil {
		t.Errorf("an opener sees %+v", a)
	}
	// The ticket of one session is worth nothing in another, nor twice.
	ticket := must(c.Invite(ctx, c.claims.Token, c.proof("password"), socket.Invitation{Address: ann}))(t)
	if err := c.SendInvitation(ctx, visit, ticket.Ticket, []byte("key")); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("another's ticket: %v", err)
	}
	if strings.Contains(string(ticket.Ticket), ann) {
		t.Error("the ticket is readable")
	}
	for i, want := range []error{nil, socket.ErrUnknown} {
		if err := c.SendInvitation(ctx, c.claims.Token, ticket.Ticket, []byte("key")); !errors.Is(err, want) {
			t.Errorf("ticket, %d: %v", i, err)
		}
	}
	// The portal has not seen the code; what it knows of it is not enough.
	if _, err := c.Invited(ctx, c.session[ann].Token, seal.NewToken()); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a made-up link: %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }

// Going to and fro neither prolongs a log-in nor makes it a fresh one.
func TestSwitchIsNoLogin(t *testing.T) {
	c, ctx := newCrew(t, func(o *Options) { o.SessionIdle, o.SessionMax = time.Hour, 2*time.Hour }), context.Background()
	c.join(rob, true)
	session := must(c.Login(ctx, socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(t)
	before := must(c.SessionInfo(ctx, session.Token))(t)
	token := session.Token
	for range 3 {
		c.clock.advance(20 * time.Minute)
		for _, to := range []string{claims, claims, ""} {
			w := must(c.Switch(ctx, token, to))(t)
			c.lives("before the key", token)
			if err := c.KeepKey(ctx, w.Token, []byte("key")); err != nil {
				t.Fatal(err)
			}
			c.gone("after the key", token)
			token = w.Token
		}
	}
	info := must(c.SessionInfo(ctx, token))(t)
	if !info.Created.Equal(before.Created) {
		t.Errorf("created %v, before %v", info.Created, before.Created)
	}
	if in := must(c.People(ctx, must(c.Switch(ctx, token, claims))(t).Token))(t); in.Fresh || !in.Manage {
		t.Errorf("people: %+v", in)
	}
	c.clock.advance(time.Hour + sessionTick)
	c.gone("after its time", token)
}

// Nobody enters without the second step that the mailbox asks for, and whoever is in
// without it is out when it is asked for.
func TestMailboxAsksForASecondStep(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	c.join(ann, true)
	c.join(rob, false)
	visit := c.mustEnter(rob)
	if err := c.SetAccess(ctx, c.claims.Token, c.proof("password"), socket.Access{SecondStep: true}); err != nil {
		t.Fatal(err)
	}
	c.gone("a visit without a second step", visit)
	session := must(c.Login(ctx, socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(t)
	if _, err := c.Switch(ctx, session.Token, claims); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("without: %v", err)
	}
	secret, _ := c.withTOTP(session.Token)
	visit = must(c.enter(session.Token, rob))(t)
	c.lives("with", visit)
	// A log-in that has not shown it is none.
	pending := must(c.Login(ctx, socket.Login{Address: rob, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(t)
	if _, err := c.Switch(ctx, pending.Token, claims); !pending.Pending || !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("half a log-in: %v", err)
	}
	c.clock.advance(time.Minute)
	if err := c.Confirm(ctx, pending.Token, socket.FactorAnswer{Code: c.totp(secret), Client: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveFactor(ctx, pending.Token, c.proof("password"), socket.FactorTOTP); err != nil {
		t.Fatal(err)
	}
	c.gone("after the second step was removed", visit)

	// The mailbox's own second step counts as asking for one.
	if err := c.SetAccess(ctx, c.claims.Token, c.proof("password"), socket.Access{}); err != nil {
		t.Fatal(err)
	}
	c.withTOTP(c.claims.Token)
	if _, err := c.Switch(ctx, pending.Token, claims); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("past the mailbox's own: %v", err)
	}
}

// A mailbox that people alone open has no password to try, forget or make anew.
func TestPeopleOnly(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	only := socket.Access{PeopleOnly: true}
	if err := c.SetAccess(ctx, c.claims.Token, c.proof("password"), only); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("nobody could open it: %v", err)
	}
	c.join(ann, true)
	c.join(rob, false)
	if err := c.RequestReset(ctx, claims, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	reset := c.env.mails.codes[claims]
	visit := c.mustEnter(ann)
	if err := c.SetAccess(ctx, visit, c.proof("password"), only); err != nil {
		t.Fatal(err)
	}
	c.gone("the mailbox's own log-in", c.claims.Token)
	c.lives("a visit", visit)
	if err := login(c.env, claims, "password", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("log in: %v", err)
	}
	if _, err := c.Activate(ctx, reset.Token(), c.activation(nil)); err == nil {
		t.Error("a reset from before makes a password")
	}
	mails := len(c.queued())
	if err := c.RequestReset(ctx, claims, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if n := len(c.queued()); n != mails {
		t.Errorf("%d mails for a password that there is not", n-mails)
	}
	// The last manager stays.
	for what, err := range map[string]error{
		"leaves":     c.LeaveMailbox(ctx, visit, claims),
		"is removed": c.RemovePerson(ctx, visit, c.proof("password"), ann),
		"is demoted": c.SetPerson(ctx, visit, c.proof("password"), ann, false),
	} {
		if !errors.Is(err, socket.ErrConflict) {
			t.Errorf("the last manager %s: %v", what, err)
		}
	}
	if err := c.SetPerson(ctx, visit, c.proof("password"), rob, true); err != nil {
		t.Fatal(err)
	}
	if err := c.LeaveMailbox(ctx, visit, claims); err != nil {
		t.Fatal(err)
	}
	c.gone("after leaving", visit)
	// An administrator can give it a password of its own back.
	if err := c.DropFactors(ctx, claims); err != nil {
		t.Fatal(err)
	}
	if err := login(c.env, claims, "password", "192.0.2.1"); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

// A mailbox that an administrator gave people is made at the first opening, and has
// no log-in of its own; a second person's seat is filled from recovery.
func TestAdministratorGivesSeats(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	const desk = "desk@customer.test"
	message := c.deposit(seal.ModeAccount, "for the desk", desk)[0]
	for _, person := range []string{ann, rob} {
		if err := c.AddPerson(ctx, desk, person, person == ann); err != nil {
			t.Fatal(err)
		}
	}
	if r := must(c.ReportPeople(ctx, desk))(t); r.Account || len(r.People) != 2 || !r.Access.PeopleOnly {
		t.Errorf("report: %+v", r)
	}
	// The notice's link forestalls nobody.
	if _, err := c.Activate(ctx, message.Code.Token(), c.activation(nil)); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("activate: %v", err)
	}
	w := must(c.Switch(ctx, c.session[ann].Token, desk))(t)
	if w.Link == (seal.Token{}) || w.Token != (seal.Token{}) {
		t.Fatalf("switched: %+v", w)
	}
	waiting := must(c.Waiting(ctx, w.Link))(t)
	key := must(seal.NewAccountKey())(t)
	a := socket.Activation{Name: "Desk", PublicKey: key.Recipient(), Escrow: must(key.Escrow(c.portal.RecoveryRecipient))(t), Grants: map[string][]byte{}}
	for _, m := range waiting.Messages {
		man := must(m.Manifest.Verify(c.portal.Signing))(t)
		a.Grants[man.Message] = must(seal.Regrant(m.Recovery, c.portal.Recovery, man, key.Identity().Recipient()))(t)
	}
	if _, err := c.Activate(ctx, w.Link, a); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("the link logs in: %v", err)
	}
	if err := c.Furnish(ctx, c.session[rob].Token, w.Link, a); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("another's link: %v", err)
	}
	if err := c.Furnish(ctx, c.session[ann].Token, w.Link, a); err != nil {
		t.Fatal(err)
	}
	for _, person := range []string{ann, rob} {
		w := must(c.Switch(ctx, c.session[person].Token, desk))(t)
		if len(w.Key) != 0 || must(seal.OpenEscrow(w.Escrow, c.portal.Recovery))(t).Recipient() != key.Recipient() {
			t.Errorf("%s: %+v", person, w)
		}
		if err := c.FillSeat(ctx, w.Token, must(key.ForPerson(must(age.ParseHybridRecipient(w.PersonKey))(t), desk))(t)); err != nil {
			t.Fatal(err)
		}
		again := must(c.Switch(ctx, w.Token, desk))(t)
		if len(again.Escrow) != 0 || must(seal.OpenSeat(again.Key, c.keys[person].Identity(), desk))(t).Recipient() != key.Recipient() {
			t.Errorf("%s again: %+v", person, again)
		}
		m := must(c.Message(ctx, again.Token, message.Message))(t)
		if got := c.read(m, key.Identity(), must(c.Payload(ctx, again.Token, message.Message))(t)); got != "for the desk" {
			t.Errorf("%s reads %q", person, got)
		}
	}
	if err := c.DropPerson(ctx, desk, "nobody@customer.test"); !errors.Is(err, ErrNoSeat) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := c.ReportPeople(ctx, "nobody@customer.test"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("no mailbox: %v", err)
	}

	// Nor does a reminder have a link: its reader logs in by the own account.
	const counter = "counter@customer.test"
	if err := c.AddPerson(ctx, counter, ann, true); err != nil {
		t.Fatal(err)
	}
	r := c.follow(c.request(seal.ModeAccount, "x", counter))
	c.sendAll()
	c.clock.advance(time.Hour)
	c.env.mails.given = nil
	must(c.Remind(ctx, r.by, r.sealed[0].Message))(t)
	if m := c.env.mails.given[0].(RemindMail); !m.Account || m.Code != (seal.Code{}) {
		t.Errorf("reminder: %+v", m)
	}

	offline := newEnv(t, func(o *Options) { o.RecoveryOffline = true })
	if err := offline.AddPerson(ctx, desk, ann, false); !errors.Is(err, ErrNoRecovery) {
		t.Errorf("without recovery: %v", err)
	}
}

// An account with a new key has lost what others sealed for the old one.
func TestNewKeyEmptiesSeats(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	c.join(rob, true)
	must(c.invite(c.claims.Token, ann, false))(t)
	if err := c.RequestReset(ctx, claims, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Activate(ctx, c.env.mails.codes[claims].Token(), c.activation(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Switch(ctx, c.session[rob].Token, claims); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("with a key that is no more: %v", err)
	}
	if n := c.keysIn(bucketInvited); n != 0 {
		t.Errorf("%d invitations to a key that is no more", n)
	}
	var r seatRecord
	if err := c.meta.view(func(tx *bbolt.Tx) (err error) {
		r, err = c.seat(tx, c.vault.account(claims), c.vault.account(rob))
		return err
	}); err != nil || len(r.Key) != 0 {
		t.Errorf("seat: %+v, %v", r, err)
	}
}
