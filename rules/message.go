package rules

import (
	"io"
	"net/netip"
	"time"
)

// A Message is what the rules look at. Nothing in it is trusted.
type Message struct {
	From       string      // envelope sender without <>, as received; "" is the null reverse-path
	Recipients []string    // envelope recipients without <>, as received, in order
	Header     []Field     // in order, as received
	Body       io.ReaderAt // the octets after the header's empty line; nil if not read
	BodySize   int64       // octets in Body
	Size       int64       // octets of the whole message; 0 if not known yet
	AuthUser   string      // SMTP AUTH identity, "" if none ({auth_authen})
	Client     netip.Addr  // SMTP client; invalid for a message from the local command
	TLS        string      // {tls_version} of the incoming connection, "" if it came in clear
	Time       time.Time   // when it was received; the rules have no other clock

	// Sent returns how many recipients the other messages of this sender had since
	// a time. Without it, or when it fails, rules that ask end in an error.
	Sent func(since time.Time) (int64, error)

	// Released tells whether a rule that blocks or quarantines lets this message
	// through to a recipient, because somebody released it or trusts its sender since. The
	// rule is then passed over, and the following ones are asked. It is asked with
	// the release as the rule gives it now, and only when the rule matches. nil:
	// never. When it fails, so does the evaluation.
	Released func(r Release, recipient string) (bool, error)
}

// SentBefore is a Message.Sent that always says n.
func SentBefore(n int64) func(time.Time) (int64, error) {
	return func(time.Time) (int64, error) { return n, nil }
}

// A Field is one header field (RFC 5322 section 2.2): the name and the value as
// received, still folded, without the final line break.
type Field struct{ Name, Value string }

// Action is what is done with a message for one recipient.
type Action string

const (
	Deliver    Action = "deliver"    // goes out as it is
	Pickup     Action = "pickup"     // sealed, read with a portal account
	OneTime    Action = "one-time"   // sealed, read with the one-time link
	Return     Action = "return"     // refused, the sender learns why
	Discard    Action = "discard"    // accepted and dropped
	Block      Action = "block"      // held until it is released
	Quarantine Action = "quarantine" // held by the MTA until the admin releases it
)

// A Decision is the outcome for a whole message.
type Decision struct {
	Verdicts []Verdict // one a recipient, in the order of Message.Recipients
	Defects  []string  // what was wrong with the message's form; never its content
}

// A Verdict is the outcome for one recipient.
type Verdict struct {
	Recipient string // as in Message.Recipients
	Action    Action
	Rule      string     // the rule that decided; "" for a default
	Reason    string     // why, when no rule decided: "default" or "unscannable: ..."
	Text      string     // the rule's text for the sender
	Release   Release    // how a blocked message can be released
	Also      Also       // what the matching rules add
	Matched   []string   // other rules that matched, in file order
	Passed    []string   // rules that would have blocked, and let through what was released
	Would     []string   // rules in test mode that matched, as "one-time by card"
	Evidence  []Evidence // of the rules that matched
}

// String gives the action and who decided, as a [[test]] expects it: "pickup by
// card", "deliver", "quarantine (unscannable: ...)".
func (v Verdict) String() string {
	switch {
	case v.Rule != "":
		return string(v.Action) + " by " + v.Rule
	case v.Reason != "" && v.Reason != "default":
		return string(v.Action) + " (" + v.Reason + ")"
	}
	return string(v.Action)
}

// Evidence is one reason for a match, fit to be shown and logged.
type Evidence struct {
	Rule   string `json:"rule"`
	What   string `json:"what"`   // the condition's key: "detect", "dictionary", "subject", "to", ...
	Part   string `json:"part"`   // where: "header Subject", "body text/plain", "attachment scan.pdf"
	Name   string `json:"name"`   // the detector, dictionary or list
	Masked string `json:"masked"` // the value, all but its ends hidden
}
