package portal

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/store/seal"
)

// inviteMail is a mail with a calendar object that has these lines in its event.
func inviteMail(method string, lines ...string) string {
	return `From: Clara Member <clara@firm.example>
To: guest@elsewhere.example
Subject: Invitation to the review
Date: Fri, 20 Nov 2026 10:00:00 +0100
Message-ID: <2@firm.example>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

We meet on Tuesday.
--b
Content-Type: text/calendar; method=` + method + `; charset=utf-8

BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//EN
METHOD:` + method + `
BEGIN:VEVENT
DTSTAMP:20261120T090000Z
` + strings.Join(lines, "\n") + `
END:VEVENT
END:VCALENDAR
--b--
`
}

var review = []string{
	"UID:7f3a@firm.example", "SEQUENCE:2", "SUMMARY:Review <b>2027</b>\\, second round", "LOCATION:Room 5\\; Main building",
	"DTSTART;TZID=Europe/Berlin:20261124T140000", "DTEND;TZID=Europe/Berlin:20261124T150000", "RRULE:FREQ=WEEKLY;UNTIL=20270301T000000Z",
	"ORGANIZER;CN=Clara Member:mailto:clara@firm.example", "ATTENDEE;RSVP=TRUE:mailto:guest@elsewhere.example", "ATTENDEE:mailto:other@elsewhere.example",
	"ATTACH:https://tracker.example/agenda.pdf", "URL:https://tracker.example/",
}

// altered returns lines with those of the same property replaced.
func altered(lines []string, with ...string) []string {
	name := func(s string) string { return s[:strings.IndexAny(s, ";:")] }
	out := slices.DeleteFunc(slices.Clone(lines), func(s string) bool {
		return slices.ContainsFunc(with, func(w string) bool { return name(w) == name(s) })
	})
	return append(out, slices.DeleteFunc(slices.Clone(with), func(s string) bool { return strings.HasSuffix(s, ":") })...)
}

// received opens another message of the client's account.
func (c *client) received(raw string, restrict seal.Restriction) string {
	m := c.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: raw, restrict: restrict,
		summary: seal.Summary{From: "Clara Member <clara@firm.example>", To: guest, Subject: "Invitation"}})
	c.post("/m/"+m.Message+"/open").wants(c.t, 200)
	return m.Message
}

func TestInvitationCard(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	tests := []struct {
		name, raw    string
		restrict     seal.Restriction
		wants, lacks []string
	}{
		{"request", inviteMail("REQUEST", review...), seal.Restriction{},
			[]string{"Review &lt;b&gt;2027&lt;/b&gt;, second round", "Room 5; Main building", "Clara Member &lt;clara@firm.example&gt;", "2 people", "every week until 1 March 2027",
				`datetime="2026-11-24T13:00:00Z"`, "/invitation", text("calendar.accept")},
			[]string{"tracker.example", text("calendar.foreign", "Organiser", "clara@firm.example")}},
		{"to be answered by nobody", inviteMail("REQUEST", review...), seal.Restriction{NoReply: true}, []string{"Review"}, []string{"/invitation", text("calendar.accept")}},
		{"published", inviteMail("PUBLISH", review...), seal.Restriction{}, []string{text("calendar.event")}, []string{"/invitation"}},
		{"cancelled", inviteMail("CANCEL", review...), seal.Restriction{}, []string{text("calendar.cancelled.text")}, []string{"/invitation"}},
		{"cancelled by its status", inviteMail("REQUEST", append(review, "STATUS:CANCELLED")...), seal.Restriction{}, []string{text("calendar.cancelled.text")}, []string{"/invitation"}},
		{"another's", inviteMail("REQUEST", altered(review, "ORGANIZER:mailto:boss@evil.example")...), seal.Restriction{},
			[]string{text("calendar.foreign", "Organiser", "boss@evil.example"), "/invitation"}, nil},
		{"no organiser", inviteMail("REQUEST", altered(review, "ORGANIZER:")...), seal.Restriction{}, []string{"Review"}, []string{"/invitation", text("calendar.organiser")}},
		{"no identity", inviteMail("REQUEST", altered(review, "UID:")...), seal.Restriction{}, []string{"Review"}, []string{"/invitation"}},
		{"days", inviteMail("REQUEST", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261127", "RRULE:")...), seal.Restriction{},
			[]string{"Tuesday, 24 November 2026 – Thursday, 26 November 2026 (all day)"}, []string{"every week"}},
		{"a day", inviteMail("REQUEST", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND:")...), seal.Restriction{}, []string{"Tuesday, 24 November 2026 (all day)"}, nil},
		{"unknown zone", inviteMail("REQUEST", altered(review, "DTSTART;TZID=Mars <i>:20261124T140000", "DTEND:")...), seal.Restriction{},
			[]string{"Tuesday, 24 November 2026, 14:00\n" + text("calendar.zone", "Zone", "Mars <i>")}, []string{"<i>"}},
		{"an answer", inviteMail("REPLY", review...), seal.Restriction{}, []string{"attachment.ics"}, []string{text("calendar.event"), "Room 5"}},
		{"unreadable", inviteMail("REQUEST", "SUMMARY:x"), seal.Restriction{}, []string{text("calendar.unreadable"), "attachment.ics"}, []string{"/invitation"}},
		{"none", plainMail, seal.Restriction{}, nil, []string{text("calendar.save")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := c.received(tt.raw, tt.restrict)
			p := c.get("/m/"+id).wants(t, 200, tt.wants...)
			for _, s := range tt.lacks {
				if strings.Contains(p.body, s) {
					t.Errorf("%q in\n%s", s, p.body)
				}
			}
			// What the page doesn't offer, the server doesn't do.
			sent := len(s.owner.sent("reply"))
			if !strings.Contains(p.body, "/invitation") {
				if p := c.post("/m/"+id+"/invitation", "answer", "accept", "nonce", "n"); p.status != 404 && p.status != 403 {
					t.Errorf("answered all the same: status %d", p.status)
				}
			}
			c.get("/m/"+id+"/invitation?answer=accept&nonce=n").wants(t, 405)
			c.post("/m/"+id+"/invitation", "answer", "perhaps", "nonce", "n").wants(t, 400)
			c.post("/m/"+id+"/invitation", "answer", "accept").wants(t, 400)
			if n := len(s.owner.sent("reply")); n != sent {
				t.Errorf("%d answers went out", n-sent)
			}
		})
	}
}

func TestInvitationWhen(t *testing.T) {
	zone := zoneNamed("Europe/Berlin")
	tests := []struct {
		language, clock string
		lines           []string
		want            string
	}{
		{"en", "12", review, "Tuesday, 24 November 2026, 2:00\u00a0pm – 3:00\u00a0pm (Europe/Berlin)"},
		{"de", "", review, "Dienstag, 24. November 2026, 14:00 – 15:00 (Europe/Berlin)"},
		{"fr", "", altered(review, "DTEND:20261125T010000Z"), "mardi, 24 novembre 2026 à 14:00 – mercredi, 25 novembre 2026 à 02:00 (Europe/Berlin)"},
		{"en", "", altered(review, "DTSTART:20261124T233000Z", "DTEND:"), "Wednesday, 25 November 2026, 00:30 (Europe/Berlin)"},
		{"en", "", altered(review, "DTSTART:20261124T233000", "DTEND:"), "Tuesday, 24 November 2026, 23:30"},
	}
	for _, tt := range tests {
		v := &locale.Viewer{Language: catalogue(t, tt.language), Zone: zone, Clock: tt.clock}
		m, err := display.Read(strings.NewReader(inviteMail("REQUEST", tt.lines...)))
		must(t, err)
		in, err := display.ReadCalendar(m.Calendar)
		must(t, err)
		if got := whenOf(v, in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.language, got, tt.want)
		}
	}
}

func catalogue(t *testing.T, code string) *locale.Language {
	all, err := locale.Load()
	must(t, err)
	return all.Find(code)
}

// An iTIP is the calendar object of an answer, as another program reads it.
type iTIP struct {
	method, text string
	event        *ics.VEvent
}

// readITIP finds the two parts of an answer (RFC 6047 section 2.4) and parses the
// second.
func readITIP(t *testing.T, o outgoing) iTIP {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(o.raw))
	must(t, err)
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	must(t, err)
	if kind != "multipart/alternative" {
		t.Fatalf("an answer of type %s", kind)
	}
	r := multipart.NewReader(msg.Body, params["boundary"])
	part := func(want string) (string, map[string]string) {
		p, err := r.NextRawPart()
		must(t, err)
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		must(t, err)
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		must(t, err)
		if kind != want || params["charset"] != "utf-8" {
			t.Fatalf("a part of type %s, %v", kind, params)
		}
		return string(b), params
	}
	a := iTIP{}
	a.text, _ = part("text/plain")
	object, params := part("text/calendar")
	a.method = params["method"]
	for _, line := range strings.SplitAfter(object, "\n") {
		if len(line) > 77 || line != "" && !strings.HasSuffix(line, "\r\n") {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	cal, err := ics.ParseCalendar(strings.NewReader(object))
	must(t, err)
	for name, want := range map[string]string{"METHOD": a.method, "VERSION": "2.0"} {
		i := slices.IndexFunc(cal.CalendarProperties, func(p ics.CalendarProperty) bool { return p.IANAToken == name })
		if i < 0 || cal.CalendarProperties[i].Value != want {
			t.Errorf("%s in %v", name, cal.CalendarProperties)
		}
	}
	if len(cal.Components) != 1 || len(cal.Events()) != 1 {
		t.Fatalf("%d components", len(cal.Components))
	}
	a.event = cal.Events()[0]
	// Once, and no more often: RFC 5546 section 3.2.3.
	for _, name := range []string{"ATTENDEE", "DTSTAMP", "ORGANIZER", "UID", "SEQUENCE"} {
		if n := len(a.event.GetProperties(ics.ComponentProperty(name))); n != 1 {
			t.Errorf("%s stands there %d times", name, n)
		}
	}
	return a
}

func (a iTIP) get(name string) string {
	p := a.event.GetProperty(ics.ComponentProperty(name))
	if p == nil {
		return ""
	}
	return p.Value
}

func TestInvitationAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	windows := "TZID=Nowhere Standard Time:20261124T140000"
	tests := []struct {
		answer, comment string
		lines           []string
		subject, status string
		want            map[string]string
	}{
		{"accept", "", review, "Accepted: Review <b>2027</b>, second round", "ACCEPTED",
			map[string]string{"UID": "7f3a@firm.example", "SEQUENCE": "2", "ORGANIZER": "mailto:clara@firm.example", "ATTENDEE": "mailto:" + guest,
				"DTSTART": "20261124T130000Z", "DTEND": "20261124T140000Z", "SUMMARY": "Review <b>2027</b>, second round", "COMMENT": "", "RECURRENCE-ID": "", "ATTACH": ""}},
		{"tentative", "Grüße, bis\r\nEND:VEVENT\r\nATTENDEE:mailto:x@evil.example; " + strings.Repeat("lang ", 60), review, "", "TENTATIVE",
			map[string]string{"COMMENT": "Grüße, bis\nEND:VEVENT\nATTENDEE:mailto:x@evil.example; " + strings.TrimSpace(strings.Repeat("lang ", 60))}},
		{"decline", "", altered(review, "RECURRENCE-ID;TZID=Europe/Berlin:20261201T140000", "RRULE:", "SEQUENCE:"), "", "DECLINED",
			map[string]string{"RECURRENCE-ID": "20261201T130000Z", "SEQUENCE": "0"}},
		{"accept", "", altered(review, "RECURRENCE-ID;"+windows, "DTSTART;"+windows, "DTEND:"), "", "ACCEPTED",
			map[string]string{"RECURRENCE-ID": "20261124T140000", "DTSTART": ""}},
		{"accept", "", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND:"), "", "ACCEPTED", map[string]string{"DTSTART": "20261124", "DTEND": "20261125"}},
		// Names and addresses that would add a line, or a recipient.
		{"accept", "", altered(review, `SUMMARY:a\nATTENDEE:mailto:x@evil.example\nb`+"\x00\u202e", `ORGANIZER;CN="a^nBcc: x@evil.example^'":mailto:clara%0d%0aX@firm.example`, "ORGANIZER:mailto:boss@evil.example"),
			"Accepted: a ATTENDEE:mailto:x@evil.example b", "ACCEPTED", map[string]string{"SUMMARY": "a ATTENDEE:mailto:x@evil.example b"}},
		{"accept", "", altered(review, "UID:"+strings.Repeat("ü\\,", 100)), "", "ACCEPTED", map[string]string{"UID": strings.Repeat("ü,", 100)}},
	}
	for i, tt := range tests {
		lines := tt.lines
		if i == 5 {
			lines = append(altered(lines, "ORGANIZER:"), `ORGANIZER;CN="a^nBcc: x@evil.example^'":mailto:boss@evil.example`)
		}
		id := c.received(inviteMail("REQUEST", lines...), seal.Restriction{})
		before := len(s.owner.sent("reply"))
		for range 2 { // a double click
			c.post("/m/"+id+"/invitation", "answer", tt.answer, "comment", tt.comment, "nonce", "n").wants(t, 200, text("sent.heading"))
		}
		sent := s.owner.sent("reply")
		if len(sent) != before+1 {
			t.Fatalf("%d answers went out", len(sent)-before)
		}
		o := sent[before]
		if !slices.Equal(o.to, []string{member}) {
			t.Errorf("an answer to %q", o.to)
		}
		if got := o.header(t, "Subject"); tt.subject != "" && got != tt.subject {
			t.Errorf("subject %q", got)
		}
		a := readITIP(t, o)
		if a.method != "REPLY" {
			t.Errorf("method %s", a.method)
		}
		for name, want := range tt.want {
			if got := a.get(name); got != want {
				t.Errorf("%s %q, want %q", name, got, want)
			}
		}
		who := a.event.GetProperty("ATTENDEE")
		if got := who.ICalParameters["PARTSTAT"]; !slices.Equal(got, []string{tt.status}) {
			t.Errorf("status %q", got)
		}
		if got := who.ICalParameters["CN"]; !slices.Equal(got, []string{"Gustav Guest"}) {
			t.Errorf("name %q", got)
		}
		if _, err := time.Parse("20060102T150405Z", a.get("DTSTAMP")); err != nil {
			t.Error(err)
		}
		c.get("/m/"+id).wants(t, 200, text("message.replied"))
	}
	c.get("/m/sent").wants(t, 200, "Accepted: Review <b>2027</b>, second round")
	c.get("/m/drafts").wants(t, 200, text("mailbox.empty.drafts"))
}

// TestInvitationOfOthers: nobody answers for a message that isn't theirs, or not
// open.
func TestInvitationOfOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	closed, _ := s.sealed(seal.ModeAccount, inviteMail("REQUEST", review...))
	c.get("/m/"+closed).wants(t, 200).lacks(t, "Room 5")
	c.post("/m/"+closed+"/invitation", "answer", "accept", "nonce", "n").wants(t, 404)
	theirs := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "other@elsewhere.example", raw: inviteMail("REQUEST", review...)})
	c.post("/m/"+theirs.Message+"/invitation", "answer", "accept", "nonce", "n").wants(t, 404)
	open := c.received(inviteMail("REQUEST", review...), seal.Restriction{})
	must(t, s.owner.RecallMessage(context.Background(), open))
	c.post("/m/"+open+"/invitation", "answer", "accept", "nonce", "n").wants(t, 410)
	if n := len(s.owner.sent("reply")); n != 0 {
		t.Errorf("%d answers went out", n)
	}
}

func TestInvitationFile(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	id := c.received(inviteMail("REQUEST", append(review, "DESCRIPTION:<script>alert(1)</script>")...), seal.Restriction{})
	p := c.get("/m/"+id+"/part/1").wants(t, 200, "BEGIN:VCALENDAR\r\n", "UID:7f3a@firm.example")
	for name, want := range map[string]string{"Content-Type": "text/calendar; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Content-Disposition": "attachment; filename=attachment.ics", "Content-Security-Policy": filePolicy} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// Without scripts, a one-time message has the card, and the file.
	one, code := s.sealed(seal.ModeOneTime, inviteMail("REQUEST", review...))
	c.post("/o/"+one, "code", code.Fragment()).wants(t, 200, "Room 5; Main building", text("calendar.onetime"), "attachment.ics", "/o/"+one+"/invitation")
	p = c.post("/o/"+one+"/part/1", "code", code.Fragment()).wants(t, 200, "BEGIN:VCALENDAR")
	if got := p.header.Get("Content-Type"); got != "text/calendar; charset=utf-8" {
		t.Errorf("type %s", got)
	}
}

// FuzzInvitationReply: whatever an invitation and a guest say, the answer is one
// event with what RFC 5546 section 3.2.3 asks for, and of no other meaning.
func FuzzInvitationReply(f *testing.F) {
	f.Add("UID:1\nORGANIZER:mailto:a@b.example\nDTSTART:20261124T130000Z\nSUMMARY:a\\nb\\;", "Gustav \"G.\" Guest", "one\ntwo; three, \\n")
	f.Add("UID:\\\\,\nORGANIZER;CN=^n:mailto:a%25@b.example\nDTSTART;TZID=\"x;y:z\":20261124T130000\nRECURRENCE-ID;TZID=q\\,r:20261124T130000\nSEQUENCE:-1", "^", "")
	f.Add("UID:x\n END:VEVENT\nORGANIZER:mailto:\u00fc@b.example\nDTSTART;VALUE=DATE:20261124", "\u00e4\u20ac\U0001f600", strings.Repeat("\u20ac", 200))
	f.Fuzz(func(t *testing.T, lines, name, comment string) {
		in, err := display.ReadCalendar("BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\n" + lines + "\nEND:VEVENT\nEND:VCALENDAR\n")
		if err != nil || !mayAnswer(in) {
			return
		}
		comment = cleanText(comment)
		object := invitationReply(in, display.Person{Name: cleanLine(name), Address: guest}, "ACCEPTED", comment, time.Unix(1, 0))
		cal, err := ics.ParseCalendar(strings.NewReader(strings.ReplaceAll(object, "\n", "\r\n")))
		if err != nil || len(cal.Components) != 1 || len(cal.Events()) != 1 {
			t.Fatalf("%v in\n%s", err, object)
		}
		allowed := []string{"UID", "SEQUENCE", "DTSTAMP", "ORGANIZER", "ATTENDEE", "RECURRENCE-ID", "DTSTART", "DTEND", "SUMMARY", "COMMENT"}
		for _, p := range cal.Events()[0].Properties {
			i := slices.Index(allowed, p.IANAToken)
			if i < 0 {
				t.Fatalf("%s again, or not allowed, in\n%s", p.IANAToken, object)
			}
			allowed[i] = ""
		}
		again, err := display.ReadCalendar(object)
		if err != nil && in.Start.Zone == "" {
			t.Fatalf("%v\n%s", err, object)
		}
		if err == nil && (again.UID != in.UID || again.Organiser.Address != in.Organiser.Address || len(again.Attendees) != 1 || again.Attendees[0].Address != guest ||
			!again.Recurrence.Equal(in.Recurrence.Time) || again.Method != "REPLY") {
			t.Fatalf("%+v became %+v\n%s", in, again, object)
		}
	})
}
