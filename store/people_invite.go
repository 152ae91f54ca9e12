package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// Each invitation is a mail to any address. They are slowed down for a mailbox, and
// for who gets them: several mailboxes are not to flood one person.
var (
	limitInvite  = limit{free: 20, most: time.Hour}
	limitInvited = limit{free: 10, most: 24 * time.Hour}
)

const (
	placeInvite = "invitation ticket" // of a sealed ticket (vault.box)
	ticketLife  = 10 * time.Minute
)

// An inviteTicket is what the owner needs to know when the portal comes back with
// the mailbox's key. The code in it is not for the portal: who is invited is shown
// by whoever gets the mail.
type inviteTicket struct {
	Code    string    `json:"code"`
	Session tokenHash `json:"session"`
	Address string    `json:"address"`
	Manager bool      `json:"manager"`
	Expires time.Time `json:"expires"`
}

// Invite implements [socket.People].
func (s *Store) Invite(ctx context.Context, session seal.Token, p socket.Proof, i socket.Invitation) (socket.InvitationTicket, error) {
	address := normalise(i.Address)
	if a, err := mail.ParseAddress(address); err != nil || a.Name != "" || a.Address != address || !plainText(address, maxAddress) {
		return socket.InvitationTicket{}, socket.ErrInvalid
	}
	var out socket.InvitationTicket
	err := s.managing(ctx, session, p, func(c *change, in sitting) error {
		if err := s.invitable(c.Tx, in, address); err != nil {
			return err
		}
		code := seal.NewCode()
		id, err := code.Identity()
		if err != nil {
			return err
		}
		b, err := json.Marshal(inviteTicket{code.Fragment(), session.Hash(), address, i.Manager, s.now().UTC().Add(ticketLife)})
		if err != nil {
			return err
		}
		out = socket.InvitationTicket{Ticket: s.vault.box.Seal(b, placeInvite), Recipient: id.Recipient().String()}
		return nil
	})
	return out, err
}

// invitable refuses who has a seat already, the mailbox itself, and too many.
func (s *Store) invitable(tx *bbolt.Tx, in sitting, address string) error {
	mailbox := in.session.Account
	person, err := s.resolve(tx, address)
	if err != nil {
		return err
	}
	if person == mailbox {
		return socket.ErrInvalid
	}
	seat, err := s.seat(tx, mailbox, person)
	switch {
	case err == nil && len(seat.Key) > 0:
		return socket.ErrConflict
	case err != nil && !errors.Is(err, errNotFound):
		return err
	case len(suffixes(tx, bucketSeat, mailbox[:])) >= maxSeats || len(suffixes(tx, bucketInvited, mailbox[:])) >= maxInvited:
		return socket.ErrTooLarge
	}
	return nil
}

// SendInvitation implements [socket.People]. An earlier invitation of the same
// address ends.
func (s *Store) SendInvitation(ctx context.Context, session seal.Token, ticket, key []byte) error {
	if len(ticket) > 4096 || len(key) == 0 || len(key) > maxSealed {
		return socket.ErrInvalid
	}
	if s.o.People == nil {
		return socket.ErrUnavailable
	}
	var t inviteTicket
	b, err := s.vault.box.Open(ticket, placeInvite)
	if err != nil || json.Unmarshal(b, &t) != nil || t.Session != session.Hash() {
		return socket.ErrUnknown
	}
	code, err := seal.ParseCode(t.Code)
	if err != nil || !s.now().Before(t.Expires) {
		return socket.ErrExpired
	}
	var in sitting
	err = s.meta.view(func(tx *bbolt.Tx) (err error) {
		in, err = s.sitting(tx, session)
		return err
	})
	if err != nil {
		return err
	}
	to := s.vault.account(t.Address)
	err = s.guard.try(map[string]limit{"invite " + string(in.session.Account[:]): limitInvite, "invited " + string(to[:]): limitInvited})
	if err != nil {
		return err
	}
	err = s.update(ctx, func(c *change) error {
		in, err := s.sitting(c.Tx, session)
		if err != nil {
			return err
		}
		h := code.Token().Hash()
		if !in.manage || c.Bucket([]byte(bucketLink)).Get(h[:]) != nil {
			return socket.ErrUnknown // no manager any more, or the ticket was used
		}
		if err := s.invitable(c.Tx, in, t.Address); err != nil {
			return err
		}
		if err := s.dropInvitations(c, in.session.Account, func(to, _ string) bool { return to == t.Address }); err != nil {
			return err
		}
		return s.putInvitation(c, in, t, code, key)
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}

func (s *Store) putInvitation(c *change, in sitting, t inviteTicket, code seal.Code, key []byte) error {
	now := s.now().UTC()
	l := linkRecord{
		versioned: current, Kind: socket.LinkSeat, Address: t.Address, Created: now, Expires: now.Add(inviteLife),
		Seat: &seatOffer{Mailbox: in.mailbox.Address, Manager: t.Manager, By: in.person.Address, Key: key},
	}
	if err := s.putLink(c, code.Token().Hash(), l); err != nil {
		return err
	}
	person, err := s.resolve(c.Tx, t.Address)
	if err != nil {
		return err
	}
	var a accountRecord
	err = s.vault.get(c.Tx, bucketAccount, person[:], &a)
	if err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	m, err := s.o.People.Invitation(InvitationMail{
		ID: newID().String(), Address: t.Address, Account: err == nil, Mailbox: in.mailbox.Address, By: in.person.Address,
		Manager: t.Manager, Language: a.language(), Code: code, Created: now, Expires: l.Expires,
	})
	if err != nil {
		return fmt.Errorf("render an invitation: %w", err)
	}
	m.To = []string{t.Address}
	if err := s.send(c, m, id{}, l.Expires); err != nil {
		return err
	}
	return s.audit(c, Entry{Event: EventSeat, Address: in.mailbox.Address, Actor: in.person.Address, Note: "invited " + t.Address})
}

// invitedTo lists the invitations of a mailbox that wait, by address.
func (s *Store) invitedTo(tx *bbolt.Tx, mailbox accountID) ([]socket.InvitedPerson, error) {
	var out []socket.InvitedPerson
	for _, h := range suffixes(tx, bucketInvited, mailbox[:]) {
		var l linkRecord
		if err := s.vault.get(tx, bucketLink, h, &l); err != nil {
			return nil, err
		}
		if l.Seat == nil || l.furnishes() || !s.now().Before(l.Expires) {
			continue
		}
		out = append(out, socket.InvitedPerson{Address: l.Address, Manager: l.Seat.Manager, By: l.Seat.By, Expires: l.Expires})
	}
	slices.SortFunc(out, func(a, b socket.InvitedPerson) int { return a.Expires.Compare(b.Expires) })
	return out, nil
}

// furnishes reports whether a link makes a mailbox's account and invites nobody.
func (l linkRecord) furnishes() bool { return l.Seat != nil && l.Seat.Furnish != (tokenHash{}) }

// withdrawInvitation ends what somebody was invited to.
func (s *Store) withdrawInvitation(c *change, in sitting, person string) error {
	n := 0
	err := s.dropInvitations(c, in.session.Account, func(to, _ string) bool {
		if to != normalise(person) {
			return false
		}
		n++
		return true
	})
	if err != nil {
		return err
	}
	if n == 0 {
		return socket.ErrUnknown
	}
	return s.audit(c, Entry{Event: EventSeat, Address: in.mailbox.Address, Actor: in.person.Address, Note: "invitation withdrawn, of " + normalise(person)})
}

// invitation returns a link of kind seat that is for the session's own account. A
// visit accepts nothing: it is somebody else's session.
func (s *Store) invitation(tx *bbolt.Tx, session, link seal.Token) (linkRecord, accountRecord, error) {
	r, a, err := s.accountOf(tx, session)
	if err != nil {
		return linkRecord{}, a, err
	}
	l, err := s.link(tx, link)
	if err != nil {
		return l, a, err
	}
	if l.Kind != socket.LinkSeat || l.furnishes() || r.visit() {
		return l, a, socket.ErrUnknown
	}
	invited, err := s.resolve(tx, l.Address)
	if err == nil && invited != r.Account {
		err = socket.ErrUnknown
	}
	return l, a, err
}

// Invited implements [socket.People].
func (s *Store) Invited(ctx context.Context, session, link seal.Token) (socket.Invited, error) {
	var out socket.Invited
	err := s.meta.view(func(tx *bbolt.Tx) error {
		l, a, err := s.invitation(tx, session, link)
		if err != nil {
			return err
		}
		public, err := s.vault.publicKey(tx, s.vault.account(l.Seat.Mailbox))
		out = socket.Invited{
			Mailbox: l.Seat.Mailbox, By: l.Seat.By, Manager: l.Seat.Manager, Expires: l.Expires,
			Key: l.Seat.Key, PublicKey: public, PersonKey: a.PublicKey,
		}
		return err
	})
	if err != nil {
		return socket.Invited{}, err
	}
	return out, nil
}

// Accept implements [socket.People]. The invitation ends with it, and is good once.
func (s *Store) Accept(ctx context.Context, session, link seal.Token, key []byte) error {
	if len(key) == 0 || len(key) > maxSealed {
		return socket.ErrInvalid
	}
	err := s.update(ctx, func(c *change) error {
		l, a, err := s.invitation(c.Tx, session, link)
		if err != nil {
			return err
		}
		mailbox, person := s.vault.account(l.Seat.Mailbox), s.vault.account(a.Address)
		if len(suffixes(c.Tx, bucketSeat, mailbox[:])) >= maxSeats || len(suffixes(c.Tx, bucketSeated, person[:])) >= maxSeats {
			return socket.ErrTooLarge
		}
		r, err := s.seat(c.Tx, mailbox, person)
		switch {
		case errors.Is(err, errNotFound):
			r = seatRecord{
				versioned: current, Mailbox: l.Seat.Mailbox, Person: a.Address, Manager: l.Seat.Manager,
				Since: s.now().UTC(), By: l.Seat.By,
			}
		case err != nil:
			return err
		case len(r.Key) > 0:
			return socket.ErrConflict
		}
		r.Key = key
		h := link.Hash()
		if err := s.endLink(c, h[:], endUsed, ""); err != nil {
			return err
		}
		if err := s.putSeat(c, r); err != nil {
			return err
		}
		return s.tellPeople(c, r, seatGiven, a.Address)
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}
