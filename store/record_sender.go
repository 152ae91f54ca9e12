package store

import (
	"time"
)

// outline is what is kept of a message that ended: nothing of its content, and
// nothing that opens it. It tells its recipient and its sender what became of it.
func (m messageRecord) outline(how, by string, at time.Time) messageRecord {
	return messageRecord{
		versioned: current, Account: m.Account, Mode: m.Mode, Sender: m.Sender, Restrict: m.Restrict,
		Created: m.Created, Expires: m.Expires, Opened: m.Opened, Replied: m.Replied,
		OpenedBy: m.OpenedBy, RepliedBy: m.RepliedBy,
		Dispatch: m.Dispatch, Noticed: m.Noticed, NoticeLost: m.NoticeLost,
		Ended: how, EndedBy: by, EndedAt: at, Gone: m.Gone,
	}
}

// holdRecord is a message that waits for its sender or an administrator. After
// its end Pass, Subject, MessageID and Payload are gone.
type holdRecord struct {
	versioned
	State      HoldState  `json:"state"`
	Deferred   bool       `json:"deferred,omitempty"` // the message itself is at the sender's server
	Quarantine bool       `json:"quarantine,omitempty"`
	Sender     string     `json:"sender"`
	Recipients []string   `json:"recipients"`
	Rule       string     `json:"rule"`
	Text       string     `json:"text,omitempty"`
	MessageID  string     `json:"messageID,omitempty"`
	Pass       []byte     `json:"pass,omitempty"`
	Subject    []byte     `json:"subject,omitempty"` // of a deferred one, sealed under the link's code
	Payload    id         `json:"payload,omitzero"`
	Link       *tokenHash `json:"link,omitempty"`
	Trust      TrustGrant `json:"trust,omitzero"`
	Dispatch   id         `json:"dispatch,omitzero"`
	Created    time.Time  `json:"created"`
	Expires    time.Time  `json:"expires"`
	Ended      time.Time  `json:"ended,omitzero"`
}

// trustRecord says that a rule lets a sender's mail pass.
type trustRecord struct {
	versioned
	Rule      string    `json:"rule"`
	Sender    string    `json:"sender"`
	Recipient string    `json:"recipient,omitempty"` // "": anybody
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"` // zero: never
}

// unwantedRecord says that a recipient does not want a sender's released mail.
type unwantedRecord struct {
	versioned
	Recipient string    `json:"recipient"`
	Sender    string    `json:"sender"`
	Created   time.Time `json:"created"`
}

// dispatchRecord is a message as its sender follows it.
type dispatchRecord struct {
	versioned
	Sender    string    `json:"sender"`
	Subject   []byte    `json:"subject,omitempty"` // sealed under the status link's code
	MessageID string    `json:"messageID,omitempty"`
	Rule      string    `json:"rule,omitempty"`
	Link      tokenHash `json:"link"`
	Lines     int       `json:"lines"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`   // of its last message
	Forgotten time.Time `json:"forgotten"` // when the status ends
}

// lineRecord is a part of the recipients of a dispatch. It never changes: what
// becomes of a message stands in the message's own record.
type lineRecord struct {
	versioned
	Lines []dispatchLine `json:"lines"`
}

type dispatchLine struct {
	To      string `json:"to"`
	Action  string `json:"action"`
	Message id     `json:"message,omitzero"`
	Hold    id     `json:"hold,omitzero"`
}
