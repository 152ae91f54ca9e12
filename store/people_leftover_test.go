package store

import (
	"context"
	"errors"
	"testing"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A mailbox's own log-in that is turned off is also out of the mailboxes that it
// visits as a person, from where it could switch back.
func TestPeopleOnlyEndsItsOwnVisits(t *testing.T) {
	c, ctx := newCrew(t), context.Background()
	c.join(ann, true)
	check(t, c.update(ctx, func(ch *change) error { // claims has a seat in rob's mailbox
		return c.putSeat(ch, seatRecord{versioned: current, Mailbox: rob, Person: claims, Key: []byte("sealed"), Since: c.now()})
	}))
	away := must(c.Switch(ctx, c.claims.Token, rob))(t).Token
	check(t, c.KeepKey(ctx, away, []byte("sealed")))
	c.lives("the visit to rob's mailbox", away)

	check(t, c.SetAccess(ctx, c.mustEnter(ann), c.proof("password"), socket.Access{PeopleOnly: true}))
	c.gone("a visit by the mailbox's own log-in", away)
	if w, err := c.Switch(ctx, away, ""); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("back to the mailbox as its holder: %v, %v", w.Address, err)
	}
	c.consistent()
}

// Whoever loses the say over a mailbox leaves no invitation behind, by which they, or
// a friend, would get it back.
func TestInvitationsEndWithTheirAuthority(t *testing.T) {
	const friend = "friend@customer.test"
	ctx := context.Background()
	for name, do := range map[string]func(*testing.T, *crew) error{
		"demoted": func(t *testing.T, c *crew) error {
			return c.SetPerson(ctx, c.claims.Token, c.proof("password"), ann, false)
		},
		"demoted by an administrator": func(t *testing.T, c *crew) error { return c.AddPerson(ctx, claims, ann, false) },
		"another password": func(t *testing.T, c *crew) error {
			return c.ChangePassword(ctx, c.session[ann].Token, c.proof("password"), c.newPassword("another password"))
		},
		"password forgotten": func(t *testing.T, c *crew) error {
			check(t, c.RequestReset(ctx, ann, "192.0.2.1"))
			a := c.activation(nil)
			a.PublicKey = c.keys[ann].Recipient() // recovery has it
			return errOf(c.Activate(ctx, c.env.mails.codes[ann].Token(), a))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrew(t)
			c.join(ann, true)
			visit := c.mustEnter(ann)
			code := must(c.invite(visit, friend, true))(t)
			other := must(c.invite(c.claims.Token, rob, false))(t)
			c.session[ann] = must(c.Login(ctx, socket.Login{Address: ann, Verifier: c.verifier("password"), Client: "192.0.2.1"}))(t)
			check(t, do(t, c))
			if _, err := c.Link(ctx, code.Token()); err == nil {
				t.Error("the invitation is still good")
			}
			if err := c.accept(c.session[rob], other); err != nil {
				t.Errorf("what somebody else invited to: %v", err)
			}
			c.consistent()
		})
	}
	t.Run("many mailboxes, one person", func(t *testing.T) {
		c := newCrew(t)
		for n := range limitInvited.free + 2 {
			own := []string{claims, ann}[n%2]
			ticket := must(c.Invite(ctx, c.session[own].Token, c.proof("password"), socket.Invitation{Address: friend}))(t)
			err := c.SendInvitation(ctx, c.session[own].Token, ticket.Ticket, []byte("sealed"))
			if throttled := errors.Is(err, socket.ErrThrottled); throttled != (n > limitInvited.free) {
				t.Errorf("invitation %d: %v", n, err)
			}
		}
	})
	t.Run("people only", func(t *testing.T) {
		c := newCrew(t)
		c.join(ann, true)
		code := must(c.invite(c.claims.Token, friend, true))(t)
		check(t, c.SetAccess(ctx, c.mustEnter(ann), c.proof("password"), socket.Access{PeopleOnly: true}))
		if _, err := c.Link(ctx, code.Token()); err == nil {
			t.Error("the invitation by the log-in that was turned off is still good")
		}
	})
}

// An administrator who gives seats names accounts: whoever joined an address to an
// account is not to get, or give away, what was meant for that address.
// Whoever is removed, or manages people no more, has no invitation left that would undo
// it: to another of the own addresses, or from before an administrator gave the seat.
func TestNoSecondInvitation(t *testing.T) {
	mails := &addressMails{}
	c, ctx := newCrew(t, func(o *Options) { o.Addresses = mails }), context.Background()
	c.env.joined(mails, c.session[ann].Token, c.keys[ann], "ann2@other.test")
	first := must(c.invite(c.claims.Token, ann, true))(t)
	second := must(c.invite(c.claims.Token, "ann2@other.test", true))(t)
	if err := c.accept(c.session[ann], first); err != nil {
		t.Fatal(err)
	}
	if err := c.accept(c.session[ann], second); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("a seat is taken twice: %v", err)
	}
	if err := c.SetPerson(ctx, c.claims.Token, c.proof("password"), ann, false); err != nil {
		t.Fatal(err)
	}
	if err := c.accept(c.session[ann], second); !errors.Is(err, socket.ErrRecalled) {
		t.Errorf("after the role: %v", err)
	}

	if err := c.AddPerson(ctx, claims, rob, false); err != nil {
		t.Fatal(err)
	}
	code := must(c.invite(c.claims.Token, rob, true))(t)
	if err := c.accept(c.session[rob], code); err != nil { // a key for the seat, and no other role
		t.Fatal(err)
	}
	for _, p := range must(c.People(ctx, c.claims.Token))(t).People {
		if p.Manager {
			t.Errorf("%s manages", p.Address)
		}
	}
	for _, person := range []string{rob, ann} {
		if err := c.DropPerson(ctx, claims, person); err != nil {
			t.Fatal(err)
		}
		late := must(c.invite(c.claims.Token, person, true))(t)
		if err := c.AddPerson(ctx, claims, person, false); err != nil {
			t.Fatal(err)
		}
		if err := c.DropPerson(ctx, claims, person); err != nil {
			t.Fatal(err)
		}
		if err := c.accept(c.session[person], late); !errors.Is(err, socket.ErrRecalled) {
			t.Errorf("%s after the removal: %v", person, err)
		}
	}
}

// A person without an account is removed by the address that was given, and nobody makes
// that a part of another account meanwhile.
func TestSeatOfAnAddress(t *testing.T) {
	c, ctx := newCrew(t, func(o *Options) { o.Addresses = &addressMails{} }), context.Background()
	const desk, temp = "desk@customer.test", "temp@customer.test"
	if err := c.AddPerson(ctx, desk, temp, false); err != nil {
		t.Fatal(err)
	}
	notice := c.deposit(seal.ModeAccount, "hello", temp)[0]
	if err := c.JoinAddress(ctx, c.session[rob].Token, notice.Code.Token(), socket.Join{}); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("joined: %v", err)
	}
	if err := c.DropPerson(ctx, desk, temp); err != nil {
		t.Error(err)
	}
}

func TestSeatsAreOfAccounts(t *testing.T) {
	const support = "support@customer.example"
	mails := &addressMails{}
	c := newCrew(t, func(o *Options) { o.Addresses = mails })
	c.joined(mails, c.claims.Token, c.key, support)
	for _, pair := range [][2]string{{support, rob}, {rob, support}} {
		if err := c.AddPerson(context.Background(), pair[0], pair[1], true); err == nil {
			t.Errorf("%s has a seat in %s", pair[1], pair[0])
		}
	}
}
