package portal

import (
	"net/url"
	"strings"
	"testing"
)

// TestPending walks the table with the cookie of a session that waits for its second
// step: it is worth nothing but the step itself.
func TestPending(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Attempts = 1000 })
	c, message := s.activated(secretMail)
	c.withTOTP()
	before := c.get("/settings").wants(t, 200).body
	pending := s.client()
	pending.post("/login", "address", guest, "password", password).wants(t, 200, text("second.heading"))
	u, err := url.Parse(s.url)
	must(t, err)
	cookies := pending.http.Jar.Cookies(u)
	for _, rt := range routes() {
		if rt.caller != session {
			continue
		}
		pending.http.Jar.SetCookies(u, cookies) // a refusal takes it away
		p := pending.attack(rt, message, message, "1", map[string][]string{
			"current": {password}, "sure": {"yes"}, "id": {message}, "action": {"gone"}, "name": {"Eve"}, "password": {fresh}, "repeat": {fresh},
		})
		if p.status != 401 || strings.Contains(p.body, marker) {
			t.Errorf("%s %s: %d", rt.method, rt.path, p.status)
		}
	}
	pending.http.Jar.SetCookies(u, cookies)
	pending.post("/login/second", "code", "000000").wants(t, 401, text("second.wrong"))
	if c.get("/settings").wants(t, 200).body != before {
		t.Error("something was changed")
	}
	// The ways in beside the log-in ask for the step as well.
	pending.post("/login", "address", guest, "password", password, "message", message).wants(t, 200, text("second.heading")).lacks(t, marker)
	pending.get("/").wants(t, 200, text("login.heading")).lacks(t, marker)
}
