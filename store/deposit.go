package store

import (
	"io"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// A DepositKey tells whether two offers by the MTA are the same message
// (design: same envelope, Message-ID and content within a day).
type DepositKey struct {
	From      string   // envelope sender, as received
	To        []string // envelope recipients, as received, in order
	MessageID string   // header Message-ID, "" if there is none
	Content   [32]byte // SHA-256 of header and body as received, trace headers left out
}

// A SealRequest asks for one sealed message. Recipients with different modes
// need a request each: a one-time payload has no recovery grant, so it can't
// share a message key with an account-mode one.
type SealRequest struct {
	Mode       seal.Mode
	Sender     string   // envelope sender
	Internal   bool     // the sender is a member
	Recipients []string // envelope addresses, normalised; each gets a grant and a manifest of its own
	MessageID  string   // header Message-ID with <>, for the thread of a reply; may be ""
	References string   // header References, unfolded; may be ""
	ReplyTo    string   // where a reply goes: header Reply-To or From if internal, else the sender
	Summary    seal.Summary
	Message    io.Reader // the plaintext original, read once to EOF
	Created    time.Time
	Expires    time.Time
	Restrict   seal.Restriction // PIN makes one for each recipient, of [MaxPINs] at most; see [Sealed]
	// ReadReceipt is where a disposition notification (RFC 8098) goes when the
	// message is first opened; "" for none.
	ReadReceipt string
	// Others are internal addresses of the header's To and Cc, at most 50: whom a
	// reply to all goes to, too. Its recipient and ReplyTo are left out.
	Others []string
}

// Sealed is what a recipient's notice needs.
type Sealed struct {
	Message   string // id, of this recipient's copy alone
	Recipient string // as in the request
	Mode      seal.Mode
	Account   bool      // the recipient has an account: no code, the link alone
	Code      seal.Code // activation or one-time code; zero if Account
	PIN       string    // told to the sender alone, as digits; "" if there is none
	Language  string    // of the recipient's account (BCP 47); "" if not known
	Phrase    string    // the account's own, by which its notices are known; may be ""
	Check     string    // by it the notice is known to be genuine; it opens nothing
	Created   time.Time
	Expires   time.Time
	// Waits is when the recipient's round-up tells of the message: there is to be no
	// notice. Zero: the recipient is to get one.
	Waits time.Time
}

// A Mail is mail of our own for the outbox. Data is a whole message (RFC 5322,
// CRLF) without the loop guard's header, which the sender of the outbox adds.
type Mail struct {
	Kind string   // "notice", "copy", "dsn", "receipt", "reset", "reply", "released", "reminder": for logs and metrics
	From string   // envelope sender, "" for the null reverse-path
	To   []string // envelope recipients
	// ID is the Message-ID in Data, derived from what the mail is about, so that
	// one sent twice is recognised as the same.
	ID   string
	Data []byte
	Rest io.Reader // more after Data, read once by Commit; nil for nothing
	// Pass goes into the guard's mark: what the milter is to know when the mail
	// passes it again. nil: it lets the mail pass as it is.
	Pass []byte
	// Message is the id of the sealed message that the mail announces: what becomes
	// of the mail shows in the message's status. "" for any other mail.
	Message string
}
