package portal

import (
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// TestBrowserInvitation reads, saves and answers an invitation at a phone's and a
// desk's width, and without scripts.
func TestBrowserInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	w := &world{s: s}
	eachScreen(t, func(t *testing.T, tb *browsertest.Tab, scripts bool) {
		id := c.received(inviteMail("REQUEST", append(review, "DESCRIPTION:<img src=https://tracker.example/x.png>")...), seal.Restriction{})
		w.as(tb, cookieOf(c))
		tb.Open(s.url + "/m/" + id)
		tb.WaitFor(".invitation h2", "Review <b>2027</b>, second round")
		tb.WaitFor(".invitation dd", "Tuesday, 24 November 2026, 15:00 – 16:00 (Europe/Helsinki)")
		tb.WaitFor(".invitation dd", "every week until 1 March 2027")
		if scripts {
			name, b := tb.Download(func() { tb.Press(text("calendar.save")) })
			if name != "attachment.ics" || !strings.HasPrefix(string(b), "BEGIN:VCALENDAR\r\n") {
				t.Errorf("saved %q: %.60q", name, b)
			}
		}
		before := len(s.owner.sent("reply"))
		tb.Fill("#comment", "See you there.")
		tb.Press(text("calendar.tentative"))
		tb.WaitFor("h1", text("sent.heading"))
		sent := s.owner.sent("reply")
		if len(sent) != before+1 {
			t.Fatalf("%d answers went out", len(sent)-before)
		}
		if a := readITIP(t, sent[before]); a.get("COMMENT") != "See you there." || a.event.Attendees()[0].ParticipationStatus() != "TENTATIVE" {
			t.Errorf("answer %+v", a.event)
		}
		for _, r := range tb.Requests() {
			if strings.Contains(r, "tracker.example") {
				t.Errorf("a request to elsewhere: %.100s", r)
			}
		}
		tb.Quiet()
	})
}

// invitationScreens are the states of the card.
func (w *world) invitationScreens() []screen {
	c := w.s.client()
	c.post("/login", "address", guest, "password", password).wants(w.s.t, 200)
	state := func(name, raw string, restrict seal.Restriction) screen {
		id := c.received(raw, restrict)
		return screen{name, func(tb *browsertest.Tab) {
			w.as(tb, cookieOf(c))
			tb.Open(w.s.url + "/m/" + id)
			tb.WaitFor(".invitation h2", "2027")
		}}
	}
	long := altered(review, "SUMMARY:Jahreshauptversammlung 2027 des Donaudampfschifffahrtsgesellschaftskapitänspatentinhaberverbandes",
		"LOCATION:https://meet.firm.example/"+strings.Repeat("verylongroom", 12), "ORGANIZER;CN=Somebody Else:mailto:somebody.else@another-firm.example",
		"DTSTART;TZID=Customized Time Zone:20261124T140000", "DTEND:")
	one := func(name, raw string, restrict seal.Restriction) screen {
		id, code, _ := w.s.restricted(seal.ModeOneTime, restrict, raw)
		return screen{name, func(tb *browsertest.Tab) {
			if strings.HasSuffix(name, "noscript") {
				tb.Open(w.s.url + "/o/" + id)
				tb.Fill("#code", code.Text())
				tb.Press(text("onetime.button"))
			} else {
				openHere(tb, w.s, id, code)
			}
			tb.WaitFor(".invitation h2", "2027")
		}}
	}
	return []screen{
		one("onetime-invitation", inviteMail("REQUEST", review...), seal.Restriction{}),
		one("onetime-invitation-noreply", inviteMail("REQUEST", review...), seal.Restriction{NoReply: true}),
		one("onetime-invitation-cancelled", inviteMail("CANCEL", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126")...), seal.Restriction{}),
		one("onetime-invitation-long", inviteMail("REQUEST", long...), seal.Restriction{}),
		one("onetime-invitation-noscript", inviteMail("REQUEST", long...), seal.Restriction{}),
		state("invitation", inviteMail("REQUEST", review...), seal.Restriction{}),
		state("invitation-noreply", inviteMail("REQUEST", review...), seal.Restriction{NoReply: true}),
		state("invitation-cancelled", inviteMail("CANCEL", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126")...), seal.Restriction{}),
		state("invitation-long", inviteMail("REQUEST", long...), seal.Restriction{}),
	}
}
