package e2e

import (
	"strings"

	"github.com/postseal/postseal/portal/browsertest"
)

// rules waits until the requirements of a password are ticked off as want says.
func (h *holder) rules(tb *browsertest.Tab, want string) {
	h.t.Helper()
	wait(h.t, "the requirements "+want, func() bool {
		r, err := tb.Eval(`() => [...document.querySelectorAll('[data-rule]')].map((li) => li.dataset.rule + ':' + li.className).join(' ')`)
		if err != nil {
			h.t.Fatal(err)
		}
		return r.Value.Str() == want
	})
}

// rejects sends a form with passwords that the server refuses and waits for what it
// says.
func (h *holder) rejects(tb *browsertest.Tab, button, password, repeat, where, text string) {
	h.t.Helper()
	h.choose(tb, password, repeat)
	tb.Press(button)
	tb.WaitFor(where, text)
}

// changesPassword chooses a password at the activation and another one later, both
// after some that don't do.
func (h *holder) changesPassword() {
	t := h.t
	n := h.sends("ann", "the first")
	tb := h.tab()
	h.follow(tb, n)
	tb.WaitFor("h1", "Choose a name and a password")
	tb.WaitFor("p", "ann")
	if h.scripts {
		h.rules(tb, "length: common: context: repeat:")
		tb.Fill("#password", "short")
		h.rules(tb, "length:unmet common: context: repeat:")
		tb.Fill("#password", "password1234567")
		h.rules(tb, "length:met common:unmet context:met repeat:")
		tb.Fill("#name", holderName)
		tb.Fill("#password", holderName+" 12345")
		h.rules(tb, "length:met common:unmet context:unmet repeat:")
		h.choose(tb, guestPassword, "something else")
		h.rules(tb, "length:met common:met context:met repeat:unmet")
		tb.Fill("#repeat", guestPassword)
		h.rules(tb, "length:met common:met context:met repeat:met")
		tb.Click("#show")
		if kind, err := tb.MustElement("#password").Attribute("type"); err != nil || *kind != "text" {
			t.Errorf("the password is not shown (%v)", err)
		}
	}
	tb.Fill("#name", holderName)
	h.rejects(tb, "Save and open", "Roberta Quill 1234", "Roberta Quill 1234", "#password-error", "mostly your name")
	h.rejects(tb, "Save and open", guestPassword, "something else entirely", "#repeat-error", "not the same")
	if name := tb.MustElement("#name").MustProperty("value").Str(); name != holderName {
		t.Errorf("after a refusal the name is %q", name)
	}
	h.choose(tb, guestPassword, guestPassword)
	tb.Press("Save and open")
	tb.WaitFor("h1", "the first")
	message := tb.Address()

	other := h.loggedIn(guestPassword)
	h.open(tb, "/settings")
	if h.scripts {
		tb.Fill("#password", "Example Ltd Example")
		h.rules(tb, "length:met common:unmet context:unmet repeat:")
		h.choose(tb, freshPassword, freshPassword)
		h.rules(tb, "length:met common:met context:met repeat:met")
	}
	tb.Fill("#w-current", guestPassword)
	h.rejects(tb, "Change the password", "short", "short", "#password-error", "at least 15 characters")
	tb.Fill("#w-current", guestPassword)
	h.rejects(tb, "Change the password", freshPassword, guestPassword, "#repeat-error", "not the same")
	tb.Fill("#w-current", freshPassword)
	h.rejects(tb, "Change the password", freshPassword, freshPassword, "#w-current-error", "present password is not right")
	tb.Fill("#w-current", guestPassword)
	h.choose(tb, freshPassword, freshPassword)
	tb.Press("Change the password")
	tb.WaitFor(".notice", "All other sessions are logged out.")
	if told := readMail(t, h.receive("The password of your account at localhost")); !strings.Contains(told.Text, h.network(1)) || !strings.Contains(told.Text, h.URL+"/forgot") {
		t.Errorf("of the new password it is told\n%s", told.Text)
	}

	h.open(other, "/inbox")
	other.WaitFor(".notice", "You have been logged out")
	h.login(other, guestPassword)
	other.WaitFor(".problem", "not right")
	h.login(other, freshPassword)
	other.WaitFor("h1", "Inbox")
	other.Open(message)
	other.WaitFor(".mail-text", "the first reads: Grüße.")
	h.open(tb, "/inbox")
	tb.WaitFor(".count", "1 message")
	tb.Quiet("422", "403")
	other.Quiet("401")
}

// forgets asks for new passwords, in vain for a stranger, and loses nothing.
func (h *holder) forgets() {
	t := h.t
	tb := h.begin()
	message := tb.Address()
	other := h.tab()
	h.open(other, "/")
	other.Press("Forgotten your password?")
	other.WaitFor("h1", "Forgotten your password?")
	ask := func(address string) string {
		h.open(other, "/forgot")
		other.Fill("#address", address)
		other.Press("Send the link")
		other.WaitFor(".notice", "on its way")
		return strings.ReplaceAll(other.MustElement("main").MustText(), address, "ADDRESS")
	}
	known := ask(h.address)
	if unknown := ask("stranger-" + h.address); unknown != known {
		t.Errorf("a stranger is told\n%s\nand not\n%s", unknown, known)
	}
	// Three links live at a time; nobody is flooded with mail.
	for range 3 {
		ask(h.address)
	}
	const subject = "Choose a new password"
	wait(t, "three mails", func() bool { return h.received(subject) >= 3 })
	links := h.resetLinks()

	// The same tab, so that the browser sees a fragment change and no new page.
	reset := func(link Notice) { h.follow(other, link) }
	reset(links[1])
	other.WaitFor("h1", "Choose a new password")
	if name := other.MustElement("#name").MustProperty("value").Str(); name != holderName {
		t.Errorf("the name is %q", name)
	}
	h.rejects(other, "Save and log in", "password1234567", "password1234567", "#password-error", "tried first")
	h.choose(other, freshPassword, freshPassword)
	other.Press("Save and log in")
	other.WaitFor(".count", "1 message")
	h.receive("The password of your account at localhost")
	other.Open(message)
	other.WaitFor(".mail-text", "the first reads: Grüße.")
	// Each link is worth nothing now, and so are the old password and session.
	for _, link := range links {
		reset(link)
		other.WaitFor("h1", "This link is no longer good")
	}
	h.open(tb, "/inbox")
	tb.WaitFor("h1", "Log in")
	h.login(tb, guestPassword)
	tb.WaitFor(".problem", "not right")
	h.login(tb, freshPassword)
	tb.WaitFor("h1", "Inbox")
	if n := h.received(subject); n != 3 {
		t.Errorf("%d mails for five requests", n)
	}
	other.Quiet("422", "410", "404", "409")
}

// resetLinks reads all mails with links for a new password.
func (h *holder) resetLinks() (all []Notice) {
	h.t.Helper()
	for _, m := range to(h.Outside, h.address) {
		if says(h.t, m, "Choose a new password") {
			all = append(all, h.ReadNotice(h.t, m))
		}
	}
	return all
}
