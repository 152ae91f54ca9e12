package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
)

// TestBrowserRoundup is a guest who wants one mail a day: the choice on the page, the
// messages that come without a notice of their own, what their senders see, a process
// that is killed and starts again when the mail is due, the mail, and its check code.
func TestBrowserRoundup(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: settingsRules, Set: map[string]string{"actions.receipt": "true"}})
	const bob = "bob@guest.example"
	letter := func(from, subject string, to ...string) {
		t.Helper()
		s.Submit(t, from, to, "From: "+from+"\nTo: "+strings.Join(to, ", ")+"\nSubject: "+subject+
			"\nMessage-ID: <"+strings.TrimPrefix(subject, "planted ")+"@example.com>\n\nplanted text\n")
	}
	letter("ann@example.com", "planted first", bob)
	first := s.ReadNotice(t, s.WaitOutside(t, bob))
	b := browsertest.Start(t)
	tb := b.Tab(t, true)
	tb.Screen(sizes[0][0], sizes[0][1], "light")
	activate(tb, first.Link)
	tb.WaitFor("h1", "planted first")
	tb.Open(s.URL + "/settings")
	tb.Fill("#p-phrase", "seven elephants")
	tb.Press("Save")
	tb.WaitFor(".notice", "Saved.")
	choose := func(how string) {
		t.Helper()
		tb.Open(s.URL + "/settings/preferences")
		tb.MustElement("#roundup").MustSelect(how)
		tb.MustElement("#zone").MustSelect("Europe/Helsinki")
		tb.Press("Save")
		tb.WaitFor(".notice", "saved")
	}
	choose("One a day")

	letter("ann@example.com", "planted second", bob)
	letter("bea@example.com", "planted third", bob, "colleague@example.com")
	letter("pinned@example.com", "planted fourth", bob) // a PIN: at once
	s.WaitInside(t, "colleague@example.com")
	s.nthOutside(t, bob, 2)
	s.settle(t)
	if got := to(s.Outside, bob); len(got) != 2 {
		t.Fatalf("%d mails to %s, want the first notice and that with the PIN", len(got), bob)
	}
	if n := s.messages(t); n != 4 {
		t.Fatalf("%d messages in the store", n)
	}
	tb.Open(s.URL + "/inbox")
	tb.WaitFor(".count", "4 messages")

	// The sender of one follows it.
	_, receipt := s.senderMail(t, "bea@example.com", "waits for the recipient's summary")
	sender := b.Tab(t, true)
	follow := func(state string) {
		t.Helper()
		sender.Open("about:blank") // the address differs in its fragment alone
		sender.Open(s.URL + "/s#" + linkCode(t, s, receipt.Text, "s").Fragment())
		sender.Press("Continue")
		sender.WaitFor(".status .tag", state)
	}
	follow("In the next summary")

	// The process is killed, and one that starts a day later sends the mail.
	s.Milter.Kill(t)
	s.Shift(t, 25*time.Hour)
	s.RestartMilter(t)
	m := s.nthOutside(t, bob, 3)
	mail := readMail(t, m)
	for _, want := range []string{"ann@example.com", "bea@example.com", "Sent: ", "seven elephants", s.URL + "/inbox", s.URL + "/settings/preferences"} {
		if !strings.Contains(unwrapped(mail.Text), want) {
			t.Errorf("the summary lacks %q:\n%s", want, mail.Text)
		}
	}
	wantNoPlanted(t, m)
	if strings.Contains(mail.Text, "pinned@") || mail.Header.Get("Auto-Submitted") != "auto-generated" || m.From != "" ||
		!strings.Contains(mail.Subject, "2 encrypted messages") || !strings.Contains(mail.HTML, "/inbox") {
		t.Errorf("summary from %q, subject %q:\n%s", m.From, mail.Subject, mail.Text)
	}
	follow("Not opened yet")

	tb.Open(s.URL + "/genuine")
	tb.Fill("#code", checkCode.FindString(mail.Text))
	tb.Press("Check")
	tb.WaitFor(".good", "comes from here")
	tb.WaitFor("main", "bea@example.com")
	tb.Open(s.URL + "/inbox") // the session ended meanwhile
	tb.WaitFor("h1", "Log in")
	tb.Fill("#address", bob)
	tb.Fill("#password", guestPassword)
	tb.MustElement("main form button[type=submit]").MustClick()
	tb.WaitFor(".count", "4 messages, 3 unread")

	// With each at once there is a notice again.
	choose("One for each message, at once")
	letter("ann@example.com", "planted fifth", bob)
	if n := s.ReadNotice(t, s.nthOutside(t, bob, 4)); n.Code != "" {
		t.Errorf("the notice to an account has a code: %q", n.Code)
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

// unwrapped is a text in one line.
func unwrapped(s string) string { return strings.Join(strings.Fields(s), " ") }
