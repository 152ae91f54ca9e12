package portal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// writer is a member, whose messages the milter seals.
const writer = "mia@firm.example"

// A promise is what the owner promised for the messages of members: the ids by
// which they are to be followed, in order.
type promise struct{ ids []string }

func (p *promise) keep(_ string, o *store.Options) {
	o.Compose.Member = func(address string) bool { return address == writer }
	o.Compose.Pass = func(_, dispatch string, _ socket.SendOptions) ([]byte, error) {
		p.ids = append(p.ids, dispatch)
		return []byte("pass"), nil
	}
}

// newWriter logs the member in.
func newWriter(s *site) *client {
	s.t.Helper()
	c := s.client()
	first := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: writer, raw: plainMail})
	c.post("/activate", "code", first.Code.Fragment(), "name", "Mia Member", "password", password, "repeat", password).wants(s.t, 200)
	return c
}

// wrote sends a message as a member does, and seals it as the milter then does. It
// returns the path of the copy in sent.
func (c *client) wrote(p *promise, subject string, to ...string) (string, dispatched) {
	c.t.Helper()
	n := len(p.ids)
	id := fmt.Sprintf("01a1ff9e-74e6-775b-a478-%012d", n+1)
	c.postReply("/m/write", map[string]string{"kind": "new", "draft": id, "nonce": subject, "to": strings.Join(to, ", "),
		"subject": subject, "body": "Please find the statement attached."}).wants(c.t, 200)
	if len(p.ids) == n {
		c.t.Fatal("no message was promised to be followed")
	}
	return "/m/own/" + id, c.owner.dispatchAs(p.ids[n], writer, to, nil)
}

// memberScreens are the pages on which a member follows a message.
func (w *world) memberScreens(p *promise) []screen {
	s, t := w.s, w.s.t
	c := newWriter(s)
	path, both := c.wrote(p, "Statement for both", "olga@elsewhere.example", "dr.maximiliane.von.hohenstaufen-wittelsbacher@praxis-am-markt.example")
	g := s.client()
	g.post("/activate", "code", both.sealed["olga@elsewhere.example"].Code.Fragment(), "name", "Olga", "password", password, "repeat", password).wants(t, 200)
	single, _ := c.wrote(p, "Statement for one", "olga@elsewhere.example")
	back, _ := c.wrote(p, "Statement, withdrawn", "olga@elsewhere.example")
	c.post(back+"/recall", "confirm", "yes").wants(t, 200)
	s.owner.sent(store.KindNotice)
	cookie := cookieOf(c)
	user := func(path string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { w.as(tb, cookie); tb.Open(s.url + path) }
	}
	return []screen{
		{"own", user(path)},
		{"own-status", user(path + "/status")},
		{"own-status-one", user(single + "/status")},
		{"own-status-ended", user(back + "/status")},
		{"own-extended", func(tb *browsertest.Tab) {
			user(single + "/status")(tb)
			tb.Click(`button[value="30"]`)
			tb.WaitFor(".notice.good", "")
		}},
		{"own-recall", func(tb *browsertest.Tab) {
			user(path + "/status")(tb)
			tb.Press(text("status.recall.all"))
			tb.WaitFor("h1", text("recall.heading"))
		}},
	}
}

// TestBrowserOwnStatus: a member follows a message from its copy in sent, reminds,
// gives more time, and takes it back.
func TestBrowserOwnStatus(t *testing.T) {
	p := &promise{}
	s := newSiteOf(t, p.keep, nil)
	c := newWriter(s)
	w := &world{s: s}
	type message struct {
		to, path string
		sealed   dispatched
	}
	var all []message
	for n := range 4 {
		m := message{to: fmt.Sprintf("olga%d@elsewhere.example", n)}
		m.path, m.sealed = c.wrote(p, fmt.Sprintf("Statement %d", n), m.to)
		all = append(all, m)
	}
	s.owner.sent(store.KindNotice)
	s.owner.pass(day) // so that a reminder isn't too soon
	c.post("/login", "address", writer, "password", password).wants(t, 200)
	eachScreen(t, func(t *testing.T, tb *browsertest.Tab, _ bool) {
		to, path, sealed := all[0].to, all[0].path, all[0].sealed
		all = all[1:]
		notices := len(s.owner.sent(store.KindNotice))
		w.as(tb, cookieOf(c))
		tb.Open(s.url + path)
		tb.WaitFor(".lines bdi", to)
		tb.Press(text("status.change"))
		tb.WaitFor(".status h2", to)
		tb.WaitFor(".tag", text("status.state.unread"))
		tb.Press("30 days")
		tb.WaitFor(".notice.good", "has more time")
		tb.Press(text("status.remind"))
		tb.WaitFor(".notice.good", text("status.said.reminded"))
		if got := s.owner.sent(store.KindNotice); len(got) != notices+1 || got[notices].to[0] != to {
			t.Errorf("notices %d, then %d", notices, len(got))
		}
		tb.Press(text("status.recall"))
		tb.WaitFor("h1", text("recall.heading"))
		tb.Press(text("recall.keep"))
		tb.WaitFor(".status h2", to)
		tb.Press(text("status.recall"))
		tb.WaitFor("h1", text("recall.heading"))
		tb.Press(text("recall.button"))
		tb.WaitFor(".tag", text("status.state.recalled"))
		tb.Press(text("reply.back"))
		tb.WaitFor(".lines .tag", text("status.state.recalled"))
		tb.Quiet()
		s.client().post("/activate", "code", sealed.sealed[to].Code.Fragment()).wants(t, 410)
	})
	if events := strings.Join(s.events(), "\n"); strings.Contains(events, "Statement") {
		t.Error("a subject in the log")
	}
}
