package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// Switch implements [socket.People]. The new session is as old as the one before:
// whoever goes to and fro stays logged in no longer, and is not taken for somebody
// who has just logged in.
func (s *Store) Switch(ctx context.Context, session seal.Token, mailbox string) (socket.Switched, error) {
	if len(mailbox) > maxAddress {
		return socket.Switched{}, socket.ErrInvalid
	}
	token := seal.NewToken()
	var out socket.Switched
	err := s.update(ctx, func(c *change) error {
		out = socket.Switched{}
		r, err := s.session(c.Tx, session)
		if err != nil {
			return err
		}
		next := sessionRecord{
			versioned: current, Account: r.person(), Created: r.Created, Used: s.now().UTC(), Proved: r.Proved, Expires: r.Expires,
			Client: r.Client, Agent: r.Agent, Replaces: session.Hash(),
		}
		var person accountRecord
		if err := s.vault.get(c.Tx, bucketAccount, next.Account[:], &person); err != nil {
			return err
		}
		entry := Entry{Event: EventEntered, Address: person.Address, Client: r.Client, Actor: person.Address}
		a := person
		to, err := s.resolve(c.Tx, mailbox)
		if err != nil {
			return err
		}
		if mailbox != "" && to != next.Account {
			seat, err := s.enterable(c.Tx, to, next.Account, person)
			if errors.Is(err, errNoMailbox) {
				out.Link = token
				return s.putFurnishing(c, token, session, seat)
			}
			if err != nil {
				return err
			}
			a = accountRecord{} // nothing of the person's
			if err := s.vault.get(c.Tx, bucketAccount, to[:], &a); err != nil {
				return err
			}
			next.Account, next.Actor, entry.Address = to, next.Account, a.Address
			out.Key, out.PersonKey = seat.Key, person.PublicKey
			if len(out.Key) == 0 {
				out.Escrow = a.Escrow
			}
			if len(out.Key) == 0 && (len(out.Escrow) == 0 || s.o.RecoveryOffline) {
				return socket.ErrExpired
			}
		}
		out.Token, out.Address, out.Name, out.PublicKey, out.Expires = token, a.Address, a.Name, a.PublicKey, next.Expires
		out.Addresses, out.Former = s.furtherOf(a)
		if err := s.putSession(c, token.Hash(), next); err != nil {
			return err
		}
		return s.audit(c, entry)
	})
	if err != nil {
		return socket.Switched{}, err
	}
	return out, nil
}

// errNoMailbox: the mailbox has people, and no account yet.
var errNoMailbox = errors.New("the mailbox has no account yet")

// enterable returns the seat by which a person may open a mailbox now.
func (s *Store) enterable(tx *bbolt.Tx, mailbox, person accountID, p accountRecord) (seatRecord, error) {
	seat, err := s.seat(tx, mailbox, person)
	if errors.Is(err, errNotFound) {
		return seat, socket.ErrUnknown
	}
	if err != nil {
		return seat, err
	}
	var a accountRecord
	err = s.vault.get(tx, bucketAccount, mailbox[:], &a)
	switch {
	case errors.Is(err, errNotFound) && s.o.RecoveryOffline:
		return seat, socket.ErrExpired
	case errors.Is(err, errNotFound):
		return seat, errNoMailbox
	case err != nil:
		return seat, err
	case a.needsSecond() && !p.Factors.any():
		return seat, socket.ErrConflict
	}
	return seat, nil
}

// needsSecond reports whether people of a mailbox need a second step: what its own
// log-in asks for is not to be passed by.
func (a accountRecord) needsSecond() bool { return a.SecondStep || a.Factors.any() }

// replace ends the session that one was switched from, once the new one has its key.
func (s *Store) replace(c *change, r *sessionRecord) error {
	h := r.Replaces
	if h == (tokenHash{}) {
		return nil
	}
	r.Replaces = tokenHash{}
	var old sessionRecord
	err := s.vault.get(c.Tx, bucketSession, h[:], &old)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.endSession(c, h[:], old)
}

// FillSeat implements [socket.People].
func (s *Store) FillSeat(ctx context.Context, visit seal.Token, key []byte) error {
	if len(key) == 0 || len(key) > maxSealed {
		return socket.ErrInvalid
	}
	return s.update(ctx, func(c *change) error {
		r, err := s.session(c.Tx, visit)
		if err != nil {
			return err
		}
		if !r.visit() {
			return socket.ErrUnknown
		}
		seat, err := s.seat(c.Tx, r.Account, r.Actor)
		if err != nil || len(seat.Key) > 0 {
			return err
		}
		seat.Key = key
		return s.putSeat(c, seat)
	})
}

// putFurnishing files a link for making the mailbox's account, good for a session.
func (s *Store) putFurnishing(c *change, token, session seal.Token, seat seatRecord) error {
	h, now := token.Hash(), s.now().UTC()
	return s.putLink(c, h, linkRecord{
		versioned: current, Kind: socket.LinkSeat, Address: seat.Mailbox, Member: true,
		Created: now, Expires: now.Add(memberLife), Seat: &seatOffer{Mailbox: seat.Mailbox, Furnish: session.Hash()},
	})
}

// Furnish implements [socket.People]. Only whoever has a seat makes the account, and
// gets no session of it.
func (s *Store) Furnish(ctx context.Context, session, link seal.Token, a socket.Activation) error {
	if err := checkActivation(a); err != nil {
		return err
	}
	return s.update(ctx, func(c *change) error {
		r, err := s.session(c.Tx, session)
		if err != nil {
			return err
		}
		l, err := s.link(c.Tx, link)
		if err != nil {
			return err
		}
		mailbox := s.vault.account(l.Address)
		if l.Kind != socket.LinkSeat || l.Seat.Furnish != session.Hash() || !hasSeat(c.Tx, mailbox, r.person()) {
			return socket.ErrUnknown
		}
		rec, event, err := s.newAccount(c.Tx, mailbox, l, a)
		if err != nil {
			return err
		}
		if err := s.partStale(c, l.Address); err != nil {
			return err
		}
		rec.PeopleOnly = true
		grants, err := s.checkGrants(c.Tx, mailbox, a.Grants)
		if err != nil {
			return err
		}
		if err := s.vault.put(c, bucketAccount, mailbox[:], rec); err != nil {
			return err
		}
		for message, g := range grants {
			if err := s.storeGrant(c, message, g.record, g.grant); err != nil {
				return fmt.Errorf("furnish a mailbox: %w", err)
			}
		}
		h := link.Hash()
		if err := s.endLink(c, h[:], endUsed, ""); err != nil {
			return err
		}
		return s.audit(c, Entry{Event: event, Address: l.Address, Client: bounded(a.Client, 64)})
	})
}

// accounts are those in whose lists of sessions a session stands.
func (r sessionRecord) accounts() []accountID {
	if r.visit() {
		return []accountID{r.Account, r.Actor}
	}
	return []accountID{r.Account}
}

// visitInfo adds who acts in a session, and where to that person can switch. How
// pages look is the person's own affair.
func (s *Store) visitInfo(tx *bbolt.Tx, r sessionRecord, info *socket.SessionInfo) (err error) {
	if info.Mailboxes, err = s.mailboxes(tx, r.person()); err != nil || !r.visit() {
		return err
	}
	v, a, err := s.visitor(tx, r)
	info.Visitor, info.Preferences = v, a.Preferences
	return err
}

// visitor describes who acts in a visit.
func (s *Store) visitor(tx *bbolt.Tx, r sessionRecord) (*socket.Visitor, accountRecord, error) {
	var a accountRecord
	if err := s.vault.get(tx, bucketAccount, r.Actor[:], &a); err != nil {
		return nil, a, err
	}
	seat, err := s.seat(tx, r.Account, r.Actor)
	return &socket.Visitor{Address: a.Address, Name: a.Name, Manager: seat.Manager}, a, err
}

// seatsInfo adds to an account's settings who may open what. A visitor is shown
// nothing of how the account is protected, and no session but the own ones.
func (s *Store) seatsInfo(tx *bbolt.Tx, r sessionRecord, out *socket.AccountInfo) (err error) {
	out.People = len(suffixes(tx, bucketSeat, r.Account[:]))
	if out.Mailboxes, err = s.mailboxes(tx, r.person()); err != nil || !r.visit() {
		return err
	}
	v, a, err := s.visitor(tx, r)
	if err != nil {
		return err
	}
	out.Visitor, out.Preferences, out.Roundup = v, a.Preferences, a.Roundup
	out.Password, out.KDF, out.Fresh, out.Factors, out.Codes, out.Sessions = false, seal.KDF{}, false, nil, 0, nil
	return nil
}

// nameVisit adds to a session in account's list who visits, or what.
func (s *Store) nameVisit(tx *bbolt.Tx, r sessionRecord, account accountID, out *socket.OpenSession) error {
	if !r.visit() {
		return nil
	}
	of, name := r.Actor, &out.Visitor
	if account == r.Actor {
		of, name = r.Account, &out.Mailbox
	}
	var a accountRecord
	err := s.vault.get(tx, bucketAccount, of[:], &a)
	*name = a.Address
	return err
}

// visitorsChange applies what of a change is the visitor's own, and returns what is
// the mailbox's: that is for managers.
func (s *Store) visitorsChange(c *change, r sessionRecord, n socket.AccountChange) (socket.AccountChange, error) {
	v, a, err := s.visitor(c.Tx, r)
	if err != nil {
		return n, err
	}
	if n.Preferences != nil {
		a.Preferences = n.Preferences
	}
	if n.Roundup != nil {
		a.Roundup = *n.Roundup
		if err := s.hasten(c, r.Actor, a.Roundup); err != nil {
			return n, err
		}
	}
	if err := s.vault.put(c, bucketAccount, r.Actor[:], a); err != nil {
		return n, err
	}
	n.Preferences, n.Roundup = nil, nil
	if (n.Name != nil || n.Phrase != nil || n.Alerts != nil) && !v.Manager {
		return n, socket.ErrUnknown
	}
	return n, nil
}
