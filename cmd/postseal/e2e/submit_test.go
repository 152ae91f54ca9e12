package e2e

import (
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// Submit sends a message by SMTP; any refusal ends the test. Line ends may be
// LF.
func (s *Site) Submit(t *testing.T, from string, to []string, message string) {
	t.Helper()
	if err := s.TrySubmit(from, to, message); err != nil {
		t.Fatalf("submit: %v", err)
	}
}

// TrySubmit is Submit for a message that may be refused: the error is then a
// *textproto.Error with the reply.
func (s *Site) TrySubmit(from string, to []string, message string) error {
	return smtp.SendMail(s.SMTP, nil, from, to, []byte(crlf(message)))
}

// Sendmail submits with the sendmail command.
func (s *Site) Sendmail(t *testing.T, message string, args ...string) {
	t.Helper()
	if err := s.MTA.Sendmail(deadline(t), strings.NewReader(message), args...); err != nil {
		t.Fatal(err)
	}
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// A Dialogue is an SMTP session that a test leads command by command.
type Dialogue struct{ *textproto.Conn }

// Dial opens a session, reads the greeting and says EHLO.
func (s *Site) Dial(t *testing.T) *Dialogue {
	t.Helper()
	c, err := textproto.Dial("tcp", s.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, _, err := c.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	d := &Dialogue{c}
	d.Say(t, 250, "EHLO client.example.com")
	return d
}

// Say sends a command and returns the reply's text; another code than want (a
// number of one, two or three digits) ends the test.
func (d *Dialogue) Say(t *testing.T, want int, command string) string {
	t.Helper()
	if err := d.PrintfLine("%s", command); err != nil {
		t.Fatal(err)
	}
	return d.Expect(t, want)
}

// Expect reads a reply.
func (d *Dialogue) Expect(t *testing.T, want int) string {
	t.Helper()
	code, text, err := d.ReadResponse(want)
	if err != nil {
		t.Fatalf("want %d: %d %s (%v)", want, code, text, err)
	}
	return text
}

// Message sends a message after DATA was accepted, and the final dot. The reply
// is left to Expect.
func (d *Dialogue) Message(t *testing.T, message string) {
	t.Helper()
	w := d.DotWriter()
	if _, err := w.Write([]byte(crlf(message))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// WaitOutside waits for a mail that left for address.
func (s *Site) WaitOutside(t *testing.T, address string) mta.Mail {
	t.Helper()
	return waitMail(t, s.Outside, address)
}

// WaitInside waits for a mail to a member.
func (s *Site) WaitInside(t *testing.T, address string) mta.Mail {
	t.Helper()
	return waitMail(t, s.Inside, address)
}

func waitMail(t *testing.T, sink *mta.Sink, address string) mta.Mail {
	t.Helper()
	m, err := sink.Wait(deadline(t), func(m mta.Mail) bool { return m.Has(address) })
	if err != nil {
		t.Fatalf("wait for a mail to %s: %v", address, err)
	}
	return m
}

// WaitIdle waits until the MTA has nothing left to deliver but what is held:
// afterwards, what did not arrive never will, but for what the outbox sends.
func (s *Site) WaitIdle(t *testing.T) {
	t.Helper()
	wait(t, "an empty queue", func() bool {
		entries, err := s.MTA.Queue(deadline(t))
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(entries, func(e mta.QueueEntry) bool { return e.Queue != "hold" })
	})
}
