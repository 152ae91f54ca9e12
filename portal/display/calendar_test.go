package display

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/display/hostile"
)

// event is a calendar object with these lines in its event.
func event(lines ...string) string {
	return calendar("REQUEST", append(append([]string{"BEGIN:VEVENT", "UID:1@firm.example"}, lines...), "END:VEVENT")...)
}

func calendar(method string, lines ...string) string {
	return strings.Join(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "METHOD:" + method}, lines...), "END:VCALENDAR", ""), "\r\n")
}

// outlook is a zone as Windows names it.
var outlook = []string{
	"BEGIN:VTIMEZONE", "TZID:W. Europe Standard Time",
	"BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
	"BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT",
	"END:VTIMEZONE",
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestCalendarTimes(t *testing.T) {
	us := []string{
		"BEGIN:VTIMEZONE", "TZID:Here", "BEGIN:STANDARD", "DTSTART:20071104T020000", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500", "END:STANDARD",
		"BEGIN:DAYLIGHT", "DTSTART:20070311T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", "END:DAYLIGHT", "END:VTIMEZONE",
	}
	fixed := []string{"BEGIN:VTIMEZONE", "TZID:Here", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0530", "TZOFFSETTO:+0530", "END:STANDARD", "END:VTIMEZONE"}
	odd := []string{"BEGIN:VTIMEZONE", "TZID:Here", "BEGIN:STANDARD", "DTSTART:19700101T000000", "RRULE:FREQ=HOURLY", "TZOFFSETFROM:+0530", "TZOFFSETTO:+0530", "END:STANDARD", "END:VTIMEZONE"}
	tests := []struct {
		name  string
		zone  []string
		start string
		want  Moment
	}{
		{"utc", nil, "DTSTART:20261124T130000Z", Moment{Time: at("2026-11-24T13:00:00Z")}},
		{"iana winter", nil, "DTSTART;TZID=Europe/Berlin:20261124T130000", Moment{Time: at("2026-11-24T12:00:00Z")}},
		{"iana summer, quoted", nil, `DTSTART;TZID="Europe/Berlin":20260724T130000`, Moment{Time: at("2026-07-24T11:00:00Z")}},
		{"path before", nil, "DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20261124T080000", Moment{Time: at("2026-11-24T13:00:00Z")}},
		{"lower-case names", nil, "dtstart;tzid=Europe/Berlin:20261124T130000", Moment{Time: at("2026-11-24T12:00:00Z")}},
		{"windows winter", outlook, "DTSTART;TZID=W. Europe Standard Time:20261124T130000", Moment{Time: at("2026-11-24T12:00:00Z")}},
		{"windows summer", outlook, "DTSTART;TZID=W. Europe Standard Time:20260724T130000", Moment{Time: at("2026-07-24T11:00:00Z")}},
		{"windows, day of change", outlook, "DTSTART;TZID=W. Europe Standard Time:20261025T040000", Moment{Time: at("2026-10-25T03:00:00Z")}},
		{"windows, January", outlook, "DTSTART;TZID=W. Europe Standard Time:20260102T090000", Moment{Time: at("2026-01-02T08:00:00Z")}},
		{"first and second Sunday", us, "DTSTART;TZID=Here:20260307T120000", Moment{Time: at("2026-03-07T17:00:00Z")}},
		{"first and second Sunday, after", us, "DTSTART;TZID=Here:20260308T120000", Moment{Time: at("2026-03-08T16:00:00Z")}},
		{"half hours", fixed, "DTSTART;TZID=Here:20260307T120000", Moment{Time: at("2026-03-07T06:30:00Z")}},
		{"before any onset", us, "DTSTART;TZID=Here:19990307T120000", Moment{Time: at("1999-03-07T17:00:00Z")}},
		{"odd rule", odd, "DTSTART;TZID=Here:20260307T120000", Moment{Time: at("2026-03-07T12:00:00Z"), Zone: "Here"}},
		{"unknown", nil, "DTSTART;TZID=Mars/Olympus:20261124T130000", Moment{Time: at("2026-11-24T13:00:00Z"), Zone: "Mars/Olympus"}},
		{"the machine's own", nil, "DTSTART;TZID=Local:20261124T130000", Moment{Time: at("2026-11-24T13:00:00Z"), Zone: "Local"}},
		{"outside the zones", nil, "DTSTART;TZID=../../../etc/localtime:20261124T130000", Moment{Time: at("2026-11-24T13:00:00Z"), Zone: "../../../etc/localtime"}},
		{"floating", nil, "DTSTART:20261124T130000", Moment{Time: at("2026-11-24T13:00:00Z"), Floating: true}},
		{"day", nil, "DTSTART;VALUE=DATE:20261124", Moment{Time: at("2026-11-24T00:00:00Z"), Date: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := ReadCalendar(calendar("REQUEST", append(tt.zone, "BEGIN:VEVENT", "UID:1", tt.start, "END:VEVENT")...))
			if err != nil {
				t.Fatal(err)
			}
			if in.Start != tt.want {
				t.Errorf("start %+v, want %+v", in.Start, tt.want)
			}
		})
	}
}

func TestCalendarEnds(t *testing.T) {
	tests := []struct{ start, end, want string }{
		{"DTSTART:20261124T130000Z", "DTEND:20261124T140000Z", "2026-11-24T14:00:00Z"},
		{"DTSTART:20261124T130000Z", "DURATION:PT1H30M", "2026-11-24T14:30:00Z"},
		{"DTSTART:20261124T130000Z", "DURATION:P1W2DT10S", "2026-12-03T13:00:10Z"},
		{"DTSTART:20261124T130000Z", "DURATION:-PT1H", ""},
		{"DTSTART:20261124T130000Z", "DURATION:PT99999999999H", ""},
		{"DTSTART:20261124T130000Z", "DTEND:20261124T120000Z", ""},
		{"DTSTART:20261124T130000Z", "X-NONE:x", ""},
		{"DTSTART;VALUE=DATE:20261124", "X-NONE:x", "2026-11-25T00:00:00Z"},
		{"DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261127", "2026-11-27T00:00:00Z"},
	}
	for _, tt := range tests {
		in, err := ReadCalendar(event(tt.start, tt.end))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if !in.End.IsZero() {
			got = in.End.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%s %s: ends %s, want %s", tt.start, tt.end, got, tt.want)
		}
	}
}

func TestCalendar(t *testing.T) {
	in, err := ReadCalendar(strings.ReplaceAll(event(
		"SEQUENCE"+strings.Repeat(";X=y", 101)+":9", "DTSTART:20261124T130000Z", "SEQUENCE:3", `SUMMARY:Review\, second\nround <script>alert(1)</script>`, "LOCATION:Room 5\u202e\x07",
		"DESCRIPTION:one\\ntwo", `ORGANIZER;CN="Member, Clara":MAILTO:clara@firm.example`,
		"ATTENDEE;CN=O^'Brien;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:guest@elsewh", " ere.example",
		"ATTENDEE:http://tracker.example/", "ATTENDEE:mailto:\"a b\"@x.example", "ATTENDEE:mailto:x@y.example?cc=z@y.example",
		"RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270301T000000Z", "ATTACH:http://tracker.example/a.png",
		"ATTACH;ENCODING=BASE64;VALUE=BINARY:"+strings.Repeat("QUJD", 20000), "X-BAD", ":no name", "A B:x", `ATTENDEE;CN="x`, `ATTENDEE;CN=x"y:mailto:q@x.example`, "SUMMARY:a second one",
		"BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER:-PT15M", "SUMMARY:of the alarm", "END:VALARM",
	), "\r\n", "\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Invitation{
		Method: "REQUEST", UID: "1@firm.example", Sequence: 3, Summary: "Review, second round <script>alert(1)</script>", Location: "Room 5",
		Description: "one\ntwo", Start: Moment{Time: at("2026-11-24T13:00:00Z")}, Frequency: "WEEKLY", Interval: 2,
		Until: Moment{Time: at("2027-03-01T00:00:00Z")}, Organiser: Person{"Member, Clara", "clara@firm.example"},
		Attendees: []Person{{`O"Brien`, "guest@elsewhere.example"}, {"", "x@y.example"}},
	}
	if got, want := fmt.Sprintf("%+v", *in), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCalendarWhichEvent(t *testing.T) {
	series := calendar("REQUEST", "BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261201T130000Z", "DTSTART:20261201T150000Z", "SUMMARY:moved", "END:VEVENT",
		"BEGIN:VTODO", "UID:2", "END:VTODO", "BEGIN:VEVENT", "UID:1", "DTSTART:20261124T130000Z", "SUMMARY:all", "END:VEVENT")
	in, err := ReadCalendar(series)
	if err != nil || in.Summary != "all" || in.More != 1 || !in.Recurrence.IsZero() {
		t.Errorf("%+v, %v", in, err)
	}
	in, err = ReadCalendar(calendar("CANCEL", "BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261201T130000Z", "DTSTART:20261201T150000Z", "END:VEVENT"))
	if err != nil || !in.Cancelled || !in.Recurrence.Equal(at("2026-12-01T13:00:00Z")) {
		t.Errorf("%+v, %v", in, err)
	}
}

// TestCalendarRefused: what is no event, or too much of one.
func TestCalendarRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":            "",
		"not a calendar":   "BEGIN:VCARD\r\nEND:VCARD\r\n",
		"HTML":             "<html>BEGIN:VCALENDAR</html>",
		"no event":         calendar("REQUEST"),
		"no beginning":     event("SUMMARY:x"),
		"no end":           "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261124T130000Z\r\n",
		"crossed":          "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261124T130000Z\r\nEND:VCALENDAR\r\nEND:VEVENT\r\n",
		"deep":             calendar("REQUEST", strings.Repeat("BEGIN:VALARM\r\n", 100000)),
		"nested alarms":    event("DTSTART:20261124T130000Z", strings.Repeat("BEGIN:VALARM\r\n", 4)+strings.Repeat("END:VALARM\r\n", 4)),
		"many components":  calendar("REQUEST", strings.Repeat("BEGIN:VEVENT\r\nDTSTART:20261124T130000Z\r\nEND:VEVENT\r\n", 1000)),
		"many properties":  event("DTSTART:20261124T130000Z", strings.Repeat("ATTENDEE:mailto:someone@elsewhere.example\r\n", 10000)),
		"too large":        event("DTSTART:20261124T130000Z", "DESCRIPTION:"+strings.Repeat("x", maxCalendar)),
		"date of no month": event("DTSTART:20261324T130000Z"),
	} {
		if in, err := ReadCalendar(text); !errors.Is(err, ErrCalendar) {
			t.Errorf("%s: %+v, %v", name, in, err)
		}
	}
}

func TestCalendarInMail(t *testing.T) {
	const head = "From: a@firm.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nText.\r\n"
	m, err := Read(strings.NewReader(head + "--b\r\nContent-Type: text/calendar; method=REQUEST; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		event("DTSTART:20261124T130000Z", "SUMMARY:Gr=FC=DFe") + "--b--\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := ReadCalendar(m.Calendar)
	if err != nil || in.Summary != "Grüße" {
		t.Errorf("%+v, %v", in, err)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Name != "attachment.ics" || m.Attachments[0].Type != "text/calendar" || m.Text != "Text." {
		t.Errorf("%+v", m)
	}
}

func FuzzReadCalendar(f *testing.F) {
	f.Add(event("DTSTART;TZID=Europe/Berlin:20261124T130000", "DURATION:PT1H", `ORGANIZER;CN="x, y":mailto:a@b.example`, "RRULE:FREQ=DAILY;COUNT=3"))
	f.Add(calendar("CANCEL", append(outlook, "BEGIN:VEVENT", "DTSTART;TZID=W. Europe Standard Time:20261025T023000", "RECURRENCE-ID;VALUE=DATE:20261025", "END:VEVENT")...))
	f.Add(event("DTSTART;VALUE=DATE:20261124", "SUMMARY;X=\"\\", "ATTENDEE;CN=\\", "DESCRIPTION:\\n\\"))
	f.Add("BEGIN:VCALENDAR\nBEGIN:X\n BEGIN:\n\tEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, text string) {
		in, err := ReadCalendar(text)
		if err != nil {
			if !errors.Is(err, ErrCalendar) {
				t.Errorf("error %v", err)
			}
			return
		}
		if in.Start.IsZero() || !in.End.IsZero() && in.End.Before(in.Start.Time) {
			t.Errorf("from %v to %v", in.Start, in.End)
		}
		for _, s := range []string{in.UID, in.Summary, in.Location, in.Organiser.Name, in.Organiser.Address, in.Start.Zone} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || bidi(r) }) || len(s) > maxShown+len("…") {
				t.Errorf("text %q", s)
			}
		}
	})
}

// TestCalendarHostile: whatever comes, an event or the error that says there is
// none, and texts that don't turn others around.
func TestCalendarHostile(t *testing.T) {
	all := hostile.Calendars("http://tracker.example")
	events := 0
	for _, text := range all {
		in, err := ReadCalendar(text)
		if err != nil {
			if !errors.Is(err, ErrCalendar) {
				t.Errorf("error %v of %.300q", err, text)
			}
			continue
		}
		events++
		for _, s := range []string{in.UID, in.Summary, in.Location, in.Organiser.Name, in.Organiser.Address, in.Start.Zone} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || bidi(r) }) || len(s) > maxShown+len("…") {
				t.Errorf("text %q", s)
			}
		}
	}
	if events < len(all)/3 {
		t.Errorf("%d of %d are events", events, len(all))
	}
}
