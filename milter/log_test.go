package milter

import (
	"slices"
	"strings"
	"testing"
)

// TestVerdictLines: a line for each recipient; only what was sealed has an id.
func TestVerdictLines(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	m := connect(t, s, true)
	m.mail("<ann@example.com>")
	m.rcpt("<cy@example.com>")
	m.rcpt("<guest@customer.example>")
	m.header("Message-ID", " <m1@example.com>")
	m.eoh()
	m.body("hello\r\n")
	m.end()
	var got []string
	for l := range strings.Lines(f.log.String()) {
		if strings.Contains(l, "verdict applied") {
			_, about, _ := strings.Cut(l, "event=")
			got = append(got, strings.Join(strings.Fields(about)[:3], " "))
			if has := strings.Contains(l, " message="); has != strings.HasPrefix(about, "sealed") || strings.Contains(l, `message=""`) {
				t.Errorf("message id: %s", l)
			}
		}
	}
	if want := []string{"passed to=cy@example.com", "sealed to=guest@customer.example"}; len(got) != 2 ||
		!slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("lines %q, want %q\n%s", got, want, f.log.String())
	}
}
