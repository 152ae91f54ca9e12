package portal

import (
	"log/slog"
	"strings"
	"unicode"
)

// The events that get a line in the log, by the verb that is the line's message.
// They are the audit trail's verbs where that has them. Tools such as fail2ban
// match these lines (docs/operations.md): the verb is followed by the client.
const (
	eventLogin       = "login"
	eventLoginFailed = "login-failed"
	eventThrottled   = "throttled"   // too many requests or attempts
	eventActivated   = "activated"   // a new account
	eventResetAsked  = "reset-asked" // whether there is such an account or not
	eventReset       = "reset"       // a new password by a reset's link
	eventOpened      = "opened"
	eventReplied     = "replied"
	eventComposed    = "composed" // a new message
	eventPassword    = "password" // a new one, by the account
	eventFactor      = "factor"   // a second factor was added or removed
	eventClosed      = "closed"   // the account
	eventEntered     = "entered"  // a mailbox, by one of its people
	eventSeat        = "seat"     // who may open a mailbox
	eventAddress     = "address"  // a further one was asked for, added or removed
	eventPINFailed   = "pin-failed"
	eventReleased    = "released"  // by the sender of a held message
	eventWithdrawn   = "withdrawn" // by the sender of a held message
	eventRecalled    = "recalled"
	eventExtended    = "extended"
	eventReminded    = "reminded"
	eventUnwanted    = "unwanted" // marked or unmarked
)

// event logs what a client did: its address, then the account's address or the
// message's id. Never a code, a token, a name or a subject.
func (p *portal) event(c *call, verb string, about ...any) {
	level := slog.LevelInfo
	if verb == eventLoginFailed || verb == eventPINFailed || verb == eventThrottled {
		level = slog.LevelWarn
	}
	p.log.Log(c.ctx(), level, verb, append([]any{"client", c.client}, about...)...)
}

// typedAddress returns what somebody typed for an address, for the log, and ""
// for what is none: people type passwords and codes into the wrong field.
func typedAddress(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || !strings.Contains(domain, ".") || len(s) > maxAddress ||
		strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }) {
		return ""
	}
	return s
}
