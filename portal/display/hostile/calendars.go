package hostile

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// windowsZone is a zone as Outlook defines those of Windows.
const windowsZone = `BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Here
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;UNTIL=20300101T000000Z
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Odd
BEGIN:STANDARD
DTSTART:19700101T000000
RRULE:FREQ=HOURLY
TZOFFSETFROM:+0530
TZOFFSETTO:+053015
END:STANDARD
END:VTIMEZONE
`

// calendarTimes are spellings of a property of an event's time, after its name.
var calendarTimes = lines(`
:20261124T130000Z
:20261124T130000
;VALUE=DATE:20261124
:20261124
;TZID=Europe/Berlin:20261124T130000
;TZID="Europe/Berlin":20260724T130000
;tzid=Europe/Berlin:20260724T130000
;TZID=Europe/Berlin:20260329T023000
;TZID=Europe/Berlin:20261025T023000
;TZID=America/New_York:20260308T023000
;TZID=America/New_York:20261101T013000
;TZID=Australia/Lord_Howe:20260405T014500
;TZID=Asia/Kolkata:20261124T130000
;TZID=Pacific/Kiritimati:20261231T233000
;TZID=Europe/London:20260329T013000
;TZID=Europe/London:20261025T013000
;TZID=/freeassociation.sourceforge.net/America/New_York:20261124T080000
;TZID=/a/b/c/d/e/f/g/h/Europe/Berlin:20261124T080000
;TZID=W. Europe Standard Time:20261124T130000
;TZID=W. Europe Standard Time:20260724T130000
;TZID=W. Europe Standard Time:20260329T023000
;TZID=W. Europe Standard Time:20261025T023000
;TZID=W. Europe Standard Time:16000101T000000
;TZID=Here:20260307T120000
;TZID=Here:20260308T120000
;TZID=Here:20350708T120000
;TZID=Here:19990307T120000
;TZID=Odd:20261124T130000
;TZID=Mars/Olympus <script>ran("%")</script>:20261124T130000
;TZID=Local:20261124T130000
;TZID=UTC:20261124T130000
;TZID=Etc/GMT+5:20261124T130000
;TZID=+05:30:20261124T130000
;TZID="+05:30":20261124T130000
;TZID=:20261124T130000
;TZID=../../../etc/localtime:20261124T130000
;TZID=constructor:20261124T130000
;TZID=__proto__:20261124T130000
;TZID=` + strings.Repeat("x", 300) + `:20261124T130000
;TZID=a\,b^n^^^'c:20261124T130000
;X="\\";TZID=Here:20260708T120000
;X="a\"b":20261124T130000Z
;X=a"b:20261124T130000Z
;X:20261124T130000Z
;=x:20261124T130000Z
;VALUE=TEXT:20261124\nT130000Z
: 20261124T130000Z 
:20261324T130000Z
:20260230
:20261124T240000Z
:20261124T130060Z
:20261124T130000.5Z
:00000101T000000Z
:00010101T000000Z
:00500101T000000Z
:99991231T235959Z
:20261124t130000z
:２０２６1124
:
`)

// calendarLines are properties that events may have, hostile ones among them. "%"
// is the address of the trap.
var calendarLines = lines(`
SUMMARY:Review\, second\nround
SUMMARY:<script>ran("1")</script><img src=% onerror=ran("1")>
SUMMARY:"><svg onload=ran("1")>&lt;b&gt;&amp;
SUMMARY;LANGUAGE=en;ALTREP="%":a\\nb\;c\Nd\x
SUMMARY;VALUE=URI:javascript:ran("1")\,
SUMMARY:` + "\u202ereversed\u2066 \u0000\u0007\u200b\u00a0\u3000 wide" + `
SUMMARY:` + strings.Repeat("ü€😀", 400) + `
SUMMARY:
LOCATION:%/room?<iframe src=%>
LOCATION:Room 5\; Main building
DESCRIPTION:<style>@import "%"</style>\nEND:VEVENT\nATTACH:%
DESCRIPTION:one\\ntwo\n\n` + strings.Repeat("long ", 1000) + `
UID:1@firm.example
UID:a\,b\;c\\d"
UID:` + strings.Repeat("ü", 501) + `
SEQUENCE:3
SEQUENCE:-1
SEQUENCE:99999999999
SEQUENCE:+2
SEQUENCE:0x10
STATUS:CANCELLED
STATUS: cancelled 
ORGANIZER;CN="Member, Clara":MAILTO:clara@firm.example
ORGANIZER;CN=a^nBcc: x@evil.example^'^^;SENT-BY="mailto:x@evil.example":mailto:clara@firm.example?cc=x@evil.example
ORGANIZER;CN=<img src=% onerror=ran("1")>:mailto:clara@firm.example
ORGANIZER:mailto:a%25b%2Fc@firm.example
ORGANIZER:mailto:a%zzb@firm.example
ORGANIZER:mailto:a%ff@firm.example
ORGANIZER:mailto:a%0d%0aBcc:x@firm.example
ORGANIZER:mailto:a%e2%80%aeb@firm.example
ORGANIZER:mailto:<a@firm.example>
ORGANIZER:mailto:Name <a@firm.example>
ORGANIZER:mailto:a b@firm.example
ORGANIZER:mailto:a..b@firm.example
ORGANIZER:mailto:a@firm.example.
ORGANIZER:mailto:ä@ö.example
ORGANIZER:javascript:ran("1")
ORGANIZER:mailto:` + strings.Repeat("a", 320) + `@firm.example
ATTENDEE;CN=O^'Brien;RSVP=TRUE:mailto:guest@elsewhere.example
ATTENDEE:http://tracker.example/
ATTENDEE;CN=x,y;CN=z:mailto:two@elsewhere.example
ATTENDEE;CN="x:mailto:broken@elsewhere.example
DURATION:PT1H30M
DURATION:P1W2DT10S
DURATION:-PT1H
DURATION:P
DURATION:PT
DURATION:P999999W
DURATION:PT99999999999H
DURATION:P1DT
DURATION:PT1H1
DURATION:P1H
DURATION:p1d
RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270301T000000Z
RRULE:FREQ=constructor;INTERVAL=-3;UNTIL=never
RRULE:FREQ=DAILY;INTERVAL=1e3;UNTIL=20270301
RRULE:freq=yearly;until=20270301t000000
RDATE:20261201T000000Z
RECURRENCE-ID;VALUE=DATE:20261124
ATTACH;ENCODING=BASE64;VALUE=BINARY:` + strings.Repeat("QUJD", 3000) + `
URL:%
X-BAD
:no name
A B:x
Ünder:x
!UID:x
X` + strings.Repeat(";X=y", 101) + `:x
X` + strings.Repeat(";X="+strings.Repeat("y", 70), 99) + `:x
BEGIN:VALARM
END:VALARM
END:VEVENT
BEGIN:VEVENT
BEGIN:VCALENDAR
END:VCALENDAR
BEGIN;X=y:VTODO
METHOD:CANCEL
`)

// Calendars returns calendar objects (RFC 5545): good ones, some that break the
// rules, some that attack whoever shows them, and some that were broken at random.
// What they load is at origin.
func Calendars(origin string) []string {
	var out []string
	object := func(method, zones string, events ...string) {
		out = append(out, strings.ReplaceAll("BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:"+method+"\n"+zones+strings.Join(events, "")+"END:VCALENDAR\n", "%/", origin+"/"))
	}
	event := func(lines ...string) string {
		return "BEGIN:VEVENT\n" + strings.Join(lines, "\n") + "\nEND:VEVENT\n"
	}
	const start, by = "DTSTART:20261124T130000Z", "ORGANIZER;CN=Clara:mailto:clara@firm.example"
	for _, t := range calendarTimes {
		object("REQUEST", windowsZone, event("UID:1", "DTSTART"+t, by))
		object("REQUEST", windowsZone, event("UID:1", start, "DTEND"+t, "RECURRENCE-ID"+t, by))
		object("CANCEL", windowsZone, event("DTSTART"+t, "DURATION:P1DT1H"))
	}
	for _, l := range calendarLines {
		l = strings.ReplaceAll(l, "=%", "="+origin+"/")
		object("REQUEST", "", event(l, "UID:1", start, by))
		object("PUBLISH", l+"\n", event("DTSTART;VALUE=DATE:20261124", l, l))
		object("REQUEST", "", event(start, "RECURRENCE-ID:20261124T130000Z", l), event(start, l), event(start))
	}
	for _, method := range []string{"REPLY", "add", " request ", "<b>", ""} {
		object(method, "", event(start))
	}
	object("REQUEST", "", strings.Repeat(event(start), 290))
	object("REQUEST", "", strings.Repeat(event(start), 1000))
	object("REQUEST", "", event(start, strings.Repeat("BEGIN:VALARM\n", 3)+strings.Repeat("END:VALARM\n", 3)))
	object("REQUEST", "", event(start, strings.Repeat("ATTENDEE:mailto:someone@elsewhere.example\n", 5000)))
	object("REQUEST", "", event(start, strings.Repeat("ATTENDEE:mailto:someone@elsewhere.example\n", 10000)))
	object("REQUEST", "", event(start, "DESCRIPTION:"+strings.Repeat("x", 1<<20)))
	object("REQUEST", "", event(start, "DESCRIPTION:"+strings.Repeat("x", 7000)+"\n "+strings.Repeat("y", 1180)))
	object("REQUEST", "", event(start, "DESCRIPTION:"+strings.Repeat("x", 7000)+"\n "+strings.Repeat("y", 1181)))
	object("REQUEST", strings.Repeat(" folded\n", 3), event("DTST\n ART:2026112\n\t4T130000Z", "SUMMARY:a\n  b\n\tc"))
	out = append(out, "", "BEGIN:VCARD\nEND:VCARD\n", "<html>BEGIN:VCALENDAR</html>", "END:VEVENT\nEND:X\n"+out[0], "x\n"+out[0], out[0]+out[1],
		strings.ReplaceAll(out[0], "\n", "\r\n"), strings.ReplaceAll(out[0], "\n", "\r"), strings.ToLower(out[0]), strings.TrimSpace(out[0]))
	return append(out, mutated(out, maxMutated)...)
}

// maxMutated is how many of the calendar objects were broken at random; they stand
// last.
const maxMutated = 1200

// mutated breaks texts at random, the same way each time.
func mutated(of []string, n int) []string {
	r := rand.New(rand.NewPCG(5545, 5546))
	bits := []string{"\n", ";", ":", ",", `"`, `\`, "=", "^", " ", "\n ", "T", "Z", "0", "9", "ü", "\u202e", "BEGIN:", "END:VEVENT\n", "TZID=", "VALUE=DATE", "mailto:", "%41", "\x7f"}
	var out []string
	for len(out) < n {
		s := of[r.IntN(len(of))]
		if len(s) > 4000 || s == "" {
			continue
		}
		for range 1 + r.IntN(2) {
			at := r.IntN(len(s) + 1)
			switch r.IntN(4) {
			case 0: // something in between
				s = s[:at] + bits[r.IntN(len(bits))] + s[at:]
			case 1: // a piece less
				s = s[:at] + s[min(len(s), at+1+r.IntN(8)):]
			case 2: // a line less
				l := strings.SplitAfter(s, "\n")
				at = r.IntN(len(l))
				s = strings.Join(append(l[:at:at], l[at+1:]...), "")
			default: // lines swapped
				l := strings.SplitAfter(s, "\n")
				a, b := r.IntN(len(l)), r.IntN(len(l))
				l[a], l[b] = l[b], l[a]
				s = strings.Join(l, "")
			}
		}
		out = append(out, strings.ToValidUTF8(s, "?"))
	}
	return out
}

// InvitationMail is a mail with a calendar object in it, after a text.
func InvitationMail(i int, calendar string) string {
	return fmt.Sprintf("From: clara@firm.example\nTo: guest@elsewhere.example\nSubject: hostile %d\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n"+
		"--bb\nContent-Type: text/calendar; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s\n--bb--\n", i, calendar)
}
