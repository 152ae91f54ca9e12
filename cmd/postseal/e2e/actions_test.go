package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// actionRules decide by the recipient's name, as byName, with every action.
const actionRules = byName + `
[[rule]]
name = "review"
then = "block"
text = "Contracts need a second look."
release = { trust = "recipient" }
when.to = "block*@*.example"

[[rule]]
name = "virus"
then = "block"
release = false
text = "This looks like a virus."
when.to = "virus*@*.example"

[[rule]]
name = "wait"
then = "block"
text = "50% of these are mistakes."
release = { mode = "defer" }
when.to = "wait*@*.example"

[[rule]]
name = "secret"
then = "pickup"
when.to = "*-guest@*.example"
`

// odd is a message that both MTAs hand on octet for octet. Sendmail unfolds fields
// with addresses, so there are none folded.
func odd(id string) string {
	return "From: Ann Archer <ann@example.com>\n" +
		"To: guest1@customer.example, colleague@example.com\n" +
		"Subject:  planted =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\tand the rest\n" +
		"date: Sat, 21 Nov 2026 19:09:00 +0000\n" +
		"Message-ID: <" + id + "@example.com>\n" +
		"X-Odd:no space,\ta tab\n" +
		"X-Twice: planted one\n" +
		"x-TWICE:planted two\n" +
		"MIME-Version: 1.0\n" +
		"Content-Type: text/plain; charset=utf-8\n" +
		"Content-Transfer-Encoding: 8bit\n" +
		"\n" +
		"planted body, Gr\u00fc\u00dfe\n.\n..\n.leading dot\n\n trailing space \nlast line\n"
}

// owner is a connection to the store, as the portal has one.
func (s *Site) owner(t *testing.T) *socket.Client {
	t.Helper()
	c := socket.NewClient(filepath.Join(s.Dir, "store.sock"))
	t.Cleanup(func() { c.Close() })
	return c
}

// releaseLink finds the code of a release link in a text.
func releaseLink(t *testing.T, s *Site, text string) seal.Code {
	t.Helper()
	return linkCode(t, s, text, "h")
}

func linkCode(t *testing.T, s *Site, text, page string) seal.Code {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(s.URL) + `/` + page + `#(\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link to /%s in:\n%s", page, text)
	}
	code, err := seal.ParseCode(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// release does what the release page does when the sender clicks.
func (s *Site) release(t *testing.T, code seal.Code) socket.Held {
	t.Helper()
	owner := s.owner(t)
	h, err := owner.Held(deadline(t), code.Token())
	if err != nil {
		t.Fatal(err)
	}
	order := socket.ReleaseOrder{Reason: "looked at it", Client: "192.0.2.7"}
	if !h.Deferred {
		identity, err := code.Identity()
		if err != nil {
			t.Fatal(err)
		}
		var m seal.Manifest
		if err := json.Unmarshal(h.Manifest.JSON, &m); err != nil {
			t.Fatal(err)
		}
		key, err := seal.OpenGrant(h.Grant, identity, m)
		if err != nil {
			t.Fatal(err)
		}
		order.Key = key.Text()
	}
	if err := owner.Release(deadline(t), code.Token(), order); err != nil {
		t.Fatal(err)
	}
	return h
}

// senderMail waits for a mail of ours to a member whose text has a phrase.
func (s *Site) senderMail(t *testing.T, member, phrase string) (mta.Mail, Notice) {
	t.Helper()
	m, err := s.Inside.Wait(deadline(t), func(m mta.Mail) bool {
		return m.Has(member) && strings.Contains(strings.Join(strings.Fields(readMail(t, m).Text), " "), phrase)
	})
	if err != nil {
		t.Fatalf("wait for a mail to %s with %q: %v", member, phrase, err)
	}
	return m, readMail(t, m)
}

// A report is a delivery status notification as another program reads it
// (RFC 3464, RFC 6522).
type report struct {
	text    string
	message textproto.MIMEHeader
	to      map[string]textproto.MIMEHeader // by Final-Recipient
	header  string                          // of the message that it is about
}

// readReport takes a notification apart with the parsers of the standard library,
// which have no part in writing it.
func readReport(t *testing.T, m mta.Mail) report {
	t.Helper()
	fail := func(what string, err error) {
		t.Helper()
		t.Fatalf("%s: %v\n%s", what, err, m.Data)
	}
	for l := range bytes.Lines(m.Data) {
		if len(l) > 80 {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
	}
	whole, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		fail("read", err)
	}
	for _, name := range []string{"From", "To"} {
		if _, err := whole.Header.AddressList(name); err != nil {
			fail(name, err)
		}
	}
	if _, err := whole.Header.Date(); err != nil {
		fail("Date", err)
	}
	if whole.Header.Get("Auto-Submitted") != "auto-replied" || m.From != "" {
		t.Errorf("Auto-Submitted %q, from %q", whole.Header.Get("Auto-Submitted"), m.From)
	}
	kind, params, err := mime.ParseMediaType(whole.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["report-type"] != "delivery-status" {
		t.Fatalf("type %s %v: %v", kind, params, err)
	}
	r := report{to: map[string]textproto.MIMEHeader{}}
	parts := multipart.NewReader(whole.Body, params["boundary"])
	for n := 0; ; n++ {
		p, err := parts.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			if n != 3 {
				t.Errorf("%d parts", n)
			}
			return r
		}
		if err != nil {
			fail("next part", err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			fail("part", err)
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			fail("type of a part", err)
		}
		switch {
		case n == 0 && (kind == "text/plain" || kind == "multipart/alternative"):
			r.text = string(body)
		case n == 1 && kind == "message/delivery-status":
			groups := textproto.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(bytes.TrimRight(body, "\r\n")), strings.NewReader("\r\n\r\n"))))
			if r.message, err = groups.ReadMIMEHeader(); err != nil {
				fail("fields about the message", err)
			}
			for {
				h, err := groups.ReadMIMEHeader()
				if len(h) == 0 {
					break
				}
				if err != nil {
					fail("fields about a recipient", err)
				}
				kind, address, _ := strings.Cut(h.Get("Final-Recipient"), ";")
				if kind != "rfc822" || h.Get("Action") == "" || h.Get("Status") == "" {
					t.Errorf("fields about a recipient: %v", h)
				}
				r.to[strings.TrimSpace(address)] = h
			}
		case n == 2 && kind == "text/rfc822-headers":
			r.header = string(body)
		default:
			t.Errorf("part %d is %s", n, kind)
		}
	}
}
