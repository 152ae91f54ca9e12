package portal

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

const day = 24 * time.Hour

// hold keeps a message for its sender to release.
func (o *testOwner) hold(trust store.TrustGrant, to ...string) store.Held {
	o.t.Helper()
	d := o.Begin(store.DepositKey{From: member, To: to, MessageID: uuid.NewString()})
	defer d.Abandon()
	h, err := d.Hold(context.Background(), store.HoldRequest{
		Sender: member, Recipients: to, MessageID: "<h@firm.example>", Rule: "customer-list",
		Text:    "This looks like a list of customers. Is it meant to leave the house?",
		Summary: seal.Summary{From: member, Subject: "Customers 2026", Date: o.now()}, Message: strings.NewReader(plainMail),
		Link: true, Trust: trust, Created: o.now(), Expires: o.now().Add(7 * day),
	})
	must(o.t, err)
	must(o.t, d.Commit(context.Background()))
	return h
}

// postpone notes a message that waits at the sender's server.
func (o *testOwner) postpone() store.Deferral {
	o.t.Helper()
	var key [32]byte
	rand.Read(key[:])
	d, err := o.Defer(context.Background(), key, store.DeferRequest{
		Sender: member, Recipients: []string{guest}, Rule: "mass-mail", Text: "More than 50 recipients within an hour.",
		Subject: "Newsletter", Created: o.now(), Expires: o.now().Add(3 * day),
	})
	must(o.t, err)
	return d
}

// A dispatched message was sent to somebody by each way.
type dispatched struct {
	status seal.Code
	sealed map[string]store.Sealed // by recipient
}

// dispatch seals a message for each of the recipients of a mode, and lets its
// sender follow it. The others got it in clear, returned and held.
func (o *testOwner) dispatch(accounts, onces []string, others ...store.DispatchLine) dispatched {
	o.t.Helper()
	return o.dispatchAs("", member, accounts, onces, others...)
}

// dispatchAs is dispatch under an id that was promised to a sender.
func (o *testOwner) dispatchAs(id, from string, accounts, onces []string, others ...store.DispatchLine) dispatched {
	o.t.Helper()
	ctx, now := context.Background(), o.now()
	d := o.Begin(store.DepositKey{From: from, To: []string{guest}, MessageID: uuid.NewString()})
	defer d.Abandon()
	out := dispatched{sealed: map[string]store.Sealed{}}
	lines := others
	for mode, to := range map[seal.Mode][]string{seal.ModeAccount: accounts, seal.ModeOneTime: onces} {
		if len(to) == 0 {
			continue
		}
		sealed, err := d.Seal(ctx, store.SealRequest{
			Mode: mode, Sender: from, Internal: true, Recipients: to, ReplyTo: from, MessageID: "<d@firm.example>",
			Summary: seal.Summary{From: from, Subject: "Your statement", Date: now}, Message: strings.NewReader(plainMail),
			Created: now, Expires: now.Add(10 * day),
		})
		must(o.t, err)
		action := "pickup"
		if mode == seal.ModeOneTime {
			action = "one-time"
		}
		for _, s := range sealed {
			out.sealed[s.Recipient] = s
			lines = append(lines, store.DispatchLine{Recipient: s.Recipient, Message: s.Message, Action: action})
			if !s.Waits.IsZero() {
				continue
			}
			d.Send(store.Mail{Kind: store.KindNotice, From: from, To: []string{s.Recipient}, ID: "<" + s.Message + "@firm.example>",
				Data: []byte("notice"), Message: s.Message})
		}
	}
	code, err := d.Follow(store.Dispatch{ID: id, Sender: from, Subject: "Your statement", MessageID: "<d@firm.example>", Lines: lines,
		Created: now, Expires: now.Add(10 * day)})
	must(o.t, err)
	must(o.t, d.Commit(ctx))
	out.status = code
	return out
}

func TestRelease(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c := s.client()
	held := s.owner.hold(store.TrustGrant{Recipients: true, For: 365 * day}, guest, "two@elsewhere.example")
	code := held.Code.Fragment()

	// Nothing that knows no code, or presses no button, changes anything.
	c.get("/h").wants(t, 200, text("link.heading.release")).lacks(t, guest)
	c.post("/h").wants(t, 422, text("link.badcode"))
	c.post("/h/release").wants(t, 404)
	c.post("/h/release", "code", seal.NewCode().Fragment()).wants(t, 404)
	c.post("/h", "code", code).wants(t, 200, "Customers 2026", guest, "two@elsewhere.example", "customer-list",
		"meant to leave the house?", text("release.button"), "for 365 days").lacks(t, "4111 1111")
	if n := len(s.owner.sent("released")); n != 0 {
		t.Fatal("looking at the page released the message")
	}
	c.post("/h/release", "code", code, "reason", "They asked\r\nfor it").wants(t, 200, text("release.released.heading"), text("release.released.text"), guest)
	c.post("/h/release", "code", code).wants(t, 200, text("release.already.heading"))
	c.post("/h/withdraw", "code", code).wants(t, 200, text("release.already.heading"))
	c.post("/code", "code", held.Code.Text()).wants(t, 200, text("release.already.heading"))
	sent := s.owner.sent("released")
	if len(sent) != 1 || len(sent[0].to) != 2 || !strings.Contains(sent[0].raw, "4111 1111") {
		t.Fatalf("sent on: %+v", sent)
	}
	if trusted, err := s.owner.Trusted(context.Background(), "customer-list", member, guest); err != nil || !trusted {
		t.Errorf("the release gave no trust (%v)", err)
	}
	if log := s.log.String(); strings.Contains(log, "asked") || strings.Contains(log, "Customers") || strings.Contains(log, code) {
		t.Error("the log holds a reason, a subject or a code")
	}
}

func TestWithdrawAndExpire(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c := s.client()
	held := s.owner.hold(store.TrustGrant{}, guest)
	c.post("/h", "code", held.Code.Fragment()).wants(t, 200, text("release.trust.none"))
	c.post("/h/withdraw", "code", held.Code.Fragment()).wants(t, 200, text("release.withdrawn.heading"))
	c.post("/h/release", "code", held.Code.Fragment()).wants(t, 200, text("release.withdrawn.heading"))
	late := s.owner.hold(store.TrustGrant{}, guest)
	s.owner.pass(8 * day)
	c.post("/h", "code", late.Code.Fragment()).wants(t, 200, text("release.expired.heading")).lacks(t, text("release.button"))
	c.post("/h/release", "code", late.Code.Fragment()).wants(t, 200, text("release.expired.heading"))
	must(t, s.owner.Purge(context.Background()))
	c.post("/h/release", "code", late.Code.Fragment()).wants(t, 200, text("release.expired.heading"))
	if n := len(s.owner.sent("released")); n != 0 {
		t.Errorf("%d messages were sent on", n)
	}
}

func TestReleaseOfDeferred(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c := s.client()
	d := s.owner.postpone()
	c.post("/h", "code", d.Code.Text()).wants(t, 200, "Newsletter", text("release.intro.deferred"), "50 recipients")
	c.post("/h/release", "code", d.Code.Fragment()).wants(t, 200, text("release.released.deferred"))
	other := s.owner.postpone().Code.Fragment()
	c.post("/h/withdraw", "code", other).wants(t, 200, text("release.withdrawn.heading"), text("release.withdrawn.deferred")).
		lacks(t, text("release.withdrawn.text"))
}

func TestStatus(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c := s.client()
	d := s.owner.dispatch([]string{guest, "two@elsewhere.example"}, []string{"once@elsewhere.example"},
		store.DispatchLine{Recipient: "plain@elsewhere.example", Action: "deliver"},
		store.DispatchLine{Recipient: "back@elsewhere.example", Action: "return"},
		store.DispatchLine{Recipient: "dropped@elsewhere.example", Action: "discard"},
		store.DispatchLine{Recipient: "aside@elsewhere.example", Action: "quarantine"})
	code := d.status.Fragment()
	page := func() page { t.Helper(); return c.post("/s", "code", code) }

	c.get("/s").wants(t, 200, text("link.heading.status")).lacks(t, guest)
	page().wants(t, 200, "Your statement", "5 recipients", guest, "once@elsewhere.example", text("status.how.deliver"), text("status.how.return"),
		text("status.how.onetime"), text("status.state.sending")).lacks(t, "dropped@", "aside@", "4111 1111")
	s.owner.sent(store.KindNotice)
	page().wants(t, 200, text("status.state.unread"), text("status.whynot.one-time"))

	// One opens it; then the other two lose it.
	r := s.client()
	r.post("/activate", "code", d.sealed[guest].Code.Fragment(), "name", "Gustav", "password", password, "repeat", password).wants(t, 200, "4111 1111")
	page().wants(t, 200, text("status.state.opened"), text("status.whynot.opened"))
	r.postReply("/m/"+d.sealed[guest].Message+"/reply", map[string]string{"body": "Thank you.", "nonce": "n"}).wants(t, 200)
	page().wants(t, 200, text("status.state.replied"))
	two := d.sealed["two@elsewhere.example"].Message
	c.post("/s/recall", "code", code, "message", two).wants(t, 200, text("recall.heading"), text("recall.text"), "two@elsewhere.example").lacks(t, guest)
	page().wants(t, 200).lacks(t, text("status.state.recalled")+"</span>")
	c.post("/s/recall", "code", code, "message", two, "confirm", "yes").wants(t, 200, "Taken back from 1 recipient.", text("status.state.recalled"))
	s.client().post("/a/"+two, "code", d.sealed["two@elsewhere.example"].Code.Fragment()).
		wants(t, 410, text("error.recalled.title"), "Taken back by "+member).lacks(t, "statement")
	c.post("/s/recall", "code", code, "message", two, "confirm", "yes").wants(t, 200, text("status.said.ended"))

	c.post("/s/recall", "code", code).wants(t, 200, text("recall.warn"), guest, "once@elsewhere.example").lacks(t, "two@")
	c.post("/s/recall", "code", code, "confirm", "yes").wants(t, 200, "Taken back from 2 recipients.", text("status.opened")).lacks(t, text("status.recall"))
	r.get("/m/"+d.sealed[guest].Message).wants(t, 410, "Taken back by "+member).lacks(t, "4111 1111", "statement")
	r.get("/inbox").wants(t, 200, "Taken back by "+member).lacks(t, "statement")
	s.client().post("/o/"+d.sealed["once@elsewhere.example"].Message, "code", d.sealed["once@elsewhere.example"].Code.Fragment()).
		wants(t, 410, "Taken back by "+member)
	if strings.Contains(s.log.String(), code) || strings.Contains(s.log.String(), "statement") {
		t.Error("the log holds a code or a subject")
	}
}

func TestExtendAndRemind(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c := s.client()
	d := s.owner.dispatch([]string{guest}, []string{"once@elsewhere.example"})
	other := s.owner.dispatch([]string{"stranger@elsewhere.example"}, nil)
	code, id := d.status.Fragment(), d.sealed[guest].Message
	s.owner.sent(store.KindNotice)
	for _, days := range []string{"", "0", "2", "365", "-1", "x"} {
		c.post("/s/extend", "code", code, "days", days).wants(t, 400)
	}
	c.post("/s/extend", "code", code, "days", "30", "message", other.sealed["stranger@elsewhere.example"].Message).wants(t, 404)
	c.post("/s/extend", "code", code, "days", "30", "message", id).wants(t, 200, "1 recipient has more time")
	c.post("/s/extend", "code", code, "days", "1", "message", id).wants(t, 200, text("status.said.kept")).lacks(t, "has more time")
	s.owner.pass(20 * day)
	must(t, s.owner.Purge(context.Background()))
	c.post("/s", "code", code).wants(t, 200, text("status.state.expired"), text("status.state.unread"))
	c.post("/s/remind", "code", code).wants(t, 400)
	c.post("/s/remind", "code", code, "message", d.sealed["once@elsewhere.example"].Message).wants(t, 200, text("status.said.refused"))
	before := len(s.owner.sent(store.KindNotice))
	c.post("/s/remind", "code", code, "message", id).wants(t, 200, text("status.said.reminded"))
	if n := len(s.owner.sent(store.KindNotice)) - before; n != 1 {
		t.Errorf("%d notices were sent", n)
	}
	c.post("/s/remind", "code", code, "message", id).wants(t, 200, text("status.said.refused"), text("status.whynot.soon"))
	s.client().post("/a/"+id, "code", d.sealed[guest].Code.Fragment()).wants(t, 200, text("activate.heading"))
	s.owner.pass(40 * day)
	must(t, s.owner.Purge(context.Background()))
	c.post("/s", "code", code).wants(t, 200, text("status.state.expired")).lacks(t, text("status.recall"))
	s.owner.pass(200 * day)
	must(t, s.owner.Purge(context.Background()))
	c.post("/s", "code", code).wants(t, 404)
}

// TestScanner does what a mail gateway may do to a link: follow it in every way
// that needs no person, and submit its form without the code.
func TestScanner(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	held := s.owner.hold(store.TrustGrant{}, guest)
	d := s.owner.dispatch([]string{guest}, []string{"once@elsewhere.example"})
	once := d.sealed["once@elsewhere.example"]
	s.owner.sent(store.KindNotice)
	var first string
	for _, path := range []string{"/h", "/s", "/o/" + once.Message, "/a/" + d.sealed[guest].Message} {
		for _, purpose := range []string{"", "prefetch", "prefetch;prerender"} {
			for _, method := range []string{"GET", "HEAD"} {
				for _, tail := range []string{"", "%23" + held.Code.Fragment(), "?x=1"} {
					r, err := http.NewRequest(method, s.url+path+tail, nil)
					must(t, err)
					r.Header.Set("Sec-Purpose", purpose)
					r.Header.Set("Purpose", purpose)
					p := s.client().do(r)
					if p.status != 200 {
						t.Errorf("%s %s%s: status %d", method, path, tail, p.status)
					}
					if path == "/h" && method == "GET" && tail == "" {
						if first != "" && p.body != first {
							t.Error("the page is not the same for everybody")
						}
						first = p.body
					}
				}
			}
		}
	}
	// Every form of a page without the code, with each of its buttons.
	c := s.client()
	for _, path := range []string{"/h", "/h/release", "/h/withdraw", "/s", "/s/recall", "/s/extend", "/s/remind", "/o/" + once.Message, "/code"} {
		c.post(path, "confirm", "yes", "days", "30", "message", once.Message, "reason", "x")
		c.post(path, "code", "")
		c.post(path, "code", strings.Repeat("0", 32), "confirm", "yes", "days", "30", "message", once.Message)
	}
	c.post("/h", "code", held.Code.Fragment()).wants(t, 200, text("release.button"))
	c.post("/s", "code", d.status.Fragment()).wants(t, 200, text("status.recall.all")).lacks(t, text("status.state.opened")+"</span>", text("status.state.recalled")+"</span>")
	// Had the one-time message been opened, its time would be over.
	s.owner.pass(2 * time.Hour)
	c.post("/o/"+once.Message, "code", once.Code.Fragment()).wants(t, 200, "4111 1111")
	if len(s.owner.sent("released")) != 0 {
		t.Error("the held message was sent on")
	}
}
