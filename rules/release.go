package rules

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Release says who may let a blocked message go, and what follows from it.
// For a quarantined one it says under what an administrator's release is noted, and
// offers nothing. That of any other verdict is zero.
type Release struct {
	// Rule is what a release is noted under and Message.Released asked about: the
	// rule that blocked, or [DefaultThen] or [DefaultUnscannable], each of them
	// behind "quarantine by " where the message is quarantined. So a rule that
	// quarantines knows nothing of releases from the time when it blocked.
	Rule string
	// Offered is whether the sender gets a link that releases the message.
	// Without it only an administrator can.
	Offered bool
	// Mode is how the message waits; "" leaves it to the configuration.
	Mode ReleaseMode
	// Trust is what a release means for later mail that the same rule blocks.
	Trust Trust
	For   time.Duration // how long the trust lasts; 0: for ever
}

// What the defaults block has no rule's name, and neither has what the milter
// seals because it answers a secret message. No rule can have these.
const (
	DefaultThen        = "defaults.then"
	DefaultUnscannable = "defaults.unscannable"
	Thread             = "thread"
)

// A ReleaseMode is where a blocked message waits.
type ReleaseMode string

const (
	// Hold: sealed with us; a release sends it on at once.
	Hold ReleaseMode = "hold"
	// Defer: at the sender's server, which is answered with a temporary failure
	// until the message is released.
	Defer ReleaseMode = "defer"
)

// Trust is whose later mail a release lets through as well.
type Trust string

const (
	TrustNone      Trust = "none"      // the released message alone
	TrustRecipient Trust = "recipient" // from its sender to its recipient
	TrustSender    Trust = "sender"    // from its sender to anybody
)

// defaultTrust is how long trust lasts unless a rule says it.
const defaultTrust = 365 * 24 * time.Hour

// offeredRelease is what a rule gives that says nothing of a release.
func offeredRelease(rule string) Release {
	return Release{Rule: rule, Offered: true, Trust: TrustNone}
}

// quarantineMark stands before the name under which a release from quarantine is
// noted.
const quarantineMark = "quarantine by "

// quarantinedBy is the release of what a rule, or a default, quarantines.
func quarantinedBy(rule string) Release {
	return Release{Rule: quarantineMark + rule, Trust: TrustNone}
}

// MarshalJSON writes it as a rule file has it: false, or mode, trust and for.
func (r Release) MarshalJSON() ([]byte, error) {
	if !r.Offered {
		return json.Marshal(false)
	}
	return json.Marshal(struct {
		Mode  ReleaseMode `json:"mode,omitempty"`
		Trust Trust       `json:"trust"`
		For   string      `json:"for,omitempty"`
	}{r.Mode, r.Trust, r.lasting()})
}

// String tells it to people: "by the sender, mode hold, trust recipient for 365d".
func (r Release) String() string {
	if !r.Offered {
		return "by an administrator only"
	}
	s := "by the sender"
	if r.Mode != "" {
		s += ", mode " + string(r.Mode)
	}
	if r.Trust != TrustNone {
		s += fmt.Sprintf(", trust %s for %s", r.Trust, r.lasting())
	}
	return s
}

// lasting writes For as a rule file has it, "" without trust.
func (r Release) lasting() string {
	switch {
	case r.Trust == TrustNone:
		return ""
	case r.For == 0:
		return "forever"
	}
	return showDuration(r.For)
}

// releaseKeys are the keys of `release`, with their documentation.
func releaseKeys() []keyInfo {
	return []keyInfo{
		{name: "mode", value: "`hold` or `defer`", doc: "Where the message waits: `hold` keeps it sealed in the store and mails the link to the sender; `defer` answers the sender's server with a temporary failure whose text has the link, and takes the message when that server tries again after the release. It takes effect only where all recipients of a message are blocked so; else the message is held. Unless told, the configuration chooses.", example: `release = { mode = "hold" }`},
		{name: "trust", value: "`recipient`, `sender` or `none`", doc: "Whose later mail the rule lets through after a release: from this sender to this recipient, from this sender to anybody, or none. `none` unless told.", example: `release = { trust = "recipient" }`},
		{name: "for", value: "a duration or `forever`", doc: "How long the trust lasts. `365d` unless told.", example: `release = { trust = "sender", for = "forever" }`},
	}
}

// decodeRelease reads what a rule says of releases: false, true or a table.
func decodeRelease(n node, rule string) Release {
	r := offeredRelease(rule)
	if b, ok := n.value.(bool); ok {
		if !b {
			return Release{Rule: rule, Trust: TrustNone}
		}
		return r
	}
	if !n.isTable() {
		n.errorf("is %s; write false, true or a table like { trust = \"recipient\", for = \"365d\" }", n.kind())
		return r
	}
	if len(n.fields()) == 0 {
		n.errorf("is empty; write true, or mode, trust and for")
	}
	r.For = defaultTrust
	for _, f := range n.fields() {
		switch f.name() {
		case "mode":
			r.Mode = oneOf(f, Hold, Defer)
		case "trust":
			r.Trust = oneOf(f, TrustRecipient, TrustSender, TrustNone)
		case "for":
			r.For = decodeTrustTime(f)
		default:
			f.unknown(keyNames(releaseKeys()))
		}
	}
	if r.Trust == TrustNone {
		if f, ok := n.field("for"); ok {
			f.errorf("there is no trust that could last; add trust = \"recipient\" or trust = \"sender\"")
		}
		r.For = 0
	}
	return r
}

func decodeTrustTime(n node) time.Duration {
	s, ok := n.text()
	if !ok || s == "forever" {
		return 0
	}
	d, err := parseDuration(s)
	switch {
	case err != nil:
		n.errorf("%v; write one like \"365d\", or \"forever\"", err)
	case d < time.Minute:
		n.errorf("%q is too short; write at least \"1m\"", s)
	}
	return d
}
