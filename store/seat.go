package store

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	maxSeats   = 50                 // people of a mailbox, and mailboxes of a person
	maxInvited = 20                 // invitations of a mailbox that wait
	inviteLife = 7 * 24 * time.Hour // of an invitation
)

// A seatRecord lets a person open the mailbox of another account. The person need
// not have an account yet, and nor need the mailbox, if an administrator made it.
type seatRecord struct {
	versioned
	Mailbox string `json:"mailbox"` // addresses
	Person  string `json:"person"`
	Manager bool   `json:"manager,omitempty"`
	// Key is the mailbox's account key, sealed to the person's. Without it recovery
	// opens the mailbox the first time.
	Key   []byte    `json:"key,omitempty"`
	Since time.Time `json:"since"`
	By    string    `json:"by,omitempty"` // address of who invited; "": an administrator
}

// A seatOffer is what a link of kind [socket.LinkSeat] is for.
type seatOffer struct {
	Mailbox string    `json:"mailbox"`
	Manager bool      `json:"manager,omitempty"`
	By      string    `json:"by,omitempty"`
	Key     []byte    `json:"key,omitempty"`    // for the code and the portal
	Furnish tokenHash `json:"furnish,omitzero"` // session that may make the mailbox's account; it invites nobody
}

// person is who acts in a session: somebody with a seat, or the account's holder.
func (r sessionRecord) person() accountID {
	if r.visit() {
		return r.Actor
	}
	return r.Account
}

// visit reports whether somebody with a seat acts.
func (r sessionRecord) visit() bool { return r.Actor != (accountID{}) }

func seatKey(mailbox, person accountID) []byte { return accountKey(mailbox, person[:]) }

// seat returns a seat; errNotFound: there is none.
func (s *Store) seat(tx *bbolt.Tx, mailbox, person accountID) (r seatRecord, err error) {
	return r, s.vault.get(tx, bucketSeat, seatKey(mailbox, person), &r)
}

func hasSeat(tx *bbolt.Tx, mailbox, person accountID) bool {
	return tx.Bucket([]byte(bucketSeat)).Get(seatKey(mailbox, person)) != nil
}

// putSeat stores a seat, new or changed.
func (s *Store) putSeat(c *change, r seatRecord) error {
	mailbox, person := s.vault.account(r.Mailbox), s.vault.account(r.Person)
	if err := c.put(bucketSeated, seatKey(person, mailbox), nil); err != nil {
		return err
	}
	return s.vault.put(c, bucketSeat, seatKey(mailbox, person), r)
}

// seatsOf returns the seats in a mailbox, by address.
func (s *Store) seatsOf(tx *bbolt.Tx, mailbox accountID) ([]seatRecord, error) {
	var out []seatRecord
	for _, p := range suffixes(tx, bucketSeat, mailbox[:]) {
		r, err := s.seat(tx, mailbox, accountID(p))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b seatRecord) int { return bytes.Compare([]byte(a.Person), []byte(b.Person)) })
	return out, nil
}

// seatedIn returns the seats that a person has, by address of the mailbox.
func (s *Store) seatedIn(tx *bbolt.Tx, person accountID) ([]seatRecord, error) {
	var out []seatRecord
	for _, m := range suffixes(tx, bucketSeated, person[:]) {
		r, err := s.seat(tx, accountID(m), person)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b seatRecord) int { return bytes.Compare([]byte(a.Mailbox), []byte(b.Mailbox)) })
	return out, nil
}

// mailboxes are what a person can switch to.
func (s *Store) mailboxes(tx *bbolt.Tx, person accountID) ([]socket.Seat, error) {
	seats, err := s.seatedIn(tx, person)
	var out []socket.Seat
	for _, r := range seats {
		out = append(out, socket.Seat{Address: r.Mailbox, Manager: r.Manager, Since: r.Since})
	}
	return out, err
}

// hasPeople reports whether anybody has a seat in a mailbox.
func hasPeople(tx *bbolt.Tx, mailbox accountID) bool {
	k, _ := tx.Bucket([]byte(bucketSeat)).Cursor().Seek(mailbox[:])
	return bytes.HasPrefix(k, mailbox[:])
}

// peopleOnly reports whether an address has no log-in of its own: its mailbox is
// opened by people alone. One that an administrator gave people before it has an
// account is, too: a notice's link is not to forestall them.
func (s *Store) peopleOnly(tx *bbolt.Tx, account accountID) (bool, error) {
	var a accountRecord
	err := s.vault.get(tx, bucketAccount, account[:], &a)
	if errors.Is(err, errNotFound) {
		return hasPeople(tx, account), nil
	}
	return a.PeopleOnly, err
}

// dropSeat takes a seat away, with the visits and the invitations that rest on it.
func (s *Store) dropSeat(c *change, r seatRecord) error {
	mailbox, person := s.vault.account(r.Mailbox), s.vault.account(r.Person)
	if err := s.endVisits(c, person, mailbox); err != nil {
		return err
	}
	if err := s.dropInvitationsOf(c, r); err != nil {
		return err
	}
	if err := c.drop(bucketSeated, seatKey(person, mailbox)); err != nil {
		return err
	}
	return c.drop(bucketSeat, seatKey(mailbox, person))
}

// endVisits ends a person's visits, in one mailbox or (zero) in all.
func (s *Store) endVisits(c *change, person, mailbox accountID) error {
	for _, h := range suffixes(c.Tx, bucketLogins, person[:]) {
		var r sessionRecord
		if err := s.vault.get(c.Tx, bucketSession, h, &r); err != nil {
			return err
		}
		if r.Actor != person || mailbox != (accountID{}) && r.Account != mailbox {
			continue
		}
		if err := s.endSession(c, h, r); err != nil {
			return err
		}
	}
	return nil
}

// dropInvitations ends the invitations of a mailbox that which chooses, by the
// addresses of who is invited and by whom.
func (s *Store) dropInvitations(c *change, mailbox accountID, which func(to, by string) bool) error {
	for _, h := range suffixes(c.Tx, bucketInvited, mailbox[:]) {
		var l linkRecord
		if err := s.vault.get(c.Tx, bucketLink, h, &l); err != nil {
			return err
		}
		if l.Seat != nil && which(l.Address, l.Seat.By) {
			if err := s.endLink(c, h, endRecalled, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropInvitationsOf ends what the person of a seat invited to, and what the person was
// invited to under whichever address: it would give the seat back, or another role.
func (s *Store) dropInvitationsOf(c *change, r seatRecord) error {
	person := s.vault.account(r.Person)
	var failed error
	err := s.dropInvitations(c, s.vault.account(r.Mailbox), func(to, by string) bool {
		invited, err := s.resolve(c.Tx, to)
		failed = errors.Join(failed, err)
		return by == r.Person || invited == person
	})
	return errors.Join(err, failed)
}

// dropInvitationsBy ends what a person invited to, in the own mailbox and in all
// others. Whoever had the person's password may have invited, too.
func (s *Store) dropInvitationsBy(c *change, person accountID, a accountRecord) error {
	mailboxes := suffixes(c.Tx, bucketSeated, person[:])
	for _, m := range append(mailboxes, person[:]) {
		if err := s.dropInvitations(c, accountID(m), func(_, by string) bool { return by == a.Address }); err != nil {
			return err
		}
	}
	return nil
}

// dropPeople takes away all seats that rest on an account which is no more: its own
// in other mailboxes, and others' in its.
func (s *Store) dropPeople(c *change, account accountID, why seatChange) error {
	own, err := s.seatsOf(c.Tx, account)
	if err != nil {
		return err
	}
	for _, r := range own {
		if err := s.dropSeat(c, r); err != nil {
			return err
		}
	}
	if err := s.dropInvitations(c, account, func(string, string) bool { return true }); err != nil {
		return err
	}
	return s.dropSeatsOf(c, account, why)
}

// dropSeatsOf takes away what a person has in all mailboxes, and says so.
func (s *Store) dropSeatsOf(c *change, person accountID, why seatChange) error {
	seats, err := s.seatedIn(c.Tx, person)
	if err != nil {
		return err
	}
	for _, r := range seats {
		if err := s.dropSeat(c, r); err != nil {
			return err
		}
		if err := s.tellPeople(c, r, why, ""); err != nil {
			return err
		}
	}
	return nil
}

// forgetSeatKeys is for an account that has a new key: what was sealed of the old
// one, or for it, opens nothing any more.
func (s *Store) forgetSeatKeys(c *change, account accountID) error {
	inside, err := s.seatsOf(c.Tx, account)
	if err != nil {
		return err
	}
	outside, err := s.seatedIn(c.Tx, account)
	if err != nil {
		return err
	}
	for _, r := range slices.Concat(inside, outside) {
		r.Key = nil
		if err := s.putSeat(c, r); err != nil {
			return err
		}
	}
	return s.dropInvitations(c, account, func(string, string) bool { return true })
}

// A byPerson is who did something in a visit.
type byPerson struct {
	Address string    `json:"address"`
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
}

// shown is what a sender is told of a person.
func (b byPerson) shown() string {
	if b.Name != "" {
		return b.Name
	}
	return b.Address
}

// actor returns who acts in a session, if it is a visit; nil if the account's holder
// does, or if there is no session.
func (s *Store) actor(tx *bbolt.Tx, token seal.Token) (*byPerson, error) {
	if token == (seal.Token{}) {
		return nil, nil
	}
	r, err := s.anySession(tx, token)
	if err != nil {
		return nil, err
	}
	return s.actorOf(tx, r)
}

// actorOf is actor for a session that is at hand.
func (s *Store) actorOf(tx *bbolt.Tx, r sessionRecord) (*byPerson, error) {
	if !r.visit() {
		return nil, nil
	}
	var a accountRecord
	if err := s.vault.get(tx, bucketAccount, r.Actor[:], &a); err != nil {
		return nil, err
	}
	return &byPerson{Address: a.Address, Name: a.Name, At: s.now().UTC()}, nil
}

// signed is the name that a mail from a mailbox carries: of who wrote it, and of the
// mailbox.
func signed(mailbox string, by *byPerson) string {
	switch {
	case by == nil:
		return mailbox
	case mailbox == "":
		return by.Name
	}
	return by.Name + " (" + mailbox + ")"
}

// address is for the trail: "" for nobody.
func (b *byPerson) address() string {
	if b == nil {
		return ""
	}
	return b.Address
}
