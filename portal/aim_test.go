package portal

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// Whoever has to log in on the way arrives where they wanted to go.
func TestArriveAtAPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, message := s.activated(plainMail)
	draft := "/m/write/01a1ff9e-74e6-775b-a478-0972810e6e75"
	in := func(c *client, p page, more ...string) page {
		t.Helper()
		return c.post("/login", append(append(p.fields(), more...), "address", guest, "password", password)...)
	}
	for at, want := range map[string]string{
		"/settings/mailboxes": "/settings/mailboxes", "/settings/preferences": "/settings/preferences", "/m/sent": "/m/sent",
		"/m/sent?from=x": "/m/sent", "/m/" + message: "/m/" + message, "/m/" + message + "/reply": "/m/" + message,
		"/inbox": "/inbox", draft: draft,
	} {
		x := s.client()
		if p := in(x, x.get(at).wants(t, 401)); p.url.RequestURI() != want {
			t.Errorf("%s led to %s", at, p.url)
		}
	}
	// A wrong password, a form whose session has ended, and a second step lose nothing.
	x := s.client()
	p := in(x, x.get("/settings/people").wants(t, 401), "password", "wrong wrong wrong").wants(t, 401)
	if p = in(x, p); p.url.Path != "/settings/people" {
		t.Errorf("after a wrong password: %s", p.url)
	}
	x = s.client()
	if p = in(x, x.post("/settings/profile", "name", "x").wants(t, 401, text("login.post"))); p.url.Path != "/settings" {
		t.Errorf("after a form: %s", p.url)
	}
	key, _ := c.withTOTP()
	s.owner.pass(time.Minute)
	x = s.client()
	p = in(x, x.get("/settings/mailboxes")).wants(t, 200, text("second.heading"))
	if p = x.post("/login/second", append(p.fields(), "code", s.totp(key))...); p.url.Path != "/settings/mailboxes" {
		t.Errorf("after the second step: %s", p.url)
	}

	// Nobody is led elsewhere.
	s.owner.pass(time.Minute)
	for _, place := range []string{"https://evil.example/", "//evil.example/inbox", "/\\evil.example", "/logout", "/static/app.css", "/no/such", "/inbox?x=y", "javascript:x", "/..//evil.example"} {
		x := s.client()
		x.post("/login", "address", guest, "password", password, "place", place).wants(t, 200, text("second.heading")).lacks(t, `name="place"`)
	}
}

// What a member who signs in at the provider came for is kept meanwhile.
func TestProviderKeepsTheAim(t *testing.T) {
	t.Parallel()
	s := newMemberSite(t, nil)
	desk := s.holderOf(claims, "Claims")
	s.owner.seal(sealRequest{mode: seal.ModeAccount, from: "boss@firm.example", to: "dora@cloud.example", raw: plainMail})
	code := desk.invite("dora@cloud.example")
	c := s.client()
	p := c.atProvider(c.post("/p", "code", code.Fragment()).wants(t, 200, text("signin.away.heading")), "dora@cloud.example")
	c.post("/signin/return", p.fields()...).wants(t, 200, text("invited.heading"), claims)

	// An account that there is already.
	c.post("/logout")
	p = c.post("/p", "code", code.Fragment()).wants(t, 200, text("login.heading.claim"))
	p = c.atProvider(c.post("/login", append(p.fields(), "address", "dora@cloud.example")...), "dora@cloud.example")
	c.post("/signin/return", p.fields()...).wants(t, 200, text("invited.heading"), claims)

	c.post("/logout")
	p = c.get("/settings/preferences").wants(t, 401)
	p = c.atProvider(c.post("/login", append(p.fields(), "address", "dora@cloud.example")...), "dora@cloud.example")
	if p = c.post("/signin/return", p.fields()...); p.url.Path != "/settings/preferences" {
		t.Errorf("led to %s", p.url)
	}

	// The cookie is the browser's: what it says is checked again.
	c.post("/logout")
	p = c.atProvider(c.post("/login", "address", "dora@cloud.example"), "dora@cloud.example")
	u := mustURL(t, s.url)
	for _, k := range c.http.Jar.Cookies(u) {
		if strings.HasSuffix(k.Name, cloudCookie) {
			ticket, _, _ := strings.Cut(k.Value, ".")
			b, err := json.Marshal(aim{Place: "//evil.example/"})
			must(t, err)
			c.http.Jar.SetCookies(u, []*http.Cookie{{Name: k.Name, Value: ticket + "." + base64.RawURLEncoding.EncodeToString(b), Path: "/"}})
		}
	}
	if p = c.post("/signin/return", p.fields()...); p.url.Path != "/inbox" || p.url.Host != u.Host {
		t.Errorf("a changed cookie led to %s", p.url)
	}
}
