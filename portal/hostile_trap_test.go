package portal

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod/lib/proto"
	"github.com/postseal/postseal/portal/browsertest"
)

// A trap notes whatever hostile mail brings about: at a server that nothing may
// ask, and in the browser.
type trap struct {
	origin string // of the server
	mu     sync.Mutex
	sprung []string
}

func newTrap(t testing.TB) *trap {
	tr := &trap{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.note("request %s", r.URL.Path)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			tr.note("connection")
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	tr.origin = srv.URL
	return tr
}

func (tr *trap) note(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.sprung = append(tr.sprung, fmt.Sprintf(format, args...))
}

// take returns what was noted since the last time.
func (tr *trap) take() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	s := tr.sprung
	tr.sprung = nil
	return s
}

var pictureURL = regexp.MustCompile(`^data:image/(png|jpeg|gif|webp)[;,]`)

// watch notes what a tab does: scripts of cases that run, dialogs, new windows,
// requests to any host but home, and pages that the tab goes to by itself, which
// are those whose path expected doesn't know.
func (tr *trap) watch(t testing.TB, tb *browsertest.Tab, home string, expected func(path string) bool) {
	t.Helper()
	main := tb.FrameID
	must(t, proto.RuntimeAddBinding{Name: "ran"}.Call(tb))
	go tb.EachEvent(func(e *proto.RuntimeBindingCalled) {
		tr.note("script %s", e.Payload)
	}, func(e *proto.PageJavascriptDialogOpening) {
		tr.note("dialog %s", e.Message)
		_ = proto.PageHandleJavaScriptDialog{Accept: true}.Call(tb)
	}, func(e *proto.PageWindowOpen) {
		tr.note("window %s", e.URL)
	}, func(e *proto.NetworkRequestWillBeSent) {
		u, err := url.Parse(e.Request.URL)
		if (err != nil || "http://"+u.Host != home) && !pictureURL.MatchString(e.Request.URL) && e.Request.URL != "about:blank" {
			tr.note("load %.100s", e.Request.URL)
		}
	}, func(e *proto.PageFrameNavigated) {
		u, err := url.Parse(e.Frame.URL)
		if e.Frame.ID == main && (err != nil || !expected(u.Path)) {
			tr.note("navigation %.100s", e.Frame.URL)
		}
	})()
}

var caseNumber = regexp.MustCompile(`(?:script |dialog |request /|load http://[^/]+/)(\d+)`)

// caught returns the numbers of the cases that got through.
func caught(sprung []string) map[string]bool {
	got := map[string]bool{}
	for _, s := range sprung {
		if m := caseNumber.FindStringSubmatch(s); m != nil {
			got[m[1]] = true
		}
	}
	return got
}

// count returns how many of what was noted begins so.
func count(sprung []string, kind string) (n int) {
	for _, s := range sprung {
		if strings.HasPrefix(s, kind) {
			n++
		}
	}
	return n
}
