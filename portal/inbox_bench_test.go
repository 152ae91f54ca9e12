package portal

import (
	"fmt"
	"testing"
)

// BenchmarkInboxPage asks for a page of 50 over HTTP, as a browser does: the
// session, the list, its entries, the page. How long the list takes does not depend
// on how many messages there are (BenchmarkList100k of package store).
func BenchmarkInboxPage(b *testing.B) {
	s := newSite(b, func(o *Options) { o.Limits.Page = 50 })
	c, _ := s.activated(plainMail)
	for i := range 120 {
		s.mail(fmt.Sprintf("Message %d", i), plainMail)
	}
	c.get("/inbox").wants(b, 200) // makes the entries
	for b.Loop() {
		c.get("/inbox").wants(b, 200)
	}
}
