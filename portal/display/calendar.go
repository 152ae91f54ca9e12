package display

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// ErrCalendar is the error of a calendar object that can't be shown: it is none,
// it breaks a limit, or it holds no event.
var ErrCalendar = errors.New("no event to show")

// An Invitation is what a calendar object (RFC 5545) says of its event, for showing
// and for an answer. Texts are valid and on one line, but for Description.
// Attachments and addresses of the web in it are neither kept nor fetched.
type Invitation struct {
	Method      string // RFC 5546: "REQUEST", "CANCEL", "PUBLISH"; others aren't for the reader
	UID         string // "": it can't be answered
	Sequence    int
	Recurrence  Moment // RECURRENCE-ID: it is about this date of a series
	Summary     string
	Location    string
	Description string
	Start       Moment
	End         Moment // exclusive; zero: not said
	Frequency   string // of its repetition: "DAILY", "WEEKLY", ...; "": it doesn't repeat
	Interval    int    // 2: every other day, week, ...
	Until       Moment // last repetition; zero: not said
	Organiser   Person
	Attendees   []Person
	Cancelled   bool
	More        int // events in the object beside this one
}

// A Person takes part in an event.
type Person struct{ Name, Address string }

const maxShown = 1000 // octets of one text of an event that is shown on one line

// ReadCalendar reads a calendar object: the first event that is no exception to a
// series, or else the first. text is as [Mail.Calendar] has it.
func ReadCalendar(text string) (*Invitation, error) {
	lines, err := calendarLines(text)
	if err != nil {
		return nil, err
	}
	cal, err := ics.ParseCalendarWithOptions(strings.NewReader(lines), ics.WithUnknownPropertyHandler(ics.AcceptUnknownPropertyHandler))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCalendar, err)
	}
	in := &Invitation{Method: "PUBLISH"}
	for _, p := range cal.CalendarProperties {
		if p.IANAToken == "METHOD" {
			in.Method = strings.ToUpper(strings.TrimSpace(p.Value))
		}
	}
	zones := readZones(cal)
	var event *ics.VEvent
	for _, e := range cal.Events() {
		if event == nil || event.HasProperty("RECURRENCE-ID") && !e.HasProperty("RECURRENCE-ID") {
			event = e
		}
		in.More++
	}
	if event == nil {
		return nil, ErrCalendar
	}
	in.More--
	if err := in.fill(event, zones); err != nil {
		return nil, err
	}
	return in, nil
}

func (in *Invitation) fill(e *ics.VEvent, z zones) error {
	var duration string
	// The first of a property counts, where the RFC allows one.
	seen := map[string]bool{}
	for _, p := range e.Properties {
		name := p.IANAToken
		if seen[name] && name != "ATTENDEE" {
			continue
		}
		seen[name] = true
		switch name {
		case "UID":
			if len(p.Value) <= maxShown {
				in.UID = line(p.Value)
			}
		case "SEQUENCE":
			if n, err := strconv.ParseInt(strings.TrimSpace(p.Value), 10, 32); err == nil {
				in.Sequence = int(max(n, 0))
			}
		case "SUMMARY":
			in.Summary = line(p.Value)
		case "LOCATION":
			in.Location = line(p.Value)
		case "DESCRIPTION":
			in.Description = clip(p.Value, 64<<10)
		case "STATUS":
			in.Cancelled = in.Cancelled || strings.EqualFold(strings.TrimSpace(p.Value), "CANCELLED")
		case "ORGANIZER":
			in.Organiser, _ = person(p.BaseProperty)
		case "ATTENDEE":
			if who, ok := person(p.BaseProperty); ok {
				in.Attendees = append(in.Attendees, who)
			}
		case "DTSTART":
			in.Start = z.moment(p.BaseProperty)
		case "DTEND":
			in.End = z.moment(p.BaseProperty)
		case "RECURRENCE-ID":
			in.Recurrence = z.moment(p.BaseProperty)
		case "DURATION":
			duration = p.Value
		case "RRULE":
			in.repeats(p.BaseProperty, z)
		case "RDATE":
			if in.Frequency == "" {
				in.Frequency = "OTHER"
			}
		}
	}
	in.Cancelled = in.Cancelled || in.Method == "CANCEL"
	if in.Start.IsZero() {
		return fmt.Errorf("%w: it has no beginning", ErrCalendar)
	}
	if in.End.IsZero() {
		in.End = in.Start.plus(duration)
	}
	if in.End.Before(in.Start.Time) {
		in.End = Moment{}
	}
	return nil
}

// repeats reads a rule (RFC 5545 section 3.3.10), as far as a sentence says it.
func (in *Invitation) repeats(p ics.BaseProperty, z zones) {
	in.Frequency, in.Interval = "OTHER", 1
	for _, part := range strings.Split(p.Value, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.ToUpper(name) {
		case "FREQ":
			in.Frequency = strings.ToUpper(value)
		case "INTERVAL":
			if n, err := strconv.Atoi(value); err == nil && n > 0 {
				in.Interval = n
			}
		case "UNTIL":
			in.Until = z.moment(ics.BaseProperty{Value: value})
		}
	}
}

// person reads a calendar address (RFC 5545 section 3.3.3); ok is false if it isn't
// one of mail.
func person(p ics.BaseProperty) (who Person, ok bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(p.Value), ":")
	if !strings.EqualFold(scheme, "mailto") {
		return who, false
	}
	rest, _, _ = strings.Cut(rest, "?")
	if s, err := url.PathUnescape(rest); err == nil {
		rest = s
	}
	a, err := mail.ParseAddress(rest)
	if err != nil || a.Name != "" || strings.ContainsAny(a.Address, " \t\r\n<>\"") || validText([]byte(a.Address)) != a.Address || len(a.Address) > 320 {
		return who, false
	}
	return Person{Name: clip(line(caret.Replace(param(p, "CN"))), 200), Address: a.Address}, true
}

// caret undoes the escapes of parameters (RFC 6868 section 3.1).
var caret = strings.NewReplacer("^^", "^", "^n", " ", "^'", `"`)

func param(p ics.BaseProperty, name string) string {
	for k, v := range p.ICalParameters {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// line puts a text on one line.
func line(s string) string {
	return clip(strings.Join(strings.Fields(validText([]byte(s))), " "), maxShown)
}

// A Moment is a date or a time of an event.
type Moment struct {
	// Time is the instant, or the reading of a clock and calendar as if in UTC.
	time.Time
	Date     bool   // a whole day
	Floating bool   // whatever the reader's clock shows then
	Zone     string // whose clock it is, if the zone isn't known; "": it is
}

// Instant says whether Time is a point in time, the same for every reader.
func (m Moment) Instant() bool { return !m.Date && !m.Floating && m.Zone == "" }

// plus is the moment after a duration (RFC 5545 section 3.3.6). A day of a date has
// one day if none is given; any other moment then has no end.
func (m Moment) plus(duration string) Moment {
	days, d, ok := parseDuration(duration)
	switch {
	case ok:
		m.Time = m.Time.AddDate(0, 0, days).Add(d)
	case m.Date:
		m.Time = m.Time.AddDate(0, 0, 1)
	default:
		return Moment{}
	}
	return m
}

// maxDays bounds a duration, at about a century.
const maxDays = 36600

func parseDuration(s string) (days int, d time.Duration, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "+"), "P")
	if !ok || s == "" {
		return 0, 0, false
	}
	if len(s) > 60 {
		return 0, 0, false
	}
	for s != "" {
		s = strings.TrimPrefix(s, "T")
		i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 || i > 6 {
			return 0, 0, false
		}
		n, _ := strconv.Atoi(s[:i])
		switch s[i] {
		case 'W':
			days += 7 * n
		case 'D':
			days += n
		case 'H':
			d += time.Duration(n) * time.Hour
		case 'M':
			d += time.Duration(n) * time.Minute
		case 'S':
			d += time.Duration(n) * time.Second
		default:
			return 0, 0, false
		}
		s = s[i+1:]
	}
	return days, d, days <= maxDays && d <= maxDays*24*time.Hour
}
