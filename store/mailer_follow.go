package store

import (
	"time"

	"github.com/postseal/postseal/store/seal"
)

// A FollowMailer renders what the store sends on its own about messages that
// were sealed or held before. None of these mails holds anything of a message or
// a secret that opens one. It must not block and keeps nothing of what it is
// given.
type FollowMailer interface {
	// Remind renders a mail to a recipient for whom a message waits.
	Remind(RemindMail) (Mail, error)
	// Roundup renders the mail to a recipient about all that came since the last.
	Roundup(RoundupMail) (Mail, error)
	// Follow renders what the sender is told about messages that wait.
	Follow(FollowMail) (Mail, error)
	// Read renders the notification that a message was opened (RFC 8098).
	Read(ReadMail) (Mail, error)
	// Expired renders the delivery status notification (RFC 3464) about a held
	// message that nobody released, or that an administrator rejected.
	Expired(ExpiredMail) (Mail, error)
}

// RemindKind is why a recipient is reminded.
type RemindKind string

const (
	RemindUnread   RemindKind = "unread"   // it was not read for some days
	RemindExpiring RemindKind = "expiring" // it ends soon
	RemindAgain    RemindKind = "again"    // its sender asked for it
)

// RemindMail is what a reminder says.
type RemindMail struct {
	ID        string // unique, to derive the Message-ID from
	Kind      RemindKind
	Message   string // id
	Recipient string
	Language  string // of the recipient's account (BCP 47); "" if not known
	OneTime   bool   // it opens with the link of the notice alone
	Account   bool   // the recipient logs in
	// Code sets a password or starts an account, as that of a [ResetMail]; zero
	// for none. Without it somebody who has no account is told where to ask for
	// a link.
	Code    seal.Code
	Sender  string // of the message
	Sent    time.Time
	Now     time.Time
	Expires time.Time
}

// RoundupMail is what a round-up says.
type RoundupMail struct {
	ID       string // unique, to derive the Message-ID from
	Address  string // who gets it
	Name     string // of the account
	Language string // of the account (BCP 47); "" if not known
	Phrase   string // the account's own; may be ""
	Check    string // check code of the first message
	Messages []RoundupLine
	More     int // messages that are not listed
	Zone     *time.Location
	Now      time.Time
}

// A RoundupLine is one message that was not read.
type RoundupLine struct {
	Sender  string // envelope sender; may be ""
	Sent    time.Time
	Expires time.Time
}

// FollowKind is what a sender is told.
type FollowKind string

const (
	FollowUnread   FollowKind = "unread"   // not read for some days
	FollowExpiring FollowKind = "expiring" // ends soon, unread
	FollowExpired  FollowKind = "expired"  // ended, unread
	FollowLost     FollowKind = "lost"     // the round-up that tells of it could not be delivered
)

// FollowMail is what a sender is told about one sealed message.
type FollowMail struct {
	ID         string // unique, to derive the Message-ID from
	Kind       FollowKind
	To         string // envelope sender of the message; never ""
	MessageID  string // of the message, with <>; may be ""
	Recipients []FollowLine
	Sent       time.Time
	Now        time.Time
}

// A FollowLine is one recipient who did not read.
type FollowLine struct {
	Recipient string
	Expires   time.Time
}

// ReadMail is what a disposition notification says.
type ReadMail struct {
	ID        string // unique, to derive the Message-ID from
	To        string // who asked for it
	Recipient string // who opened the message
	MessageID string // of the message, with <>; may be ""
	Sent      time.Time
	Opened    time.Time
	By        string // name of who opened it, of a mailbox that several people open; may be ""
}

// ExpiredMail is what the sender of a held message is told in the end.
type ExpiredMail struct {
	ID         string // unique, to derive the Message-ID from
	To         string // envelope sender; never ""
	Recipients []string
	Rejected   bool   // by an administrator; else its time was over
	Text       string // the rule's, may be ""
	MessageID  string // of the message, with <>; may be ""
	Sent       time.Time
	Now        time.Time
}
