package e2e

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// byName are rules that decide by the recipient's name, so that each test says
// in its addresses what should happen.
const byName = `
version = 1

[[rule]]
name = "guests"
then = "pickup"
when.to = ["guest*@*.example", "bcc-guest@*.example"]

[[rule]]
name = "once"
then = "one-time"
when.to = "once*@*.example"

[[rule]]
name = "vault"
then = "return"
text = "100% of these go to the vault."
when.to = "return*@*.example"

[[rule]]
name = "drop"
then = "discard"
when.to = "drop*@*.example"

[[rule]]
name = "hold"
then = "quarantine"
when.to = "hold*@*.example"
`

// letter is a message with oddities that a careless filter would lose: order and
// case of the header, folds, spaces, repeated and empty fields, octets beyond
// ASCII, lines of dots.
func letter(id string) string {
	return "From: Ann Archer <ann@example.com>\n" +
		"To: guest@customer.example,\n\tcolleague@example.com\n" +
		"Subject:  planted =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n" +
		"Date: Sat, 21 Nov 2026 19:09:00 +0000\n" +
		"Message-ID: <" + id + "@example.com>\n" +
		"x-empty:\n" +
		"X-Twice: planted one\n" +
		"X-Tab:\tplanted\ttab\n" +
		"x-TWICE:planted two  \n" +
		"Content-Type: text/plain;\n  charset=utf-8\n" +
		"Content-Transfer-Encoding: 8bit\n" +
		"\n" +
		"planted body, Gr\u00fc\u00dfe\n.\n..\n.leading dot\n\n trailing space \nlast line\n"
}

// wantOriginal fails unless the mail is the message, octet for octet.
func wantOriginal(t *testing.T, m mta.Mail, message string) {
	t.Helper()
	if got, want := withoutTrace(string(m.Data)), crlf(message); got != want {
		t.Errorf("the message was changed:\n%q\nwant\n%q", got, want)
	}
}

// wantNoPlanted fails if something of the message is in the mail.
func wantNoPlanted(t *testing.T, m mta.Mail) {
	t.Helper()
	if bytes.Contains(bytes.ToLower(m.Data), []byte("planted")) {
		t.Errorf("something of the message is in the notice:\n%s", m.Data)
	}
	if bytes.Contains(bytes.ToLower(m.Data), []byte("x-postseal-mail")) {
		t.Error("the loop guard's mark left")
	}
}

// to returns the captured mails for an address.
func to(sink *mta.Sink, address string) []mta.Mail {
	var out []mta.Mail
	for _, m := range sink.Mails() {
		if m.Has(address) {
			out = append(out, m)
		}
	}
	return out
}

// messages is the number of sealed messages in the store.
func (s *Site) messages(t *testing.T) int {
	t.Helper()
	return s.stats(t).Messages
}

type storeStats struct{ Messages, Outbox int }

func (s *Site) stats(t *testing.T) storeStats {
	t.Helper()
	var st storeStats
	if err := json.Unmarshal([]byte(s.Run(t, "store", "stats", "--json")), &st); err != nil {
		t.Fatal(err)
	}
	return st
}

// settle waits until nothing is on its way any more, in the outbox or in Postfix.
func (s *Site) settle(t *testing.T) {
	t.Helper()
	wait(t, "an empty outbox", func() bool { return s.stats(t).Outbox == 0 })
	s.WaitIdle(t)
}
