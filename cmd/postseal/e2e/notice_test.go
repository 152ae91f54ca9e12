package e2e

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// A Notice is what a recipient can see of a captured notice.
type Notice struct {
	Header  mail.Header
	Subject string
	Text    string // the plain text, decoded
	HTML    string // the HTML, decoded
	Link    string // the first link to the portal
	Code    string // as printed, to be typed; "" for a known recipient
}

var codePattern = regexp.MustCompile(`(?m)^\s*((?:[0-9A-Z]{4,8}-){3,}[0-9A-Z]{4,8})\s*$`)

// ReadNotice takes a notice apart. A mail without a link to the portal in the
// plain text is none, and ends the test.
func (s *Site) ReadNotice(t *testing.T, m mta.Mail) Notice {
	t.Helper()
	n := readMail(t, m)
	if n.Link = s.findLink(n.Text); n.Link == "" {
		t.Fatalf("no link in the plain text:\n%s", m.Data)
	}
	if !strings.Contains(n.HTML, strings.TrimPrefix(n.Link, s.URL)) {
		t.Errorf("the HTML lacks the link %s:\n%s", n.Link, n.HTML)
	}
	if found := codePattern.FindStringSubmatch(n.Text); found != nil {
		n.Code = found[1]
	}
	return n
}

// IsNotice tells whether a captured mail holds a link to the portal.
func (s *Site) IsNotice(t *testing.T, m mta.Mail) bool {
	t.Helper()
	return s.findLink(readMail(t, m).Text) != ""
}

func (s *Site) findLink(text string) string {
	return regexp.MustCompile(regexp.QuoteMeta(s.URL) + `/[amopr](?:/|#)[^\s<>"]+`).FindString(text)
}

func readMail(t *testing.T, m mta.Mail) (n Notice) {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatalf("%v:\n%s", err, m.Data)
	}
	n.Header = r.Header
	if n.Subject, err = r.Header.Subject(); err != nil {
		t.Fatal(err)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, m.Data)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		switch kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";"); {
		case strings.EqualFold(kind, "text/html"):
			n.HTML += text
		case kind == "" || strings.EqualFold(kind, "text/plain"):
			n.Text += text
		}
	}
}
