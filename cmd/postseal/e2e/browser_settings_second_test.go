package e2e

import (
	"strings"
	"time"

	"github.com/go-rod/rod/lib/input"

	"github.com/postseal/postseal/portal/browsertest"
)

// prove logs in by password and a code.
func (h *holder) prove(code string) *browsertest.Tab {
	h.t.Helper()
	tb := h.tab()
	h.login(tb, guestPassword)
	secondStep(tb, code)
	return tb
}

// addsSecondStep protects the account by an app, by passkeys and by recovery codes,
// logs in by each, and takes them away again.
func (h *holder) addsSecondStep() {
	tb := h.begin()
	h.open(tb, "/settings")
	tb.WaitFor("p", "With a second step nobody comes in by it alone.")
	tb.Fill("#f-current", freshPassword)
	tb.Press("Add an app")
	tb.WaitFor("#f-current-error", "not right")
	tb.Fill("#f-current", guestPassword)
	key := beginApp(tb)
	tb.Fill("#code", "000000")
	tb.Press("Switch on")
	tb.WaitFor("#totp-error", "not right")
	now := time.Now()
	codes := switchOn(h.t, tb, totpCode(h.t, key, now))
	tb.Quiet("422", "403")

	// The password alone leads nowhere, the app's code once to the inbox.
	app := h.prove(totpCode(h.t, key, now.Add(30*time.Second)))
	app.WaitFor("h1", "Inbox")
	stopped := h.tab()
	h.login(stopped, guestPassword)
	stopped.WaitFor("h1", "Show that it is you")
	h.open(stopped, "/inbox")
	stopped.WaitFor("h1", "Log in")
	again := h.prove(totpCode(h.t, key, now.Add(30*time.Second)))
	again.WaitFor(".problem", "used already")
	// A recovery code does, too, as a person types it, and once.
	secondStep(again, asTyped(codes[0]))
	again.WaitFor("h1", "Inbox")
	h.open(again, "/settings")
	again.WaitFor("p", "9 recovery codes are left")
	h.prove(codes[0]).WaitFor(".problem", "used already")
	// New ones end those before. Enter after the password does nothing of all that is
	// offered here.
	again.Fill("#f-current", guestPassword)
	again.MustElement("#f-current").MustType(input.Enter)
	again.Press("Make new recovery codes")
	fresh := recoveryCodes(h.t, again)
	h.prove(codes[1]).WaitFor(".problem", "used already")
	h.prove(fresh[0]).WaitFor("h1", "Inbox")

	for _, told := range []string{"A second step was added", "A recovery code was used", "New recovery codes"} {
		h.receive(told)
	}

	h.addsPasskey(fresh[1])
	h.removesFactors(tb)
}

// addsPasskey makes a passkey and logs in by it. Without scripts the pages say that
// it takes them.
func (h *holder) addsPasskey(code string) {
	tb := h.tab()
	if h.scripts {
		tb.Authenticator()
	}
	h.login(tb, guestPassword)
	secondStep(tb, code)
	tb.WaitFor("h1", "Inbox")
	h.open(tb, "/settings")
	tb.Fill("#f-current", guestPassword)
	tb.Press("Add a passkey")
	tb.WaitFor("h1", "Make a passkey")
	if !h.scripts {
		// The tools of this test are scripts again, so it is not to be seen any more.
		if got := tb.MustElement("noscript .notice").MustProperty("textContent").Str(); !strings.Contains(got, "Passkeys need scripts") {
			h.t.Errorf("without scripts the page says %q", got)
		}
		tb.Press("Cancel")
		tb.WaitFor("h1", "Account")
		return
	}
	tb.Fill("#name", "Grandma’s <phone>")
	tb.Press("Make the passkey")
	tb.WaitFor("li", "Grandma’s <phone>")
	tb.WaitFor("p", "8 recovery codes are left")
	logOut(tb)
	h.login(tb, guestPassword)
	tb.WaitFor("h1", "Show that it is you")
	tb.Press("Use a passkey")
	tb.WaitFor("h1", "Inbox")
	h.open(tb, "/settings")
	tb.WaitFor("li", "last used")
	// The device alone is no device of the account's.
	logOut(tb)
	tb.Authenticator()
	h.login(tb, guestPassword)
	tb.Press("Use a passkey")
	tb.WaitFor("[data-failed]", "not right")
	tb.Quiet()
}

// removesFactors takes the app away, then what is left.
func (h *holder) removesFactors(tb *browsertest.Tab) {
	h.open(tb, "/settings")
	tb.Fill("#f-current", guestPassword)
	tb.Click(`button[name=id][value=totp]`)
	tb.WaitFor(".notice", "Removed.")
	if h.scripts {
		stopped := h.tab()
		h.login(stopped, guestPassword)
		stopped.WaitFor(".hint", "One of your recovery codes")
		tb.Fill("#f-current", guestPassword)
		tb.Click(`button[formaction="/settings/factor/remove"]`)
		tb.WaitFor("p", "With a second step nobody comes in by it alone.")
	}
	if strings.Contains(tb.MustHTML(), "recovery codes are left") {
		h.t.Error("recovery codes are left without a second step")
	}
	h.receive("A second step was removed")
	h.loggedIn(guestPassword)
}
