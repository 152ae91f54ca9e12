package store

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A sitting is a session with all that the people of its mailbox depend on.
type sitting struct {
	session sessionRecord
	mailbox accountRecord
	person  accountRecord // who acts; the same as mailbox for the account's holder
	manage  bool          // may say who has a seat
}

func (s *Store) sitting(tx *bbolt.Tx, token seal.Token) (sitting, error) {
	r, a, err := s.accountOf(tx, token)
	out := sitting{session: r, mailbox: a, person: a, manage: true}
	if err != nil || !r.visit() {
		return out, err
	}
	if err := s.vault.get(tx, bucketAccount, r.Actor[:], &out.person); err != nil {
		return out, err
	}
	seat, err := s.seat(tx, r.Account, r.Actor)
	out.manage = seat.Manager
	return out, err
}

// managing runs fn for somebody who may manage the mailbox of a session, and has
// shown to be the person. What is proven is the own log-in, not the mailbox's.
func (s *Store) managing(ctx context.Context, token seal.Token, p socket.Proof, fn func(*change, sitting) error) error {
	var in sitting
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		in, err = s.sitting(tx, token)
		return err
	})
	if err != nil {
		return err
	}
	if !in.manage {
		return socket.ErrUnknown
	}
	if err := s.prove(in.session.person(), in.session, in.person, p); err != nil {
		return err
	}
	return s.update(ctx, func(c *change) error {
		now, err := s.sitting(c.Tx, token)
		if err != nil {
			return err
		}
		if !now.manage || now.person.Verifier != in.person.Verifier {
			return socket.ErrConflict // changed a moment ago
		}
		return fn(c, now)
	})
}

// People implements [socket.People].
func (s *Store) People(ctx context.Context, session seal.Token) (socket.PeopleInfo, error) {
	out := socket.PeopleInfo{People: []socket.Person{}}
	err := s.meta.view(func(tx *bbolt.Tx) error {
		in, err := s.sitting(tx, session)
		if err != nil {
			return err
		}
		out.Access = socket.Access{PeopleOnly: in.mailbox.PeopleOnly, SecondStep: in.mailbox.SecondStep}
		out.Manage, out.Prover, out.Password, out.Fresh = in.manage, in.person.Address, s.hasPassword(in.person), s.fresh(in.session)
		if out.Password {
			out.KDF = in.person.KDF
		}
		out.Own = len(in.mailbox.Wrapped) > 0 || s.method(in.mailbox.Address).External()
		seats, err := s.seatsOf(tx, in.session.Account)
		if err != nil {
			return err
		}
		for _, r := range seats {
			p, err := s.describePerson(tx, r)
			if err != nil {
				return err
			}
			p.Self = in.session.visit() && s.vault.account(r.Person) == in.session.Actor
			out.People = append(out.People, p)
		}
		if !in.manage {
			return nil
		}
		out.Invited, err = s.invitedTo(tx, in.session.Account)
		return err
	})
	if err != nil {
		return socket.PeopleInfo{}, err
	}
	return out, nil
}

func (s *Store) describePerson(tx *bbolt.Tx, r seatRecord) (socket.Person, error) {
	out := socket.Person{Address: r.Person, Manager: r.Manager, Since: r.Since, By: r.By}
	person := s.vault.account(r.Person)
	var a accountRecord
	err := s.vault.get(tx, bucketAccount, person[:], &a)
	if errors.Is(err, errNotFound) {
		return out, nil
	}
	out.Name, out.Second = a.Name, a.Factors.any()
	return out, err
}

// lastManager reports whether a mailbox that people alone open has no other manager
// than this one.
func (s *Store) lastManager(tx *bbolt.Tx, a accountRecord, r seatRecord) (bool, error) {
	if !a.PeopleOnly || !r.Manager {
		return false, nil
	}
	seats, err := s.seatsOf(tx, s.vault.account(r.Mailbox))
	for _, other := range seats {
		if other.Manager && other.Person != r.Person {
			return false, err
		}
	}
	return true, err
}

// SetPerson implements [socket.People].
func (s *Store) SetPerson(ctx context.Context, session seal.Token, p socket.Proof, person string, manager bool) error {
	if len(person) > maxAddress {
		return socket.ErrInvalid
	}
	err := s.managing(ctx, session, p, func(c *change, in sitting) error {
		r, err := s.seat(c.Tx, in.session.Account, s.vault.account(person))
		if errors.Is(err, errNotFound) {
			return socket.ErrUnknown
		}
		if err != nil || r.Manager == manager {
			return err
		}
		if last, err := s.lastManager(c.Tx, in.mailbox, r); err != nil || last {
			return errors.Join(err, socket.ErrConflict)
		}
		if err := s.setRole(c, &r, manager); err != nil {
			return err
		}
		return s.tellPeople(c, r, seatRole, in.person.Address)
	})
	s.mailAdded()
	return err
}

// setRole stores a seat with a role. Who is no manager any more has invited nobody, and
// is not invited to be one.
func (s *Store) setRole(c *change, r *seatRecord, manager bool) error {
	r.Manager = manager
	if !manager {
		if err := s.dropInvitationsOf(c, *r); err != nil {
			return err
		}
	}
	return s.putSeat(c, *r)
}

// RemovePerson implements [socket.People].
func (s *Store) RemovePerson(ctx context.Context, session seal.Token, p socket.Proof, person string) error {
	if len(person) > maxAddress {
		return socket.ErrInvalid
	}
	err := s.managing(ctx, session, p, func(c *change, in sitting) error {
		r, err := s.seat(c.Tx, in.session.Account, s.vault.account(person))
		if errors.Is(err, errNotFound) {
			return s.withdrawInvitation(c, in, person)
		}
		if err != nil {
			return err
		}
		return s.removePerson(c, in.mailbox, r, seatRemoved, in.person.Address)
	})
	s.mailAdded()
	return err
}

// removePerson takes a seat away, unless nobody could give seats any more.
func (s *Store) removePerson(c *change, a accountRecord, r seatRecord, why seatChange, by string) error {
	if last, err := s.lastManager(c.Tx, a, r); err != nil || last {
		return errors.Join(err, socket.ErrConflict)
	}
	if err := s.dropSeat(c, r); err != nil {
		return err
	}
	return s.tellPeople(c, r, why, by)
}

// LeaveMailbox implements [socket.People].
func (s *Store) LeaveMailbox(ctx context.Context, session seal.Token, mailbox string) error {
	if len(mailbox) > maxAddress {
		return socket.ErrInvalid
	}
	err := s.update(ctx, func(c *change) error {
		in, err := s.session(c.Tx, session)
		if err != nil {
			return err
		}
		to := s.vault.account(mailbox)
		r, err := s.seat(c.Tx, to, in.person())
		if errors.Is(err, errNotFound) {
			return socket.ErrUnknown
		}
		if err != nil {
			return err
		}
		var a accountRecord
		if err := s.vault.get(c.Tx, bucketAccount, to[:], &a); err != nil && !errors.Is(err, errNotFound) {
			return err
		}
		return s.removePerson(c, a, r, seatLeft, r.Person)
	})
	s.mailAdded()
	return err
}

// SetAccess implements [socket.People]. Sessions of the mailbox's own log-in end when
// that is turned off, and visits without a second step when one is asked for.
func (s *Store) SetAccess(ctx context.Context, session seal.Token, p socket.Proof, n socket.Access) error {
	err := s.managing(ctx, session, p, func(c *change, in sitting) error {
		a, id := in.mailbox, in.session.Account
		if n.PeopleOnly && !a.PeopleOnly {
			seats, err := s.seatsOf(c.Tx, id)
			if err != nil {
				return err
			}
			managers := 0
			for _, r := range seats {
				if r.Manager && len(r.Key) > 0 {
					managers++
				}
			}
			if managers == 0 {
				return socket.ErrConflict // nobody could open it, or turn this off
			}
		}
		a.PeopleOnly, a.SecondStep = n.PeopleOnly, n.SecondStep
		if err := s.vault.put(c, bucketAccount, id[:], a); err != nil {
			return err
		}
		if err := s.endUnfit(c, id, a); err != nil {
			return err
		}
		if a.PeopleOnly {
			if err := s.endResets(c, id); err != nil {
				return err
			}
			if err := s.dropInvitations(c, id, func(_, by string) bool { return by == a.Address }); err != nil {
				return err
			}
		}
		return s.tellAccess(c, in, n)
	})
	s.mailAdded()
	return err
}

// endUnfit ends the sessions of a mailbox that would not begin any more.
func (s *Store) endUnfit(c *change, mailbox accountID, a accountRecord) error {
	for _, h := range suffixes(c.Tx, bucketLogins, mailbox[:]) {
		var r sessionRecord
		if err := s.vault.get(c.Tx, bucketSession, h, &r); err != nil {
			return err
		}
		fit := !a.PeopleOnly // of the mailbox's own log-in, also where it visits another
		if r.Account == mailbox && r.visit() {
			var person accountRecord
			if err := s.vault.get(c.Tx, bucketAccount, r.Actor[:], &person); err != nil {
				return err
			}
			fit = !a.needsSecond() || person.Factors.any()
		}
		if fit {
			continue
		}
		if err := s.endSession(c, h, r); err != nil {
			return err
		}
	}
	return nil
}
