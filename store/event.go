package store

import "time"

// An Event is what an audit entry is about: one of a fixed set of verbs.
type Event string

const (
	EventSealed      Event = "sealed"
	EventPassed      Event = "passed"
	EventReturned    Event = "returned"
	EventDiscarded   Event = "discarded"
	EventBlocked     Event = "blocked" // until its sender or an administrator releases it
	EventQuarantined Event = "quarantined"
	EventNoticed     Event = "noticed"   // the notice was handed to the MTA
	EventAnnounced   Event = "announced" // a round-up tells of it
	EventMailed      Event = "mailed"    // another mail of ours was handed to the MTA
	EventMailDropped Event = "mail-dropped"
	EventOpened      Event = "opened"
	EventReplied     Event = "replied"
	EventComposed    Event = "composed" // a new message was written in the portal
	EventExpired     Event = "expired"
	EventRecalled    Event = "recalled"
	EventExtended    Event = "extended"
	EventReminded    Event = "reminded" // a recipient, or a sender of what was not opened
	EventReleased    Event = "released"
	EventWithdrawn   Event = "withdrawn" // by its sender, instead of a release
	EventRejected    Event = "rejected"  // by an administrator
	EventShown       Event = "shown"     // the content of a held message, to an administrator
	EventHoldExpired Event = "hold-expired"
	EventUnwanted    Event = "unwanted" // a recipient minds a sender
	EventPINFailed   Event = "pin-failed"

	EventTrustRevoked Event = "trust-revoked" // of a sender, by an administrator
	EventActivated    Event = "activated"
	EventClaimed      Event = "claimed"
	EventLogin        Event = "login"
	EventLoginFailed  Event = "login-failed"
	EventLogout       Event = "logout"
	EventResetAsked   Event = "reset-asked"
	EventReset        Event = "reset"    // a new password and a new key
	EventPassword     Event = "password" // a new password, the same key
	EventFactor       Event = "factor"   // a second factor was added, used or removed; the note says which
	EventClosed       Event = "closed"   // the account
	EventEntered      Event = "entered"  // a mailbox, by one of its people; or the way back
	EventSeat         Event = "seat"     // who may open a mailbox; the note says what changed

	// Of a further address of an account; the note names it.
	EventAddressAsked     Event = "address-asked" // a mail asked its owner
	EventAddressWithdrawn Event = "address-withdrawn"
	EventAddressAdded     Event = "address-added"
	EventAddressRemoved   Event = "address-removed"
)

// An Entry is one line of the audit trail. All of it is stored encrypted. It
// never holds a subject, content, code or password.
type Entry struct {
	Time    time.Time `json:"time"` // set by the store
	Event   Event     `json:"event"`
	Message string    `json:"message,omitempty"` // id of a sealed message
	Address string    `json:"address,omitempty"` // of the recipient or account
	Sender  string    `json:"sender,omitempty"`  // envelope sender
	Client  string    `json:"client,omitempty"`  // IP address
	Queue   string    `json:"queue,omitempty"`   // the MTA's queue id
	Rule    string    `json:"rule,omitempty"`    // the rule that decided
	Actor   string    `json:"actor,omitempty"`   // address of who acted in a mailbox that several people open
	Note    string    `json:"note,omitempty"`    // fixed text, such as why a mail was dropped
	By      string    `json:"by,omitempty"`      // the administrator who did it, by a command ([By])
}
