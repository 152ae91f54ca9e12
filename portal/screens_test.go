package portal

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

var screenshots = flag.String("screenshots", "", "write a picture of every page and state into this folder")

// A screen is one page in one state.
type screen struct {
	name string
	show func(*tab)
}

// TestScreens goes through every page and state at a phone's and a desk's width,
// and sees that nothing is wider than the page and the console is quiet. With
// -screenshots it takes pictures, in light and dark.
func TestScreens(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.Page = 8; o.Limits.Reply = 64 << 10 })
	w := newWorld(s)
	schemes := []string{"light"}
	if *screenshots != "" {
		schemes = append(schemes, "dark")
		must(t, os.MkdirAll(*screenshots, 0o755))
	}
	for _, width := range []int{390, 1280} {
		for _, scheme := range schemes {
			for _, sc := range w.screens() {
				t.Run(fmt.Sprintf("%s-%d-%s", sc.name, width, scheme), func(t *testing.T) {
					tb := newTab(t, !strings.Contains(sc.name, "noscript"))
					height := 844
					if width > 1000 {
						height = 900
					}
					must(t, proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 1000}.Call(tb))
					must(t, proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}.Call(tb))
					sc.show(tb)
					must(t, tb.WaitStable(150*time.Millisecond))
					over, err := tb.Eval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`)
					must(t, err)
					if n := over.Value.Int(); n > 0 {
						t.Errorf("%d pixels wider than the page", n)
					}
					if *screenshots != "" {
						b, err := tb.Screenshot(true, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
						must(t, err)
						must(t, os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%d-%s.png", sc.name, width, scheme)), b, 0o644))
					}
					// A refused code or log-in is a 4xx by design.
					tb.quiet("Failed to load resource: the server responded with a status of 4", "502", "503",
						// The handlers in the sample mail, while it is being cleaned.
						"frame is sandboxed")
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
}

func newWorld(s *site) *world {
	w := &world{s: s}
	c, _ := s.activated(plainMail)
	day := 24 * time.Hour
	add := func(from, subject, raw string, ago time.Duration, files int, expires time.Duration) string {
		sum := seal.Summary{From: from, To: guest, Subject: subject, Date: time.Now().Add(-ago)}
		for i := range files {
			sum.Attachments = append(sum.Attachments, seal.Attachment{Name: fmt.Sprint(i)})
		}
		id, _ := s.owner.seal(s.t, sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: raw, summary: sum,
			received: time.Now().Add(-ago), expires: expires})
		return id
	}
	w.html = add("Clara Member <clara@firm.example>", "Your policy documents for 2027, with the tables you asked for", htmlMail, 2*time.Minute, 3, 30*day)
	w.plain = add("Accounts <accounts@firm.example>", "Invoice 2026-1187", plainMail, 3*time.Hour, 0, 2*day)
	w.id = add("Dr. Maximiliane von Hohenstaufen-Witttelsbacher <maximiliane.von.hohenstaufen@firm.example>",
		"Befundbericht zur Untersuchung vom 12. November und Überweisung an die weiterbehandelnde Praxis", plainMail, 26*time.Hour, 1, 30*day)
	for i := range 9 {
		add("Clara Member <clara@firm.example>", fmt.Sprintf("Minutes of meeting %d", 12-i), plainMail, time.Duration(i+2)*day, i%2, 30*day)
	}
	c.post("/m/" + w.html + "/open")
	c.post("/m/" + w.plain + "/open")
	s.owner.messages[w.plain].Replied = time.Now()
	w.cookie = cookieOf(c)

	e := s.client()
	id, code := s.owner.seal(s.t, sealRequest{mode: seal.ModeAccount, from: member, to: "empty@elsewhere.example", raw: plainMail})
	e.post("/activate", "code", code.Fragment(), "name", "Emma", "password", password, "repeat", password)
	delete(s.owner.messages, id)
	w.empty = cookieOf(e)
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
func (w *world) as(tb *tab, cookie string) {
	tb.t.Helper()
	_, err := proto.NetworkSetCookie{Name: "postseal", Value: cookie, URL: w.s.url, HTTPOnly: true}.Call(tb)
	must(tb.t, err)
}

func (w *world) screens() []screen {
	s := w.s
	user := func(path string) func(*tab) {
		return func(tb *tab) { w.as(tb, w.cookie); tb.open(s.url + path) }
	}
	anyone := func(path string) func(*tab) {
		return func(tb *tab) { tb.open(s.url + path) }
	}
	fresh := func(to string) (string, seal.Code) {
		return s.owner.seal(s.t, sealRequest{mode: seal.ModeAccount, from: member, to: to, raw: plainMail})
	}
	oneTime := func() (string, seal.Code) {
		return s.owner.seal(s.t, sealRequest{mode: seal.ModeOneTime, from: member, to: guest, raw: htmlMail,
			summary: seal.Summary{From: "Clara Member <clara@firm.example>", To: guest, Subject: "Your policy documents", Date: time.Now()}})
	}
	return []screen{
		{"login", anyone("/")},
		{"login-wrong", func(tb *tab) {
			tb.open(s.url + "/")
			tb.fill("#address", "nobody@elsewhere.example")
			tb.fill("#password", "wrong wrong wrong")
			tb.press(text("login.button"))
			tb.waitFor(".problem", text("login.wrong"))
			delete(s.owner.failures, "nobody@elsewhere.example")
		}},
		{"login-message", anyone("/m/" + w.html)},
		{"login-out", anyone("/?out")},
		{"code", anyone("/code")},
		{"code-wrong", func(tb *tab) {
			tb.open(s.url + "/code")
			tb.fill("#code", seal.NewCode().Text())
			tb.press(text("link.button"))
			tb.waitFor("#find-error", "code")
		}},
		{"link-typed-wrong", func(tb *tab) {
			tb.open(s.url + "/a/" + w.id)
			tb.fill("#code", "7H2K-1")
			tb.press(text("link.button"))
			tb.waitFor(".problem", "whole code")
		}},
		{"link-ready", func(tb *tab) {
			id, code := fresh("new@elsewhere.example")
			tb.open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.waitFor("p", text("link.ready"))
		}},
		{"activate", func(tb *tab) {
			id, code := fresh("new@elsewhere.example")
			tb.open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.press(text("link.button"))
			tb.waitFor("h1", text("activate.heading"))
		}},
		{"activate-typing", func(tb *tab) {
			id, code := fresh("new@elsewhere.example")
			tb.open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.press(text("link.button"))
			tb.waitFor("h1", text("activate.heading"))
			tb.fill("#name", "Nora New")
			tb.fill("#password", "elsewhere new elsewhere")
			tb.waitFor("li.unmet", text("password.context"))
		}},
		{"activate-errors", func(tb *tab) {
			id, code := fresh("new@elsewhere.example")
			tb.open(s.url + "/a/" + id + "#" + code.Fragment())
			tb.press(text("link.button"))
			tb.waitFor("h1", text("activate.heading"))
			tb.fill("#name", "Nora New")
			tb.fill("#password", "short")
			tb.fill("#repeat", "shorts")
			tb.press(text("activate.button"))
			tb.waitFor(".problem", text("password.length.error"))
		}},
		{"forgot", anyone("/forgot")},
		{"forgot-sent", func(tb *tab) {
			tb.open(s.url + "/forgot")
			tb.fill("#address", guest)
			tb.press(text("forgot.button"))
			tb.waitFor(".notice", guest)
		}},
		{"reset", func(tb *tab) {
			code := s.owner.codes[len(s.owner.codes)-1]
			tb.open(s.url + "/r#" + code.Fragment())
			tb.press(text("link.button"))
			tb.waitFor("h1", text("reset.heading"))
		}},
		{"inbox", user("/inbox")},
		{"inbox-older", func(tb *tab) {
			w.as(tb, w.cookie)
			tb.open(s.url + "/inbox")
			tb.press(text("inbox.older"))
			tb.waitFor("a", text("inbox.newest"))
		}},
		{"inbox-empty", func(tb *tab) { w.as(tb, w.empty); tb.open(s.url + "/inbox") }},
		{"message-sealed", user("/m/" + w.id)},
		{"message-html", func(tb *tab) {
			user("/m/" + w.html)(tb)
			f := tb.frame()
			_, err := f.Element("table")
			must(tb.t, err)
		}},
		{"message-text-view", user("/m/" + w.html + "?view=text")},
		{"message-plain-replied", user("/m/" + w.plain)},
		{"message-headers", func(tb *tab) {
			user("/m/" + w.html)(tb)
			tb.frame()
			must(tb.t, tb.MustElement(".headers summary").Click(proto.InputMouseButtonLeft, 1))
		}},
		{"reply", user("/m/" + w.html + "/reply")},
		{"reply-empty", func(tb *tab) {
			user("/m/" + w.html + "/reply")(tb)
			tb.press(text("reply.button"))
			tb.waitFor(".problem", text("reply.empty"))
		}},
		{"reply-sent", user("/m/" + w.plain + "/sent")},
		{"onetime", func(tb *tab) {
			id, _ := oneTime()
			tb.open(s.url + "/o/" + id)
		}},
		{"onetime-ready", func(tb *tab) {
			id, code := oneTime()
			tb.open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.waitFor("p", text("onetime.ready"))
		}},
		{"onetime-open", func(tb *tab) {
			id, code := oneTime()
			tb.open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.press(text("onetime.button"))
			tb.waitFor("#m-subject", "policy documents")
		}},
		{"onetime-expired", func(tb *tab) {
			id, code := oneTime()
			s.owner.messages[id].state = socket.ErrExpired
			tb.open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.press(text("onetime.button"))
			tb.waitFor("h1", text("error.expired.title"))
		}},
		{"onetime-noscript", func(tb *tab) {
			id, _ := oneTime()
			tb.open(s.url + "/o/" + id)
		}},
		{"onetime-open-noscript", func(tb *tab) {
			id, code := oneTime()
			tb.open(s.url + "/o/" + id)
			tb.fill("#code", code.Text())
			tb.press(text("onetime.button"))
			tb.waitFor("h1", "policy documents")
		}},
		{"error-notfound", anyone("/nothing")},
		{"error-unknown", func(tb *tab) {
			tb.scripts = false
			tb.open(s.url + "/code")
			tb.fill("#code", seal.NewCode().Text())
			tb.press(text("link.button"))
			tb.waitFor("h1", text("error.unknown.title"))
		}},
		{"error-integrity", func(tb *tab) {
			s.owner.messages[w.id].Opened = time.Now()
			tail := &s.owner.messages[w.id].payload[len(s.owner.messages[w.id].payload)-1]
			*tail ^= 1
			user("/m/" + w.id)(tb)
			tb.waitFor("h1", text("error.integrity.title"))
			*tail ^= 1
			s.owner.messages[w.id].Opened = time.Time{}
		}},
	}
}
