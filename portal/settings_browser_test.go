package portal

import (
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// TestBrowserPasskey makes a passkey and logs in by it, at a phone's and a desk's
// width.
func TestBrowserPasskey(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ width, height int }{{390, 844}, {1280, 800}} {
		s := newSiteOf(t, func(at string, o *store.Options) { o.URL = at }, nil)
		id, code := s.sealed(seal.ModeAccount, plainMail)
		c := s.client()
		c.post("/activate", "code", code.Fragment(), "name", "Gustav", "password", password, "repeat", password).wants(t, 200)

		tb := browsertest.Start(t).Tab(t, true)
		tb.Screen(size.width, size.height, "light")
		tb.Authenticator()
		login := func() {
			t.Helper()
			tb.Open(s.url + "/")
			tb.Fill("#address", guest)
			tb.Fill("#password", password)
			tb.Press(text("login.button"))
		}
		login()
		tb.WaitFor("h1", text("inbox.heading"))
		tb.Open(s.url + "/settings")
		tb.Fill("#f-current", password)
		tb.Press(text("settings.factors.add.passkey"))
		tb.WaitFor("h1", text("passkey.heading"))
		tb.Fill("#name", "My phone")
		tb.Press(text("passkey.button"))
		tb.WaitFor("h1", text("codes.heading"))
		tb.Press(text("codes.done"))
		tb.WaitFor("li", "My phone")

		tb.Press(text("layout.logout"))
		tb.WaitFor("p", text("login.out"))
		login()
		tb.WaitFor("h1", text("second.heading"))
		tb.Press(text("second.passkey"))
		tb.WaitFor("h1", text("inbox.heading"))

		// A passkey of another device does not do.
		tb.Press(text("layout.logout"))
		tb.WaitFor("p", text("login.out"))
		tb.Authenticator()
		login()
		tb.WaitFor("h1", text("second.heading"))
		tb.Press(text("second.passkey"))
		tb.WaitFor("[data-failed]", text("second.wrong"))
		c.get("/m/"+id).wants(t, 200)
		tb.Quiet()
	}
}

// TestBrowserSettings changes a password, with the rules ticked off while typing.
func TestBrowserSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	tb := browsertest.Start(t).Tab(t, true)
	tb.Screen(390, 844, "light")
	tb.Open(s.url + "/")
	tb.Fill("#address", guest)
	tb.Fill("#password", password)
	tb.Press(text("login.button"))
	tb.WaitFor("h1", text("inbox.heading"))
	tb.Open(s.url + "/settings")
	tb.Fill("#password", "short")
	tb.WaitFor("li.unmet", text("password.length", "Length", 15))
	tb.Fill("#password", fresh)
	tb.WaitFor("li.met", text("password.length", "Length", 15))
	tb.Fill("#repeat", fresh)
	tb.WaitFor("li.met", text("password.repeat"))
	tb.Fill("#w-current", password)
	tb.Press(text("settings.password.button"))
	tb.WaitFor("p", text("settings.done.password"))
	c.get("/inbox").wants(t, 401)
	tb.Quiet()
}
