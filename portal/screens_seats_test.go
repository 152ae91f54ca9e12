package portal

import (
	"context"

	"github.com/go-rod/rod/lib/proto"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// seatScreens are the pages around a mailbox that several people open.
func (w *world) seatScreens() []screen {
	s, t := w.s, w.s.t
	const long = "maximiliane.von.hohenstaufen-wittelsbacher@elsewhere.example"
	desk, annie := s.holderOf(claims, "Claims"), s.holderOf(ann, "Ann Able")
	invited := s.holderOf("iris@elsewhere.example", "Iris")
	code := desk.invite(ann, "manager", "yes")
	annie.post("/p/accept", "code", code.Fragment()).wants(t, 200)
	must(t, s.owner.AddPerson(context.Background(), claims, long, false))
	open := desk.invite("iris@elsewhere.example", "manager", "yes")
	late := desk.invite("late@elsewhere.example")
	id := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: ann, raw: plainMail}).Message
	followed := s.owner.dispatch([]string{claims}, nil)
	annie.post("/m/"+followed.sealed[claims].Message+"/open").wants(t, 200)
	visit := cookieOf(annie)
	user := func(cookie, path string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { w.as(tb, cookie); tb.Open(s.url + path) }
	}
	link := func(cookie string, code seal.Code) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) {
			if cookie != "" {
				w.as(tb, cookie)
			}
			tb.Open(s.url + "/p#" + code.Fragment())
			tb.Press(text("link.button"))
		}
	}
	return []screen{
		{"people", user(visit, "/settings/people")},
		{"people-none", user(w.cookie, "/settings/people")},
		{"people-wrong", func(tb *browsertest.Tab) {
			user(visit, "/settings/people")(tb)
			tb.Fill("#i-address", "eve@elsewhere.example")
			tb.Fill("#i-current", "wrong")
			tb.Press(text("seats.invite.button"))
			tb.WaitFor("#i-current-error", text("settings.wrong"))
		}},
		{"mailboxes", user(visit, "/settings/mailboxes")},
		{"mailboxes-none", user(w.cookie, "/settings/mailboxes")},
		{"mailboxes-menu", func(tb *browsertest.Tab) {
			user(visit, "/inbox")(tb)
			must(t, tb.MustElement(".mailboxes summary").Click(proto.InputMouseButtonLeft, 1))
		}},
		{"elsewhere", user(visit, "/m/"+id)},
		{"invited", func(tb *browsertest.Tab) {
			link(cookieOf(invited), open)(tb)
			tb.WaitFor("h1", text("invited.heading"))
		}},
		{"invited-login", func(tb *browsertest.Tab) {
			link("", open)(tb)
			tb.WaitFor("h1", text("login.heading.claim"))
		}},
		{"invited-activate", func(tb *browsertest.Tab) {
			link("", late)(tb)
			tb.WaitFor("h1", text("activate.heading"))
		}},
		{"status-person", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/s#" + followed.status.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("bdi", "Ann Able")
		}},
	}
}
