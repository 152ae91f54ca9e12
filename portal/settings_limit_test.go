package portal

import "testing"

// Each password that is compared costs 64 MiB and the time of a log-in: who has a
func TestSettingsProofIsLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Attempts = 4 })
	c, _ := s.activated(plainMail)
	for range 6 {
		p := c.post("/settings/password", "current", "wrong", "password", fresh, "repeat", fresh).wants(t, 403)
		if p.header.Get("Cache-Control") != "no-store" {
			t.Error("the page may be cached")
		}
	}
	// An attempt of another kind finds nothing left.
	c.post("/genuine", "code", "x").wants(t, 429)
}
