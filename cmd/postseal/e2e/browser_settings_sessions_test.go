package e2e

import (
	"strings"

	"github.com/postseal/postseal/portal/browsertest"
)

const (
	firefoxAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	iphoneAgent  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// as logs in with another browser.
func (h *holder) as(agent string) *browsertest.Tab {
	h.t.Helper()
	tb := h.tab()
	tb.Agent(agent)
	h.login(tb, guestPassword)
	tb.WaitFor("h1", "Inbox")
	return tb
}

// isGuessed is slowed down where it never was, and comes in at once where it was.
func (h *holder) isGuessed() {
	tb := h.begin()
	logOut(tb)
	stranger := h.tab()
	h.untilSlow(stranger, ".problem", func() { h.login(stranger, freshPassword) })
	h.login(tb, guestPassword)
	tb.WaitFor("h1", "Inbox")
	h.untilSlow(tb, "#c-current-error", func() {
		h.open(tb, "/settings")
		tb.Fill("#c-current", freshPassword)
		tb.Click("#c-sure")
		tb.Press("Close the account")
	})
	stranger.Quiet("401", "429")
	tb.Quiet("403")
}

// untilSlow tries until it is told to wait. How long doubles each time, so that the
// time of a try does not matter.
func (h *holder) untilSlow(tb *browsertest.Tab, where string, try func()) {
	h.t.Helper()
	for range 15 {
		try()
		if strings.Contains(tb.WaitFor(where, "").MustText(), "There were too many attempts. Please try again in") {
			return
		}
	}
	h.t.Error("15 guesses are not slowed down")
}

// endsOther logs out another browser of the holder's, as the list names it.
func (h *holder) endsOther(tb, other *browsertest.Tab, name string) {
	h.t.Helper()
	id, err := tb.WaitFor("section[aria-labelledby=s-sessions] li", name).MustElement("button").Attribute("value")
	if err != nil {
		h.t.Fatal(err)
	}
	tb.Click(`button[name=id][value="` + *id + `"]`)
	tb.WaitFor(".notice", "Logged out.")
	h.open(other, "/settings")
	other.WaitFor(".notice", "You have been logged out")
}

// endsSessions hears by mail of a log-in with a new browser, unless that is not
// wanted, sees where it is logged in, and logs out one of the others, then all.
func (h *holder) endsSessions() {
	t := h.t
	tb := h.begin()
	h.open(tb, "/settings")
	tb.Click("#p-alerts")
	tb.Press("Save")
	tb.WaitFor(".notice", "Saved.")
	windows := h.as(firefoxAgent)
	h.open(tb, "/settings")
	if tb.MustElement("#p-alerts").MustProperty("checked").Bool() {
		t.Error("alerts are on again")
	}
	tb.Click("#p-alerts")
	tb.Press("Save")
	tb.WaitFor(".notice", "Saved.")
	phone := h.as(iphoneAgent)
	alert := readMail(t, h.receive("New log-in at localhost"))
	for _, want := range []string{h.network(3), "iPhone", h.URL + "/settings", holderName} {
		if !strings.Contains(alert.Text, want) {
			t.Errorf("the alert lacks %q:\n%s", want, alert.Text)
		}
	}

	h.open(tb, "/settings")
	tb.WaitFor("li", "this one")
	for _, want := range []string{"Chrome, macOS", "Firefox, Windows", "Safari, iPhone", h.network(1), h.network(2), h.network(3)} {
		tb.WaitFor("section[aria-labelledby=s-sessions]", want)
	}
	h.endsOther(tb, windows, "Firefox, Windows")
	h.open(phone, "/inbox")
	phone.WaitFor("h1", "Inbox")

	windows = h.as(firefoxAgent)
	h.open(tb, "/settings")
	tb.Press("Log out all others")
	tb.WaitFor(".notice", "Logged out.")
	for _, out := range []*browsertest.Tab{windows, phone} {
		h.open(out, "/inbox")
		out.WaitFor(".notice", "You have been logged out")
	}
	if strings.Contains(tb.MustHTML(), "Firefox") {
		t.Error("a session is listed that has ended")
	}
	// One alert: none while they were off, and none in the hour after it.
	if n := h.received("New log-in"); n != 1 {
		t.Errorf("%d sign-in alerts", n)
	}
	tb.Quiet()
}
