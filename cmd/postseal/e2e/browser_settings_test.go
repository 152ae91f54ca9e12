package e2e

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/portal/browsertest"
)

// settingsRules seal what anybody sends to a guest. What two senders want is said by
// their names.
const settingsRules = `
version = 1

[[rule]]
name = "closely"
also = { restrict = ["no-print"] }
when.from = "closely*@example.com"

[[rule]]
name = "pinned"
also = { restrict = ["pin"] }
when.from = "pinned*@example.com"

[[rule]]
name = "all"
then = "pickup"
when.to = "external"
`

// A way is how somebody looks at the pages.
type way struct {
	name          string
	width, height int
	scripts       bool
}

var ways = []way{
	{"390x844", sizes[0][0], sizes[0][1], true},
	{"1280x800", sizes[1][0], sizes[1][1], true},
	{"without scripts", sizes[0][0], sizes[0][1], false},
}

// A holder is who has an account, or gets one: a guest, or a member.
type holder struct {
	*Site
	way
	t       *testing.T
	browser *browsertest.Browser
	address string
	inside  bool  // a member
	number  int32 // of this holder; its tabs are in a network of their own each
	tabs    int
}

const (
	freshPassword = "ein anderes langes Kennwort 77"
	holderName    = "Roberta Quill"
)

// TestBrowserSettings is what an account's holder does with the account itself. Each
// part is done at a phone's and at a desk's width, and with scripts switched off.
func TestBrowserSettings(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Host: "localhost", Rules: settingsRules, Set: map[string]string{
		"actions.receipt":        "true",
		"portal.trusted_proxies": `["127.0.0.1"]`,
		"languages.domains":      `{ "kunde.example" = "de" }`,
	}})
	b := browsertest.Start(t)
	parts := []struct {
		name, domain string
		run          func(*holder)
	}{
		{"password", "guest.example", (*holder).changesPassword},
		{"forgotten", "guest.example", (*holder).forgets},
		{"second", "guest.example", (*holder).addsSecondStep},
		{"sessions", "guest.example", (*holder).endsSessions},
		{"profile", "guest.example", (*holder).changesProfile},
		{"preferences", "guest.example", (*holder).prefers},
		{"languages", "kunde.example", (*holder).speaks},
		{"addresses", "guest.example", (*holder).addsAddresses},
		{"download", "guest.example", (*holder).savesAll},
		{"close", "guest.example", (*holder).closes},
	}
	var number atomic.Int32
	become := func(t *testing.T, domain string, w way) *holder {
		n := number.Add(1)
		return &holder{Site: s, way: w, t: t, browser: b, address: fmt.Sprintf("rq%d@%s", n, domain), number: n}
	}
	t.Run("parts", func(t *testing.T) {
		for _, p := range parts {
			for _, w := range ways {
				t.Run(p.name+" "+w.name, func(t *testing.T) {
					t.Parallel()
					p.run(become(t, p.domain, w))
				})
			}
		}
	})
	t.Run("guessed", func(t *testing.T) { become(t, "guest.example", ways[0]).isGuessed() })
	// The clock is everybody's.
	t.Run("later", func(t *testing.T) { become(t, "guest.example", ways[0]).waits() })
	for _, m := range s.Outside.Mails() {
		if strings.HasPrefix(m.To[0], "stranger-") {
			t.Errorf("a mail to %s, who has no account", m.To)
		}
	}
	for _, p := range []*Process{s.Milter, s.Portal} {
		for _, secret := range []string{guestPassword, freshPassword, "seven elephants", "the first word"} {
			if strings.Contains(p.Log(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}

// tab opens a browser of the holder's, in a network that it was not in before.
func (h *holder) tab() *browsertest.Tab {
	h.t.Helper()
	tb := h.browser.Tab(h.t, h.scripts)
	tb.Screen(h.width, h.height, "light")
	h.tabs++
	tb.From(h.network(h.tabs) + "7")
	return tb
}

// network is that of the nth tab, as an address begins.
func (h *holder) network(n int) string { return fmt.Sprintf("2001:db8:%x:%x::", h.number, n) }

// mails is where mail to the holder arrives.
func (h *holder) mails() *mta.Sink {
	if h.inside {
		return h.Inside
	}
	return h.Outside
}

// receive waits for a mail to the holder with a phrase in its subject or text.
func (h *holder) receive(phrase string) mta.Mail {
	h.t.Helper()
	m, err := h.mails().Wait(deadline(h.t), func(m mta.Mail) bool {
		return m.Has(h.address) && says(h.t, m, phrase)
	})
	if err != nil {
		h.t.Fatalf("wait for a mail to %s with %q: %v", h.address, phrase, err)
	}
	return m
}

// received counts those that are there.
func (h *holder) received(phrase string) (n int) {
	h.t.Helper()
	for _, m := range to(h.mails(), h.address) {
		if says(h.t, m, phrase) {
			n++
		}
	}
	return n
}

func says(t *testing.T, m mta.Mail, phrase string) bool {
	t.Helper()
	n := readMail(t, m)
	return strings.Contains(n.Subject, phrase) || strings.Contains(strings.Join(strings.Fields(n.Text), " "), phrase)
}

// sends sends a message from NAME@example.com to the holder and returns its notice.
// A name is used once.
func (h *holder) sends(name, subject string) Notice {
	h.t.Helper()
	from := fmt.Sprintf("%s%d@example.com", name, h.number)
	h.Submit(h.t, from, []string{h.address}, h.letter(from, subject))
	return h.ReadNotice(h.t, h.receive(from))
}

func (h *holder) letter(from, subject string) string {
	return "From: Ann Archer <" + from + ">\nTo: " + h.address + "\nSubject: " + subject + "\nMessage-ID: <" + from + ">\nDate: Fri, 20 Nov 2026 10:00:00 +0100\n" +
		"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" +
		subject + " reads: Grüße.\n.leading dot\n\nthe first word\n"
}

// follow goes through a first notice's link, or types its code, to the form behind it.
func (h *holder) follow(tb *browsertest.Tab, n Notice) {
	h.t.Helper()
	if h.scripts {
		tb.Open(n.Link)
		tb.Press("Continue")
		return
	}
	page, _, _ := strings.Cut(n.Link, "#")
	tb.Open(page)
	tb.Fill("#code", n.Code)
	tb.Press("Continue")
}

// choose fills in a new password.
func (h *holder) choose(tb *browsertest.Tab, password, repeat string) {
	h.t.Helper()
	tb.Fill("#password", password)
	tb.Fill("#repeat", repeat)
}

// begin makes the account and opens its first message.
func (h *holder) begin() *browsertest.Tab {
	h.t.Helper()
	n := h.sends("ann", "the first")
	tb := h.tab()
	h.follow(tb, n)
	tb.WaitFor("h1", "Choose a name and a password")
	tb.Fill("#name", holderName)
	h.choose(tb, guestPassword, guestPassword)
	tb.Press("Save and open")
	tb.WaitFor("h1", "the first")
	return tb
}

// login sends the form to log in, and leaves what follows to the caller.
func (h *holder) login(tb *browsertest.Tab, password string) {
	h.t.Helper()
	tb.Open(h.URL + "/")
	tb.Fill("#address", h.address)
	tb.Fill("#password", password)
	tb.Click("form[action='/login'] button")
}

// loggedIn is a tab with a session, and without a second step.
func (h *holder) loggedIn(password string) *browsertest.Tab {
	h.t.Helper()
	tb := h.tab()
	h.login(tb, password)
	tb.WaitFor("h1", "Inbox")
	return tb
}

// open loads a page of the site.
func (h *holder) open(tb *browsertest.Tab, path string) {
	h.t.Helper()
	tb.Open(h.URL + path)
}
