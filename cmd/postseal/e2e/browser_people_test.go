package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/portal/browsertest"
)

// TestBrowserPeople lets two people open one mailbox under their own names, by
// invitations that arrive by mail, at a phone's and a desk's width: the sender sees
// each of them, an answer carries the name, and who is removed is out at once.
func TestBrowserPeople(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: senderRules, Set: map[string]string{"actions.receipt": "true"}})
	b := browsertest.Start(t)
	for n, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			c := &crew{Site: s, t: t, n: n, tab: func() *browsertest.Tab {
				tb := b.Tab(t, true)
				tb.Screen(size[0], size[1], "light")
				return tb
			}}
			c.openTogether()
		})
	}
}

// A crew is a mailbox, and people with browsers of their own.
type crew struct {
	*Site
	t   *testing.T
	n   int
	tab func() *browsertest.Tab
}

func (c *crew) address(name string) string { return fmt.Sprintf("%s%d@guest.example", name, c.n) }

// sealed sends a message, and returns what its recipient gets.
func (c *crew) sealed(from, name string) Notice {
	c.t.Helper()
	to := c.address(name)
	c.Submit(c.t, from, []string{to}, "From: "+from+"\nTo: "+to+"\nSubject: case of "+from+"\nMessage-ID: <"+from+">\n\nVisa 4111 1111 1111 1111\n")
	return c.mail(name, from)
}

// mail waits for a mail with a link and a phrase in its text.
func (c *crew) mail(name, phrase string) Notice {
	c.t.Helper()
	return c.ReadNotice(c.t, c.hears(name, phrase))
}

func (c *crew) hears(name, phrase string) mta.Mail {
	c.t.Helper()
	m, err := c.Outside.Wait(deadline(c.t), func(m mta.Mail) bool { return m.Has(c.address(name)) && says(c.t, m, phrase) })
	if err != nil {
		c.t.Fatalf("wait for a mail to %s with %q: %v", c.address(name), phrase, err)
	}
	return m
}

// account makes an account by a link.
func (c *crew) account(name, link, button string) *browsertest.Tab {
	c.t.Helper()
	tb := c.tab()
	tb.Open(link)
	tb.Press("Continue")
	tb.WaitFor("h1", "Choose a name and a password")
	tb.Fill("#name", name)
	tb.Fill("#password", guestPassword)
	tb.Fill("#repeat", guestPassword)
	tb.Press(button)
	return tb
}

func (c *crew) invite(tb *browsertest.Tab, name string) Notice {
	c.t.Helper()
	tb.Open(c.URL + "/settings/people")
	tb.Fill("#i-address", c.address(name))
	tb.Fill("#i-current", guestPassword)
	tb.Press("Send the invitation")
	tb.WaitFor(".good", "on its way")
	return c.mail(name, "invites you to open the mailbox")
}

func (c *crew) openTogether() {
	t, from := c.t, fmt.Sprintf("ann%d@example.com", c.n)
	desk := c.account("Claims", c.sealed(fmt.Sprintf("first%d@example.com", c.n), "claims").Link, "Save and open")
	desk.WaitFor("h1", "case of first")
	rob := c.account("Rob Roe", c.sealed(fmt.Sprintf("second%d@example.com", c.n), "rob").Link, "Save and open")
	rob.WaitFor("h1", "case of second")

	// Rob has an account, Eve makes one by the invitation.
	invited := c.invite(desk, "rob")
	rob.Open(invited.Link)
	rob.Press("Continue")
	rob.WaitFor("h1", "Open this mailbox?")
	rob.Press("Accept")
	rob.WaitFor(".mailboxes summary", c.address("claims"))
	eve := c.account("Eve Early", c.invite(desk, "eve").Link, "Save and open")
	eve.WaitFor("h1", "Open this mailbox?")
	eve.Press("Accept")
	eve.WaitFor(".mailboxes summary", c.address("claims"))

	notice := c.sealed(from, "claims")
	_, receipt := c.senderMail(t, from, c.address("claims"))
	for _, tb := range []*browsertest.Tab{rob, eve} {
		tb.Open(notice.Link)
		tb.Press("Open the message")
		tb.WaitFor("h1", "case of "+from)
	}
	eve.Press("Reply")
	eve.WaitFor("h1", "Reply")
	eve.Fill("#body", "We look into it.")
	eve.Press("Send")
	eve.WaitFor("h1", "Your answer is sent")
	if m := c.nthInside(from, "We look into it."); !strings.Contains(m, "Eve Early (Claims)") || !strings.Contains(m, c.address("claims")) {
		t.Errorf("the answer comes as\n%s", m)
	}

	status := c.tab()
	status.Open(c.URL + "/s#" + linkCode(t, c.Site, receipt.Text, "s").Fragment())
	status.Press("Continue")
	status.WaitFor(".opening", "Rob Roe")
	status.WaitFor(".opening", "Eve Early")
	status.WaitFor(".tag", "Answered")

	// The menu leads back without a log-in, and the notice's link to the mailbox.
	rob.MustElement(".mailboxes summary").MustClick()
	rob.Press(c.address("rob"))
	rob.WaitFor(".count", "1 message")
	rob.Open(notice.Link)
	rob.WaitFor("h1", "not in this mailbox")
	rob.Press("Look here")
	rob.WaitFor("h1", "case of "+from)

	desk.Open(c.URL + "/settings/people")
	desk.Fill("#c-current", guestPassword)
	desk.MustElement(`button[value="remove ` + c.address("rob") + `"]`).MustClick()
	desk.WaitFor(".good", "can’t open the mailbox any more")
	rob.Open(notice.Link)
	rob.WaitFor("h1", "Log in")
	eve.Open(notice.Link)
	eve.WaitFor("h1", "case of "+from)
	c.hears("rob", "can no longer open the mailbox")
	out := c.Run(t, "store", "audit", "--event", "opened")
	for _, person := range []string{"rob", "eve"} {
		if !strings.Contains(out, c.address(person)) {
			t.Errorf("%s is not in the trail:\n%s", person, out)
		}
	}
	if out := c.Run(t, "account", "people", "list", c.address("claims")); !strings.Contains(out, c.address("eve")) || strings.Contains(out, c.address("rob")) {
		t.Errorf("people:\n%s", out)
	}
	for _, p := range []*Process{c.Milter, c.Portal} {
		if _, code, _ := strings.Cut(invited.Link, "#"); strings.Contains(p.Log(), code) {
			t.Error("the log holds a code")
		}
	}
}

// nthInside waits for a mail inside with a phrase, and returns its header.
func (c *crew) nthInside(to, phrase string) string {
	c.t.Helper()
	m, err := c.Inside.Wait(deadline(c.t), func(m mta.Mail) bool { return m.Has(to) && says(c.t, m, phrase) })
	if err != nil {
		c.t.Fatalf("wait for an answer: %v", err)
	}
	head, _, _ := strings.Cut(string(m.Data), "\r\n\r\n")
	return head
}
