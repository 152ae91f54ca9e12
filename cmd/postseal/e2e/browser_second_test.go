package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/postseal/postseal/portal/browsertest"
)

// logOut leads back to the form to log in.
func logOut(tb *browsertest.Tab) {
	tb.Press("Log out")
	tb.WaitFor(".notice", "logged out")
}

// typeAddress fills in the form to log in of a site that has members: it asks for the
// address first, and then for what belongs to its domain.
func typeAddress(tb *browsertest.Tab, address string) {
	tb.Fill("#address", address)
	tb.Press("Continue")
}

// typePassword does the same where that is a password, and leaves what follows to the
// caller.
func typePassword(tb *browsertest.Tab, address, password string) {
	typeAddress(tb, address)
	tb.WaitFor("label", "Password")
	tb.Fill("#password", password)
	tb.Press("Log in")
}

// totpCode is what an app shows at a time.
func totpCode(t *testing.T, key string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(strings.ReplaceAll(key, " ", ""), at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// beginApp begins to add an app with codes, from the account's page, and returns its
// key.
func beginApp(tb *browsertest.Tab) string {
	tb.Press("Add an app")
	tb.WaitFor("h1", "Set up your app")
	tb.MustElement("svg.qr")
	return tb.MustElement("code.key").MustText()
}

// switchOn types the first code of an app, and returns the recovery codes.
func switchOn(t *testing.T, tb *browsertest.Tab, code string) []string {
	t.Helper()
	tb.Fill("#code", code)
	tb.Press("Switch on")
	codes := recoveryCodes(t, tb)
	tb.Press("I have kept them")
	tb.WaitFor("li", "App with codes")
	tb.WaitFor("p", "10 recovery codes are left")
	return codes
}

// recoveryCodes reads the codes that are shown once.
func recoveryCodes(t *testing.T, tb *browsertest.Tab) (codes []string) {
	t.Helper()
	tb.WaitFor("h1", "Keep these codes")
	for _, e := range tb.MustElements(".codes code") {
		codes = append(codes, e.MustText())
	}
	slices.Sort(codes)
	if n := len(slices.Compact(slices.Clone(codes))); n != 10 {
		t.Fatalf("%d recovery codes: %q", n, codes)
	}
	return codes
}

// secondStep answers the question for a code.
func secondStep(tb *browsertest.Tab, code string) {
	tb.WaitFor("h1", "Show that it is you")
	tb.Fill("#code", code)
	tb.Press("Continue")
}

// asTyped is a recovery code as a person types it.
func asTyped(code string) string { return strings.ToLower(strings.ReplaceAll(code, "-", " ")) }
