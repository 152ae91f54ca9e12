package portal

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

var screenshots = flag.String("screenshots", "", "write a picture of every page and state into this folder")

// A screen is one page in one state.
type screen struct {
	name string
	show func(*browsertest.Tab)
}

// screenLanguages are those of the pictures: the one that all texts come from, a
// common one, and two with long words.
var screenLanguages = []string{"en", "de", "fi", "pl"}

// TestScreens goes through every page and state, and sees that there is no barrier
// (axe-core, at a phone's and a desk's width, light and dark), that nothing is
// wider than the page at the width to which it must reflow (WCAG 2.2, 1.4.10), and
// that the console is quiet. With -screenshots it takes pictures instead, in some
// languages.
func TestScreens(t *testing.T) {
	t.Parallel()
	p := &promise{}
	s := newSiteOf(t, p.keep, func(o *Options) { o.Limits.Page = 8; o.Limits.Reply = 64 << 10 })
	w := newWorld(s)
	b := browsertest.Start(t)
	all := slices.Concat(w.screens(), w.invitationScreens(), w.senderScreens(), w.memberScreens(p), w.settingsScreens(), w.seatScreens(), w.peopleScreens())
	if *screenshots != "" {
		w.pictures(t, b, all)
		return
	}
	// They are shown one after the other, since some follow from others. While one is
	// looked at the next is shown, in another tab.
	tabs := make(chan *browsertest.Tab, screenTabs)
	for range screenTabs {
		tabs <- b.Tab(t, true)
	}
	var looking sync.WaitGroup
	for _, sc := range all {
		tb, shown := <-tabs, make(chan struct{})
		looking.Go(func() {
			done := sync.OnceFunc(func() { close(shown) })
			defer func() { tabs <- tb }()
			defer done()
			t.Run(sc.name, func(t *testing.T) {
				tb := tb
				if sc.scriptless() {
					tb = b.Tab(t, false)
				} else {
					tb.Again(t)
				}
				defer done()
				sc.visit(tb, "en", 320, "light")
				done()
				sc.judge(t, tb)
			})
		})
		<-shown
	}
	looking.Wait()
}

// screenTabs are in use at a time.
const screenTabs = 2

func (sc screen) scriptless() bool { return strings.Contains(sc.name, "noscript") }

// judge looks at a screen that is shown, at all widths and schemes.
func (sc screen) judge(t *testing.T, tb *browsertest.Tab) {
	over, err := tb.Eval(`() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return '';
		return [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width)
			.slice(-3).map((e) => e.outerHTML.slice(0, 120)).join(' ');
	}`)
	must(t, err)
	if s := over.Value.Str(); s != "" {
		t.Errorf("wider than the page: %s", s)
	}
	for _, width := range []int{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			tb.Screen(width, screenHeight(width), scheme)
			// The print view is the mail's own document, in which no
			// script runs, axe-core's neither.
			if sc.name != "message-print" {
				tb.Barriers()
			}
		}
	}
	// A refused code or log-in is a 4xx by design.
	tb.Quiet("Failed to load resource: the server responded with a status of 4", "502", "503",
		// The handlers in the sample mail, while it is being cleaned.
		"frame is sandboxed")
}

func screenHeight(width int) int {
	if width > 1000 {
		return 900
	}
	return 844
}

// visit opens a screen in a tab.
func (sc screen) visit(tb *browsertest.Tab, language string, width int, scheme string) {
	tb.Speak(language)
	tb.Screen(width, screenHeight(width), scheme)
	sc.show(tb)
}

// pictures takes a picture of every screen, at a phone's and a desk's width, light
// and dark.
func (w *world) pictures(t *testing.T, b *browsertest.Browser, all []screen) {
	must(t, os.MkdirAll(*screenshots, 0o755))
	defer func() { speaking = "en" }()
	for _, speaking = range screenLanguages {
		for _, sc := range all {
			for _, width := range []int{390, 1280} {
				t.Run(fmt.Sprintf("%s-%s-%d", sc.name, speaking, width), func(t *testing.T) {
					tb := b.Tab(t, !sc.scriptless())
					sc.visit(tb, speaking, width, "light")
					for _, scheme := range []string{"light", "dark"} {
						tb.Screen(width, screenHeight(width), scheme)
						must(t, tb.WaitStable(100*time.Millisecond))
						b, err := tb.Screenshot(true, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
						must(t, err)
						must(t, os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%s-%d-%s.png", sc.name, speaking, width, scheme)), b, 0o644))
					}
				})
			}
		}
	}
}

// A world is a site with something of everything.
type world struct {
	s               *site
	cookie, empty   string // sessions
	html, plain, id string
	broken          string // its payload is not what the milter signed
}

func newWorld(s *site) *world {
	w := &world{s: s}
	day := 24 * time.Hour
	e := s.client()
	first := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "empty@elsewhere.example", raw: plainMail, expires: day})
	e.post("/activate", "code", first.Code.Fragment(), "name", "Emma", "password", password, "repeat", password).wants(s.t, 200)
	s.owner.pass(200 * day) // the message has gone, and the memory of it
	must(s.t, s.owner.Purge(context.Background()))
	e.post("/login", "address", "empty@elsewhere.example", "password", password).wants(s.t, 200)
	w.empty = cookieOf(e)

	c, _ := s.activated(plainMail)
	add := func(from, subject, raw string, ago time.Duration, files int, expires time.Duration) string {
		sum := seal.Summary{From: from, To: guest, Subject: subject, Date: s.owner.now().Add(-ago)}
		for i := range files {
			sum.Attachments = append(sum.Attachments, seal.Attachment{Name: fmt.Sprint(i)})
		}
		return s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: raw, summary: sum,
			received: s.owner.now().Add(-ago), expires: expires}).Message
	}
	w.html = add("Clara Member <clara@firm.example>", "Your policy documents for 2027, with the tables you asked for", htmlMail, 2*time.Minute, 3, 30*day)
	w.plain = add("Accounts <accounts@firm.example>", "Invoice 2026-1187", plainMail, 3*time.Hour, 0, 2*day)
	w.id = add("Dr. Maximiliane von Hohenstaufen-Witttelsbacher <maximiliane.von.hohenstaufen@firm.example>",
		"Befundbericht zur Untersuchung vom 12. November und Überweisung an die weiterbehandelnde Praxis", plainMail, 26*time.Hour, 1, 30*day)
	for i := range 9 {
		add("Clara Member <clara@firm.example>", fmt.Sprintf("Minutes of meeting %d", 12-i), plainMail, time.Duration(i+2)*day, i%2, 30*day)
	}
	w.broken = add("Clara Member <clara@firm.example>", "Minutes of the first meeting", plainMail, 12*day, 0, 30*day)
	c.post("/m/" + w.html + "/open")
	c.post("/m/" + w.plain + "/open")
	c.postReply("/m/"+w.plain+"/reply", map[string]string{"body": "Thank you.", "nonce": "n"})
	trash := add("Newsletter <news@firm.example>", "Old news", plainMail, 20*day, 0, 60*day)
	c.post("/m/change", "action", "delete", "id", trash)
	c.post("/m/change", "action", "star", "id", w.html)
	c.post("/m/" + w.broken + "/open")
	s.owner.corrupt[w.broken] = flipLast
	w.cookie = cookieOf(c)
	return w
}

func cookieOf(c *client) string {
	u, _ := url.Parse(c.url)
	for _, ck := range c.http.Jar.Cookies(u) {
		return ck.Value
	}
	c.t.Fatal("no session cookie")
	return ""
}

// as gives the tab a session.
func (w *world) as(tb *browsertest.Tab, cookie string) {
	_, err := proto.NetworkSetCookie{Name: "postseal", Value: cookie, URL: w.s.url, HTTPOnly: true}.Call(tb)
	must(w.s.t, err)
	// As the log-in page leaves it.
	_, err = proto.NetworkSetCookie{Name: zoneCookie, Value: "Europe/Helsinki", URL: w.s.url}.Call(tb)
	must(w.s.t, err)
}

func (w *world) screens() []screen {
	s := w.s
	user := func(path string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { w.as(tb, w.cookie); tb.Open(s.url + path) }
	}
	anyone := func(path string) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { tb.Open(s.url + path) }
	}
	fresh := func(to string) (string, seal.Code) {
		m := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: to, raw: plainMail})
		return m.Message, m.Code
	}
	oneTime := func() (string, seal.Code) {
		return s.sealed(seal.ModeOneTime, htmlMail)
	}
	return []screen{
		{"login", anyone("/")},
		{"login-wrong", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/")
			tb.Fill("#address", "nobody@elsewhere.example")
			tb.Fill("#password", "wrong wrong wrong")
			tb.Press(text("login.button"))
			tb.WaitFor(".problem", text("login.wrong"))
		}},
		{"login-message", anyone("/m/" + w.html)},
		{"login-out", anyone("/?out")},
		{"login-closed", anyone("/?closed")},
		{"code", anyone("/code")},
		{"code-wrong", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/code")
			tb.Fill("#code", seal.NewCode().Text())
			tb.Press(text("link.button"))
			tb.WaitFor("#find-error", text("error.unknown.text"))
		}},
		{"link-typed-wrong", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/a/" + w.id)
			tb.Fill("#code", "7H2K-1")
			tb.Press(text("link.button"))
			tb.WaitFor(".problem", text("link.badcode"))
		}},
		{"link-ready", func(tb *browsertest.Tab) {
			id, code := fresh("new@elsewhere.example")
			tb.Open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.WaitFor("p", text("link.ready"))
		}},
		{"activate", func(tb *browsertest.Tab) {
			id, code := fresh("new@elsewhere.example")
			tb.Open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h1", text("activate.heading"))
		}},
		{"activate-typing", func(tb *browsertest.Tab) {
			id, code := fresh("new@elsewhere.example")
			tb.Open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h1", text("activate.heading"))
			tb.Fill("#name", "Nora New")
			tb.Fill("#password", "elsewhere new elsewhere")
			tb.WaitFor("li.unmet", text("password.context"))
		}},
		{"activate-errors", func(tb *browsertest.Tab) {
			id, code := fresh("new@elsewhere.example")
			tb.Open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h1", text("activate.heading"))
			tb.Fill("#name", "Nora New")
			tb.Fill("#password", "short")
			tb.Fill("#repeat", "shorts")
			tb.Press(text("activate.button"))
			tb.WaitFor(".problem", text("password.length.error", "Length", 15))
		}},
		{"forgot", anyone("/forgot")},
		{"forgot-sent", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/forgot")
			tb.Fill("#address", guest)
			tb.Press(text("forgot.button"))
			tb.WaitFor(".notice", guest)
		}},
		{"reset", func(tb *browsertest.Tab) {
			codes := s.owner.resets()
			code := codes[len(codes)-1]
			tb.Open(s.url + "/r#" + code.Fragment())
			tb.Press(text("link.button"))
			tb.WaitFor("h1", text("reset.heading"))
		}},
		{"inbox", user("/inbox")},
		{"inbox-older", func(tb *browsertest.Tab) {
			w.as(tb, w.cookie)
			tb.Open(s.url + "/inbox")
			tb.Press(text("inbox.older"))
			tb.WaitFor("a", text("inbox.newest"))
		}},
		{"inbox-empty", func(tb *browsertest.Tab) { w.as(tb, w.empty); tb.Open(s.url + "/inbox") }},
		{"inbox-chosen", func(tb *browsertest.Tab) {
			user("/inbox")(tb)
			tb.MustElement("[data-all]").MustClick()
		}},
		{"inbox-deleted", user("/inbox?done=deleted&n=1&undo=" + w.id)},
		{"deleted", user("/m/deleted")},
		{"sent", user("/m/sent")},
		{"drafts-empty", user("/m/drafts")},
		{"confirm", func(tb *browsertest.Tab) {
			user("/m/deleted")(tb)
			tb.WaitFor("h1", text("folder.deleted"))
			tb.MustElement(".row .pick input").MustClick()
			tb.MustElement(".acts [value=gone]").MustClick()
			tb.WaitFor("h1", text("confirm.heading"))
		}},
		{"message-deleted", func(tb *browsertest.Tab) {
			user("/m/deleted")(tb)
			tb.MustElement(".row .cell").MustClick()
			tb.WaitFor(".tools", text("mailbox.restore"))
		}},
		{"search", user("/m/search")},
		{"search-found", func(tb *browsertest.Tab) {
			user("/m/search")(tb)
			tb.Fill("#q", "minutes")
			tb.MustElement("#search button.primary").MustClick()
			tb.WaitFor(".subject", "Minutes")
		}},
		{"search-nothing", func(tb *browsertest.Tab) {
			user("/m/search")(tb)
			tb.Fill("#q", "nothing like it")
			tb.MustElement("#search button.primary").MustClick()
			tb.WaitFor("h2", text("search.nothing"))
		}},
		{"write", user("/m/write")},
		{"write-errors", func(tb *browsertest.Tab) {
			user("/m/write")(tb)
			tb.Fill("#to", "friend@elsewhere.example")
			tb.Fill("#body", "Hello")
			tb.MustElement(".choices .primary").MustClick()
			tb.WaitFor("#to-error", "friend@elsewhere.example")
		}},
		{"forward", user("/m/" + w.plain + "/forward")},
		{"message-sealed", user("/m/" + w.id)},
		{"message-html", func(tb *browsertest.Tab) {
			user("/m/" + w.html)(tb)
			f := tb.Mail()
			_, err := f.Element("table")
			must(w.s.t, err)
		}},
		{"message-text-view", user("/m/" + w.html + "?view=text")},
		{"message-plain-replied", user("/m/" + w.plain)},
		{"message-headers", func(tb *browsertest.Tab) {
			user("/m/" + w.html)(tb)
			tb.Mail()
			must(w.s.t, tb.MustElement(".headers summary").Click(proto.InputMouseButtonLeft, 1))
		}},
		{"reply", user("/m/" + w.html + "/reply")},
		{"reply-empty", func(tb *browsertest.Tab) {
			user("/m/" + w.html + "/reply")(tb)
			tb.Press(text("reply.button"))
			tb.WaitFor(".problem", text("reply.empty"))
		}},
		{"reply-sent", user("/m/" + w.plain + "/sent")},
		{"onetime", func(tb *browsertest.Tab) {
			id, _ := oneTime()
			tb.Open(s.url + "/o/" + id)
		}},
		{"onetime-ready", func(tb *browsertest.Tab) {
			id, code := oneTime()
			tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.WaitFor("p", text("onetime.ready"))
		}},
		{"onetime-open", func(tb *browsertest.Tab) {
			id, code := oneTime()
			tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.Press(text("onetime.button"))
			tb.WaitFor("#m-subject", "policy documents")
		}},
		{"onetime-recalled", func(tb *browsertest.Tab) {
			id, code := oneTime()
			must(s.t, s.owner.RecallMessage(context.Background(), id))
			tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", text("error.recalled.title"))
		}},
		{"onetime-noscript", func(tb *browsertest.Tab) {
			id, _ := oneTime()
			tb.Open(s.url + "/o/" + id)
		}},
		{"onetime-open-noscript", func(tb *browsertest.Tab) {
			id, code := oneTime()
			tb.Open(s.url + "/o/" + id)
			tb.Fill("#code", code.Text())
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", "policy documents")
		}},
		{"error-notfound", anyone("/nothing")},
		{"help", anyone("/help")},
		{"languages", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/")
			must(w.s.t, tb.MustElement(".languages summary").Click(proto.InputMouseButtonLeft, 1))
		}},
		{"preferences", user("/settings/preferences")},
		{"preferences-roundup", func(tb *browsertest.Tab) {
			user("/settings/preferences")(tb)
			tb.MustElement("#roundup").MustSelect(text("preferences.roundup.day"))
			tb.Press(text("preferences.save"))
			tb.WaitFor(".notice", text("preferences.saved"))
		}},
		{"preferences-saved", user("/settings/preferences?saved")},
		{"error-unknown-noscript", func(tb *browsertest.Tab) {
			tb.Open(s.url + "/code")
			tb.Fill("#code", seal.NewCode().Text())
			tb.Press(text("link.button"))
			tb.WaitFor("h1", text("error.unknown.title"))
		}},
		{"error-integrity", func(tb *browsertest.Tab) {
			user("/m/" + w.broken)(tb)
			tb.WaitFor("h1", text("error.integrity.title"))
		}},
	}
}
