package portal

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// eachScreen runs f in a tab of a phone's size and one of a desk's, with scripts
// and without.
func eachScreen(t *testing.T, f func(t *testing.T, tb *browsertest.Tab, scripts bool)) {
	b := browsertest.Start(t)
	for _, size := range [][2]int{{390, 844}, {1280, 800}} {
		for _, scripts := range []bool{true, false} {
			t.Run(fmt.Sprintf("%dx%d scripts %v", size[0], size[1], scripts), func(t *testing.T) {
				tb := b.Tab(t, scripts)
				tb.Screen(size[0], size[1], "light")
				f(t, tb, scripts)
			})
		}
	}
}

// follow opens a sender's link and presses its button. Without scripts the code is
// typed.
func follow(tb *browsertest.Tab, url string, code seal.Code, scripts bool) {
	tb.Open(url + "#" + code.Fragment())
	if scripts {
		tb.WaitFor("p", text("link.ready"))
	} else {
		tb.Fill("#code", code.Text())
	}
	tb.Press(text("link.button"))
}

func TestBrowserRelease(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	sent := 0
	eachScreen(t, func(t *testing.T, tb *browsertest.Tab, scripts bool) {
		held := s.owner.hold(store.TrustGrant{}, guest)
		follow(tb, s.url+"/h", held.Code, scripts)
		tb.WaitFor("h1", text("release.heading"))
		tb.WaitFor("dd", "Customers 2026")
		if strings.Contains(tb.Address(), held.Code.Fragment()) && scripts {
			t.Error("the code is still in the address bar")
		}
		if n := len(s.owner.sent("released")); n != sent {
			t.Fatal("it was released before the button was pressed")
		}
		tb.Fill("#reason", "they asked for it")
		tb.Press(text("release.button"))
		tb.WaitFor("h1", text("release.released.heading"))
		sent++
		if n := len(s.owner.sent("released")); n != sent {
			t.Errorf("%d messages were sent on, want %d", n, sent)
		}
		held = s.owner.hold(store.TrustGrant{}, guest)
		follow(tb, s.url+"/h", held.Code, scripts)
		tb.WaitFor("h1", text("release.heading"))
		tb.Press(text("release.withdraw"))
		tb.WaitFor("h1", text("release.withdrawn.heading"))
		if n := len(s.owner.sent("released")); n != sent {
			t.Error("what was not to be sent was sent")
		}
		tb.Quiet()
		quietPaths(t, tb, held.Code)
	})
}

func TestBrowserStatus(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	eachScreen(t, func(t *testing.T, tb *browsertest.Tab, scripts bool) {
		d := s.owner.dispatch([]string{"one@elsewhere.example", "two@elsewhere.example"}, nil)
		s.owner.sent(store.KindNotice)
		follow(tb, s.url+"/s", d.status, scripts)
		tb.WaitFor("h1", "Your statement")
		tb.Press("30 days")
		tb.WaitFor(".notice.good", "2 recipients have more time")

		tb.MustElement("details.change summary").MustClick()
		tb.Press(text("status.recall"))
		tb.WaitFor("h1", text("recall.heading"))
		tb.Press(text("recall.keep"))
		tb.WaitFor("h1", "Your statement")
		tb.MustElement("details.change summary").MustClick()
		tb.Press(text("status.recall"))
		tb.WaitFor("h1", text("recall.heading"))
		tb.Press(text("recall.button"))
		tb.WaitFor(".notice.good", "Taken back from 1 recipient")
		tb.WaitFor(".status .tag", text("status.state.recalled"))
		tb.WaitFor(".status .tag", text("status.state.unread"))

		// The recipient sees who took it back, and nothing else.
		gone := d.sealed[strings.TrimSpace(tb.WaitFor(".status:has(details) h2", "@").MustText())]
		for _, m := range d.sealed {
			if m.Message != gone.Message {
				follow(tb, s.url+"/a/"+m.Message, m.Code, scripts)
				tb.WaitFor(".notice", "Taken back by "+member)
				if strings.Contains(tb.MustHTML(), "statement") {
					t.Error("the subject of a message that was taken back is shown")
				}
			}
		}
		tb.Quiet("status of 410")
		quietPaths(t, tb, d.status)
	})
}

// TestBrowserTypedSenderCode: a code typed anywhere leads to its page.
func TestBrowserTypedSenderCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	b := browsertest.Start(t)
	held, d := s.owner.hold(store.TrustGrant{}, guest), s.owner.dispatch([]string{guest}, nil)
	for code, heading := range map[seal.Code]string{held.Code: text("release.heading"), d.status: "Your statement"} {
		tb := b.Tab(t, true)
		tb.Open(s.url + "/code")
		tb.Fill("#code", code.Text())
		tb.Press(text("link.button"))
		tb.WaitFor("p", text("link.ready"))
		tb.Press(text("link.button"))
		tb.WaitFor("h1", heading)
	}
}

func TestBrowserPIN(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	eachScreen(t, func(t *testing.T, tb *browsertest.Tab, scripts bool) {
		id, code, pin := s.restricted(seal.ModeOneTime, seal.Restriction{PIN: true, NoPrint: true, NoReply: true}, mailWithFile())
		tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
		if !scripts {
			tb.Fill("#code", code.Text())
		}
		tb.Press(text("onetime.button"))
		tb.WaitFor("h1", text("pin.heading"))
		tb.Fill("#pin", "00 00 00 00")
		tb.Press(text("message.open"))
		tb.WaitFor("#pin-error", text("pin.wrong"))
		if strings.Contains(tb.MustHTML(), "Read <b>this") {
			t.Fatal("the message is shown without its PIN")
		}
		tb.Fill("#pin", pin[:4]+"-"+pin[4:])
		tb.Press(text("message.open"))
		tb.WaitFor("h1", "Grüße mit Anlage")
		if got := tb.Mail().MustElement("body").MustText(); !strings.Contains(got, "Read this.") {
			t.Fatalf("the frame shows %q", got)
		}
		tb.WaitFor(".remark", text("message.noprint"))
		tb.WaitFor(".remark", text("message.noreply"))
		for _, e := range tb.MustElements(".original, [data-reply]") {
			if e.MustVisible() {
				t.Errorf("what the sender does not want is offered: %s", e.MustHTML())
			}
		}
		if scripts {
			noKey(t, tb, code)
			noPIN(t, tb, pin, id)
		}
	})
}

// noPIN fails the test if a request carried the PIN or what of it opens a grant.
func noPIN(t testing.TB, tb *browsertest.Tab, pin, id string) {
	t.Helper()
	keys, err := seal.StretchPIN(pin, id)
	must(t, err)
	saw := false
	for _, r := range tb.Requests() {
		saw = saw || strings.Contains(r, base64.StdEncoding.EncodeToString(keys.Verifier[:]))
		for _, secret := range []string{pin, pin[:4] + "-" + pin[4:], base64.StdEncoding.EncodeToString(keys.Wrap[:])} {
			if strings.Contains(r, secret) {
				t.Errorf("a request carried the PIN: %.80s", r)
			}
		}
	}
	if !saw {
		t.Error("no request carried the verifier: the requests' bodies were not seen")
	}
}

// quietPaths fails the test if a code was part of an address that was asked for.
func quietPaths(t testing.TB, tb *browsertest.Tab, code seal.Code) {
	t.Helper()
	for _, r := range tb.Requests() {
		method, rest, _ := strings.Cut(r, " ")
		url, _, _ := strings.Cut(rest, " ")
		url, _, _ = strings.Cut(url, "#") // the browser's own record; it is not sent
		if strings.Contains(url, code.Fragment()) {
			t.Errorf("%s with the code in its address", method)
		}
	}
}

// TestBrowserNoPrint: on paper there is a note, and nothing of the message.
func TestBrowserNoPrint(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, free := s.activated(htmlMail)
	kept, _, _ := s.restricted(seal.ModeAccount, seal.Restriction{NoPrint: true}, htmlMail)
	c.post("/m/" + kept + "/open")
	tb := browsertest.Start(t).Tab(t, true)
	(&world{s: s}).as(tb, cookieOf(c))
	for id, printed := range map[string]bool{free: true, kept: false} {
		tb.Open(s.url + "/m/" + id)
		tb.Mail()
		tb.Print()
		shown := tb.MustEval(`() => document.body.innerText`).Str()
		if got := strings.Contains(shown, "The yearly amount"); got != printed {
			t.Errorf("printed %v, want %v:\n%s", got, printed, shown)
		}
		if strings.Contains(shown, text("message.noprint")) == printed {
			t.Errorf("the note is wrong:\n%s", shown)
		}
		tb.Screen(1280, 800, "light")
	}
}
