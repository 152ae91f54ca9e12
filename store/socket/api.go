// Package socket carries the narrow API between the portal and the process that
// owns the store: HTTP/1.1 over a Unix socket. [Server] serves an [Owner],
// [Client] is one at the other end.
//
// The owner does not trust the portal. Each call names a credential (the token
// of a link or of a session) and reaches what that credential allows, and
// nothing else: there is no call that lists, reads or sends without one.
package socket

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// The errors that cross the socket. Each has one HTTP status, in both directions.
var (
	// ErrUnknown: no such link, session or message, or not for this caller.
	// The three are never told apart.
	ErrUnknown = errors.New("unknown")
	// ErrExpired: the caller holds the genuine link (or owns the message), and
	// its time is over.
	ErrExpired = errors.New("expired")
	// ErrRecalled: as ErrExpired, but the sender took the message back.
	ErrRecalled = errors.New("recalled")
	// ErrUsed: the caller holds the genuine link, and it can't be used again.
	ErrUsed = errors.New("already used")
	// ErrLogin: address or password are wrong. Nothing says which.
	ErrLogin = errors.New("wrong address or password")
	// ErrThrottled: too many attempts; [ThrottledError] says how long to wait.
	ErrThrottled = errors.New("too many attempts")
	// ErrConflict: the state changed meanwhile (an account that exists by now).
	ErrConflict = errors.New("conflict")
	// ErrTooLarge: over a size limit.
	ErrTooLarge = errors.New("too large")
	// ErrInvalid: the request makes no sense; a bug or an attack.
	ErrInvalid = errors.New("invalid request")
	// ErrFull: no space left to store it; try later.
	ErrFull = errors.New("store is full")
	// ErrUnavailable: the owner does not answer, or is another version.
	ErrUnavailable = errors.New("store is not available")
)

// A ThrottledError is an [ErrThrottled] with the time after which to try again.
type ThrottledError struct{ RetryAfter time.Duration }

func (e *ThrottledError) Error() string { return ErrThrottled.Error() }

// Is makes errors.Is(err, ErrThrottled) hold.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// An EndedError says of what the caller may know about how it ended: it is an
// [ErrExpired], [ErrRecalled] or [ErrUsed].
type EndedError struct {
	How string    `json:"how"`          // expired, recalled, used
	By  string    `json:"by,omitempty"` // address of who recalled it
	At  time.Time `json:"at,omitzero"`
	// Link: it is the link alone that ended. It led to no message, but to a new
	// password or the like.
	Link bool `json:"link,omitempty"`
}

func (e *EndedError) Error() string { return e.sentinel().Error() }

// Is makes errors.Is(err, ErrRecalled) hold, and the like.
func (e *EndedError) Is(target error) bool { return target == e.sentinel() }

func (e *EndedError) sentinel() error {
	switch e.How {
	case "recalled":
		return ErrRecalled
	case "used":
		return ErrUsed
	}
	return ErrExpired
}

// Owner is all that the portal may ask for.
type Owner interface {
	Links
	Accounts
	Mailbox
	Replies
	Folders
	Drafts
	Writing
	Directory
	Senders
	SignIns
	Factors
	Settings
	Notices
	People
	Addresses
}

// Links are the calls of somebody who holds a link and no session.
type Links interface {
	// Link says what a link is for. It changes nothing. An activation link stays
	// good after the account was made, to log in (LinkInfo.Account).
	Link(ctx context.Context, link seal.Token) (LinkInfo, error)
	// Waiting returns what an activation or reset link entitles to before the
	// account is made: every unexpired account-mode message of its recipient,
	// with the grants that can be turned into grants for the new account key.
	// For an activation link it is ErrConflict once there is an account.
	Waiting(ctx context.Context, link seal.Token) (Waiting, error)
	// Activate makes the account of the link's recipient (or gives it a new
	// password, for a reset link), stores the grants, ends the link and every
	// session of the account, and starts a session.
	Activate(ctx context.Context, link seal.Token, a Activation) (Session, error)
	// OpenOneTime returns a one-time message and marks it as opened. It can be
	// called again until the grace period after the first time is over; then
	// the error is ErrUsed. Of a message with a PIN it gives out no grant, and
	// marks nothing: that is for PINs.TryPIN.
	OpenOneTime(ctx context.Context, link seal.Token) (Message, error)
	// OneTimePayload returns the sealed payload of a message that OpenOneTime
	// gave out, under the same conditions.
	OneTimePayload(ctx context.Context, link seal.Token) (io.ReadCloser, error)
}

// LinkKind says what a link is for.
type LinkKind string

const (
	LinkActivate LinkKind = "activate" // of a guest's notice: makes the account, or adds the message to it
	LinkReset    LinkKind = "reset"    // of a forgotten-password mail
	LinkOneTime  LinkKind = "one-time"
)

// LinkInfo says what a link is for, to whoever holds it. For a link whose time
// is over the call returns an error instead (ErrExpired, ErrRecalled, ErrUsed).
type LinkInfo struct {
	Kind      LinkKind  `json:"kind"`
	Message   string    `json:"message,omitempty"` // id; of a held or deferred message, or of a dispatch; empty for a reset
	Recipient string    `json:"recipient"`         // whose link it is: the sender's for a release or a status
	Sender    string    `json:"sender,omitempty"`
	Account   bool      `json:"account"` // the recipient has an account already
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
}

// Waiting is the answer to [Links].Waiting.
type Waiting struct {
	Recipient string           `json:"recipient"`
	Account   bool             `json:"account"`
	Name      string           `json:"name,omitempty"`   // of the account, for a reset
	Escrow    []byte           `json:"escrow,omitempty"` // of the account key, for a reset
	Messages  []WaitingMessage `json:"messages"`
}

// A WaitingMessage is one message of [Waiting].
type WaitingMessage struct {
	Manifest seal.SignedManifest `json:"manifest"`
	Grant    []byte              `json:"grant,omitempty"`    // for the code of the link itself
	Recovery []byte              `json:"recovery,omitempty"` // for the recovery key
}

// An Activation is what makes an account.
type Activation struct {
	Name      string            `json:"name"` // as shown to those who get replies
	KDF       seal.KDF          `json:"kdf"`
	Verifier  []byte            `json:"verifier"`        // PasswordKeys.Verifier; the owner keeps its hash
	PublicKey string            `json:"publicKey"`       // AccountKey.Recipient
	Wrapped   []byte            `json:"wrapped"`         // AccountKey.Wrap
	Escrow    []byte            `json:"escrow"`          // AccountKey.Escrow; empty where there is no recovery
	Grants    map[string][]byte `json:"grants"`          // message id -> grant for PublicKey
	Client    string            `json:"client"`          // the browser's IP address, for the audit and limits
	Agent     string            `json:"agent,omitempty"` // its User-Agent, for the list of sessions
}

// A Session is a fresh login.
type Session struct {
	Token   seal.Token `json:"token"`
	Address string     `json:"address"`
	Name    string     `json:"name"`
	Wrapped []byte     `json:"wrapped"` // the account key under the password
	Expires time.Time  `json:"expires"`
	// Addresses and Former are as of [SessionInfo].
	Addresses []string `json:"addresses,omitempty"`
	Former    []string `json:"former,omitempty"`
	// Escrow is the account key under the recovery key, for one who signed in
	// without a password of the portal.
	Escrow []byte `json:"escrow,omitempty"`
	// Pending: the session waits for a second factor (Factors).
	Pending bool `json:"pending,omitempty"`
}

// Accounts are the calls around login.
type Accounts interface {
	// Challenge returns the parameters to stretch the password with. For an
	// unknown address it returns parameters that are always the same for it and
	// look like anybody's.
	Challenge(ctx context.Context, address string) (seal.KDF, error)
	// Login compares the verifier and starts a session. Failures are counted by
	// address and by client; the errors are ErrLogin and ErrThrottled.
	Login(ctx context.Context, l Login) (Session, error)
	// KeepKey stores the account key, sealed for the session, with it.
	KeepKey(ctx context.Context, session seal.Token, sealed []byte) error
	// SessionInfo returns a live session and notes that it was used.
	SessionInfo(ctx context.Context, session seal.Token) (SessionInfo, error)
	// Logout ends the session. Ending an unknown one is no error.
	Logout(ctx context.Context, session seal.Token) error
	// RequestReset mails a reset link if the address has an account or a message
	// waiting. It answers the same, and in the same time, if not.
	RequestReset(ctx context.Context, address, client string) error
	// Claim adds the message of an activation link to the session's account,
	// which must be its recipient's.
	Claim(ctx context.Context, session, link seal.Token, grant []byte) error
	// ClaimGrant returns what Claim needs: the message's manifest and the grant
	// for the link's code. It is ErrConflict if the account has the message.
	ClaimGrant(ctx context.Context, session, link seal.Token) (WaitingMessage, error)
}

// A Login is one attempt.
type Login struct {
	Address  string `json:"address"`
	Verifier []byte `json:"verifier"`
	Client   string `json:"client"`
	Agent    string `json:"agent,omitempty"`
}

// SessionInfo describes a live session.
type SessionInfo struct {
	Address   string    `json:"address"`
	Name      string    `json:"name"`
	PublicKey string    `json:"publicKey"`
	SealedKey []byte    `json:"sealedKey"` // what KeepKey stored
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	// Unproven: the identity provider does not say when the person showed it who they
	// are, so that a [Proof] without a password is never good.
	Unproven bool `json:"unproven,omitempty"`
	// Addresses are further ones of the account, Former those that it had once.
	Addresses []string `json:"addresses,omitempty"`
	Former    []string `json:"former,omitempty"`
	// Preferences are what AccountChange set last.
	Preferences json.RawMessage `json:"preferences,omitempty"`
	// Compose is what the account may write to whom; Domains are those of
	// ComposeInternal.
	Compose string   `json:"compose,omitempty"`
	Domains []string `json:"domains,omitempty"`
	// Visitor is who acts, in a visit. Preferences are then the visitor's, and
	// SealedKey holds both keys (seal.AccountKey.ForVisit).
	Visitor *Visitor `json:"visitor,omitempty"`
	// Mailboxes are those that whoever acts can switch to, beside the own one.
	Mailboxes []Seat `json:"mailboxes,omitempty"`
	// LookUp: the account may look people up (Directory).
	LookUp bool `json:"lookUp,omitempty"`
}

// Mailbox are the calls of a session on its account's messages.
type Mailbox interface {
	// Inbox returns a page, newest first. cursor is "" or the Next of a page.
	Inbox(ctx context.Context, session seal.Token, cursor string, limit int) (Page, error)
	// Message returns one message. It changes nothing.
	Message(ctx context.Context, session seal.Token, id string) (Message, error)
	// Payload returns the sealed payload of a message.
	Payload(ctx context.Context, session seal.Token, id string) (io.ReadCloser, error)
	// MarkOpened notes that the message was opened (the first time is kept) and
	// whether it counts as read.
	MarkOpened(ctx context.Context, session seal.Token, id string, read bool) error
}

// A Page of an inbox.
type Page struct {
	Messages []Message `json:"messages"`
	Next     string    `json:"next,omitempty"` // cursor of the next page, "" at the end
	Total    int       `json:"total"`
	Unread   int       `json:"unread"`
}

// A Message is a sealed message as one recipient has it.
type Message struct {
	ID       string              `json:"id"`
	Manifest seal.SignedManifest `json:"manifest"`
	Summary  []byte              `json:"summary"` // sealed (MessageKey.SealSummary)
	Grant    []byte              `json:"grant"`   // for the caller: its account key, or its link's code
	Received time.Time           `json:"received"`
	Expires  time.Time           `json:"expires"`
	Opened   time.Time           `json:"opened,omitzero"`  // first time
	Replied  time.Time           `json:"replied,omitzero"` // last time
	// RepliedBy names who did, of a mailbox's people; "" for the account's holder.
	RepliedBy string   `json:"repliedBy,omitempty"`
	Read      bool     `json:"read"`
	CanReply  bool     `json:"canReply"`           // the sender has an address to answer to, and lets it be answered
	Others    []string `json:"others,omitempty"`   // whom a reply to all goes to, too
	NeedsPIN  bool     `json:"needsPIN,omitempty"` // there is no Grant without TryPIN

	// Of an ended message, which Inbox lists for a while: there are no manifest,
	// summary and grant. Every other call answers with an EndedError.
	Ended   string    `json:"ended,omitempty"` // expired, recalled
	EndedBy string    `json:"endedBy,omitempty"`
	EndedAt time.Time `json:"endedAt,omitzero"`
	Sender  string    `json:"sender,omitempty"` // envelope sender; only of an ended one, the manifest has it else
}

// Replies are the calls that send.
type Replies interface {
	// Reply sends an answer to the sender of a message. entity is a MIME entity
	// (RFC 2045): Content-Type and Content-Transfer-Encoding, an empty line, the
	// body. The owner writes every other header itself: From, To, Reply-To,
	// Date, Message-ID, In-Reply-To and References come from what it stored.
	// The reply is durable when Reply returns nil.
	Reply(ctx context.Context, by Caller, r Reply, entity io.Reader) error
}

// A Caller is who replies: the holder of a session, or of a one-time link that
// was opened. Exactly one is set.
type Caller struct {
	Session seal.Token `json:"session,omitzero"`
	Link    seal.Token `json:"link,omitzero"`
}

// A Reply is the part of an answer that the guest chooses.
type Reply struct {
	Message string `json:"message"` // id of the message answered to
	Subject string `json:"subject"` // the owner can't read the message's; control characters are refused
	Name    string `json:"name,omitempty"`
	// Nonce makes a reply that the browser sends twice one reply.
	Nonce string `json:"nonce"`
	// All sends it to the internal recipients of the message, too.
	All bool `json:"all,omitempty"`
	// Draft becomes the copy in sent; "": there is none. Of a session alone.
	Draft string `json:"draft,omitempty"`
}
