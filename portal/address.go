package portal

import (
	"net/mail"
	"strings"
	"unicode/utf8"
)

// otherAddress returns the envelope's address if the From line, which a sender
// writes as it likes, names another; else "".
func otherAddress(from, envelope string) string {
	if envelope == "" {
		return ""
	}
	a, err := mail.ParseAddress(from)
	if err == nil && strings.EqualFold(a.Address, envelope) {
		return ""
	}
	if strings.EqualFold(strings.TrimSpace(from), envelope) {
		return ""
	}
	return envelope
}

// clip shortens s to at most n octets at a character's border.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
