package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// The [Mail].Kinds of mails about mailboxes that several people open.
const (
	KindInvitation = "invitation"
	KindPeople     = "people"
)

// A PeopleMailer renders the mails about who may open a mailbox. It must not block.
// Of what people chose themselves (names) none goes into them: an invitation goes to
// any address.
type PeopleMailer interface {
	Invitation(InvitationMail) (Mail, error)
	People(PeopleMail) (Mail, error)
}

// InvitationMail is what an invitation says.
type InvitationMail struct {
	ID       string // unique, to derive the Message-ID from
	Address  string // who gets it
	Account  bool   // there is an account of this address
	Mailbox  string // address
	By       string // address of who invites
	Manager  bool
	Language string // of the account (BCP 47); "" if not known
	Code     seal.Code
	Created  time.Time
	Expires  time.Time
}

// A seatChange is what became of a seat.
type seatChange string

const (
	seatGiven    seatChange = "given"    // by an accepted invitation, or by an administrator
	seatRole     seatChange = "role"     // manager or not
	seatRemoved  seatChange = "removed"  // by a manager, or by an administrator
	seatLeft     seatChange = "left"     // by the person
	seatClosed   seatChange = "closed"   // with the person's account
	seatUnlocked seatChange = "unlocked" // an administrator took the person's second step away
	seatAccess   seatChange = "access"   // how the mailbox is opened
)

// PeopleMail is what those who manage a mailbox are told when somebody gets or loses
// a seat, or when the mailbox is opened in another way.
type PeopleMail struct {
	ID      string // unique, to derive the Message-ID from
	Address string // who gets it
	Mailbox string // address
	// What: "given", "role", "removed", "left", "closed", "unlocked" or "access".
	What       string
	Person     string // address of whose seat it is; "" for access
	Manager    bool   // of the seat
	By         string // address of who did it; "": an administrator
	PeopleOnly bool   // of access
	SecondStep bool
	Language   string // of who gets it (BCP 47); "" if not known
	Time       time.Time
}

// tellPeople notes in the trail what became of a seat, and mails it to all managers,
// to the mailbox while that has a log-in of its own, and to the person.
func (s *Store) tellPeople(c *change, r seatRecord, what seatChange, by string) error {
	role := map[bool]string{true: "manager", false: "opener"}[r.Manager]
	err := s.audit(c, Entry{Event: EventSeat, Address: r.Mailbox, Actor: by, Note: string(what) + ", " + role + " " + r.Person})
	if err != nil {
		return err
	}
	return s.mailPeople(c, PeopleMail{
		Mailbox: r.Mailbox, What: string(what), Person: r.Person, Manager: r.Manager, By: by,
	}, r.Person)
}

// tellAccess is tellPeople for how a mailbox is opened.
func (s *Store) tellAccess(c *change, in sitting, n socket.Access) error {
	note := fmt.Sprintf("access: people only %v, second step %v", n.PeopleOnly, n.SecondStep)
	if err := s.audit(c, Entry{Event: EventSeat, Address: in.mailbox.Address, Actor: in.person.Address, Note: note}); err != nil {
		return err
	}
	return s.mailPeople(c, PeopleMail{
		Mailbox: in.mailbox.Address, What: string(seatAccess), By: in.person.Address,
		PeopleOnly: n.PeopleOnly, SecondStep: n.SecondStep || in.mailbox.Factors.any(), // see needsSecond
	}, in.mailbox.Address)
}

// mailPeople sends m to also and to whoever manages the mailbox.
func (s *Store) mailPeople(c *change, m PeopleMail, also string) error {
	if s.o.People == nil {
		return nil
	}
	mailbox := s.vault.account(m.Mailbox)
	seats, err := s.seatsOf(c.Tx, mailbox)
	if err != nil {
		return err
	}
	to := []string{also}
	for _, r := range seats {
		if r.Manager {
			to = append(to, r.Person)
		}
	}
	only, err := s.peopleOnly(c.Tx, mailbox)
	if err != nil {
		return err
	}
	if !only {
		to = append(to, m.Mailbox)
	}
	slices.Sort(to)
	m.Time = s.now().UTC()
	for _, address := range slices.Compact(to) {
		m.ID, m.Address = newID().String(), address
		if m.Language, _, err = s.vault.reader(c.Tx, s.vault.account(address)); err != nil {
			return err
		}
		mail, err := s.o.People.People(m)
		if err != nil {
			return fmt.Errorf("render a mail about a mailbox's people: %w", err)
		}
		mail.To = []string{address}
		if err := s.send(c, mail, id{}, m.Time.Add(s.o.MailLife)); err != nil {
			return err
		}
	}
	return nil
}
