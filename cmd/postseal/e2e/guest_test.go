package e2e

import (
	"strings"
	"testing"
)

const cardMail = `From: Ann Archer <ann@example.com>
To: bob@guest.example
Subject: your card
Message-ID: <card-1@example.com>

Visa 4111 1111 1111 1111, until 12/29.
`

// TestGuestGetsNotice is the main job: a card number to a guest is sealed, and a
// notice goes out in its place.
func TestGuestGetsNotice(t *testing.T) {
	s := NewSite(t, SiteOptions{})
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	m := s.WaitOutside(t, "bob@guest.example")
	if m.From != "ann@example.com" || len(m.To) != 1 {
		t.Errorf("envelope from %q to %q", m.From, m.To)
	}
	if strings.Contains(string(m.Data), "4111") || strings.Contains(string(m.Data), "your card") {
		t.Errorf("the original left:\n%s", m.Data)
	}
	n := s.ReadNotice(t, m)
	if n.Subject != "You have a new encrypted message from ann@example.com" {
		t.Errorf("subject %q", n.Subject)
	}
	if n.Code == "" || !strings.HasPrefix(n.Link, s.URL+"/a/") {
		t.Errorf("link %q, code %q", n.Link, n.Code)
	}
	if got := s.Run(t, "store", "check"); !strings.Contains(got, "0 problems") {
		t.Errorf("store check: %s", got)
	}
	// Run fails the test when the trail's chain is broken.
	message := strings.TrimPrefix(n.Link, s.URL+"/a/")[:36]
	if got := s.Run(t, "store", "audit", "--since", "1h", "--message", message); !strings.Contains(got, "sealed") || !strings.Contains(got, "from=ann@example.com") {
		t.Errorf("store audit: %s", got)
	}
	if got := s.Run(t, "store", "audit", "--json", "--event", "sealed", "--limit", "1"); !strings.HasPrefix(got, `{"seq":`) || !strings.Contains(got, message) || strings.Count(got, "\n") != 1 {
		t.Errorf("store audit --json: %s", got)
	}
	s.Run(t, "check", "--running", "--no-mta")
}

// TestPlainMailPasses: what no rule wants goes out as it came.
func TestPlainMailPasses(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Inet: true})
	const body = "Lunch at noon?\r\n"
	s.Submit(t, "ann@example.com", []string{"bob@guest.example", "cy@example.com"}, "From: ann@example.com\nSubject: lunch\n\n"+body)
	for _, m := range []string{string(s.WaitOutside(t, "bob@guest.example").Data), string(s.WaitInside(t, "cy@example.com").Data)} {
		if !strings.HasSuffix(m, "\r\n\r\n"+body) || !strings.Contains(m, "Subject: lunch\r\n") {
			t.Errorf("got:\n%s", m)
		}
	}
}
