package portal

import (
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

// A chrome is the one browser of a test run.
type chrome struct {
	once    sync.Once
	browser *rod.Browser
	stop    func()
	err     error
}

var shared chrome

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

func (c *chrome) start() {
	bin, found := launcher.LookPath()
	if !found {
		c.err = fmt.Errorf("these tests need Chromium (Debian: apt-get install chromium)")
		return
	}
	dir, err := os.MkdirTemp("", "postseal-chromium-")
	if err != nil {
		c.err = err
		return
	}
	l := launcher.New().Bin(bin).Leakless(false).UserDataDir(dir).Headless(true).NoSandbox(true).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync")
	u, err := l.Launch()
	if err != nil {
		c.err = err
		return
	}
	c.browser = rod.New().ControlURL(u)
	if c.err = c.browser.Connect(); c.err != nil {
		return
	}
	c.stop = func() {
		_ = c.browser.Close()
		l.Cleanup()
	}
}

// A tab is a fresh browser profile with one page, and what that page did.
type tab struct {
	*rod.Page
	t        testing.TB
	scripts  bool // the pages' scripts run
	mu       sync.Mutex
	requests []string // method, URL, headers and body of each request
	problems []string // what the console complained of
}

// tab opens a tab in a profile of its own.
func newTab(t testing.TB, scripts bool) *tab {
	t.Helper()
	shared.once.Do(shared.start)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	profile, err := shared.browser.Incognito()
	must(t, err)
	t.Cleanup(func() {
		_ = proto.TargetDisposeBrowserContext{BrowserContextID: profile.BrowserContextID}.Call(shared.browser.Timeout(5 * time.Second))
	})
	p, err := profile.Page(proto.TargetCreateTarget{URL: "about:blank"})
	must(t, err)
	tb := &tab{Page: p.Timeout(60 * time.Second), t: t, scripts: scripts}
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

func (tb *tab) note(list *[]string, s string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	*list = append(*list, s)
}

// open loads a URL and waits for it.
func (tb *tab) open(url string) {
	tb.t.Helper()
	tb.navigating(func() { must(tb.t, tb.Navigate(url)) })
}

// navigating runs what leads to another page. Without scripts they are switched
// off while that page loads, and on again for the tools of this test, which are
// scripts too: those of the page have missed their time.
func (tb *tab) navigating(f func()) {
	tb.t.Helper()
	if tb.scripts {
		f()
		must(tb.t, tb.WaitLoad())
		return
	}
	loaded := tb.WaitEvent(&proto.PageLoadEventFired{})
	must(tb.t, proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(tb))
	f()
	loaded()
	must(tb.t, proto.EmulationSetScriptExecutionDisabled{Value: false}.Call(tb))
}

// waitFor waits until an element that matches shows this text.
func (tb *tab) waitFor(selector, text string) *rod.Element {
	tb.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		els, err := tb.Elements(selector)
		if err == nil {
			for _, e := range els {
				if visible, err := e.Visible(); err != nil || !visible {
					continue
				}
				if got, err := e.Text(); err == nil && strings.Contains(got, text) {
					return e
				}
			}
		}
		time.Sleep(30 * time.Millisecond)
	}
	body, _ := tb.HTML()
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.t.Fatalf("no %q in %s at %s; console: %v\n%s", text, selector, tb.address(), tb.problems, body)
	return nil
}

func (tb *tab) address() string {
	i, err := tb.Info()
	if err != nil {
		return err.Error()
	}
	return i.URL
}

// fill types into a field, in place of what is there.
func (tb *tab) fill(selector, text string) {
	tb.t.Helper()
	e, err := tb.Element(selector)
	must(tb.t, err)
	must(tb.t, e.SelectAllText())
	must(tb.t, e.Input(text))
}

// press clicks the visible button or link with this text.
func (tb *tab) press(text string) {
	tb.t.Helper()
	e := tb.waitFor("button, a", text)
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

// frame returns the document in the mail's frame.
func (tb *tab) frame() *rod.Page {
	tb.t.Helper()
	e, err := tb.Element("iframe.mail")
	must(tb.t, err)
	f, err := e.Frame()
	must(tb.t, err)
	must(tb.t, f.WaitLoad())
	return f
}

// quiet fails the test if the console complained of anything but what is listed.
func (tb *tab) quiet(allowed ...string) {
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
