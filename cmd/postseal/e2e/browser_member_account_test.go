package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
)

// A member is a holder whom the organisation signs in.
type member struct {
	*holder
	called string                 // by the directory or the provider
	signIn func(*browsertest.Tab) // in a browser that nobody used before, to the inbox
	again  func(*browsertest.Tab) // from the form to log in; what follows is the caller's
	// remembered is the same where nobody has logged out.
	remembered func(*browsertest.Tab)
	clock      time.Duration // how far ahead the site's is
	kept       []string      // what no log may hold
}

// notFresh is how old a log-in is when it does not stand for a password any more, and
// tooOld what is said then.
const (
	notFresh = 15 * time.Minute
	tooOld   = "For this you must have logged in a short while ago. Please log out and in again."
)

// TestBrowserMemberAccount is what members whom the directory or the identity provider
// signs in do with their accounts, at a phone's and at a desk's width and with scripts
// switched off: there is no password, so a log-in of a short while ago stands for it.
func TestBrowserMemberAccount(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Members: true, Host: "localhost", Rules: senderRules, Set: map[string]string{
		"portal.trusted_proxies": `["127.0.0.1"]`,
	}})
	b := browsertest.Start(t)
	var kept []string
	number := int32(0)
	run := func(how string, w way, become func(*member)) {
		t.Run(how+" "+w.name, func(t *testing.T) {
			number++
			m := &member{holder: &holder{Site: s, way: w, t: t, browser: b, inside: true, number: number}}
			// The clock is everybody's, and goes on from one to the next.
			m.passes(time.Duration(number) * time.Hour)
			become(m)
			m.keepsAccount()
			kept = append(kept, m.kept...)
		})
	}
	people := []struct{ user, name string }{{"clara", "Clara Member"}, {"dirk", "Dirk Director"}}
	for n, w := range ways {
		if n < len(people) { // of whom each keeps an account once
			run("directory", w, func(m *member) {
				user := people[n].user
				m.address, m.called = user+"@firm.example", people[n].name
				m.signIn = func(tb *browsertest.Tab) { s.byDirectory(tb, user) }
				m.again = func(tb *browsertest.Tab) { typePassword(tb, m.address, "right of "+user) }
				m.remembered = m.again
			})
		}
		run("provider", w, func(m *member) {
			m.address, m.called = fmt.Sprintf("doro%d@cloud.example", n), "Dora Cloud"
			m.signIn = func(tb *browsertest.Tab) { s.byProvider(tb, m.address, w.scripts) }
			m.again = func(tb *browsertest.Tab) {
				typeAddress(tb, m.address)
				if !w.scripts {
					tb.Press("Continue to sign-in")
				}
				atProvider(tb, m.address) // which asks whoever has logged out
				if !w.scripts {
					tb.Press("Open my mailbox")
				}
			}
			m.remembered = func(tb *browsertest.Tab) { // the provider knows the browser, and asks for nothing
				typeAddress(tb, m.address)
				if !w.scripts {
					tb.Press("Continue to sign-in")
					tb.Press("Open my mailbox")
				}
			}
		})
	}
	for _, p := range []*Process{s.Milter, s.Portal} {
		for _, secret := range append(kept, "right of", "planted") {
			if strings.Contains(p.Log(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}

// passes lets time pass.
func (m *member) passes(d time.Duration) {
	m.t.Helper()
	m.clock += d
	m.Shift(m.t, m.clock)
}

// code is what the member's app shows, so much later than now.
func (m *member) code(key string, later time.Duration) string {
	m.t.Helper()
	return totpCode(m.t, key, time.Now().Add(m.clock+later))
}

// reads gets a message from a partner and opens it, and returns its page.
func (m *member) reads(tb *browsertest.Tab, name string) string {
	m.t.Helper()
	from := fmt.Sprintf("%s%d@partner.example", name, m.number)
	m.Submit(m.t, from, []string{m.address}, m.letter(from, "planted "+name))
	m.receive(from)
	m.open(tb, "/inbox")
	tb.Press("planted " + name)
	tb.WaitFor("h1", "planted "+name)
	tb.WaitFor(".mail-text", "the first word")
	return tb.Address()
}

// refused waits for what a part of the page says to a log-in that is too old.
func (m *member) refused(tb *browsertest.Tab, part string) {
	m.t.Helper()
	tb.WaitFor("section[aria-labelledby="+part+"] .problem", tooOld)
}

// keepsAccount is all of it, in one member's order.
func (m *member) keepsAccount() {
	tb := m.tab()
	m.signIn(tb)
	message := m.reads(tb, "gia")
	m.hasNoPassword(tb)
	other := m.endsSession(tb)
	key, codes := m.addsApp(tb)
	m.proves(tb, key, codes, message)
	m.closesLate(tb, message)
	m.closes(tb, other, key, message)
	allowed := []string{"401", "403", "410"}
	if strings.HasSuffix(m.address, "@cloud.example") {
		allowed = append(allowed, "net::ERR_", "404") // the provider's own pages ask for a font and an icon
	}
	tb.Quiet(allowed...)
}

// hasNoPassword sees an account page without one, and changes the name.
func (m *member) hasNoPassword(tb *browsertest.Tab) {
	t := m.t
	m.open(tb, "/settings")
	tb.WaitFor("section[aria-labelledby=s-password] p", "Your organisation signs you in, so there is no password here.")
	if n := len(tb.MustElements("input[type=password]")); n != 0 {
		t.Errorf("%d passwords are asked for", n)
	}
	m.wantsProfile(tb, m.called)
	tb.Barriers()
	tb.Fill("#p-name", holderName)
	tb.Press("Save")
	tb.WaitFor(".notice", "Saved.")
	m.wantsProfile(tb, holderName)
}

// wantsProfile compares the address and a name with those on the account's page.
func (m *member) wantsProfile(tb *browsertest.Tab, name string) {
	m.t.Helper()
	for field, want := range map[string]string{"#p-address": m.address, "#p-name": name} {
		if got := tb.MustElement(field).MustProperty("value").Str(); got != want {
			m.t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
}

// endsSession hears of a log-in elsewhere, sees it in the list, and ends it. That
// browser logs in anew and is returned.
func (m *member) endsSession(tb *browsertest.Tab) *browsertest.Tab {
	other := m.tab()
	other.Agent(firefoxAgent)
	m.signIn(other)
	alert := readMail(m.t, m.receive("New log-in at"))
	for _, want := range []string{m.network(2), "Firefox", m.URL + "/settings", holderName} {
		if !strings.Contains(alert.Text, want) {
			m.t.Errorf("the alert lacks %q:\n%s", want, alert.Text)
		}
	}
	m.open(tb, "/settings")
	tb.WaitFor("section[aria-labelledby=s-sessions] li", "this one")
	for _, want := range []string{"Firefox, Windows", m.network(1), m.network(2)} {
		tb.WaitFor("section[aria-labelledby=s-sessions]", want)
	}
	m.endsOther(tb, other, "Firefox, Windows")
	m.open(other, "/")
	m.remembered(other)
	other.WaitFor("h1", "Inbox")
	return other
}

// addsApp adds an app with codes. That takes a fresh log-in.
func (m *member) addsApp(tb *browsertest.Tab) (key string, codes []string) {
	m.passes(notFresh)
	for _, button := range []string{"Add a passkey", "Add an app"} {
		m.open(tb, "/settings")
		tb.Press(button)
		m.refused(tb, "s-factors")
	}
	tb.WaitFor("p", "With a second step nobody comes in by it alone.")
	logOut(tb)
	m.again(tb)
	tb.WaitFor("h1", "Inbox")
	m.open(tb, "/settings")
	key = beginApp(tb)
	codes = switchOn(m.t, tb, m.code(key, 0))
	m.kept = append(codes, key, strings.ReplaceAll(key, " ", ""))
	m.receive("A second step was added")
	return key, codes
}

// proves logs in by the app and by recovery codes, after directory or provider.
func (m *member) proves(tb *browsertest.Tab, key string, codes []string, message string) {
	logOut(tb)
	m.again(tb)
	tb.WaitFor("h1", "Show that it is you")
	tb.WaitFor("p", m.address)
	tb.Barriers()
	m.open(tb, "/inbox") // directory or provider alone lead nowhere
	tb.WaitFor("h1", "Log in")

	m.open(tb, "/")
	m.remembered(tb)
	code := m.code(key, 30*time.Second)
	secondStep(tb, code)
	tb.WaitFor("h1", "Inbox")
	tb.Open(message)
	tb.WaitFor("h1", "planted gia")

	logOut(tb)
	m.again(tb)
	secondStep(tb, code)
	tb.WaitFor(".problem", "used already")
	secondStep(tb, asTyped(codes[0]))
	tb.WaitFor("h1", "Inbox")
	m.receive("A recovery code was used")
	m.open(tb, "/settings")
	tb.WaitFor("p", "9 recovery codes are left")

	logOut(tb)
	m.again(tb)
	secondStep(tb, codes[0])
	tb.WaitFor(".problem", "used already")
	secondStep(tb, codes[1])
	tb.WaitFor("h1", "Inbox")
}

// closesLate tries, with a log-in that is too old, what ends the protection or the
// account. Nothing changes.
func (m *member) closesLate(tb *browsertest.Tab, message string) {
	m.passes(notFresh)
	m.open(tb, "/settings")
	tb.Press("Make new recovery codes")
	m.refused(tb, "s-factors")
	m.open(tb, "/settings")
	tb.Click("button[name=id][value=totp]")
	m.refused(tb, "s-factors")
	tb.WaitFor("li", "App with codes")
	tb.WaitFor("p", "8 recovery codes are left")
	m.open(tb, "/settings")
	tb.Click("#c-sure")
	tb.Press("Close the account")
	m.refused(tb, "s-close")
	tb.Open(message)
	tb.WaitFor("h1", "planted gia")
}

// closes closes the account after a fresh log-in. The next one makes another, which
// has nothing of it.
func (m *member) closes(tb, other *browsertest.Tab, key, message string) {
	t := m.t
	m.open(other, "/inbox")
	other.WaitFor("h1", "Inbox")
	logOut(tb)
	m.again(tb)
	secondStep(tb, m.code(key, 0))
	tb.WaitFor("h1", "Inbox")
	m.open(tb, "/settings")
	tb.Click("#c-sure")
	tb.Press("Close the account")
	tb.WaitFor(".notice", "Your account is closed")
	tb.WaitFor("h1", "Log in")
	m.open(other, "/inbox")
	other.WaitFor("h1", "Log in")

	m.remembered(tb)
	tb.WaitFor("h1", "Inbox")
	tb.WaitFor("main", "No messages")
	tb.Open(message)
	tb.WaitFor("h1", "The message has expired")
	m.open(tb, "/settings")
	m.wantsProfile(tb, m.called)
	tb.WaitFor("p", "With a second step nobody comes in by it alone.")
	if n := len(tb.MustElements("section[aria-labelledby=s-sessions] li")); n != 1 {
		t.Errorf("%d sessions of a new account", n)
	}
	m.reads(tb, "gus")
	m.open(tb, "/inbox")
	tb.WaitFor(".count", "1 message")
}
