package portal

import (
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/portal/display/hostile"
	"github.com/postseal/postseal/store/seal"
)

// casesAMail is how many attacks stand in one mail.
const casesAMail = 300

// hostileMail makes a mail of a document, each third in another encoding.
func hostileMail(i int, d hostile.Document) string {
	encoding, body := "8bit", d.HTML
	switch i % 3 {
	case 1:
		encoding, body = "base64", wrapped(base64.StdEncoding.EncodeToString([]byte(d.HTML)))
	case 2:
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(d.HTML)) // a strings.Builder takes all
		_ = w.Close()
		encoding, body = "quoted-printable", b.String()
	}
	return "From: clara@firm.example\nSubject: hostile " + strconv.Itoa(i) + "\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n" +
		"Content-Transfer-Encoding: " + encoding + "\n\n" + body + "\n"
}

func wrapped(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\n")
		s = s[76:]
	}
	return b.String() + s
}

// harmless looks into the document that shows a mail, which is the page's own or
// that of its frame, and counts the paragraphs that stand behind the cases. It is
// "" until the document is there.
const harmless = `(framed) => {
	const mail = framed ? window.document.querySelector('iframe.mail').contentDocument : window.document;
	if (!mail || mail.URL === 'about:blank' || mail.readyState !== 'complete' || mail.URL.endsWith('/frame') && !mail.body.hasChildNodes()) return '';
	const document = mail, bad = [];
	for (const e of document.body.querySelectorAll('*')) {
		if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml') bad.push('namespace ' + e.nodeName);
		if (/^(script|style|link|meta|base|iframe|frame|object|embed|form|input|button|select|textarea|svg|math|video|audio|source|picture|template|title|dialog|area|map|marquee|applet|slot)$/i.test(e.nodeName) || e.nodeName.includes('-')) bad.push(e.nodeName);
		if (e.shadowRoot) bad.push('shadow root');
		for (const a of e.attributes) {
			if (/^(on|id$|name$|class$|srcset|background|ping|action|formaction|is$|slot|part|download|contenteditable|tabindex|autofocus|popover)/i.test(a.name)) bad.push(e.nodeName + ' ' + a.name);
			if (a.name === 'src' && !/^data:image\/(png|jpeg|gif|webp);base64,/.test(a.value)) bad.push('src ' + a.value);
			if (a.name === 'href' && !/^(https?|mailto|tel):$/.test(e.protocol)) bad.push('href ' + a.value);
			if (a.name === 'href' && /^https?:$/.test(e.protocol) && e.target !== '_blank') bad.push('target ' + a.value);
			if (a.name === 'href' && e.host === location.host) bad.push('our own page ' + a.value);
			if (a.name === 'style' && /url|expression|@|\\|position|var\(|\{/i.test(a.value)) bad.push('style ' + a.value);
		}
		if (/fixed|sticky|absolute/.test(getComputedStyle(e).position)) bad.push('position of ' + e.nodeName);
	}
	return JSON.stringify({ bad: bad.slice(0, 20), after: document.querySelectorAll('p[title^=after]').length });
}`

// uncovered names what lies over the subject and the facts of a printed mail.
const uncovered = `() => [...document.querySelectorAll('body > h1, body > table:first-of-type td')].map((e) => {
	const box = e.getBoundingClientRect(), on = document.elementFromPoint(box.left + 2, box.top + box.height / 2);
	return on === null || e.contains(on) ? '' : on.outerHTML.slice(0, 200);
}).filter(Boolean).join(' ')`

// A hostileSite shows hostile mail in all ways that there are.
type hostileSite struct {
	*site
	t       *testing.T
	trap    *trap
	browser *browsertest.Browser
	guest   *client
	shown   *atomic.Int64 // cases whose paragraph was seen
}

func newHostileSite(t *testing.T, tr *trap) *hostileSite {
	s := newSite(t, func(o *Options) { o.Limits.Page = 100 })
	c, _ := s.activated(plainMail)
	return &hostileSite{s, t, tr, browsertest.Start(t), c, new(atomic.Int64)}
}

// tab opens a tab that the trap watches: the guest's, or a stranger's.
func (h *hostileSite) tab(guest, scripts bool) *browsertest.Tab {
	tb := h.browser.Tab(h.t, scripts)
	if guest {
		(&world{s: h.site}).as(tb, cookieOf(h.guest))
	}
	h.trap.watch(h.t, tb, h.url, func(path string) bool {
		return path == "/inbox" || strings.HasPrefix(path, "/m/") || strings.HasPrefix(path, "/o/") || path == "blank"
	})
	return tb
}

// check looks at a document that shows a mail.
func (h *hostileSite) check(what string, tb *browsertest.Tab, framed bool) {
	h.t.Helper()
	got := ""
	for range 300 { // the frame loads after its page
		must(h.t, tb.Steady(func(p *rod.Page) error {
			out, err := p.Eval(harmless, framed)
			if err == nil {
				got = out.Value.Str()
			}
			return err
		}))
		if got != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !strings.HasPrefix(got, `{"bad":[],`) {
		h.t.Errorf("%s: left are %.2000s", what, got)
	}
	n, _ := strconv.Atoi(strings.Trim(got[strings.LastIndexByte(got, ':')+1:], "}"))
	h.shown.Add(int64(n))
	title, err := tb.Eval(`() => document.title`)
	must(h.t, err)
	if title := title.Value.Str(); !strings.HasPrefix(title, "hostile") && title != "Message" {
		h.t.Errorf("%s: the page became %q", what, title)
	}
	if sprung := h.trap.take(); len(sprung) > 0 {
		h.t.Errorf("%s: %.2000q", what, sprung)
	}
}

func (h *hostileSite) account(i int, raw string, tb *browsertest.Tab) {
	h.t.Helper()
	id, _ := h.sealed(seal.ModeAccount, raw)
	h.guest.post("/m/"+id+"/open").wants(h.t, 200)
	tb.Open(h.url + "/m/" + id)
	h.check(fmt.Sprintf("mail %d on its page", i), tb, true)
	if i%3 != 0 {
		return
	}
	tb.Open(h.url + "/m/" + id + "/print")
	h.check(fmt.Sprintf("mail %d for printing", i), tb, false)
	covers, err := tb.Eval(uncovered)
	must(h.t, err)
	if covers.Value.Str() != "" {
		h.t.Errorf("mail %d for printing: over the facts is %s", i, covers.Value)
	}
}

func (h *hostileSite) oneTime(i int, raw string, tb *browsertest.Tab) {
	h.t.Helper()
	id, code := h.sealed(seal.ModeOneTime, raw)
	tb.Open(h.url + "/o/" + id + "#" + code.Fragment())
	tb.Press(text("onetime.button"))
	tb.WaitFor("#m-subject", "hostile")
	h.check(fmt.Sprintf("mail %d opened in the browser", i), tb, true)
}

func (h *hostileSite) oneTimeWithoutScripts(i int, raw string, tb *browsertest.Tab) {
	h.t.Helper()
	id, code := h.sealed(seal.ModeOneTime, raw)
	tb.Open(h.url + "/o/" + id)
	tb.Fill("#code", code.Text())
	tb.Press(text("onetime.button"))
	h.check(fmt.Sprintf("mail %d without scripts", i), tb, true)
}

// TestBrowserHostile shows the hostile corpus as both the server and the browser
// clean it: nothing runs, nothing is loaded, nothing is left that could.
func TestBrowserHostile(t *testing.T) {
	t.Parallel()
	tr := newTrap(t)
	cases := hostile.Markup(tr.origin)
	documents := hostile.Documents(cases, casesAMail)
	h := newHostileSite(t, tr)
	t.Run("mails", func(t *testing.T) {
		for i, d := range documents {
			raw := hostileMail(i, d)
			t.Run(fmt.Sprint(i), func(t *testing.T) { // its tabs are closed with it
				one := *h
				one.t = t
				one.account(i, raw, one.tab(true, true))
				one.oneTime(i, raw, one.tab(false, true))
				if i%6 == 0 {
					one.oneTimeWithoutScripts(i, raw, one.tab(false, false))
				}
			})
		}
	})
	if sprung := tr.take(); len(sprung) > 0 {
		t.Errorf("afterwards: %.2000q", sprung)
	}
	// On the page and by the browser; a third for printing, a sixth without scripts.
	shown := int(h.shown.Load())
	t.Logf("%d cases in %d mails; behind them %d paragraphs were seen", len(cases), len(documents), shown)
	if least := len(cases) * 2 * 9 / 10; shown < least {
		t.Errorf("only %d of more than %d paragraphs were seen: cases hide others", shown, least)
	}
}

// TestBrowserHostileControl shows that the trap works. It shows cases as they
// are, each in a frame of its own: many get through. The same, cleaned and
// without any policy, don't.
func TestBrowserHostileControl(t *testing.T) {
	t.Parallel()
	tr := newTrap(t)
	cases := hostile.Markup(tr.origin)
	documents := hostile.Documents(cases, casesAMail)
	sanitiser := display.NewSanitiser(2)
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!DOCTYPE html><html><head><title>hostile</title></head><body>"+body)
	}
	mux.HandleFunc("/frames/{first}/{step}", func(w http.ResponseWriter, r *http.Request) {
		first, _ := strconv.Atoi(r.PathValue("first"))
		step, _ := strconv.Atoi(r.PathValue("step"))
		var b strings.Builder
		for i := first; i < min(first+100*step, len(cases)); i += step {
			fmt.Fprintf(&b, "<iframe src=/raw/%d></iframe>", i)
		}
		page(w, b.String())
	})
	mux.HandleFunc("/raw/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		page(w, cases[id].HTML)
	})
	mux.HandleFunc("/clean/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		clean, err := sanitiser.Sanitise(r.Context(), documents[id].HTML, nil)
		if err != nil {
			t.Error(err)
		}
		page(w, clean.HTML)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	b := browsertest.Start(t)
	open := func(name string, paths []string) []string {
		t.Run(name, func(t *testing.T) {
			for some := range slices.Chunk(paths, 4) {
				t.Run(some[0], func(t *testing.T) {
					tb := b.Tab(t, true)
					tr.watch(t, tb, srv.URL, func(string) bool { return true })
					for _, path := range some {
						tb.Open(srv.URL + path)
					}
				})
			}
		})
		return tr.take()
	}

	var paths []string
	for i := range documents {
		paths = append(paths, fmt.Sprintf("/clean/%d", i))
	}
	if sprung := open("cleaned", paths); len(sprung) > 0 {
		t.Errorf("cleaned and without a policy: %.2000q", sprung)
	}

	const step = 31
	paths = nil
	for i := 0; i < len(cases); i += 100 * step {
		paths = append(paths, fmt.Sprintf("/frames/%d/%d", i, step))
	}
	sprung := open("as they are", paths)
	through := caught(sprung)
	t.Logf("of %d cases as they are %d got through: %d scripts, %d dialogs, %d loads, %d requests", len(cases)/step, len(through),
		count(sprung, "script"), count(sprung, "dialog"), count(sprung, "load"), count(sprung, "request"))
	if len(through) < len(cases)/step/6 {
		t.Errorf("the trap sees %d of %d cases", len(through), len(cases)/step)
	}
	for _, kind := range []string{"script", "load", "request", "connection"} {
		if count(sprung, kind) < 3 {
			t.Errorf("the trap sees %d of kind %s", count(sprung, kind), kind)
		}
	}
}
