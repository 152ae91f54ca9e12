package store

import (
	"io"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// A HoldRequest asks to keep a message until somebody releases it. Grants go to
// the release link's code, if there is one, and to recovery: whoever releases it
// hands the message key to the store, which sends the message on.
type HoldRequest struct {
	Sender     string   // envelope sender
	Recipients []string // envelope addresses as received: the mail goes on to them
	MessageID  string   // header Message-ID with <>; may be ""
	Rule       string   // the rule that blocked
	Text       string   // the rule's text for the sender
	Summary    seal.Summary
	Message    io.Reader // the plaintext original, read once to EOF
	// Pass goes with the mail when it is released: what the milter wants to know
	// again when the message comes back to it.
	Pass       []byte
	Link       bool       // the sender may release it by a link
	Trust      TrustGrant // what a release by the link means for later mail
	Quarantine bool       // the sender is told nothing, also not in the end
	Created    time.Time
	Expires    time.Time // then it is returned to the sender
}

// A Held is what the mail to the sender needs.
type Held struct {
	ID      string
	Code    seal.Code // of the release link; zero without one
	Expires time.Time
}

// A DeferRequest notes that a message waits at the sender's own server.
type DeferRequest struct {
	Sender     string
	Recipients []string
	MessageID  string
	Rule       string
	Text       string
	Subject    string // shown on the release page; sealed under the link's code
	Pass       []byte
	Trust      TrustGrant
	Created    time.Time
	Expires    time.Time
}

// A Deferral is what became of a deferred message.
type Deferral struct {
	State   HoldState
	Code    seal.Code // the same for each offer, derived and not stored
	Expires time.Time
}

// HoldState is what became of a held or deferred message.
type HoldState string

const (
	HoldWaiting   HoldState = "waiting"
	HoldReleased  HoldState = "released"
	HoldWithdrawn HoldState = "withdrawn" // its sender decided not to send it
	HoldRejected  HoldState = "rejected"  // an administrator did
	HoldExpired   HoldState = "expired"
)

// A TrustGrant is the trust that a release gives.
type TrustGrant struct {
	Recipients bool          `json:"recipients,omitempty"` // for the message's recipients
	Anybody    bool          `json:"anybody,omitempty"`    // for anybody
	For        time.Duration `json:"for,omitempty"`        // 0: for ever
}

// A Dispatch is what the sender can follow by a status link: everybody whom a
// message went to, and how.
type Dispatch struct {
	// ID is a UUID that was promised to the sender; without one, or if it is taken,
	// the store chooses it.
	ID        string
	Sender    string
	Subject   string // sealed under the status link's code, never readable in the store
	MessageID string
	Rule      string
	Lines     []DispatchLine
	Created   time.Time
	Expires   time.Time // of the last sealed message
}

// A DispatchLine is one recipient of a [Dispatch].
type DispatchLine struct {
	Recipient string
	Message   string // id of the sealed message; "" if it was not sealed
	Held      string // id of the held message; "" if it is not held
	Action    string // "deliver", "pickup", "one-time", "return", "discard", "block", "quarantine"
}
