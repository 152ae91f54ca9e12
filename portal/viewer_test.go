package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/postseal/postseal/store/seal"
)

// in asks for a page as a browser that accepts these languages.
func (c *client) in(path, accept string) page {
	c.t.Helper()
	r, err := http.NewRequest("GET", c.url+path, nil)
	must(c.t, err)
	r.Header.Set("Accept-Language", accept)
	return c.do(r)
}

// TestLanguage: the account's choice comes before the browser's menu, then the
// address's domain, then what the browser accepts, then the usual.
func TestLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) {
		o.Language = "fi"
		o.Languages = map[string]string{"elsewhere.example": "nl"}
	})
	english, german, finnish, polish := "Log in", "Anmelden", "Kirjautuminen", "Logowanie"
	for accept, want := range map[string]string{"": finnish, "ja": finnish, "de-CH, en;q=0.8": german, "en": english, "pl;q=0.3, xx": polish} {
		p := s.client().in("/", accept).wants(t, 200, "<h1>"+want+"</h1>")
		if v := p.header.Get("Vary"); !strings.Contains(v, "Accept-Language") || !strings.Contains(v, "Cookie") {
			t.Errorf("Vary: %q", v)
		}
		if got := p.header.Get("Content-Language"); !strings.Contains(p.body, `<html lang="`+got+`" dir="ltr">`) {
			t.Errorf("Content-Language %q and the page's are not the same", got)
		}
	}
	c := s.client()
	c.in("/", "en").wants(t, 200, english)
	// A GET can't choose.
	c.in("/language?language=pl", "en").wants(t, 405)
	c.in("/?language=pl", "en").wants(t, 200, "<h1>"+english)
	p := c.post("/language", "language", "pl", "to", "/forgot").wants(t, 200, "Zapomniane")
	if p.url.Path != "/forgot" {
		t.Errorf("back at %s", p.url.Path)
	}
	c.in("/", "en").wants(t, 200, "<h1>"+polish)
	c.post("/language", "language", "xx", "to", "/").wants(t, 400)
	for _, to := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "", "javascript:alert(1)", "/\r\nX: y"} {
		if p := c.post("/language", "language", "en", "to", to); p.url.Path != "/" || p.url.Host != mustURL(t, s.url).Host {
			t.Errorf("%q leads to %s", to, p.url)
		}
	}

	// The address's domain, and then the account's own choice.
	m := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: plainMail})
	g := s.client()
	g.post("/activate", "code", m.Code.Fragment(), "name", "Gustav", "password", password, "repeat", password).wants(t, 200)
	g.in("/inbox", "de").wants(t, 200, "Postvak IN")
	g.post("/settings/preferences", "language", "de", "zone", "Europe/Helsinki", "date", "y-m-d", "clock", "12", "week", "0",
		"theme", "dark", "page", "10", "signature", "Gustav\r\nGuest Ltd\r\n").wants(t, 200, "gespeichert", "Guest Ltd", `content="dark"`)
	g.in("/inbox", "fr").wants(t, 200, "Posteingang", `lang="de"`)
	// The menu changes the account's choice, which would come first.
	g.post("/language", "language", "fr", "to", "/inbox").wants(t, 200, "Boîte de réception")
	other := s.client()
	other.post("/login", "address", guest, "password", password).wants(t, 200, "Boîte de réception", `content="dark"`)
	other.get("/m/"+m.Message).wants(t, 200)
	other.post("/m/"+m.Message+"/open").wants(t, 200, "M</time>").lacks(t, "data-local", "UTC") // AM or PM, in Helsinki
	other.get("/m/"+m.Message+"/reply").wants(t, 200, "-- \nGustav\nGuest Ltd")
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	must(t, err)
	return u
}

// TestPreferences: what is not among the choices is the usual.
func TestPreferences(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	c.get("/settings/preferences").wants(t, 200, `<option value="" selected>`+text("preferences.zone.auto"), `<option value="25" selected>`)
	c.post("/settings/preferences", "language", "xx", "zone", "Nowhere/Here", "date", "yyyy", "clock", "25", "week", "3", "theme", "pink", "page", "7").
		wants(t, 200, text("preferences.saved"), `<option value="" selected>`+text("preferences.zone.auto"), `<option value="25" selected>`, `<option value="1" selected>Monday`)
	c.post("/settings/preferences", "signature", strings.Repeat("ä", 1001)).wants(t, 422, text("preferences.signature.long"), "signature-error")
	c.post("/settings/preferences", "zone", "Asia/Tokyo", "signature", strings.Repeat("ä", 1000)).wants(t, 200, text("preferences.saved"), `<option value="Asia/Tokyo" selected>`)
	for _, bad := range []string{"", "null", "[]", "{", `{"pageSize":"x"}`, `{"pageSize":1000000,"timeZone":"../../etc/passwd","theme":"x","firstDay":9,"dateFormat":"%s"}`} {
		if p := parsePreferences(json.RawMessage(bad)); p != (Preferences{}) {
			t.Errorf("%s: %+v", bad, p)
		}
	}
}

// TestHelp: each language has the same help, and every bit of it is shown.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	english := s.client().in("/help", "en").wants(t, 200, "Help for recipients", "Is the mail genuine?")
	for _, code := range []string{"de", "fr", "es", "it", "nl", "fi", "pl", "pt"} {
		p := s.client().in("/help", code).wants(t, 200, `lang="`+code+`"`)
		for _, tag := range []string{"<h2>", "<li>", "<ul>"} {
			if got, want := strings.Count(p.body, tag), strings.Count(english.body, tag); got != want {
				t.Errorf("%s: %d %s, English has %d", code, got, tag, want)
			}
		}
		if strings.Contains(p.body, "#") && strings.Contains(p.body, "## ") {
			t.Errorf("%s: Markdown is left", code)
		}
	}
}
