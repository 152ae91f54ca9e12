package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The ways in which a message can fare in the matrix.
const (
	inClear  = "in clear"
	byTLS    = "by TLS"
	waiting  = "waits"
	isSealed = "sealed"
)

// tlsCell is one case: what a destination offers, what a rule wants, and whether the
// rule is about the domain (Postfix asks) or the message (the header field routes).
type tlsCell struct {
	offer, level, orElse, about string
}

func (c tlsCell) address() string {
	if c.about == "domain" {
		return "guest@" + c.level + "-" + c.orElse + "." + c.offer + ".example"
	}
	return c.level + "-" + c.orElse + "@" + c.offer + ".example"
}

func (c tlsCell) secret() string {
	return fmt.Sprintf("planted-%s-%s-%s-%s.", c.offer, c.level, c.orElse, c.about)
}

// expected is the contract.
func (c tlsCell) expected() string {
	able := map[string]map[string]bool{
		"none":     {"may": true},
		"self":     {"may": true, "encrypt": true},
		"valid":    {"may": true, "encrypt": true, "verified": true},
		"expired":  {"may": true, "encrypt": true},
		"wrong":    {"may": true, "encrypt": true},
		"dane":     {"may": true, "encrypt": true, "verified": true},
		"danefail": {"may": true, "encrypt": true},
	}[c.offer][c.level]
	switch {
	case able && c.offer == "none":
		return inClear
	case able:
		return byTLS
	case c.orElse == "pickup":
		return isSealed
	}
	return waiting
}

// TestTLSMatrix sends a message for each case through a real Postfix, and looks at
// every octet that reached the destination.
func TestTLSMatrix(t *testing.T) {
	w := newTLSWorld(t)
	var cells []tlsCell
	var subdomains []string
	var text strings.Builder
	text.WriteString("version = 1\n")
	offers := []string{"none", "self", "valid", "expired", "wrong", "dane", "danefail"}
	for _, level := range []string{"may", "encrypt", "verified"} {
		for _, orElse := range []string{"wait", "pickup"} {
			name := level + "-" + orElse
			subdomains = append(subdomains, name)
			var domains []string
			for _, offer := range offers {
				domains = append(domains, `"`+name+"."+offer+`.example"`)
				for _, about := range []string{"message", "domain"} {
					cells = append(cells, tlsCell{offer, level, orElse, about})
				}
			}
			for about, to := range map[string]string{"message": `"` + name + `@*.example"`, "domain": strings.Join(domains, ", ")} {
				fmt.Fprintf(&text, "[[rule]]\nname = \"%s %s\"\nalso = { tls = %q, tls_else = %q }\nwhen.to = [%s]\n", name, about, level, orElse, to)
			}
		}
	}
	dane := selfSigned(t, "mx.dane.example")
	w.destination(t, "none.example", nil, subdomains...)
	w.destination(t, "self.example", selfSigned(t, "self.example", "*.self.example"), subdomains...)
	w.destination(t, "valid.example", w.issue(t, time.Hour, "valid.example", "*.valid.example"), subdomains...)
	w.destination(t, "expired.example", w.issue(t, -time.Hour, "expired.example", "*.expired.example"), subdomains...)
	w.destination(t, "wrong.example", w.issue(t, time.Hour, "elsewhere.example"), subdomains...)
	w.destination(t, "dane.example", dane, subdomains...)
	w.dane(t, "dane.example", dane)
	w.destination(t, "danefail.example", w.issue(t, time.Hour, "danefail.example", "*.danefail.example"), subdomains...)
	w.dane(t, "danefail.example", dane) // the record names another certificate
	s := w.site(t, text.String(), nil)
	for _, c := range cells {
		s.Submit(t, "ann@example.com", []string{c.address()}, "From: ann@example.com\nTo: "+c.address()+"\nSubject: matrix\nX-Postseal-TLS: may\n\n"+c.secret()+"\n")
	}

	rows := map[tlsCell]string{}
	for _, c := range cells {
		wait(t, c.address(), func() bool {
			rows[c] = w.fate(t, s, c)
			return rows[c] == c.expected() || rows[c] == inClear
		})
	}
	// What waits was tried again meanwhile.
	var table strings.Builder
	for _, c := range cells {
		got := w.fate(t, s, c)
		fmt.Fprintf(&table, "%-9s %-9s %-7s %-8s %-9s %-9s\n", c.offer, c.level, c.orElse, c.about, c.expected(), got)
		if got != c.expected() {
			t.Errorf("%+v: %s, want %s", c, got, c.expected())
		}
	}
	t.Logf("destination, level, else, rule about, expected, actual\n%s", table.String())
	if strings.Contains(s.Milter.Log(), "planted") {
		t.Error("something of a message is in the log")
	}
}

// fate says what became of a case's message, "" for nothing yet.
func (w *tlsWorld) fate(t *testing.T, s *Site, c tlsCell) string {
	t.Helper()
	r := w.receivers[c.offer+".example"]
	secret := []byte(c.secret())
	if bytes.Contains(r.Wire(), secret) {
		return inClear
	}
	for _, m := range r.Mails() {
		switch {
		case len(m.To) != 1 || m.To[0] != c.address():
		case bytes.Contains(bytes.ToLower(m.Data), []byte("x-postseal-")):
			return "by TLS, with a field of ours: " + string(m.Data)
		case bytes.Contains(m.Data, secret) && m.TLS:
			return byTLS
		case bytes.Contains(m.Data, []byte(s.URL)):
			return isSealed
		}
	}
	entries, err := s.MTA.Queue(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		for _, to := range e.Recipients {
			if to.Address == c.address() && (strings.Contains(to.Delay, "TLS is required") || strings.Contains(to.Delay, "not verified")) {
				return waiting
			}
		}
	}
	return ""
}
