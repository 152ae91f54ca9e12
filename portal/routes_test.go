package portal

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/postseal/postseal/store/seal"
)

// concrete fills the variables of a route's template.
func concrete(path string) string {
	return strings.NewReplacer(fileID, "01a1ff9e-74e6-775b-a478-0972810e6e76", "{from:[0-9]{1,5}}", "0", "{folder:sent|drafts|deleted}", "sent", id, "01a1ff9e-74e6-775b-a478-0972810e6e75", "{part:[0-9]{1,4}}", "0", "{file:[A-Za-z0-9._-]+}", "x.css",
		"{mark:(?:#|%23)}", "%23", "{code:.*}", "AAAA", "{kind:[ao]}", "a", "{kind:[rhsjp]}", "r").Replace(path)
}

// headersOfEvery are those that no response may lack.
var headersOfEvery = map[string]*regexp.Regexp{
	"Content-Security-Policy":      regexp.MustCompile(`default-src 'none'`),
	"X-Content-Type-Options":       regexp.MustCompile(`^nosniff$`),
	"Referrer-Policy":              regexp.MustCompile(`^same-origin$`),
	"Cross-Origin-Opener-Policy":   regexp.MustCompile(`^same-origin$`),
	"Cross-Origin-Resource-Policy": regexp.MustCompile(`^same-origin$`),
	"X-Frame-Options":              regexp.MustCompile(`^(DENY|SAMEORIGIN)$`),
	"Permissions-Policy":           regexp.MustCompile(`camera=\(\)`),
	"Cache-Control":                regexp.MustCompile(`no-store|immutable|max-age`),
}

func checkHeaders(t *testing.T, where string, h http.Header) {
	t.Helper()
	for name, want := range headersOfEvery {
		if !want.MatchString(h.Get(name)) {
			t.Errorf("%s: %s is %q", where, name, h.Get(name))
		}
	}
	for _, directive := range strings.Split(h.Get("Content-Security-Policy"), ";") {
		if strings.Contains(directive, "script-src") && strings.Contains(directive, "unsafe") {
			t.Errorf("%s: %s", where, directive)
		}
	}
}

// TestTable asks for every route of the table as a stranger: those for a session
// show nothing, and every answer has the headers.
func TestTable(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p, err := newPortal(Options{Owner: s.owner, SigningKey: make([]byte, 32), Pepper: make([]byte, 32), URL: s.url})
	must(t, err)
	h := p.handler()
	sessions, seen := 0, map[string]bool{}
	for _, rt := range routes() {
		key := rt.method + " " + rt.path
		if seen[key] {
			t.Errorf("%s is listed twice", key)
		}
		seen[key] = true
		if rt.method != "GET" && rt.method != "POST" {
			t.Errorf("%s: method", key)
		}
		if (strings.HasPrefix(rt.path, "/m/") || strings.HasPrefix(rt.path, "/settings")) != (rt.caller == session) && rt.path != "/inbox" {
			t.Errorf("%s: a mailbox path and class session go together", key)
		}
		if rt.method == "POST" && rt.caller == public && rt.path != "/logout" && rt.path != "/language" {
			t.Errorf("%s: a POST for anybody has no limit on attempts", key)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(rt.method, s.url+concrete(rt.path), nil))
		checkHeaders(t, key, w.Header())
		if rt.caller == session {
			sessions++
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s without a session: status %d", key, w.Code)
			}
		}
		if w.Code >= 500 {
			t.Errorf("%s: status %d", key, w.Code)
		}
		if rt.method == "GET" {
			// What a scanner sends.
			head := httptest.NewRecorder()
			h.ServeHTTP(head, httptest.NewRequest("HEAD", s.url+concrete(rt.path), nil))
			if head.Code != w.Code {
				t.Errorf("HEAD %s: status %d, GET %d", rt.path, head.Code, w.Code)
			}
		} else {
			// From another site.
			r := httptest.NewRequest("POST", s.url+concrete(rt.path), nil)
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s from another site: status %d", key, w.Code)
			}
			checkHeaders(t, key+" from another site", w.Header())
		}
	}
	if sessions < 8 {
		t.Fatalf("only %d routes need a session", sessions)
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c := s.client()
	for _, path := range []string{"/admin", "/m/", "/m/../inbox", "/static/", "/static/../web.go", "/static/app.css", "/inbox/", "//inbox",
		"/o/short", "/a/" + uuid.NewString() + "/x", "/debug/pprof/", "/m/" + uuid.NewString() + "/part/..%2f..%2fetc", "/.git/config"} {
		p := c.get(path)
		if p.status != 404 && p.status != 401 {
			t.Errorf("%s: status %d", path, p.status)
		}
		checkHeaders(t, path, p.header)
	}
	c.post("/inbox").wants(t, 405)
	r, err := http.NewRequest("DELETE", s.url+"/inbox", nil)
	must(t, err)
	c.do(r).wants(t, 405)
}

func TestMendedLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := uuid.NewString()
	code := seal.NewCode()
	c := s.client()
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for path, want := range map[string]string{
		"/o/" + id + "%23" + code.Fragment():   "/o/" + id + "#" + code.Fragment(),
		"/a/" + id + "%2523" + code.Fragment(): "/a/" + id + "#" + code.Fragment(),
		"/a/" + id + "%23" + code.Text():       "/a/" + id + "#" + code.Fragment(),
		"/r%23" + code.Fragment():              "/r#" + code.Fragment(),
		"/o/" + id + "%23//evil.example/":      "/o/" + id,
	} {
		r, err := http.NewRequest("GET", s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := c.do(r)
		if p.status != 303 || p.header.Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q", path, p.status, p.header.Get("Location"), want)
		}
	}
	if strings.Contains(s.log.String(), code.Fragment()) {
		t.Error("the log has a code")
	}
}

// TestGetChangesNothing looks at every page of a message that nobody has opened.
func TestGetChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	fresh, _ := s.sealed(seal.ModeAccount, plainMail)
	one, code := s.sealed(seal.ModeOneTime, plainMail)
	for _, path := range []string{"/inbox", "/m/" + fresh, "/m/" + fresh + "/html", "/m/" + fresh + "/eml", "/m/" + fresh + "/part/0",
		"/m/" + fresh + "/reply", "/m/" + fresh + "/sent", "/m/" + fresh + "/open", "/m/" + fresh + "/unread", "/logout", "/a/" + fresh, "/o/" + one, "/o/" + one + "/open"} {
		c.get(path).lacks(t, "4111 1111")
	}
	c.get("/inbox").wants(t, 200, "Your statement")
	token, err := seal.ParseToken(strings.Split(cookieOf(c), ".")[0])
	must(t, err)
	if m, err := s.owner.Message(context.Background(), token, fresh); err != nil || !m.Opened.IsZero() || m.Read {
		t.Errorf("a GET opened a message (%v)", err)
	}
	// Had a GET opened it, its time would be over.
	s.owner.pass(2 * time.Hour)
	c.post("/o/"+one, "code", code.Fragment()).wants(t, 200, "4111 1111")
}

// FuzzMendLink: whatever stands behind a "%23", the redirect stays on the link's page.
func FuzzMendLink(f *testing.F) {
	for _, s := range []string{"", "AAAA", "//evil.example", "%0d%0aX: y", "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "..%2f..%2f"} {
		f.Add(s)
	}
	const id = "01a1ff9e-74e6-775b-a478-0972810e6e75"
	p, err := newPortal(Options{Owner: noOwner{}, SigningKey: make([]byte, 32), Pepper: make([]byte, 32), URL: "https://pickup.example.com",
		Limits: Limits{Requests: 1 << 30}})
	must(f, err)
	h := p.handler()
	f.Fuzz(func(t *testing.T, tail string) {
		for _, base := range []string{"/o/" + id, "/a/" + id, "/r"} {
			r := httptest.NewRequest("GET", "https://pickup.example.com/", nil)
			r.URL.Path = base + "#" + tail
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			to := w.Header().Get("Location")
			if w.Code == 404 && strings.ContainsAny(tail, "\n") {
				continue
			}
			if w.Code != 303 || to != base && !regexp.MustCompile("^"+base+"#[0-9A-HJKMNP-TV-Z]{32}$").MatchString(to) {
				t.Errorf("%q: %d to %q", tail, w.Code, to)
			}
		}
	})
}

// Whose link was cut on its way finds where to type the code, with scripts as
// without.
func TestCutLinkLeadsToTheCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	const offer = `</p><p class="aside"><a href="/code">`
	s.client().get("/o/"+uuid.NewString()).wants(t, http.StatusOK, text("error.unknown.text")+offer)
	cut := s.client().post("/o/"+uuid.NewString(), "code", strings.Repeat("0", 32))
	cut.wants(t, http.StatusNotFound, text("error.unknown.text"), `<a href="/code">`)
}
