package portal

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/portal/display/hostile"
	"github.com/postseal/postseal/store/seal"
)

// An event is what a reader made of a calendar object, as the browser's says it.
type event struct {
	Method      string   `json:"method"`
	UID         string   `json:"uid"`
	Sequence    int      `json:"sequence"`
	Recurrence  *moment  `json:"recurrence"`
	Summary     string   `json:"summary"`
	Location    string   `json:"location"`
	Description string   `json:"description"`
	Start       *moment  `json:"start"`
	End         *moment  `json:"end"`
	Frequency   string   `json:"frequency"`
	Interval    int      `json:"interval"`
	Until       *moment  `json:"until"`
	Organiser   *person  `json:"organiser"`
	Attendees   []person `json:"attendees"`
	Cancelled   bool     `json:"cancelled"`
	More        int      `json:"more"`
}

type moment struct {
	MS       int64  `json:"ms"`
	Date     bool   `json:"date"`
	Floating bool   `json:"floating"`
	Zone     string `json:"zone"`
}

type person struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// eventOf is what the server's reader makes of a calendar object; nil: nothing.
func eventOf(text string) *event {
	in, err := display.ReadCalendar(text)
	if err != nil {
		return nil
	}
	at := func(m display.Moment) *moment {
		if m.IsZero() {
			return nil
		}
		return &moment{m.UnixMilli(), m.Date, m.Floating, m.Zone}
	}
	e := &event{
		in.Method, in.UID, in.Sequence, at(in.Recurrence), in.Summary, in.Location, in.Description, at(in.Start), at(in.End),
		in.Frequency, in.Interval, at(in.Until), nil, []person{}, in.Cancelled, in.More,
	}
	if in.Organiser.Address != "" {
		e.Organiser = (*person)(&in.Organiser)
	}
	for _, a := range in.Attendees {
		e.Attendees = append(e.Attendees, person(a))
	}
	return e
}

// TestBrowserCalendar: the browser's reader and the server's read the same.
func TestBrowserCalendar(t *testing.T) {
	s := newSite(t, nil)
	tb := browsertest.Start(t).Tab(t, true)
	id, _ := s.sealed(seal.ModeOneTime, plainMail)
	tb.Open(s.url + "/o/" + id)
	all := hostile.Calendars("http://tracker.example")
	shown, answers := 0, 0
	for texts := range slices.Chunk(all, 200) {
		out, err := tb.Eval(`async (texts) => {
			const { eventFor, readCalendar } = await import(document.getElementById('m-invitation').dataset.script);
			const events = JSON.parse(texts).map((text) => readCalendar(text));
			return JSON.stringify({ events, answers: events.map((e) => e && e.uid && e.organiser ? eventFor(e) : '') });
		}`, jsonOf(t, texts))
		must(t, err)
		var read struct {
			Events  []*event `json:"events"`
			Answers []string `json:"answers"`
		}
		must(t, json.Unmarshal([]byte(out.Value.Str()), &read))
		got := read.Events
		if len(got) != len(texts) {
			t.Fatalf("%d of %d", len(got), len(texts))
		}
		for i, text := range texts {
			want := eventOf(text)
			if want != nil {
				shown++
			}
			if g, w := jsonOf(t, got[i]), jsonOf(t, want); g != w {
				t.Errorf("%.1500q\nbrowser %.800s\nserver  %.800s", text, g, w)
			}
			if a := read.Answers[i]; a != "" {
				answers++
				checkTold(t, a, *want)
			}
		}
	}
	if answers < 200 {
		t.Errorf("%d can be answered", answers)
	}
	if shown < len(all)/3 {
		t.Errorf("%d of %d are events", shown, len(all))
	}
}

// checkTold compares what the browser tells of an event for an answer with the
// event.
func checkTold(t *testing.T, told string, want event) {
	t.Helper()
	got := eventOf("BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + told + "\nEND:VEVENT\nEND:VCALENDAR\n")
	if got == nil {
		t.Errorf("the server can't read %q", told)
		return
	}
	want = event{UID: want.UID, Sequence: want.Sequence, Recurrence: want.Recurrence, Summary: want.Summary, Start: want.Start, End: want.End, Organiser: want.Organiser}
	*got = event{UID: got.UID, Sequence: got.Sequence, Recurrence: got.Recurrence, Summary: got.Summary, Start: got.Start, End: got.End, Organiser: got.Organiser}
	if g, w := jsonOf(t, got), jsonOf(t, want); g != w {
		t.Errorf("told %q\nread %s\nis   %s", told, g, w)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

// openHere opens a one-time message in the browser.
func openHere(tb *browsertest.Tab, s *site, id string, code seal.Code) {
	tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
	tb.Press(text("onetime.button"))
	tb.WaitFor("#m-subject", "")
	tb.WaitFor("#message:not([hidden])", "")
}

// inZone puts the browser there.
func inZone(t *testing.T, tb *browsertest.Tab, zone string) {
	t.Helper()
	must(t, proto.EmulationSetTimezoneOverride{TimezoneID: zone}.Call(tb))
}

// cardText is what a reader sees of a card, line by line.
const cardText = `() => {
	const card = document.querySelector('.invitation');
	if (!card || card.hidden) return 'no card';
	return [...card.querySelectorAll('.kind, h2, .notice, dt, dd, .description, form, button.primary')]
		.filter((e) => e.checkVisibility()).map((e) => e.matches('form') ? (e.classList.contains('save') ? '' : 'form') : e.innerText.trim()).filter(Boolean).join('\n');
}`

// TestBrowserInvitationCards: the card that the browser makes says what the
// server's does, in other languages and zones.
func TestBrowserInvitationCards(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	w := &world{s: s}
	mails := []struct{ name, raw string }{
		{"request", inviteMail("REQUEST", review...)},
		{"cancelled", inviteMail("CANCEL", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261127", "RRULE:FREQ=YEARLY")...)},
		{"a day", inviteMail("REQUEST", altered(review, "DTSTART;VALUE=DATE:20261124", "DTEND:", "ORGANIZER:mailto:boss@evil.example", "RRULE:FREQ=DAILY;INTERVAL=3")...)},
		{"next day", inviteMail("PUBLISH", altered(review, "DTEND:20261125T120000Z", "ATTENDEE:", "RRULE:FREQ=MONTHLY")...)},
		{"zone", inviteMail("REQUEST", altered(review, "DTSTART;TZID=Mars <i>:20261124T000000", "DTEND:", "ORGANIZER:", "SUMMARY:")...)},
		{"an answer", inviteMail("REPLY", review...)},
		{"unreadable", inviteMail("REQUEST", "SUMMARY:x")},
	}
	b := browsertest.Start(t)
	readers := []struct{ language, zone string }{{"en", "America/New_York"}, {"de", "Asia/Kolkata"}, {"pl", "Pacific/Kiritimati"},
		{"fr", "Europe/Paris"}, {"fi", "Europe/Helsinki"}, {"pt", "Etc/GMT+12"}}
	n := 0
	for _, m := range mails {
		id, code := s.sealed(seal.ModeOneTime, m.raw)
		in := c.received(m.raw, seal.Restriction{})
		for range 2 {
			r := readers[n%len(readers)]
			n++
			t.Run(m.name+" "+r.language, func(t *testing.T) {
				speaking = r.language
				defer func() { speaking = "en" }()
				tb := b.Tab(t, true)
				tb.Speak(r.language)
				inZone(t, tb, r.zone)
				w.as(tb, cookieOf(c))
				tb.Open(s.url + "/help") // which tells the zone
				tb.Open(s.url + "/m/" + in)
				server, err := tb.Eval(cardText)
				must(t, err)
				openHere(tb, s, id, code)
				here, err := tb.Eval(cardText)
				must(t, err)
				if server.Value.Str() != here.Value.Str() {
					t.Errorf("server\n%s\nbrowser\n%s", server.Value.Str(), here.Value.Str())
				}
				tb.Quiet()
			})
		}
	}
}

// TestBrowserInvitationOneTime reads, saves and answers an invitation in a one-time
// message, at a phone's and a desk's width: opened in the browser, which tells the
// server no more than an answer needs, and without scripts.
func TestBrowserInvitationOneTime(t *testing.T) {
	s := newSite(t, nil)
	eachScreen(t, func(t *testing.T, tb *browsertest.Tab, scripts bool) {
		id, code := s.sealed(seal.ModeOneTime, inviteMail("REQUEST", append(review, "X-SECRET:Emberglow", "DESCRIPTION:Emberglow")...))
		inZone(t, tb, "Europe/Helsinki")
		(&world{s: s}).as(tb, "none") // without scripts, the zone was told before
		if scripts {
			openHere(tb, s, id, code)
			name, b := tb.Download(func() { tb.Press(text("calendar.save")) })
			if name != "attachment.ics" || !strings.Contains(string(b), "UID:7f3a@firm.example\r\n") {
				t.Errorf("saved %q: %.60q", name, b)
			}
		} else {
			tb.Open(s.url + "/o/" + id)
			tb.Fill("#code", code.Text())
			tb.Press(text("onetime.button"))
		}
		tb.WaitFor(".invitation h2", "Review <b>2027</b>, second round")
		tb.WaitFor(".invitation dd", "Tuesday, 24 November 2026, 15:00 – 16:00 (Europe/Helsinki)")
		tb.WaitFor(".invitation dd", "every week until 1 March 2027")
		tb.WaitFor(".invitation .hint", text("calendar.onetime"))
		before := len(s.owner.sent("reply"))
		tb.Fill("#comment", "See you there.")
		tb.Press(text("calendar.tentative"))
		tb.WaitFor("h1", text("sent.heading"))
		sent := s.owner.sent("reply")
		if len(sent) != before+1 {
			t.Fatalf("%d answers went out", len(sent)-before)
		}
		a := readITIP(t, sent[before])
		for name, want := range map[string]string{"UID": "7f3a@firm.example", "SEQUENCE": "2", "SUMMARY": "Review <b>2027</b>, second round", "COMMENT": "See you there.",
			"DTSTART": "20261124T130000Z", "DTEND": "20261124T140000Z", "ORGANIZER": "mailto:clara@firm.example", "ATTENDEE": "mailto:" + guest} {
			if got := a.get(name); got != want {
				t.Errorf("%s %q, want %q", name, got, want)
			}
		}
		if !slices.Equal(sent[before].to, []string{member}) || !strings.Contains(a.text, "24 November 2026, 15:00 – 16:00 (Europe/Helsinki)") {
			t.Errorf("to %q: %s", sent[before].to, a.text)
		}
		for _, r := range tb.Requests() {
			if strings.Contains(r, "tracker.example") || strings.Contains(r, "Emberglow") {
				t.Errorf("a request: %.100s", r)
			}
		}
		tb.Quiet()
	})
}

// TestBrowserInvitationNoReply: a message that takes no answers offers none, and one
// with a PIN takes them once it is open.
func TestBrowserInvitationNoReply(t *testing.T) {
	s := newSite(t, nil)
	b := browsertest.Start(t)
	for _, scripts := range []bool{true, false} {
		tb := b.Tab(t, scripts)
		id, code, pin := s.restricted(seal.ModeOneTime, seal.Restriction{NoReply: true, PIN: true}, inviteMail("REQUEST", review...))
		open := func() {
			tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
			if !scripts {
				tb.Fill("#code", code.Text())
			}
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", text("pin.heading"))
			tb.Fill("#pin", pin)
			tb.Press(text("message.open"))
			tb.WaitFor(".invitation h2", "second round")
		}
		open()
		form, err := tb.Eval(`() => [...document.querySelectorAll('.invitation .choices')].some((e) => e.checkVisibility())`)
		must(t, err)
		if form.Value.Bool() {
			t.Error("there is a form to answer")
		}
		id, code, pin = s.restricted(seal.ModeOneTime, seal.Restriction{PIN: true}, inviteMail("REQUEST", review...))
		open()
		before := len(s.owner.sent("reply"))
		tb.Press(text("calendar.decline"))
		tb.WaitFor("h1", text("sent.heading"))
		if n := len(s.owner.sent("reply")) - before; n != 1 {
			t.Errorf("scripts %v: %d answers", scripts, n)
		}
	}
}

// TestBrowserHostileCalendars shows hostile calendar objects through the one-time
// page: a few as messages, all of them in the card.
func TestBrowserHostileCalendars(t *testing.T) {
	tr := newTrap(t)
	h := newHostileSite(t, tr)
	all := hostile.Calendars(tr.origin)
	tb := h.tab(false, true)
	marked := slices.DeleteFunc(slices.Clone(all[:len(all)-1200]), func(s string) bool { return !strings.Contains(s, "<") && !strings.Contains(s, tr.origin) })
	if len(marked) < 15 {
		t.Fatalf("%d with markup or an address", len(marked))
	}
	opened := 0
	for i, text := range marked {
		if i%4 != 0 {
			continue
		}
		if opened%5 == 0 { // a tab has a minute
			tb = h.tab(false, true)
		}
		opened++
		id, code := h.sealed(seal.ModeOneTime, hostile.InvitationMail(i, text))
		openHere(tb, h.site, id, code)
		out, err := tb.Eval(ownLines)
		must(t, err)
		if out.Value.Str() != "" {
			t.Errorf("%.300q: %.500s", text, out.Value.Str())
		}
	}
	shape := func() string {
		out, err := tb.Eval(`() => {
			const card = document.getElementById('m-invitation');
			return [...card.querySelectorAll('*')].map((e) => e.nodeName + [...e.attributes].filter((a) => !/^(hidden|value)$/.test(a.name)).map((a) => a.name + a.value)).join(';');
		}`)
		must(t, err)
		return out.Value.Str()
	}
	want := shape()
	cards := 0
	for texts := range slices.Chunk(all, 200) {
		out, err := tb.Eval(`async (texts) => {
			const card = document.getElementById('m-invitation');
			const { show } = await import(card.dataset.script);
			let n = 0;
			for (const text of JSON.parse(texts)) {
				if (show(card, text, { senders: [], hasText: false, canAnswer: true, token: 'x' }) === 'shown') n++;
				if (/[\u202a-\u202e\u2066-\u2069]/.test(card.textContent)) return -1;
			}
			return n;
		}`, jsonOf(t, texts))
		must(t, err)
		cards += out.Value.Int()
		if out.Value.Int() < 0 {
			t.Error("a card turns text around")
		}
		if got := shape(); got != want {
			t.Errorf("the card became %.1000s", got)
		}
	}
	if cards < len(all)/3 {
		t.Errorf("%d cards", cards)
	}
	if sprung := tr.take(); len(sprung) > 0 {
		t.Errorf("%.1000q", sprung)
	}
	t.Logf("%d messages, %d cards", opened, cards)
}

// TestBrowserInvitationRightToLeft: the card turns around with its page, and what
// the invitation says keeps its own direction.
func TestBrowserInvitationRightToLeft(t *testing.T) {
	s := newSite(t, nil)
	b := browsertest.Start(t)
	id, code := s.sealed(seal.ModeOneTime, inviteMail("REQUEST", altered(review, "SUMMARY:סקירה שנתית 2027", "LOCATION:"+strings.Repeat("אולם", 60),
		"ORGANIZER;CN=קלרה:mailto:boss@evil.example")...))
	for _, width := range []int{390, 1280} {
		tb := b.Tab(t, true)
		tb.Screen(width, screenHeight(width), "light")
		openHere(tb, s, id, code)
		tb.WaitFor(".invitation h2", "סקירה")
		over, err := tb.Eval(turnedAround)
		must(t, err)
		if s := over.Value.Str(); s != "" {
			t.Errorf("sticks out: %s", s)
		}
		edge, err := tb.Eval(`() => {
			const card = document.querySelector('.invitation'), style = getComputedStyle(card);
			const text = getComputedStyle(card.querySelector('[data-part=summary]')).unicodeBidi;
			return [style.borderRightWidth, style.borderLeftWidth, text].join(' ');
		}`)
		must(t, err)
		if got := edge.Value.Str(); got != "4px 1px isolate" {
			t.Errorf("the card's edges and its title: %s", got)
		}
	}
}
