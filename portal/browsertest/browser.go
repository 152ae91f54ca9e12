// Package browsertest drives a headless Chromium through the portal's pages, for
// tests: clicks what a person sees, and notes every request that leaves the
// browser and every complaint of its console.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// tabTime is how long one test may use a tab: none needs a tenth of it, and one that
// hangs ends.
const tabTime = 5 * time.Minute

// A Browser is one Chromium. Each of its tabs has a profile of its own.
type Browser struct{ browser *rod.Browser }

// Start starts a browser that ends with the test. Without Chromium the test fails.
func Start(t testing.TB) *Browser {
	t.Helper()
	bin, found := launcher.LookPath()
	if !found {
		t.Fatal("this test needs Chromium (Debian: apt-get install chromium)")
	}
	dir, err := os.MkdirTemp("", "postseal-chromium-")
	must(t, err)
	l := launcher.New().Bin(bin).Leakless(false).UserDataDir(dir).Headless(true).NoSandbox(true).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync")
	u, err := l.Launch()
	must(t, err)
	b := rod.New().ControlURL(u)
	must(t, b.Connect())
	t.Cleanup(func() {
		_ = b.Timeout(5 * time.Second).Close() // what is left is killed next
		l.Kill()
		l.Cleanup()
	})
	return &Browser{b}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A Tab is a fresh browser profile with one page, and what that page did.
type Tab struct {
	*rod.Page
	whole    *rod.Page // without the limit of a test's time
	t        testing.TB
	scripts  bool // the pages' scripts run
	mu       sync.Mutex
	requests []string // method, URL, headers and body of each request
	problems []string // what the console complained of
}

// Tab opens a tab in a profile of its own. Without scripts, those of the pages
// don't run.
func (b *Browser) Tab(t testing.TB, scripts bool) *Tab {
	t.Helper()
	profile, err := b.browser.Incognito()
	must(t, err)
	t.Cleanup(func() {
		_ = proto.TargetDisposeBrowserContext{BrowserContextID: profile.BrowserContextID}.Call(b.browser.Timeout(5 * time.Second))
	})
	return open(t, profile, scripts)
}

// Beside opens another tab in the same profile: whoever is logged in here is logged
// in there.
func (tb *Tab) Beside(t testing.TB) *Tab {
	t.Helper()
	beside := open(t, tb.Browser(), tb.scripts)
	t.Cleanup(func() { _ = beside.Timeout(5 * time.Second).Close() })
	return beside
}

func open(t testing.TB, profile *rod.Browser, scripts bool) *Tab {
	t.Helper()
	p, err := profile.Page(proto.TargetCreateTarget{URL: "about:blank"})
	must(t, err)
	return watch(t, p, scripts)
}

// watch makes a tab of a page that is there.
func watch(t testing.TB, p *rod.Page, scripts bool) *Tab {
	t.Helper()
	tb := &Tab{Page: p.Timeout(tabTime), whole: p, t: t, scripts: scripts}
	must(t, proto.NetworkEnable{}.Call(p))
	must(t, proto.RuntimeEnable{}.Call(p))
	must(t, proto.LogEnable{}.Call(p))
	go p.EachEvent(func(e *proto.NetworkRequestWillBeSent) {
		tb.note(&tb.requests, fmt.Sprintf("%s %s%s %v %s", e.Request.Method, e.Request.URL, e.Request.URLFragment, e.Request.Headers, e.Request.PostData))
	}, func(e *proto.NetworkRequestWillBeSentExtraInfo) {
		tb.note(&tb.requests, fmt.Sprintf("%v", e.Headers))
	}, func(e *proto.RuntimeExceptionThrown) {
		tb.note(&tb.problems, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	}, func(e *proto.LogEntryAdded) {
		if e.Entry.Level == proto.LogLogEntryLevelError || e.Entry.Level == proto.LogLogEntryLevelWarning {
			tb.note(&tb.problems, e.Entry.Text)
		}
	})()
	return tb
}

// Again gives the tab to another test, as if it was new: it forgets its cookies,
// what the pages kept and what they did. It takes a fifth of a new tab's time, whose
// process has to start.
func (tb *Tab) Again(t testing.TB) {
	t.Helper()
	tb.t, tb.Page = t, tb.whole.Timeout(tabTime)
	profile := tb.whole.Browser()
	must(t, proto.StorageClearCookies{BrowserContextID: profile.BrowserContextID}.Call(profile))
	tb.Open("about:blank") // or an address with another fragment would be the same page
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.requests, tb.problems = nil, nil
}

func (tb *Tab) note(list *[]string, s string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	*list = append(*list, s)
}

// Open loads a URL and waits for it.
func (tb *Tab) Open(url string) {
	tb.t.Helper()
	tb.navigating(func() { must(tb.t, tb.Navigate(url)) })
}

// navigating runs what leads to another page. Without scripts they are switched
// off while that page loads, and on again for the tools of this test, which are
// scripts too: those of the page have missed their time.
func (tb *Tab) navigating(f func()) {
	tb.t.Helper()
	if tb.scripts {
		f()
		must(tb.t, tb.Steady((*rod.Page).WaitLoad))
		return
	}
	loaded := tb.WaitEvent(&proto.PageLoadEventFired{})
	must(tb.t, proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(tb))
	f()
	loaded()
	must(tb.t, proto.EmulationSetScriptExecutionDisabled{Value: false}.Call(tb))
}

// answerTime is how long a page may take to answer a question.
const answerTime = 20 * time.Second

// Steady asks a page something that may be asked again. What is asked in the moment
// in which another document takes the place of the page's is at times never answered
// by Chromium.
func (tb *Tab) Steady(ask func(*rod.Page) error) error {
	for {
		p := tb.Timeout(answerTime)
		err := ask(p)
		p.CancelTimeout()
		if !errors.Is(err, context.DeadlineExceeded) || tb.GetContext().Err() != nil {
			return err
		}
	}
}

// WaitFor waits until an element that matches shows this text.
func (tb *Tab) WaitFor(selector, text string) *rod.Element {
	tb.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		p := tb.Timeout(answerTime)
		els, err := p.Elements(selector)
		if err == nil {
			for _, e := range els {
				if visible, err := e.Visible(); err != nil || !visible {
					continue
				}
				if got, err := e.Text(); err == nil && strings.Contains(got, text) {
					return e.Context(tb.GetContext())
				}
			}
		}
		p.CancelTimeout()
		time.Sleep(30 * time.Millisecond)
	}
	body, _ := tb.HTML()
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.t.Fatalf("no %q in %s at %s; console: %v\n%s", text, selector, tb.Address(), tb.problems, body)
	return nil
}

// Fill types into a field, in place of what is there.
func (tb *Tab) Fill(selector, text string) {
	tb.t.Helper()
	e, err := tb.Element(selector)
	must(tb.t, err)
	must(tb.t, e.SelectAllText())
	must(tb.t, e.Input(text))
}

// Press clicks the visible button or link with this text.
func (tb *Tab) Press(text string) {
	tb.t.Helper()
	tb.press(tb.WaitFor("button:not([aria-hidden]), a", text))
}

// Click clicks the first button, link or box to tick that matches.
func (tb *Tab) Click(selector string) {
	tb.t.Helper()
	e, err := tb.Element(selector)
	must(tb.t, err)
	if kind, err := e.Attribute("type"); err == nil && kind != nil && *kind == "checkbox" {
		must(tb.t, e.Click(proto.InputMouseButtonLeft, 1))
		return
	}
	tb.press(e)
}

// press clicks. Without scripts it is done by the keyboard, and leads to another
// page.
func (tb *Tab) press(e *rod.Element) {
	tb.t.Helper()
	if tb.scripts {
		must(tb.t, e.Click(proto.InputMouseButtonLeft, 1))
		return
	}
	must(tb.t, e.Focus())
	tb.navigating(func() {
		for _, kind := range []proto.InputDispatchKeyEventType{proto.InputDispatchKeyEventTypeKeyDown, proto.InputDispatchKeyEventTypeKeyUp} {
			k := proto.InputDispatchKeyEvent{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
			if kind == proto.InputDispatchKeyEventTypeKeyDown {
				k.Text = "\r"
			}
			must(tb.t, k.Call(tb))
		}
	})
}

// Mail returns the document in the mail's frame.
func (tb *Tab) Mail() *rod.Page {
	tb.t.Helper()
	e, err := tb.Element("iframe.mail")
	must(tb.t, err)
	f, err := e.Frame()
	must(tb.t, err)
	must(tb.t, f.WaitLoad())
	return f
}

// Address is the address of the page.
func (tb *Tab) Address() string {
	tb.t.Helper()
	i, err := tb.Info()
	must(tb.t, err)
	return i.URL
}

// Requests returns what left the browser so far: method, URL with fragment,
// headers and body of each request.
func (tb *Tab) Requests() []string {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	return append([]string{}, tb.requests...)
}

// Quiet fails the test if the console complained of anything but what is listed.
func (tb *Tab) Quiet(allowed ...string) {
	tb.t.Helper()
	tb.mu.Lock()
	defer tb.mu.Unlock()
next:
	for _, p := range tb.problems {
		for _, a := range allowed {
			if strings.Contains(p, a) {
				continue next
			}
		}
		tb.t.Errorf("console: %s", p)
	}
}

// Choose chooses a file in the field of a form.
func (tb *Tab) Choose(selector, name string, data []byte) {
	tb.t.Helper()
	e, err := tb.Element(selector)
	must(tb.t, err)
	must(tb.t, e.SetFiles([]string{tb.File(name, data)}))
}

// Screen sets the size and colour scheme ("light", "dark") of the screen, for
// somebody who wants no motion.
func (tb *Tab) Screen(width, height int, scheme string) {
	tb.t.Helper()
	must(tb.t, proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 1000}.Call(tb))
	must(tb.t, proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}.Call(tb))
}

// Speak sets the language that the browser asks for.
func (tb *Tab) Speak(language string) {
	tb.t.Helper()
	v, err := proto.BrowserGetVersion{}.Call(tb)
	must(tb.t, err)
	must(tb.t, proto.EmulationSetUserAgentOverride{UserAgent: v.UserAgent, AcceptLanguage: language}.Call(tb))
}

// Print shows the page as on paper, until Screen is called.
func (tb *Tab) Print() {
	tb.t.Helper()
	must(tb.t, proto.EmulationSetEmulatedMedia{Media: "print"}.Call(tb))
}
