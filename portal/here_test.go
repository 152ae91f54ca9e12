package portal

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// TestPlaceOf walks the whole table: choosing a language on the answer to any form
// leads to a page that a GET shows, as near as there is one.
func TestPlaceOf(t *testing.T) {
	s := newSite(t, nil)
	p, err := newPortal(Options{Owner: s.owner, SigningKey: s.owner.keys.Signing, Pepper: make([]byte, 16), URL: s.url})
	must(t, err)
	c, message := s.activated(plainMail)
	want := map[string]string{
		"/m/" + message + "/open": "/m/" + message, "/m/" + message + "/reply": "/m/" + message + "/reply", "/m/" + message + "/unwanted": "/m/" + message,
		"/settings/totp": "/settings", "/settings/totp/confirm": "/settings", "/settings/preferences": "/settings/preferences",
		"/m/search": "/m/search", "/m/change": "/", "/m/people": "/", "/forgot": "/forgot", "/genuine": "/genuine", "/login": "/", "/login/second": "/", "/logout": "/",
		"/a/" + message: "/a/" + message, "/s/recall": "/s", "/h/release": "/h", "/s": "/s", "/code": "/code", "/code/find": "/code",
		"/o/" + message + "/pin": "/o/" + message, "/o/" + message + "/part/1": "/o/" + message, "/m/own/" + message + "/recall": "/m/own/" + message,
	}
	walked := 0
	for _, rt := range routes() {
		if rt.method != "POST" {
			continue
		}
		walked++
		path := strings.NewReplacer(id, message, fileID, message, "{from:[0-9]{1,5}}", "1", "{part:[0-9]{1,4}}", "1").Replace(concreteBut(rt.path))
		at := p.placeOf(&call{r: httptest.NewRequest("POST", path, nil), route: rt})
		if w, ok := want[path]; ok && at != w {
			t.Errorf("%s leads to %q, want %q", path, at, w)
		}
		delete(want, path)
		if at == "" || at != ownPath(at) {
			t.Errorf("%s leads to %q", path, at)
			continue
		}
		got := c.get(at)
		if got.status != 200 && got.status != 404 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s leads to %q: status %d, %s", path, at, got.status, got.header.Get("Content-Type"))
		}
	}
	if walked < 40 || len(want) > 0 {
		t.Errorf("%d routes; not there: %v", walked, want)
	}
	for _, path := range []string{"//evil.example/x", "/..", "/m/../../x", "/%2e%2e/", "/m/write/x/y", "/static/app.css/x", "/\\evil.example"} {
		r := httptest.NewRequest("POST", "/", nil)
		r.URL = &url.URL{Path: path}
		if at := ownPath(p.placeOf(&call{r: r})); at != "/" && at != "/m/write" {
			t.Errorf("%s leads to %q", path, at)
		}
	}
}

var placeField = regexp.MustCompile(`name="to" value="([^"]+)">\s*<button class="plain" type="submit" name="language"`)

// TestLanguageAfterForms chooses a language on the answer to a form and is led back
// to where it makes sense, with nothing lost that was typed.
func TestLanguageAfterForms(t *testing.T) {
	s := newSite(t, nil)
	c, message := s.activated(plainMail)
	draft := uuid.Must(uuid.NewV7()).String()
	place := func(p page) string {
		t.Helper()
		m := placeField.FindStringSubmatch(p.body)
		if m == nil {
			return ""
		}
		return m[1]
	}
	other := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "new@elsewhere.example", raw: plainMail})
	nobody := s.client()
	for name, tc := range map[string]struct {
		page page
		want string
	}{
		"forgot":          {nobody.post("/forgot", "address", guest), "/forgot"},
		"wrong password":  {nobody.post("/login", "address", guest, "password", "wrong"), "/"},
		"and a message":   {nobody.post("/login", "address", guest, "password", "wrong", "message", message), "/m/" + message},
		"a link's page":   {nobody.post("/a/"+other.Message, "code", other.Code.Fragment()), "/a/" + other.Message},
		"activation":      {nobody.post("/activate", "code", other.Code.Fragment(), "password", "short", "repeat", "other"), "/r"},
		"genuine":         {nobody.post("/genuine", "code", "nonsense"), "/genuine"},
		"settings":        {c.post("/settings/password", "current", "wrong", "password", "x", "repeat", "y"), "/settings"},
		"no route":        {nobody.post("/nothing/at/all"), "/"},
		"a message":       {c.postReply("/m/write", map[string]string{"kind": "new", "draft": draft, "nonce": "n", "to": "nonsense", "body": "typed"}), "/m/write/" + draft},
		"nothing to send": {c.postReply("/m/write", map[string]string{"kind": "new", "nonce": "n2", "to": member}), ""},
		"a reply":         {c.postReply("/m/"+message+"/reply", map[string]string{"nonce": "n3"}), ""},
		"search":          {c.post("/m/search", "q", "x"), "/m/search"},
	} {
		if got := place(tc.page); got != tc.want {
			t.Errorf("%s (%d) leads to %q, want %q", name, tc.page.status, got, tc.want)
		}
	}
	c.post("/language", "language", "de", "to", "/m/write/"+draft).wants(t, 200, "typed", `lang="de"`, "Neue Nachricht")
	if p := c.get("/m/write/" + draft); p.url.Path != "/m/write/"+draft {
		t.Errorf("at %s", p.url.Path)
	}
}

// TestBrowserLanguage chooses a language on the page behind a link's page: the code
// comes along, and the server never sees it in an address.
func TestBrowserLanguage(t *testing.T) {
	s := newSite(t, nil)
	m := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "new@elsewhere.example", raw: plainMail})
	tb := browsertest.Start(t).Tab(t, true)
	tb.Screen(390, 844, "light")
	tb.Open(s.url + "/a/" + m.Message + "#" + m.Code.Fragment())
	tb.Press(text("link.button"))
	tb.WaitFor("h1", text("activate.heading"))
	tb.MustElement(".languages summary").MustClick()
	tb.Press("Deutsch")
	tb.WaitFor("button", "Weiter")
	tb.Press("Weiter")
	tb.WaitFor("label", "Passwort")
	// The form to log in keeps a link's code as well, of somebody with an account.
	c, _ := s.activated(plainMail)
	later := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: further, raw: plainMail})
	c.post("/activate/join", "code", later.Code.Fragment()).wants(t, 200, text("addresses.add.title"))
	tb.Open(s.url + "/a/" + later.Message + "#" + later.Code.Fragment())
	tb.Press("Weiter")
	tb.Press("Zu meinem Konto hinzufügen")
	tb.WaitFor("h1", "Melden Sie sich")
	tb.MustElement(".languages summary").MustClick()
	tb.Press("English")
	tb.WaitFor("button", text("link.button"))
	if at := tb.MustInfo().URL; !strings.HasSuffix(at, "#"+later.Code.Fragment()) {
		t.Errorf("led to %s", at)
	}
	for _, code := range []string{m.Code.Fragment(), later.Code.Fragment()} {
		if strings.Contains(s.log.String(), code) {
			t.Error("the log has the code")
		}
	}
	tb.Quiet()
}
