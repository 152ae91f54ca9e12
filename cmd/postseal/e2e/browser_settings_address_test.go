package e2e

import (
	"fmt"
	"strings"

	"github.com/postseal/postseal/portal/browsertest"
)

// at is the same person under another address, which is not the account's yet.
func (h *holder) at(local string) *holder {
	other := *h
	other.address = fmt.Sprintf("%s%d@guest.example", local, h.number)
	return &other
}

// addsAddresses has two more addresses in one account: one by a mail that was asked
// for, one by its first notice.
func (h *holder) addsAddresses() {
	t := h.t
	tb := h.begin()
	robert, rob := h.at("robert"), h.at("rob")
	robert.sends("dee", "for robert")

	h.open(tb, "/settings")
	tb.Fill("#a-address", robert.address)
	tb.Fill("#a-current", guestPassword)
	tb.Press("Send the code")
	tb.WaitFor(".notice", "is on its way to it")
	asked := readMail(t, robert.receive("Add this address"))
	code := linkCode(t, h.Site, asked.Text, "j")
	follow := func(tb *browsertest.Tab) {
		t.Helper()
		if h.scripts {
			tb.Open(h.URL + "/j#" + code.Fragment())
		} else {
			h.open(tb, "/j")
			tb.Fill("#code", code.Text())
		}
		tb.Press("Continue")
	}
	// The link alone shows nobody anything.
	stranger := h.tab()
	follow(stranger)
	stranger.WaitFor("h1", "Log in to the account")
	if page := stranger.MustHTML(); strings.Contains(page, h.address) || strings.Contains(page, robert.address) {
		t.Error("the link tells of the account")
	}
	follow(tb)
	tb.WaitFor("h1", "Add this address to your account?")
	tb.WaitFor("dd", robert.address)
	tb.Press("Add the address")
	tb.WaitFor(".notice", "part of your account")
	h.receive("now go to the account " + h.address)
	robert.receive("now go to the account " + h.address)

	h.open(tb, "/inbox")
	tb.WaitFor(".count", "2 messages")
	tb.WaitFor(".tag.for", robert.address)
	tb.Press("for robert")
	tb.WaitFor("h1", "for robert")
	tb.Press("Reply")
	tb.WaitFor("dd", robert.address)
	tb.Fill("#body", "From my other address.")
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	_, answer := h.senderMail(t, fmt.Sprintf("dee%d@example.com", h.number), "From my other address.")
	if to, err := answer.Header.AddressList("Reply-To"); err != nil || to[0].Address != robert.address {
		t.Errorf("an answer to it goes to %v (%v)", to, err)
	}
	if later := robert.sends("eve", "later"); later.Code != "" || !strings.Contains(later.Link, "/m/") {
		t.Errorf("the next notice has link %q, code %q", later.Link, later.Code)
	}
	robert.loggedIn(guestPassword).WaitFor(".count", "3 messages")

	// A first notice leads to an account that there is, too.
	other := h.tab()
	h.follow(other, rob.sends("fay", "for rob"))
	other.WaitFor("h1", "Choose a name and a password")
	other.Press("Add it to my account")
	other.WaitFor("h1", "Log in to the account")
	other.Fill("#address", h.address)
	other.Fill("#password", guestPassword)
	other.Click("form[action='/login'] button")
	other.WaitFor("h1", "Add this address to your account?")
	other.Press("Add the address")
	other.WaitFor("h1", "for rob")
	other.WaitFor("dd", rob.address)

	// Removed, it begins anew; what came stays.
	h.open(tb, "/settings")
	tb.Click("button[value='" + robert.address + "']")
	tb.WaitFor("h1", "Remove this address")
	tb.Fill("#j-current", "this is not the password")
	tb.Press("Remove")
	tb.WaitFor("#j-current-error", "not right")
	tb.Fill("#j-current", guestPassword)
	tb.Press("Remove")
	tb.WaitFor(".notice", "The address was removed.")
	h.receive("no longer go to the account")
	if anew := robert.sends("gus", "anew"); anew.Code == "" {
		t.Errorf("the notice has no code:\n%s", anew.Text)
	}
	h.open(tb, "/inbox")
	tb.WaitFor(".count", "4 messages")

	// The administrator sees and ends it, too.
	if out := h.Run(t, "account", "show", rob.address); !strings.Contains(out, h.address) || !strings.Contains(out, "also         "+rob.address) {
		t.Errorf("account show: %s", out)
	}
	h.Run(t, "account", "separate", rob.address)
	if out := h.Run(t, "account", "show", h.address); strings.Contains(out, rob.address) {
		t.Errorf("account show: %s", out)
	}
	tb.Quiet("403")
	other.Quiet()
	stranger.Quiet()
}
