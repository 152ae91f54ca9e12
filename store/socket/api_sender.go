package socket

import (
	"context"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// The kinds of links for senders.
const (
	LinkRelease LinkKind = "release" // lets a held or deferred message go
	LinkStatus  LinkKind = "status"  // follows what was sent
)

// Senders are the calls about what was sent or shall be.
type Senders interface {
	Releases
	Following
	Unwanted
	PINs
}

// Releases are the calls of whoever holds a release link.
type Releases interface {
	// Held says what a release link is for. It changes nothing. It also answers
	// after the end, with the State.
	Held(ctx context.Context, link seal.Token) (Held, error)
	// Release lets the message go: a held one at once, a deferred one when its
	// server offers it again. key is the message key (in the form of
	// seal.MessageKey.Text) that the link's code opens; "" for a deferred one.
	// The owner takes nothing that does not open the payload. A second release
	// is no error; one after a withdrawal is ErrConflict.
	Release(ctx context.Context, link seal.Token, r ReleaseOrder) error
	// Withdraw ends it: the message is never sent.
	Withdraw(ctx context.Context, link seal.Token, client string) error
}

// A ReleaseOrder is what the sender says on the release page.
type ReleaseOrder struct {
	Key    string `json:"key,omitempty"`
	Reason string `json:"reason,omitempty"` // of the sender, for the audit: 500 characters of it, none of control
	Client string `json:"client"`
}

// Held is what waits behind a release link.
type Held struct {
	ID         string              `json:"id"`
	State      string              `json:"state"` // waiting, released, withdrawn, rejected, expired
	Deferred   bool                `json:"deferred"`
	Sender     string              `json:"sender"`
	Recipients []string            `json:"recipients"`
	Rule       string              `json:"rule"`
	Text       string              `json:"text,omitempty"`
	Trust      string              `json:"trust,omitempty"`    // "", "recipient" or "sender": what a release means for later mail
	TrustFor   time.Duration       `json:"trustFor,omitempty"` // 0: for ever
	Manifest   seal.SignedManifest `json:"manifest,omitzero"`  // of a held message
	Summary    []byte              `json:"summary,omitempty"`  // sealed with the message key
	Grant      []byte              `json:"grant,omitempty"`    // for the link's code
	Subject    []byte              `json:"subject,omitempty"`  // of a deferred message, sealed under the code (seal.Code.OpenText)
	Created    time.Time           `json:"created"`
	Expires    time.Time           `json:"expires"`
	Ended      time.Time           `json:"ended,omitzero"`
}

// Following are the calls of a sender about what was sent: by the status link, or
// by a member's session and the dispatch's id.
type Following interface {
	// Status changes nothing. It still answers after the end of the messages, for
	// as long as the store remembers.
	Status(ctx context.Context, by Follower) (Status, error)
	// Recall takes sealed messages back, before or after they were opened. No ids:
	// all that are still there. Recalling a recalled one is no error.
	Recall(ctx context.Context, by Follower, messages []string) (Status, error)
	// Extend gives sealed messages more time, counted from now: 1, 7 or 30 days,
	// bounded by the retention. One whose end is later keeps it.
	Extend(ctx context.Context, by Follower, messages []string, more time.Duration) (Status, error)
	// Remind sends the notice of a message again, without its secret. Where that
	// can't work it is ErrConflict, and the Status says why.
	Remind(ctx context.Context, by Follower, message string) (Status, error)
	// Sent lists a member's dispatches, newest first, each with its first lines.
	Sent(ctx context.Context, session seal.Token, cursor string, limit int) (SentPage, error)
}

// A Follower is who follows: the holder of a status link, or a session and one of
// its dispatches.
type Follower struct {
	Link     seal.Token `json:"link,omitzero"`
	Session  seal.Token `json:"session,omitzero"`
	Dispatch string     `json:"dispatch,omitempty"`
	Client   string     `json:"client,omitempty"`
}

// Status is what became of a message.
type Status struct {
	ID        string       `json:"id"` // of the dispatch
	Sender    string       `json:"sender"`
	Subject   []byte       `json:"subject,omitempty"` // sealed under the link's code
	MessageID string       `json:"messageID,omitempty"`
	Created   time.Time    `json:"created"`
	Lines     []StatusLine `json:"lines"`
	More      int          `json:"more,omitempty"` // lines that are left out, in a [SentPage]
}

// A StatusLine is one recipient.
type StatusLine struct {
	Recipient  string           `json:"recipient"`
	Action     string           `json:"action"`            // as in a verdict
	Message    string           `json:"message,omitempty"` // id, if it was sealed
	Held       string           `json:"held,omitempty"`    // state of a held message: as in Held
	Restrict   seal.Restriction `json:"restrict,omitzero"`
	Noticed    time.Time        `json:"noticed,omitzero"`     // the notice was handed to the mail server
	NoticeLost bool             `json:"noticeLost,omitempty"` // the notice could not be delivered
	// Waits is when the recipient's round-up tells of the message, in place of a
	// notice of its own; zero once that has left, and for every other message.
	Waits   time.Time `json:"waits,omitzero"`
	Opened  time.Time `json:"opened,omitzero"`  // first
	Replied time.Time `json:"replied,omitzero"` // last
	Expires time.Time `json:"expires,omitzero"`
	// Who opened it, each the first time, and who answered last: of a mailbox that
	// several people open.
	OpenedBy  []Opening `json:"openedBy,omitempty"`
	RepliedBy string    `json:"repliedBy,omitempty"`
	PIN       bool      `json:"pin,omitempty"`   // too many wrong PINs; extending lets it be tried again
	Ended     string    `json:"ended,omitempty"` // "", expired, recalled, used
	EndedAt   time.Time `json:"endedAt,omitzero"`
	CanRecall bool      `json:"canRecall,omitempty"`
	CanExtend bool      `json:"canExtend,omitempty"`
	CanRemind bool      `json:"canRemind,omitempty"`
	// WhyNot says why the notice can't be sent again: "one-time" (its link is the
	// key and nobody has it), "offline" (no recovery for one without an account),
	// "opened", "ended", "roundup" (it waits for the recipient's round-up), "soon" (it
	// was sent a short while ago, or too many links for the recipient are good).
	WhyNot string `json:"whyNot,omitempty"`
}

// An Opening is one person's first look at a message.
type Opening struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// A SentPage is a page of [Following].Sent.
type SentPage struct {
	Items []Status `json:"items"`
	Next  string   `json:"next,omitempty"`
	Total int      `json:"total"`
}

// Unwanted are a recipient's wishes about senders.
type Unwanted interface {
	// MarkUnwanted notes that the account does not want mail that was released
	// for it from the sender of a message; off takes that back. It ends every
	// trust that a release gave that sender for this recipient.
	MarkUnwanted(ctx context.Context, session seal.Token, message string, off bool) error
}

// PINs open messages that need a second secret.
type PINs interface {
	// TryPIN compares a PIN's verifier ([seal.StretchPIN]) for a message that the
	// caller may open otherwise, and counts failures: after ten the message can't
	// be opened until its sender extends it. The errors are ErrLogin and
	// ErrThrottled. The grant is given out only to the right PIN, and a one-time
	// message counts as opened only then.
	TryPIN(ctx context.Context, by Caller, message string, verifier []byte, client string) (Message, error)
}
