package portal

import (
	"context"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// senderScreens are the pages for senders, and what their choices mean for
// recipients.
func (w *world) senderScreens() []screen {
	s, t := w.s, w.s.t
	const pia = "pia@elsewhere.example"
	sealed := func(r seal.Restriction, raw, subject string) store.Sealed {
		return s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: pia, raw: raw, restrict: r,
			summary: seal.Summary{From: "Clara Member <" + member + ">", To: pia, Subject: subject, Date: s.owner.now()}})
	}
	c := s.client()
	first := sealed(seal.Restriction{NoPrint: true, NoReply: true}, htmlMail, "Draft of the contract, for your eyes")
	c.post("/activate", "code", first.Code.Fragment(), "name", "Pia Guest", "password", password, "repeat", password).wants(t, 200)
	pinned := sealed(seal.Restriction{PIN: true}, plainMail, "Findings")
	locked := sealed(seal.Restriction{PIN: true}, plainMail, "Findings, corrected")
	for range 10 {
		c.post("/m/"+locked.Message+"/pin", "pin", "0000 0000").wants(t, 422)
	}
	back := s.owner.dispatch([]string{pia}, nil)
	s.client().post("/s/recall", "code", back.status.Fragment(), "confirm", "yes").wants(t, 200)
	cookie := cookieOf(c)

	user := func(path string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { w.as(tb, cookie); tb.Open(s.url + path) }
	}
	follow := func(path string, code seal.Code, heading string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) {
			tb.Open(s.url + path + "#" + code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h1", heading)
		}
	}
	mixed := s.owner.dispatch([]string{pia, "two@elsewhere.example", "gone@elsewhere.example", "dr.maximiliane.von.hohenstaufen-wittelsbacher@praxis-am-markt.example"},
		[]string{"once@elsewhere.example"}, store.DispatchLine{Recipient: "plain@elsewhere.example", Action: "deliver"},
		store.DispatchLine{Recipient: "back@elsewhere.example", Action: "return"})
	s.owner.sent(store.KindNotice)
	c.post("/m/"+mixed.sealed[pia].Message+"/open").wants(t, 200)
	c.postReply("/m/"+mixed.sealed[pia].Message+"/reply", map[string]string{"body": "Thank you.", "nonce": "n"}).wants(t, 200)
	s.client().post("/s/recall", "code", mixed.status.Fragment(), "message", mixed.sealed["two@elsewhere.example"].Message, "confirm", "yes").wants(t, 200)
	gone := s.client()
	gone.post("/activate", "code", mixed.sealed["gone@elsewhere.example"].Code.Fragment(), "name", "Gone", "password", password, "repeat", password).wants(t, 200)
	gone.post("/settings/close", "current", password, "sure", "yes").wants(t, 200)
	later := s.client()
	later.post("/activate", "code", sealedTo(s, "later@elsewhere.example").Fragment(), "name", "Lara Later", "password", password, "repeat", password).wants(t, 200)
	later.post("/settings/preferences", "roundup", "day", "hour", "8").wants(t, 200)
	waits := s.owner.dispatch([]string{"later@elsewhere.example"}, nil)
	single := s.owner.dispatch([]string{"single@elsewhere.example"}, nil)
	late := s.owner.seal(sealRequest{mode: seal.ModeOneTime, from: member, to: guest, raw: plainMail, restrict: seal.Restriction{PIN: true}})
	held := func() seal.Code {
		return s.owner.hold(store.TrustGrant{Recipients: true, For: 365 * day}, guest, "second@elsewhere.example").Code
	}
	return []screen{
		{"sender-status-waits", func(tb *browsertest.Tab) { follow("/s", waits.status, "Your statement")(tb) }},
		{"sender-release-link", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/h#" + held().Fragment())
			tb.WaitFor("p", text("link.ready"))
		}},
		{"sender-release", func(tb *browsertest.Tab) { follow("/h", held(), text("release.heading"))(tb) }},
		{"sender-release-deferred", func(tb *browsertest.Tab) { follow("/h", s.owner.postpone().Code, text("release.heading"))(tb) }},
		{"sender-released", func(tb *browsertest.Tab) {
			follow("/h", held(), text("release.heading"))(tb)
			tb.Press(text("release.button"))
			tb.WaitFor("h1", text("release.released.heading"))
		}},
		{"sender-released-deferred", func(tb *browsertest.Tab) {
			follow("/h", s.owner.postpone().Code, text("release.heading"))(tb)
			tb.Press(text("release.button"))
			tb.WaitFor("h1", text("release.released.heading"))
		}},
		{"sender-withdrawn", func(tb *browsertest.Tab) {
			follow("/h", held(), text("release.heading"))(tb)
			tb.Press(text("release.withdraw"))
			tb.WaitFor("h1", text("release.withdrawn.heading"))
		}},
		{"sender-withdrawn-again", func(tb *browsertest.Tab) {
			d := held()
			must(t, s.owner.Withdraw(context.Background(), d.Token(), ""))
			follow("/h", d, text("release.withdrawn.heading"))(tb)
		}},
		{"sender-status", follow("/s", mixed.status, "Your statement")},
		{"sender-status-one", follow("/s", single.status, "Your statement")},
		{"sender-status-ended", follow("/s", back.status, "Your statement")},
		{"sender-status-extended", func(tb *browsertest.Tab) {
			follow("/s", single.status, "Your statement")(tb)
			tb.Click(`button[value="30"]`)
			tb.WaitFor(".notice.good", "")
		}},
		{"sender-recall", func(tb *browsertest.Tab) {
			follow("/s", mixed.status, "Your statement")(tb)
			tb.Press(text("status.recall.all"))
			tb.WaitFor("h1", text("recall.heading"))
		}},
		{"message-restricted", user("/m/" + first.Message)},
		{"message-recalled", user("/m/" + back.sealed[pia].Message)},
		{"message-unwanted", func(tb *browsertest.Tab) {
			user("/m/" + first.Message)(tb)
			tb.Press(text("unwanted.button"))
			tb.WaitFor("h1", text("unwanted.heading"))
			tb.Press(text("unwanted.undo"))
			tb.WaitFor("h1", text("unwanted.off.heading"))
		}},
		{"message-print", func(tb *browsertest.Tab) {
			w.as(tb, w.cookie)
			tb.Open(s.url + "/m/" + w.html + "/print")
		}},
		{"inbox-ended", user("/inbox")},
		{"search-locked", func(tb *browsertest.Tab) { // two messages with PINs that nobody typed
			user("/m/search")(tb)
			tb.Fill("#q", "findings")
			tb.MustElement("#search button.primary").MustClick()
			tb.WaitFor("[role=status] .hint", "2")
		}},
		{"pin", user("/m/" + pinned.Message)},
		{"pin-wrong", func(tb *browsertest.Tab) {
			user("/m/" + pinned.Message)(tb)
			tb.Fill("#pin", "1234")
			tb.Press(text("message.open"))
			tb.WaitFor(".problem", text("pin.bad"))
		}},
		{"pin-locked", func(tb *browsertest.Tab) {
			user("/m/" + locked.Message)(tb)
			tb.Fill("#pin", "0000 0000")
			tb.Press(text("message.open"))
			tb.WaitFor("h1", text("error.pinlocked.title"))
		}},
		{"onetime-pin", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/o/" + late.Message + "#" + late.Code.Fragment())
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", text("pin.heading"))
		}},
		{"onetime-pin-noscript", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/o/" + late.Message)
			tb.Fill("#code", late.Code.Text())
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", text("pin.heading"))
		}},
	}
}

// sealedTo seals a message for an address without an account, and returns its code.
func sealedTo(s *site, to string) seal.Code {
	return s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: to, raw: plainMail}).Code
}
