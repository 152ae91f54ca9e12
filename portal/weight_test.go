package portal

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// maxFirstVisit is what a page may weigh, compressed, with all that it loads in a
// browser that has nothing yet.
const maxFirstVisit = 100 * 1000

// TestWeight: a first visit is light, asks nobody else, and nothing moves once it
// is shown (Cumulative Layout Shift is 0).
func TestWeight(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	w := newWorld(s)
	b := browsertest.Start(t)
	one, _ := s.sealed(seal.ModeOneTime, htmlMail)
	pages := []struct {
		name, path string
		session    bool
	}{
		{"login", "/", false}, {"code", "/code", false}, {"forgot", "/forgot", false}, {"help", "/help", false},
		{"one-time", "/o/" + one, false}, {"activation", "/a/" + w.id, false}, {"error", "/nothing", false},
		{"inbox", "/inbox", true}, {"formatted message", "/m/" + w.html, true}, {"plain message", "/m/" + w.plain, true},
		{"reply", "/m/" + w.html + "/reply", true}, {"new message", "/m/write", true}, {"preferences", "/settings/preferences", true}, {"settings", "/settings", true},
	}
	for _, width := range []int{390, 1280} {
		for _, page := range pages {
			t.Run(fmt.Sprint(page.name, " ", width), func(t *testing.T) {
				tb := b.Tab(t, true)
				tb.Screen(width, screenHeight(width), "light")
				if page.session {
					w.as(tb, w.cookie)
				}
				weight := atomic.Int64{}
				go tb.EachEvent(func(e *proto.NetworkLoadingFinished) { weight.Add(int64(e.EncodedDataLength)) })()
				_, err := proto.PageAddScriptToEvaluateOnNewDocument{Source: `
					window.__shift = [];
					new PerformanceObserver((list) => {
						for (const e of list.getEntries()) window.__shift.push({ at: e.startTime, value: e.value, of: e.sources.map((s) =>
							(s.node && (s.node.outerHTML || s.node.textContent) || '').slice(0, 80) + JSON.stringify([s.previousRect, s.currentRect])).join(', ') });
					})
						.observe({ type: 'layout-shift', buffered: true });`}.Call(tb)
				must(t, err)
				tb.Open(s.url + page.path)
				if page.name == "one-time" { // with what an invitation needs
					_, err := tb.Eval(`() => import(document.getElementById('m-invitation').dataset.script)`)
					must(t, err)
				}
				must(t, tb.WaitStable(300*time.Millisecond))
				shift, err := tb.Eval(`() => {
					const parsed = performance.getEntriesByType('navigation')[0].domInteractive;
					return window.__shift.map((s) => s.value + ' at ' + s.at + ' (parsed at ' + parsed + '): ' + s.of).join('; ');
				}`)
				must(t, err)
				if s := shift.Value.Str(); s != "" {
					t.Errorf("layout shift of %s", s)
				}
				if n := weight.Load(); n == 0 || n > maxFirstVisit {
					t.Errorf("%d octets, at most %d are allowed", n, maxFirstVisit)
				}
				for _, r := range tb.Requests() {
					if f := strings.Fields(r); len(f) > 1 && strings.Contains(f[1], "://") && !strings.HasPrefix(f[1], s.url) {
						t.Errorf("a request to elsewhere: %s", f[1])
					}
				}
			})
		}
	}
}
