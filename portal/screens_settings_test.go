package portal

import (
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// settingsScreens are the account's own pages, and those of sign-in with a second
// step.
func (w *world) settingsScreens() []screen {
	s, t := w.s, w.s.t
	const vera = "vera@elsewhere.example"
	m := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: vera, raw: plainMail})
	c := s.client()
	c.post("/activate", "code", m.Code.Fragment(), "name", "Vera", "password", password, "repeat", password).wants(t, 200)
	plain := cookieOf(c)
	_, codes := c.withTOTP()
	for range 2 {
		o := s.client()
		o.post("/login", "address", vera, "password", password)
		o.post("/login/second", "code", codes[0]).wants(t, 200)
		codes = codes[1:]
	}
	joined, read := w.withAddress()
	user := func(path string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { w.as(tb, plain); tb.Open(s.url + path) }
	}
	second := func(tb *browsertest.Tab) {
		tb.Open(s.url + "/")
		tb.Fill("#address", vera)
		tb.Fill("#password", password)
		tb.Press(text("login.button"))
		tb.WaitFor("h1", text("second.heading"))
	}
	const robert = "robert@other.example"
	notice := s.sealedTo(robert)
	c.post("/settings/address", "address", "v.short@elsewhere.example", "current", password).wants(t, 200)
	return []screen{
		{"settings", user("/settings")},
		{"settings-address-wrong", func(tb *browsertest.Tab) {
			user("/settings")(tb)
			tb.Fill("#a-address", vera)
			tb.Fill("#a-current", password)
			tb.Press(text("addresses.send"))
			tb.WaitFor(".problem", text("addresses.own"))
		}},
		{"joining-login", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/a/" + notice.Message + "#" + notice.Code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h2", text("activate.join"))
			tb.Press(text("activate.join.button"))
			tb.WaitFor("h1", text("login.heading.join"))
		}},
		{"joining", func(tb *browsertest.Tab) {
			w.as(tb, plain)
			tb.Open(s.url + "/a/" + notice.Message + "#" + notice.Code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h2", text("activate.join"))
			tb.Press(text("activate.join.button"))
			tb.WaitFor("h1", text("addresses.add.title"))
		}},
		{"settings-address-remove", func(tb *browsertest.Tab) {
			w.as(tb, joined)
			tb.Open(s.url + "/settings")
			tb.Press(text("addresses.remove"))
			tb.WaitFor("h1", text("addresses.remove.title"))
		}},
		{"settings-addresses", func(tb *browsertest.Tab) { w.as(tb, joined); tb.Open(s.url + "/settings") }},
		{"inbox-addresses", func(tb *browsertest.Tab) { w.as(tb, joined); tb.Open(s.url + "/inbox") }},
		{"message-address", func(tb *browsertest.Tab) { w.as(tb, joined); tb.Open(s.url + "/m/" + read) }},
		{"settings-wrong", func(tb *browsertest.Tab) {
			user("/settings")(tb)
			tb.Fill("#w-current", "wrong")
			tb.Fill("#password", "short")
			tb.Fill("#repeat", "nothing")
			tb.Press(text("settings.password.button"))
			tb.WaitFor(".problem", text("password.length.error", "Length", 15))
		}},
		{"settings-codes", func(tb *browsertest.Tab) {
			user("/settings")(tb)
			tb.Fill("#f-current", password)
			tb.Press(text("settings.factors.codes.new"))
			tb.WaitFor("h1", text("codes.heading"))
		}},
		{"settings-totp", func(tb *browsertest.Tab) {
			w.as(tb, w.cookie)
			tb.Open(s.url + "/settings")
			tb.Fill("#f-current", password)
			tb.Press(text("settings.factors.add.totp"))
			tb.WaitFor("h1", text("totp.heading"))
		}},
		{"second", second},
		{"second-wrong", func(tb *browsertest.Tab) {
			second(tb)
			tb.Fill("#code", "nonsense")
			tb.Press(text("second.button"))
			tb.WaitFor(".problem", text("second.wrong"))
		}},
		{"genuine", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/genuine")
			tb.Fill("#code", m.Check)
			tb.Press(text("genuine.button"))
			tb.WaitFor(".good", text("genuine.yes"))
		}},
		{"signin-return-refused", func(tb *browsertest.Tab) { tb.Open(s.url + "/signin/return") }},
	}
}
