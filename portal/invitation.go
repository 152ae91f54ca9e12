package portal

import (
	"net/mail"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/store/seal"
)

// An invitationView is the card of a calendar object in a message (RFC 5545).
type invitationView struct {
	display.Invitation
	Part       int  // its attachment
	Unreadable bool // there is a calendar object, and nothing to show of it
	When       string
	Exact      bool // Start and End are points in time, the same for every reader
	Repeats    string
	Foreign    bool   // the organiser didn't send the message
	Answer     bool   // it can be answered
	Nonce      string // of the form
}

// The answers to an invitation, as forms name them.
const (
	answerAccept    = "accept"
	answerTentative = "tentative"
	answerDecline   = "decline"
)

// invitation makes the card of a message's calendar object; nil: it has none. What
// is not for the reader (an answer to an invitation) has none either.
func (p *portal) invitation(c *call, f *fetched, m *display.Mail) *invitationView {
	if m.Calendar == "" {
		return nil
	}
	v := &invitationView{}
	for _, a := range m.Attachments {
		if a.Type == "text/calendar" {
			v.Part = a.Index
			break
		}
	}
	in, err := display.ReadCalendar(m.Calendar)
	if err != nil {
		v.Unreadable = true
		return v
	}
	switch in.Method {
	case "REQUEST", "PUBLISH", "CANCEL", "ADD":
	default:
		return nil
	}
	v.Invitation = *in
	v.When, v.Exact = whenOf(c.viewer, in), in.Start.Instant()
	v.Repeats = repeatsOf(c.viewer, in)
	v.Foreign = in.Organiser.Address != "" && !p.sentBy(c, f, in.Organiser.Address)
	v.Answer = mayAnswer(in) && f.CanReply && !f.manifest.Restrict.NoReply
	if v.Answer {
		v.Nonce = seal.NewToken().Encode()
	}
	if m.Text != "" {
		v.Description = "" // the text says it
	}
	return v
}

// mayAnswer says whether the invitation asks for an answer and has what one needs
// (RFC 5546 section 3.2.3).
func mayAnswer(in *display.Invitation) bool {
	return in.Method == "REQUEST" && !in.Cancelled && in.UID != "" && in.Organiser.Address != ""
}

// sentBy says whether the message came from this address. What the From line has
// counts: if the envelope has another, the page says so above.
func (p *portal) sentBy(c *call, f *fetched, address string) bool {
	if strings.EqualFold(address, f.manifest.Sender) {
		return true
	}
	from, err := mail.ParseAddress(c.sender(f))
	return err == nil && strings.EqualFold(address, from.Address)
}

// whenOf says when an event is, for the reader: "Tuesday, 24 November 2026, 14:00 –
// 15:00". A clock in a zone that isn't known, or in none, is said as it is; a second
// line then names the zone.
func whenOf(v *locale.Viewer, in *display.Invitation) string {
	at := *v
	if !in.Start.Instant() {
		at.Zone = time.UTC // in which the reading of that clock is kept
	}
	zone := at.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := func(t time.Time) string { return at.Day(t.In(zone).Weekday()) + ", " + at.Date(t) }
	start, end := in.Start.Time, in.End.Time
	s := day(start)
	if in.Start.Date {
		if last := end.AddDate(0, 0, -1); !in.End.IsZero() && last.After(start) {
			s += " – " + day(last)
		}
		return s + " (" + v.Text("calendar.allday") + ")"
	}
	s = v.Text("date.at", "Date", s, "Time", at.Time(start))
	switch {
	case in.End.IsZero() || end.Equal(start) || in.End.Instant() != in.Start.Instant():
	case sameDay(start.In(zone), end.In(zone)):
		s += " – " + at.Time(end)
	default:
		s += " – " + v.Text("date.at", "Date", day(end), "Time", at.Time(end))
	}
	switch {
	case in.Start.Zone != "":
		s += "\n" + v.Text("calendar.zone", "Zone", in.Start.Zone)
	case in.Start.Instant():
		s += " (" + zone.String() + ")"
	}
	return s
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

// frequencies are the texts for a repetition.
var frequencies = map[string]string{
	"DAILY": "calendar.daily", "WEEKLY": "calendar.weekly", "MONTHLY": "calendar.monthly", "YEARLY": "calendar.yearly",
}

// repeatsOf says how an event repeats, "" if it doesn't. A rule that a short
// sentence doesn't tell is said to repeat.
func repeatsOf(v *locale.Viewer, in *display.Invitation) string {
	if in.Frequency == "" {
		return ""
	}
	key := frequencies[in.Frequency]
	if key == "" || in.Interval > 1 {
		key = "calendar.repeats"
	}
	s := v.Text(key)
	if !in.Until.IsZero() {
		at := *v
		if !in.Until.Instant() {
			at.Zone = time.UTC
		}
		s += " " + v.Text("calendar.until", "Date", at.Date(in.Until.Time))
	}
	return s
}
