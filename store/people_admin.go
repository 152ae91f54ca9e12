package store

import (
	"context"
	"errors"
	"fmt"
	"net/mail"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/socket"
)

// A PeopleReport is what an administrator is told of who may open a mailbox.
type PeopleReport struct {
	Mailbox string                 `json:"mailbox"`
	Account bool                   `json:"account"` // there is one; else it is made at the first opening
	Access  socket.Access          `json:"access"`
	People  []socket.Person        `json:"people"`
	Invited []socket.InvitedPerson `json:"invited"`
}

var (
	// ErrNoSeat is returned for a person who can't open the mailbox.
	ErrNoSeat = errors.New("this person has no seat in the mailbox")
	// ErrNoRecovery is returned where an administrator can't give a seat: the key of
	// the mailbox comes from recovery alone.
	ErrNoRecovery = errors.New("the mailbox's key is not in online recovery (keys.recovery): its holder has to invite people")
)

// ReportPeople tells an administrator who may open a mailbox.
func (s *Store) ReportPeople(ctx context.Context, mailbox string) (PeopleReport, error) {
	out := PeopleReport{People: []socket.Person{}, Invited: []socket.InvitedPerson{}}
	err := s.meta.view(func(tx *bbolt.Tx) error {
		account, a, err := s.named(tx, mailbox)
		if err != nil {
			return err
		}
		out.Mailbox, out.Account = a.Address, a.PublicKey != ""
		out.Access = socket.Access{PeopleOnly: a.PeopleOnly || !out.Account, SecondStep: a.needsSecond()}
		seats, err := s.seatsOf(tx, account)
		if err != nil {
			return err
		}
		for _, r := range seats {
			p, err := s.describePerson(tx, r)
			if err != nil {
				return err
			}
			out.People = append(out.People, p)
		}
		invited, err := s.invitedTo(tx, account)
		out.Invited = append(out.Invited, invited...)
		if err == nil && !out.Account && len(seats) == 0 {
			err = ErrNoAccount
		}
		return err
	})
	return out, err
}

// AddPerson gives somebody a seat, or another role. Neither needs an account yet. A
// further address is refused: it would be the whole account of somebody whom the
// administrator did not name.
func (s *Store) AddPerson(ctx context.Context, mailbox, person string, manager bool) error {
	if s.o.Recovery == nil || s.o.RecoveryOffline {
		return ErrNoRecovery
	}
	for _, address := range []string{mailbox, person} {
		if a, err := mail.ParseAddress(address); err != nil || a.Name != "" || !plainText(address, maxAddress) {
			return fmt.Errorf("%q is no address", address)
		}
	}
	err := s.update(ctx, func(c *change) error {
		account, a, err := s.named(c.Tx, mailbox)
		if err != nil {
			return err
		}
		who, p, err := s.named(c.Tx, person)
		switch {
		case err != nil:
			return err
		case who == account:
			return errors.New("the person is the mailbox itself")
		case normalise(a.Address) != normalise(mailbox):
			return fmt.Errorf("%s is a further address of the account of %s: name that, or separate it first", mailbox, a.Address)
		case normalise(p.Address) != normalise(person):
			return fmt.Errorf("%s is a further address of the account of %s: name that, or separate it first", person, p.Address)
		case a.PublicKey != "" && len(a.Escrow) == 0:
			return ErrNoRecovery
		}
		r, err := s.seat(c.Tx, account, who)
		what := seatRole
		if errors.Is(err, errNotFound) {
			if len(suffixes(c.Tx, bucketSeat, account[:])) >= maxSeats || len(suffixes(c.Tx, bucketSeated, who[:])) >= maxSeats {
				return fmt.Errorf("a mailbox has at most %d people, and a person as many mailboxes", maxSeats)
			}
			what, r, err = seatGiven, seatRecord{versioned: current, Mailbox: a.Address, Person: p.Address, Since: s.now().UTC()}, nil
		}
		if err != nil {
			return err
		}
		if err := s.setRole(c, &r, manager); err != nil {
			return err
		}
		return s.tellPeople(c, r, what, "")
	})
	s.mailAdded()
	return err
}

// DropPerson takes a seat away.
func (s *Store) DropPerson(ctx context.Context, mailbox, person string) error {
	err := s.update(ctx, func(c *change) error {
		account, _, err := s.named(c.Tx, mailbox)
		if err != nil {
			return err
		}
		who, _, err := s.named(c.Tx, person)
		if err != nil {
			return err
		}
		r, err := s.seat(c.Tx, account, who)
		if errors.Is(err, errNotFound) { // of an address that was joined to an account since
			r, err = s.seat(c.Tx, account, s.vault.account(person))
		}
		if errors.Is(err, errNotFound) {
			return ErrNoSeat
		}
		if err != nil {
			return err
		}
		if err := s.dropSeat(c, r); err != nil {
			return err
		}
		return s.tellPeople(c, r, seatRemoved, "")
	})
	s.mailAdded()
	return err
}

// named returns the account that an address names, under its main address. One that
// there is not yet has the address alone.
func (s *Store) named(tx *bbolt.Tx, address string) (accountID, accountRecord, error) {
	var a accountRecord
	account, err := s.resolve(tx, address)
	if err != nil {
		return account, a, err
	}
	err = s.vault.get(tx, bucketAccount, account[:], &a)
	if errors.Is(err, errNotFound) {
		return account, accountRecord{Address: normalise(address)}, nil
	}
	return account, a, err
}
