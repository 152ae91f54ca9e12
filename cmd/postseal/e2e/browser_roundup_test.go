package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
)

// A summarised guest wants one mail a day.
type summarised struct {
	*holder
	tb *browsertest.Tab
}

// TestBrowserRoundup is guests who want one mail a day, at a phone's and at a desk's
// width and with scripts switched off: the choice on the page, the messages that come
// without a notice of their own, what their senders see, a process that is killed and
// starts again when the mails are due, the mail, and its check code.
func TestBrowserRoundup(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: settingsRules, Set: map[string]string{"actions.receipt": "true"}})
	b := browsertest.Start(t)
	var guests []*summarised
	for n, w := range ways {
		t.Logf("%s: the choice", w.name)
		g := &summarised{holder: &holder{Site: s, way: w, t: t, browser: b, address: fmt.Sprintf("bob%d@guest.example", n), number: int32(n)}}
		guests = append(guests, g)
		g.choosesSummary()
	}
	if n := s.messages(t); n != 4*len(guests) {
		t.Fatalf("%d messages in the store", n)
	}

	// The process is killed, and one that starts a day later sends the mails.
	s.Milter.Kill(t)
	s.Shift(t, 25*time.Hour)
	s.RestartMilter(t)
	for _, g := range guests {
		t.Logf("%s: the mail", g.name)
		g.getsSummary()
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
	for _, p := range []*Process{s.Milter, s.Portal} {
		if strings.Contains(p.Log(), "planted") || strings.Contains(p.Log(), "seven elephants") {
			t.Error("the log holds something of a message, or the phrase")
		}
	}
}

// sender is the address of one who writes to this guest alone.
func (g *summarised) sender(name string) string {
	return fmt.Sprintf("%s%d@example.com", name, g.number)
}

// plant sends a message to the guest, and to others.
func (g *summarised) plant(name, subject string, others ...string) {
	g.t.Helper()
	from, to := g.sender(name), append([]string{g.address}, others...)
	g.Submit(g.t, from, to, "From: "+from+"\nTo: "+strings.Join(to, ", ")+"\nSubject: planted "+subject+
		fmt.Sprintf("\nMessage-ID: <%s-%d@example.com>\n\nplanted text\n", subject, g.number))
}

// choose says how often the guest is told, and sees that it is kept.
func (g *summarised) choose(how string) {
	g.t.Helper()
	g.prefer(g.tb, "roundup", how, "zone", "Europe/Helsinki")
	g.tb.WaitFor(".notice", "saved")
	g.open(g.tb, "/settings/preferences")
	for field, want := range map[string]string{"roundup": how, "zone": "Europe/Helsinki"} {
		if got := g.tb.MustElement("#" + field).MustEval(`() => this.selectedOptions[0].textContent`).Str(); got != want {
			g.t.Errorf("%s: %s is %q, want %q", g.name, field, got, want)
		}
	}
}

// follow has a sender look at what became of a message.
func (g *summarised) follow(name, state string) {
	g.t.Helper()
	g.status(name).WaitFor(".status .tag", state)
}

// choosesSummary makes the account, chooses one mail a day, and gets none for what
// comes then, but for a message with a PIN.
func (g *summarised) choosesSummary() {
	t := g.t
	g.plant("ann", "first")
	first := g.ReadNotice(t, g.WaitOutside(t, g.address))
	g.tb = g.tab()
	if g.scripts {
		activate(g.tb, first.Link)
	} else {
		g.activatePlainly(t, g.tb, first)
	}
	g.tb.WaitFor("h1", "planted first")
	g.open(g.tb, "/settings")
	g.tb.Fill("#p-phrase", "seven elephants")
	g.tb.Press("Save")
	g.tb.WaitFor(".notice", "Saved.")
	g.choose("One a day")

	colleague := g.sender("colleague")
	g.plant("ann", "second")
	g.plant("bea", "third", colleague)
	g.plant("pinned", "fourth") // a PIN: at once
	g.WaitInside(t, colleague)
	g.nthOutside(t, g.address, 2)
	g.settle(t)
	if got := to(g.Outside, g.address); len(got) != 2 {
		t.Fatalf("%s: %d mails to %s, want the first notice and that with the PIN", g.name, len(got), g.address)
	}
	g.open(g.tb, "/inbox")
	g.tb.WaitFor(".count", "4 messages")

	// The sender of one follows it.
	g.senderMail(t, g.sender("bea"), "waits for the recipient's summary")
	g.follow("bea", "In the next summary")
}

// getsSummary reads the mail, tries its check code, and has each at once again.
func (g *summarised) getsSummary() {
	t, tb := g.t, g.tb
	m := g.nthOutside(t, g.address, 3)
	mail := readMail(t, m)
	for _, want := range []string{g.sender("ann"), g.sender("bea"), "Sent: ", "seven elephants", g.URL + "/inbox", g.URL + "/settings/preferences"} {
		if !strings.Contains(unwrapped(mail.Text), want) {
			t.Errorf("%s: the summary lacks %q:\n%s", g.name, want, mail.Text)
		}
	}
	wantNoPlanted(t, m)
	if strings.Contains(mail.Text, "pinned") || mail.Header.Get("Auto-Submitted") != "auto-generated" || m.From != "" ||
		!strings.Contains(mail.Subject, "2 encrypted messages") || !strings.Contains(mail.HTML, "/inbox") {
		t.Errorf("%s: summary from %q, subject %q:\n%s", g.name, m.From, mail.Subject, mail.Text)
	}
	g.follow("bea", "Not opened yet")

	g.open(tb, "/genuine")
	tb.Fill("#code", checkCode.FindString(mail.Text))
	tb.Press("Check")
	tb.WaitFor(".good", "comes from here")
	tb.WaitFor("main", g.sender("bea"))
	g.open(tb, "/inbox") // the session ended meanwhile
	tb.WaitFor("h1", "Log in")
	tb.Fill("#address", g.address)
	tb.Fill("#password", guestPassword)
	tb.Click("main form button[type=submit]")
	tb.WaitFor(".count", "4 messages, 3 unread")

	// With each at once there is a notice again.
	g.choose("One for each message, at once")
	g.plant("ann", "fifth")
	if n := g.ReadNotice(t, g.nthOutside(t, g.address, 4)); n.Code != "" {
		t.Errorf("%s: the notice to an account has a code: %q", g.name, n.Code)
	}
}

// unwrapped is a text in one line.
func unwrapped(s string) string { return strings.Join(strings.Fields(s), " ") }
