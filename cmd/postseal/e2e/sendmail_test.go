package e2e

import (
	"errors"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/portal/browsertest"
)

// The basic flow once more, through a real Sendmail. docs/sendmail.md tells an
// admin to set it up as the private instance here is.

func TestSendmailPlainMailPasses(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	const body = "Lunch at noon?\r\n.dot\r\ntrailing  \r\nGrüße\r\n"
	s.Submit(t, "ann@example.com", []string{"bob@guest.example", "cy@example.com"}, "From: ann@example.com\nSubject: lunch\n\n"+body)
	for _, m := range []mta.Mail{s.WaitOutside(t, "bob@guest.example"), s.WaitInside(t, "cy@example.com")} {
		if text := string(m.Data); !strings.HasSuffix(text, "\r\n\r\n"+body) || !strings.Contains(text, "Subject: lunch\r\n") {
			t.Errorf("got:\n%s", text)
		}
	}
}

func TestSendmailGuestGetsNotice(t *testing.T) {
	for name, inet := range map[string]bool{"unix": false, "inet": true} {
		t.Run(name, func(t *testing.T) {
			s := NewSite(t, SiteOptions{Sendmail: true, Inet: inet})
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
		})
	}
}

// datedMail has what an MTA could rewrite. It leaves out what Sendmail rewrites by
// itself: it adds a missing Date, and unfolds fields with addresses.
const datedMail = `From: "Archer, Ann" <ann@example.com>
To: Cy <cy@example.com>, bob@guest.example
Subject:  your   card
	and the rest
date: Sat, 21 Nov 2026 10:00:00 +0100
Message-ID: <card-2@example.com>
X-Odd:no space,	a tab
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Visa 4111 1111 1111 1111, until 12/29. 
.dot
Grüße

`

// The colleague's copy is the original, byte for byte below the trace headers;
// the guest's notice comes from the outbox, through the same filter.
func TestSendmailColleagueAndGuest(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	s.Submit(t, "ann@example.com", []string{"cy@example.com", "bob@guest.example"}, datedMail)
	inside := string(s.WaitInside(t, "cy@example.com").Data)
	if got := withoutTrace(inside); got != crlf(datedMail) {
		t.Errorf("the colleague got:\n%s", inside)
	}
	m := s.WaitOutside(t, "bob@guest.example")
	if len(m.To) != 1 || strings.Contains(string(m.Data), "4111") {
		t.Errorf("to %q:\n%s", m.To, m.Data)
	}
	if n := s.ReadNotice(t, m); n.Header.Get("X-Postseal-Mail") != "" {
		t.Errorf("the mark of our own mail left:\n%s", m.Data)
	}
	s.WaitIdle(t)
	if in, out := s.Inside.Mails(), s.Outside.Mails(); len(in) != 1 || len(out) != 1 {
		t.Errorf("%d mails inside, %d outside", len(in), len(out))
	}
}

// withoutTrace cuts the Received fields at the top, and the Return-Path.
func withoutTrace(message string) string {
	for {
		switch {
		case strings.HasPrefix(message, "Received:"), strings.HasPrefix(message, "Return-Path:"):
			_, message, _ = strings.Cut(message, "\r\n")
			for strings.HasPrefix(message, "\t") || strings.HasPrefix(message, " ") {
				_, message, _ = strings.Cut(message, "\r\n")
			}
		default:
			return message
		}
	}
}

func TestSendmailReturnsWith550(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true, Rules: `version = 1
[[rule]]
name = "cards"
then = "return"
text = "100% of card numbers stay here."
[rule.when]
to = "external"
detect.credit-card = 1
`})
	var reply *textproto.Error
	err := s.TrySubmit("ann@example.com", []string{"bob@guest.example"}, cardMail)
	if !errors.As(err, &reply) || reply.Code != 550 || !strings.Contains(reply.Msg, "100% of card numbers stay here.") {
		t.Errorf("got %v, want the rule's 550", err)
	}
	s.WaitIdle(t)
	if got := s.Outside.Mails(); len(got) != 0 {
		t.Errorf("outside got %q", got)
	}
}

// What the rules quarantine waits in Sendmail's own quarantine until an admin
// releases it.
func TestSendmailHolds(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true, Rules: `version = 1
[[rule]]
name = "cards"
then = "quarantine"
[rule.when]
detect.credit-card = 1
`})
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	held := s.Queue(t, "hold")
	if len(held) != 1 || len(s.Outside.Mails()) != 0 {
		t.Fatalf("held %q, outside %d mails", held, len(s.Outside.Mails()))
	}
	if err := s.MTA.(*mta.Sendmail).Release(deadline(t), held[0]); err != nil {
		t.Fatal(err)
	}
	m := s.WaitOutside(t, "bob@guest.example")
	if !strings.HasSuffix(string(m.Data), "\r\n\r\nVisa 4111 1111 1111 1111, until 12/29.\r\n") {
		t.Errorf("released:\n%s", m.Data)
	}
}

// Messages that follow each other on one connection have nothing of each other.
func TestSendmailTwoMessagesOnOneConnection(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	d := s.Dial(t)
	for _, to := range []string{"bob@guest.example", "eve@other.example"} {
		d.Say(t, 250, "MAIL FROM:<ann@example.com>")
		d.Say(t, 250, "RCPT TO:<"+to+">")
		d.Say(t, 354, "DATA")
		d.Message(t, strings.ReplaceAll(cardMail, "bob@guest.example", to))
		d.Expect(t, 250)
	}
	first, second := s.WaitOutside(t, "bob@guest.example"), s.WaitOutside(t, "eve@other.example")
	if len(first.To) != 1 || len(second.To) != 1 {
		t.Errorf("to %q and %q", first.To, second.To)
	}
	if a, b := s.ReadNotice(t, first), s.ReadNotice(t, second); a.Link == b.Link || a.Code == b.Code {
		t.Errorf("both have the link %s", a.Link)
	}
}

// F=T: while the filter is away the client gets a 4xx, and its retry is sealed.
func TestSendmailKeepsMailWhileMilterIsDown(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	s.Milter.Kill(t)
	var reply *textproto.Error
	err := s.TrySubmit("ann@example.com", []string{"bob@guest.example"}, cardMail)
	if !errors.As(err, &reply) || reply.Code/100 != 4 {
		t.Fatalf("got %v, want a 4xx", err)
	}
	s.RestartMilter(t)
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))
}

// The same message offered again gives the same notice and no second sealed
// message.
func TestSendmailRetryIsTheSameMessage(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	for range 2 {
		s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	}
	mails, err := s.Outside.WaitN(deadline(t), 2, func(m mta.Mail) bool { return m.Has("bob@guest.example") })
	if err != nil {
		t.Fatal(err)
	}
	first, second := s.ReadNotice(t, mails[0]), s.ReadNotice(t, mails[1])
	if first.Link != second.Link || first.Code != second.Code {
		t.Errorf("links %q and %q", first.Link, second.Link)
	}
	if got := strings.Count(s.Milter.Log(), "event=sealed"); got != 1 {
		t.Errorf("sealed %d times", got)
	}
}

// The sendmail command gives its mail to the daemon, and so to the filter.
func TestSendmailCommandIsFiltered(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	s.Sendmail(t, cardMail, "-f", "ann@example.com", "-t")
	s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))
}

// SIGKILL around the answer to a message: the client learns that it has to come
// again, and its retry gives one notice of one sealed message.
func TestSendmailKilledAtEndOfMessage(t *testing.T) {
	var s *Site
	k := newKiller(t, func() { s.Milter.Kill(t) })
	s = NewSite(t, SiteOptions{Sendmail: true, Rules: byName, Between: "unix:" + k.socket})
	k.aim(s)
	whole := t // the milter started again lives longer than one part
	for name, after := range map[string]int{
		"before it is seen":                  -1,
		"committed, no octet answered":       0,
		"in the middle of the modifications": 300,
		"in the middle of the new body":      3000,
	} {
		t.Run(name, func(t *testing.T) {
			s.Outside.Forget()
			before := s.messages(t)
			message := letter("killed-" + time.Now().Format("150405.000000"))
			k.arm(after)
			wantLater(t, s.TrySubmit("ann@example.com", []string{"guest@customer.example"}, message))
			s.RestartMilter(whole)
			s.Submit(t, "ann@example.com", []string{"guest@customer.example"}, message)
			m := s.WaitOutside(t, "guest@customer.example")
			wantNoPlanted(t, m)
			s.ReadNotice(t, m)
			s.settle(t)
			if n := len(s.Outside.Mails()); n != 1 {
				t.Errorf("%d mails left, want 1", n)
			}
			if n := s.messages(t) - before; n != 1 {
				t.Errorf("%d sealed messages, want 1", n)
			}
		})
	}
}

// A guest's answer goes from the portal through Sendmail into the sender's
// mailbox.
func TestSendmailReplyArrives(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true, Two: true})
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, richMail("bob@guest.example", "your card"))
	n := s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))
	tb := browsertest.Start(t).Tab(t, true)
	activate(tb, n.Link)
	tb.WaitFor("h1", "your card")
	tb.Press("Reply")
	tb.WaitFor("h1", "Reply")
	tb.Fill("#body", "Thank you, Ann.")
	tb.Choose("#files", "answer.pdf", fileBytes(100_000))
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	checkReply(t, s.WaitInside(t, "ann@example.com"), "Re: your card", "<rich-your@example.com>")
}

// 40 MB pass Sendmail's chunks and timers both ways: sealed, and in clear.
func TestSendmailLargeMessage(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true})
	line := strings.Repeat("abcdefg ", 8) + "\n"
	message := datedMail + strings.Repeat(line, 40_000_000/len(line))
	s.Submit(t, "ann@example.com", []string{"cy@example.com", "bob@guest.example"}, message)
	if inside := s.WaitInside(t, "cy@example.com"); withoutTrace(string(inside.Data)) != crlf(message) {
		t.Errorf("the colleague got another message: %d octets", len(inside.Data))
	}
	m := s.WaitOutside(t, "bob@guest.example")
	if len(m.Data) > 100_000 {
		t.Fatalf("the guest got %d octets", len(m.Data))
	}
	s.ReadNotice(t, m)
}
