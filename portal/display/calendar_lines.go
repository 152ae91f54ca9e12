package display

import (
	"fmt"
	"regexp"
	"strings"

	ics "github.com/arran4/golang-ical"
)

// Limits of a calendar object. Lines that are too long are left out: they are
// attachments, mostly.
const (
	maxCalendar      = 1 << 20   // octets of the part
	maxCalendarKept  = 256 << 10 // octets of the lines that are read
	maxCalendarLine  = 8 << 10   // octets of one property, unfolded
	maxParameters    = 100       // of one property, and their values
	maxCalendarDepth = 4         // VCALENDAR, VEVENT, VALARM, and one to spare
	maxComponents    = 300
)

// A calendarReader collects the lines of the first calendar object of a text, for a
// parser that has no limits of its own. What the browser reads of a one-time
// message is read alike (web/pickup/calendar.js); a test compares the two.
type calendarReader struct {
	out        strings.Builder
	depth      int
	components int
	ended      bool
}

// calendarLines returns the content lines of the first calendar object, unfolded
// (RFC 5545 section 3.1), with their names in capitals and what is no property left
// out. The error is ErrCalendar if there is no object, or one beyond the limits.
func calendarLines(text string) (string, error) {
	if len(text) > maxCalendar {
		return "", fmt.Errorf("%w: more than %d octets", ErrCalendar, maxCalendar)
	}
	c := &calendarReader{}
	var line strings.Builder
	for physical := range strings.SplitSeq(validText([]byte(text)), "\n") {
		if rest, folded := cutFold(physical); folded && line.Len() > 0 {
			if line.Len() <= maxCalendarLine {
				line.WriteString(rest)
			}
			continue
		}
		if err := c.line(line.String()); err != nil || c.ended {
			return c.out.String(), err
		}
		line.Reset()
		line.WriteString(physical)
	}
	if err := c.line(line.String()); err != nil {
		return "", err
	}
	if !c.ended {
		return "", fmt.Errorf("%w: it has no end", ErrCalendar)
	}
	return c.out.String(), nil
}

// cutFold takes the blank away with which a folded line goes on.
func cutFold(s string) (string, bool) {
	if s != "" && (s[0] == ' ' || s[0] == '\t') {
		return s[1:], true
	}
	return s, false
}

// parameters counts what stands before a property's value. The parser copies the
// line for each.
func parameters(s string) (n int) {
	quoted := false
	for _, c := range []byte(s) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ':':
			return n
		case c == ';' || c == ',':
			n++
		}
	}
	return n
}

// contentLine matches a property (RFC 5545 section 3.1): a name, parameters, a
// value. A backslash takes the meaning of what follows it in a parameter, too.
var contentLine = regexp.MustCompile(`^[A-Za-z0-9-]+(?:;[A-Za-z0-9-]+=` + paramValue + `(?:,` + paramValue + `)*)*:`)

const paramValue = `(?:"(?:\\.|[^"\\])*"|(?:\\.|[^";:,\\])*)`

func (c *calendarReader) line(s string) error {
	if len(s) > maxCalendarLine || parameters(s) > maxParameters || !contentLine.MatchString(s) {
		return nil
	}
	i := strings.IndexAny(s, ";:")
	// One line that the parser doesn't take would make it refuse the whole.
	if p, err := ics.ParseProperty(ics.ContentLine(s)); p == nil || err != nil {
		return nil
	}
	name, rest := strings.ToUpper(s[:i]), s[i:]
	if name == "BEGIN" || name == "END" {
		rest = strings.ToUpper(strings.TrimRight(rest, " \t"))
	}
	switch name {
	case "BEGIN":
		c.depth++
		c.components++
		if c.depth == 1 && rest != ":VCALENDAR" {
			return ErrCalendar
		}
		if c.depth > maxCalendarDepth || c.components > maxComponents {
			return fmt.Errorf("%w: too many components", ErrCalendar)
		}
	case "END":
		c.depth--
		c.ended = c.depth == 0
	}
	if c.depth < 1 && !c.ended {
		return nil // around the object
	}
	if c.out.Len()+len(s) > maxCalendarKept {
		return fmt.Errorf("%w: more than %d octets of properties", ErrCalendar, maxCalendarKept)
	}
	c.out.WriteString(name)
	c.out.WriteString(rest)
	c.out.WriteString("\r\n")
	return nil
}
