package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// recordVersion is the version of every record today. A later one decodes this
// one too.
const recordVersion = 1

// A record knows which version it was written as.
type record interface{ version() int }

// versioned is what every record starts with.
type versioned struct {
	V int `json:"v"`
}

func (r versioned) version() int { return r.V }

// current is in each record that is written.
var current = versioned{recordVersion}

// decode reads a record. Unknown fields are ignored, an unknown version is not.
func decode(bucket string, b []byte, out record) error {
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s: broken record: %w", bucket, err)
	}
	if out.version() != recordVersion {
		return fmt.Errorf("%s: record of version %d, this program knows %d", bucket, out.version(), recordVersion)
	}
	return nil
}

// How a message or link ended.
const (
	endExpired  = "expired"
	endRecalled = "recalled"
	endUsed     = "used"
)

// endError returns the error for whoever holds what ended.
func endError(how, by string, at time.Time) error {
	return &socket.EndedError{How: how, By: by, At: at}
}

// messageRecord is a sealed message as one recipient has it. After its end it is
// an outline, see [messageRecord.outline].
type messageRecord struct {
	versioned
	Account    accountID  `json:"account"`
	Ended      string     `json:"ended,omitempty"`
	Mode       seal.Mode  `json:"mode,omitempty"`
	Sender     string     `json:"sender,omitempty"`
	Recipient  string     `json:"recipient,omitempty"`
	MessageID  string     `json:"messageID,omitempty"`
	References string     `json:"references,omitempty"`
	ReplyTo    string     `json:"replyTo,omitempty"`
	Payload    id         `json:"payload"`
	Link       *tokenHash `json:"link,omitempty"` // of its activation or one-time link
	Created    time.Time  `json:"created,omitzero"`
	Expires    time.Time  `json:"expires,omitzero"`
	Opened     time.Time  `json:"opened,omitzero"`
	Replied    time.Time  `json:"replied,omitzero"`
	OpenedBy   []byPerson `json:"openedBy,omitempty"` // the first time by each of a mailbox's people
	RepliedBy  *byPerson  `json:"repliedBy,omitempty"`

	Restrict seal.Restriction `json:"restrict,omitzero"`
	PIN      *pinRecord       `json:"pin,omitempty"`
	Receipt  string           `json:"receipt,omitempty"` // where the read receipt goes

	Dispatch   id          `json:"dispatch,omitzero"` // what its sender can follow
	Noticed    time.Time   `json:"noticed,omitzero"`
	NoticeLost bool        `json:"noticeLost,omitempty"`
	Reminded   time.Time   `json:"reminded,omitzero"` // because its sender asked
	Unread     []time.Time `json:"unread,omitempty"`  // when reminders of an unread one are due
	Warn       time.Time   `json:"warn,omitzero"`     // when the warning of its end is due

	EndedAt time.Time `json:"endedAt,omitzero"`
	EndedBy string    `json:"endedBy,omitempty"`

	Deleted bool      `json:"deleted,omitempty"` // it is in the folder of deleted ones
	Purge   time.Time `json:"purge,omitzero"`    // when it goes from there
	Gone    bool      `json:"gone,omitempty"`    // its account removed it for good
	Others  []string  `json:"others,omitempty"`  // internal addresses of To and Cc, for a reply to all
}

// A pinRecord guards a message that needs a PIN.
type pinRecord struct {
	Verifier tokenHash `json:"verifier"` // SHA-256 of the PIN's verifier
	Failures int       `json:"failures,omitempty"`
}

// payloadRecord says where a payload is. A reply in the outbox has one too.
type payloadRecord struct {
	versioned
	Week   string      `json:"week"`
	Chunks uint32      `json:"chunks"`
	Size   int64       `json:"size"`
	Digest seal.Digest `json:"digest"` // SHA-256 of the chunks as stored
	Refs   int         `json:"refs"`   // messages that have it; 0: waits for its week to end
}

// linkRecord is what a link is for. After its end only Kind and what tells of the
// end are left. Links of senders have no end of their own: they go with what they
// are for.
type linkRecord struct {
	versioned
	Kind    socket.LinkKind `json:"kind"`
	Ended   string          `json:"ended,omitempty"`
	EndedAt time.Time       `json:"endedAt,omitzero"`
	EndedBy string          `json:"endedBy,omitempty"`
	Message id              `json:"message,omitzero"` // or the hold or the dispatch
	Account accountID       `json:"account,omitzero"` // that Address would be joined to
	Address string          `json:"address,omitempty"`
	Created time.Time       `json:"created,omitzero"`
	Expires time.Time       `json:"expires,omitzero"`
	// Member: of somebody whom the organisation's sign-in verified and who has no
	// account yet. Nobody is mailed it.
	Member bool      `json:"member,omitempty"`
	Proved time.Time `json:"proved,omitzero"` // of a member: as of a session
	// Seat is the invitation to a mailbox.
	Seat *seatOffer `json:"seat,omitempty"`
}

// accountRecord is a recipient's account.
type accountRecord struct {
	versioned
	Address   string    `json:"address"`
	Name      string    `json:"name"`
	KDF       seal.KDF  `json:"kdf"`
	Verifier  tokenHash `json:"verifier"` // SHA-256 of the password's verifier
	PublicKey string    `json:"publicKey"`
	Wrapped   []byte    `json:"wrapped"`
	Escrow    []byte    `json:"escrow,omitempty"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
	// Networks are keyed hashes of the networks of the latest logins: others'
	// failures don't delay a login from there.
	Networks []tokenHash `json:"networks,omitempty"`
	// Agents are keyed hashes of the latest browsers.
	Agents      []tokenHash     `json:"agents,omitempty"`
	Alerted     time.Time       `json:"alerted,omitzero"` // last sign-in alert
	Quiet       bool            `json:"quiet,omitempty"`  // no sign-in alerts are wanted
	Missed      int             `json:"missed,omitempty"` // failures at the second factor since the last success
	Warned      time.Time       `json:"warned,omitzero"`  // last mail about them
	Phrase      string          `json:"phrase,omitempty"` // the account's own, shown in notices
	Roundup     socket.Roundup  `json:"roundup,omitzero"`
	Factors     factors         `json:"factors,omitzero"`
	PeopleOnly  bool            `json:"peopleOnly,omitempty"`  // it has no log-in of its own
	SecondStep  bool            `json:"secondStep,omitempty"`  // people need a second step
	Preferences json.RawMessage `json:"preferences,omitempty"` // of the portal
	Aliases     []alias         `json:"aliases,omitempty"`     // further addresses
	Former      []string        `json:"former,omitempty"`      // that it had once: messages name them
}

// sessionRecord is a login.
type sessionRecord struct {
	versioned
	Account   accountID `json:"account"`
	Actor     accountID `json:"actor,omitzero"`    // who visits the account's mailbox
	Replaces  tokenHash `json:"replaces,omitzero"` // the session that it was switched from
	SealedKey []byte    `json:"sealedKey,omitempty"`
	Created   time.Time `json:"created"`
	Used      time.Time `json:"used"` // to a minute
	// Proved is when the person last showed who they are. It is before Created where
	// an identity provider remembered them, and zero where that does not say.
	Proved  time.Time `json:"proved,omitzero"`
	Expires time.Time `json:"expires"`
	Pending bool      `json:"pending,omitempty"` // waits for a second factor
	Client  string    `json:"client,omitempty"`  // IP address at the login
	Agent   string    `json:"agent,omitempty"`   // User-Agent at the login
	Setup   *setup    `json:"setup,omitempty"`   // of a second factor, or its challenge
}

// outboxRecord is a mail's turn in the queue.
type outboxRecord struct {
	versioned
	Attempts int `json:"attempts,omitempty"`
}

// mailRecord is a mail of the outbox. A large one's data is a payload, each chunk
// sealed under Key.
type mailRecord struct {
	versioned
	Kind    string    `json:"kind"`
	From    string    `json:"from"`
	To      []string  `json:"to"`
	ID      string    `json:"id"`
	Queued  time.Time `json:"queued"`
	Expires time.Time `json:"expires"`
	Size    int64     `json:"size"`
	Data    []byte    `json:"data,omitempty"`
	Payload id        `json:"payload,omitzero"`
	Key     []byte    `json:"key,omitempty"`
	Pass    []byte    `json:"pass,omitempty"`
	Message id        `json:"message,omitzero"` // that it announces
	// Messages are those that a round-up announces.
	Messages []id `json:"messages,omitempty"`
}

// dedupRecord is the outcome of an offer.
type dedupRecord struct {
	versioned
	Expires time.Time `json:"expires"`
	Outcome []byte    `json:"outcome,omitempty"`
}
