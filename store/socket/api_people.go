package socket

import (
	"context"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// LinkSeat is the kind of an invitation to open a mailbox. Its holder, who logs in
// with the address that it was mailed to, can accept it; and if there is no account
// of that address yet, make one by it.
const LinkSeat LinkKind = "seat"

// People are the calls around mailboxes that several people open, each under the own
// name. A person's session can become a visit: a session of the mailbox in which the
// owner knows who acts. What a visit may do it may only while the person has a seat.
type People interface {
	// Switch makes a session one of another mailbox of its person: of the one with
	// this address, or of the person's own account ("", or the own address). The new
	// session lives no longer than the old one, which ends with KeepKey for the new.
	// It is ErrUnknown without a seat, ErrConflict if the mailbox asks for a second
	// step that the person does not have, and ErrExpired if there is no key for it.
	Switch(ctx context.Context, session seal.Token, mailbox string) (Switched, error)
	// Furnish makes the account of a mailbox that has people and no account yet:
	// without a password, so with an Escrow alone. link is that of Switched.
	Furnish(ctx context.Context, session, link seal.Token, a Activation) error
	// FillSeat gives the seat of a visit the key that it lacks.
	FillSeat(ctx context.Context, visit seal.Token, key []byte) error
	// People lists who may open the mailbox of a session, to the account's holder
	// and to people with a seat.
	People(ctx context.Context, session seal.Token) (PeopleInfo, error)
	// Invite begins an invitation by the mailbox's holder or a manager. Nothing is
	// stored or mailed before SendInvitation.
	Invite(ctx context.Context, session seal.Token, p Proof, i Invitation) (InvitationTicket, error)
	// SendInvitation stores the mailbox's key as sealed for the ticket's recipient
	// (seal.AccountKey.ForInvitation), and mails the code.
	SendInvitation(ctx context.Context, session seal.Token, ticket, key []byte) error
	// Invited says what an invitation is for, to the session of whoever is invited.
	Invited(ctx context.Context, session, link seal.Token) (Invited, error)
	// Accept takes the seat, with the key sealed for the session's account
	// (seal.AccountKey.ForPerson), and ends the invitation.
	Accept(ctx context.Context, session, link seal.Token, key []byte) error
	// SetPerson changes what somebody may do: by the holder or a manager.
	SetPerson(ctx context.Context, session seal.Token, p Proof, person string, manager bool) error
	// RemovePerson takes a seat, or an invitation, away. That person's visits end
	// at once. It is ErrConflict for the last manager of a mailbox that only people
	// open.
	RemovePerson(ctx context.Context, session seal.Token, p Proof, person string) error
	// LeaveMailbox gives the own seat back. The errors are RemovePerson's.
	LeaveMailbox(ctx context.Context, session seal.Token, mailbox string) error
	// SetAccess changes how the mailbox is opened: by the holder or a manager. Visits
	// that would not have been let in end.
	SetAccess(ctx context.Context, session seal.Token, p Proof, a Access) error
}

// Switched is a session that waits for its key.
type Switched struct {
	Token     seal.Token `json:"token,omitzero"`
	Address   string     `json:"address"`
	Name      string     `json:"name"`
	PublicKey string     `json:"publicKey"`
	Expires   time.Time  `json:"expires"`
	// Addresses and Former are as of [SessionInfo].
	Addresses []string `json:"addresses,omitempty"`
	Former    []string `json:"former,omitempty"`
	// Key is the mailbox's, for the person (seal.OpenSeat). If it is empty, Escrow
	// is the same for the recovery key, and FillSeat is to follow.
	Key    []byte `json:"key,omitempty"`
	Escrow []byte `json:"escrow,omitempty"`
	// Link is for Waiting and Furnish, in place of all else: the mailbox has no
	// account yet.
	Link seal.Token `json:"link,omitzero"`
	// PersonKey is the public key of the person, for FillSeat.
	PersonKey string `json:"personKey,omitempty"`
}

// A Seat is a mailbox that a person can open.
type Seat struct {
	Address string    `json:"address"`
	Manager bool      `json:"manager"`
	Since   time.Time `json:"since"`
}

// A Visitor is the person in a visit.
type Visitor struct {
	Address string `json:"address"`
	Name    string `json:"name"`
	Manager bool   `json:"manager,omitempty"`
}

// PeopleInfo is who may open a mailbox.
type PeopleInfo struct {
	People   []Person        `json:"people"`
	Invited  []InvitedPerson `json:"invited,omitempty"`
	Access   Access          `json:"access"`
	Manage   bool            `json:"manage"` // the session may change all this
	KDF      seal.KDF        `json:"kdf,omitzero"`
	Password bool            `json:"password"` // the proof is a password, of Prover
	Prover   string          `json:"prover"`   // address
	Fresh    bool            `json:"fresh"`
	// Own: the mailbox has a log-in of its own that could be turned off.
	Own bool `json:"own"`
}

// A Person has a seat.
type Person struct {
	Address string    `json:"address"`
	Name    string    `json:"name,omitempty"`
	Manager bool      `json:"manager"`
	Since   time.Time `json:"since"`
	By      string    `json:"by,omitempty"` // address of who invited; "": an administrator
	Second  bool      `json:"second"`       // the person's log-in has a second step
	Self    bool      `json:"self,omitempty"`
}

// An InvitedPerson has not answered yet.
type InvitedPerson struct {
	Address string    `json:"address"`
	Manager bool      `json:"manager"`
	By      string    `json:"by"`
	Expires time.Time `json:"expires"`
}

// Access is how a mailbox is opened.
type Access struct {
	// PeopleOnly: not by the address and a password of its own.
	PeopleOnly bool `json:"peopleOnly"`
	// SecondStep: only by people whose log-in has a second step. A mailbox whose own
	// log-in has one asks for it in any case.
	SecondStep bool `json:"secondStep"`
}

// An Invitation is who is to get a seat.
type Invitation struct {
	Address string `json:"address"`
	Manager bool   `json:"manager"`
}

// An InvitationTicket is an invitation that waits for the mailbox's key.
type InvitationTicket struct {
	Ticket    []byte `json:"ticket"`    // only the owner can read it
	Recipient string `json:"recipient"` // public half of the code, which the portal does not get
}

// Invited is what an invitation is for.
type Invited struct {
	Mailbox   string    `json:"mailbox"`
	By        string    `json:"by"`
	Manager   bool      `json:"manager,omitempty"`
	Expires   time.Time `json:"expires"`
	Key       []byte    `json:"key"`       // seal.OpenInvitation
	PublicKey string    `json:"publicKey"` // of the mailbox, to compare
	PersonKey string    `json:"personKey"` // of who is invited
}
