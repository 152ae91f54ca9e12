package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

const invitationRules = `
version = 1

[[rule]]
name = "once"
then = "one-time"
when.to = "once*@guest.example"

[[rule]]
name = "account"
then = "pickup"
when.to = "*@guest.example"
`

// outlookInvitation is an invitation as Outlook sends it, with a zone of Windows.
func outlookInvitation(from, to string) string {
	return "From: Ann <" + from + ">\nTo: " + to + "\nSubject: Review 2027\nMessage-ID: <invitation-" + to + `>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

We meet on Tuesday.
--b
Content-Type: text/calendar; charset="utf-8"; method=REQUEST
Content-Transfer-Encoding: quoted-printable

BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=3DYEARLY;INTERVAL=3D1;BYDAY=3D-1SU;BYMONTH=3D10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=3DYEARLY;INTERVAL=3D1;BYDAY=3D-1SU;BYMONTH=3D3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN=3DAnn:mailto:` + from + `
ATTENDEE;ROLE=3DREQ-PARTICIPANT;PARTSTAT=3DNEEDS-ACTION;RSVP=3DTRUE;CN=3DBob:mailto:` + to + `
DESCRIPTION;LANGUAGE=3Den-US:Bring the\n drafts\, please.
UID:040000008200E00074C5B7101A82E00800000000D0A1
SUMMARY;LANGUAGE=3Den-US:Review 2027\, Gr=C3=B6=C3=9Fe
DTSTART;TZID=3DW. Europe Standard Time:20261124T140000
DTEND;TZID=3DW. Europe Standard Time:20261124T150000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20261120T090000Z
SEQUENCE:4
LOCATION;LANGUAGE=3Den-US:Room 5
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER;RELATED=3DSTART:-PT15M
END:VALARM
END:VEVENT
END:VCALENDAR
--b--
`
}

// icalendar reads a calendar object by another program than ours, python-icalendar,
// and prints its method and what its one event says.
const icalendar = `
import json, sys
from icalendar import Calendar
cal = Calendar.from_ical(sys.stdin.buffer.read())
events = [c for c in cal.walk() if c.name == 'VEVENT']
assert len(events) == 1 and len(list(cal.walk())) == 2, [c.name for c in cal.walk()]
e = events[0]
assert not e.errors, e.errors
out = {k: str(e[k]) for k in ('UID', 'SUMMARY', 'ORGANIZER', 'ATTENDEE', 'SEQUENCE', 'COMMENT') if k in e}
for k in ('DTSTART', 'DTEND', 'DTSTAMP'):
    out[k] = e[k].dt.isoformat()
out['PARTSTAT'] = e['ATTENDEE'].params['PARTSTAT']
out['METHOD'], out['VERSION'] = str(cal['METHOD']), str(cal['VERSION'])
print(json.dumps(out))
`

// readAnswer finds the calendar object of an answer and has it read. RFC 6047
// section 2.4 wants its method in the part's type too.
func readAnswer(t *testing.T, data []byte) map[string]string {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			t.Fatalf("no calendar object in\n%s", data)
		}
		if err != nil {
			t.Fatal(err)
		}
		h, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		kind, params, err := h.ContentType()
		if err != nil {
			t.Fatal(err)
		}
		if kind != "text/calendar" {
			continue
		}
		if params["method"] != "REPLY" {
			t.Errorf("type %s, %v", kind, params)
		}
		cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", icalendar)
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stderr = part.Body, &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("python-icalendar (run .ci/install): %v\n%s", err, stderr.Bytes())
		}
		answer := map[string]string{}
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// TestBrowserInvitations answers invitations from an account and from one-time
// messages, with scripts and without, at both widths: the answer reaches the sender
// through Postfix, and another program understands it.
func TestBrowserInvitations(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: invitationRules})
	b := browsertest.Start(t)
	tests := []struct {
		name            string
		guest           string
		size            [2]int
		scripts         bool
		button, partial string
	}{
		{"account, phone", "bob1", sizes[0], true, "Accept", "ACCEPTED"},
		{"account, desk", "bob2", sizes[1], true, "Decline", "DECLINED"},
		{"account without scripts", "bob3", sizes[0], false, "Maybe", "TENTATIVE"},
		{"one-time, phone", "once1", sizes[0], true, "Accept", "ACCEPTED"},
		{"one-time, desk", "once2", sizes[1], true, "Decline", "DECLINED"},
		{"one-time without scripts", "once3", sizes[1], false, "Maybe", "TENTATIVE"},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := fmt.Sprintf("ann%d@example.com", n), tt.guest+"@guest.example"
			s.Submit(t, from, []string{to}, outlookInvitation(from, to))
			notice := s.ReadNotice(t, s.WaitOutside(t, to))
			tb := b.Tab(t, tt.scripts)
			tb.Screen(tt.size[0], tt.size[1], "light")
			once := strings.HasPrefix(to, "once")
			switch {
			case once && tt.scripts:
				tb.Open(notice.Link)
				tb.Press("Open the message")
			case once:
				code, err := seal.ParseCode(notice.Code)
				if err != nil {
					t.Fatal(err)
				}
				tb.Open(strings.SplitN(notice.Link, "#", 2)[0])
				tb.Fill("#code", code.Text())
				tb.Press("Open the message")
			case tt.scripts:
				activate(tb, notice.Link)
			default:
				s.activatePlainly(t, tb, notice)
			}
			tb.WaitFor(".invitation h2", "Review 2027, Größe")
			tb.WaitFor(".invitation dd", "24 November 2026")
			tb.WaitFor(".invitation dd", "Room 5")
			tb.Fill("#comment", "Grüße; see you, then.")
			tb.Press(tt.button)
			if once {
				tb.WaitFor("h1", "Your answer is sent")
			} else {
				tb.WaitFor("h1", "sent")
			}
			reply := s.WaitInside(t, from)
			if reply.From != "" && !strings.Contains(string(reply.Data), "In-Reply-To: <invitation-"+to+">") {
				t.Errorf("the answer does not thread:\n%.800s", reply.Data)
			}
			got := readAnswer(t, reply.Data)
			for name, want := range map[string]string{
				"METHOD": "REPLY", "VERSION": "2.0", "PARTSTAT": tt.partial, "UID": "040000008200E00074C5B7101A82E00800000000D0A1", "SEQUENCE": "4",
				"SUMMARY": "Review 2027, Größe", "ORGANIZER": "mailto:" + from, "ATTENDEE": "mailto:" + to, "COMMENT": "Grüße; see you, then.",
				"DTSTART": "2026-11-24T13:00:00+00:00", "DTEND": "2026-11-24T14:00:00+00:00",
			} {
				if got[name] != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
			tb.Quiet()
		})
	}
}
