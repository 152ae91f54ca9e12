package mail

import (
	"strings"
	"unicode"
)

// label names a part for people: "body text/plain", "attachment scan.pdf".
func (p *Part) label() string {
	switch {
	case p.forwarded && p.Path != "" || p.Nested && p.Kind != Attachment:
		return "forwarded message " + safeLabel(p.Type)
	case p.Kind != Attachment:
		return "body " + safeLabel(p.Type)
	case p.Name != "":
		return "attachment " + safeLabel(p.Name)
	}
	return "attachment " + safeLabel(p.Type)
}

const (
	maxLabel       = 80 // characters
	maxLabelDigits = 6  // digits a label may show
)

// safeLabel makes a name from a message fit for logs: short, printable, and
// without the number that it may carry.
func safeLabel(s string) string {
	digits := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > maxLabel || !unicode.IsPrint(r) || invisible(r) {
			return -1
		}
		if digits > maxLabelDigits && unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, s)
}
