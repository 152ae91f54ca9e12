package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// TestPostfixVerdicts takes one site through the ways in which a message can be
// split between its recipients. Each part uses addresses of its own.
func TestPostfixVerdicts(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: byName, Set: map[string]string{"limits.message": `"50 MB"`}, Main: map[string]string{
		"smtpd_recipient_restrictions": "check_recipient_access inline:{ { nobody@customer.example = 550 5.1.1 no such user } }, permit",
	}})

	t.Run("colleague and guest", func(t *testing.T) {
		message := letter("mixed")
		s.Submit(t, "ann@example.com", []string{"colleague@example.com", "Guest.Mixed@customer.example"}, message)
		m := s.WaitInside(t, "colleague@example.com")
		wantOriginal(t, m, message)
		if len(m.To) != 1 {
			t.Errorf("the original went to %q", m.To)
		}
		n := s.WaitOutside(t, "Guest.Mixed@customer.example")
		wantNoPlanted(t, n)
		if n.From != "ann@example.com" || len(n.To) != 1 || bytes.Contains(n.Data, []byte("colleague")) {
			t.Errorf("notice from %q to %q:\n%s", n.From, n.To, n.Data)
		}
		s.ReadNotice(t, n)
		s.settle(t)
		if got := len(to(s.Outside, "Guest.Mixed@customer.example")); got != 1 {
			t.Errorf("%d notices", got)
		}
	})

	t.Run("two guests", func(t *testing.T) {
		s.Submit(t, "ann@example.com", []string{"guest1@customer.example", "once2@partner.example"}, letter("two"))
		one, two := s.WaitOutside(t, "guest1@customer.example"), s.WaitOutside(t, "once2@partner.example")
		a, b := s.ReadNotice(t, one), s.ReadNotice(t, two)
		wantNoPlanted(t, one)
		wantNoPlanted(t, two)
		if len(one.To) != 1 || len(two.To) != 1 || a.Link == b.Link || a.Code == b.Code {
			t.Errorf("notices to %q and %q with links %q and %q", one.To, two.To, a.Link, b.Link)
		}
		if bytes.Contains(one.Data, []byte(b.Code)) || bytes.Contains(two.Data, []byte(a.Code)) ||
			bytes.Contains(one.Data, []byte("once2@")) || bytes.Contains(two.Data, []byte("guest1@")) {
			t.Error("a guest sees the other one's")
		}
		if !strings.Contains(b.Link, "/o/") || !strings.Contains(a.Link, "/a/") {
			t.Errorf("links %q, %q", a.Link, b.Link)
		}
	})

	t.Run("Bcc", func(t *testing.T) {
		message := letter("bcc")
		s.Submit(t, "ann@example.com", []string{"guest-bcc@customer.example", "colleague2@example.com", "bcc-guest@secret.example", "bcc-member@example.com"}, message)
		member, notice := s.WaitInside(t, "bcc-member@example.com"), s.WaitOutside(t, "bcc-guest@secret.example")
		others := []mta.Mail{s.WaitInside(t, "colleague2@example.com"), s.WaitOutside(t, "guest-bcc@customer.example")}
		wantOriginal(t, member, message)
		s.ReadNotice(t, notice)
		s.settle(t)
		for _, m := range others {
			if bytes.Contains(m.Data, []byte("bcc-guest")) || bytes.Contains(m.Data, []byte("secret.example")) {
				t.Errorf("the mail to %q tells of a Bcc recipient:\n%s", m.To, m.Data)
			}
		}
		for _, other := range []string{"guest-bcc@", "colleague2@", "bcc-member@"} {
			if bytes.Contains(notice.Data, []byte(other)) {
				t.Errorf("the Bcc recipient's notice tells of %s", other)
			}
		}
	})

	t.Run("the same recipient twice", func(t *testing.T) {
		d := s.Dial(t)
		d.Say(t, 250, "MAIL FROM:<ann@example.com>")
		for _, to := range []string{"guest-twice@customer.example", "colleague3@example.com", "Guest-Twice@CUSTOMER.example", "guest-twice@customer.example"} {
			d.Say(t, 250, "RCPT TO:<"+to+">")
		}
		d.Say(t, 354, "DATA")
		d.Message(t, letter("twice"))
		d.Expect(t, 250)
		wantOriginal(t, s.WaitInside(t, "colleague3@example.com"), letter("twice"))
		s.WaitOutside(t, "guest-twice@customer.example")
		s.settle(t)
		var all []mta.Mail
		for _, m := range s.Outside.Mails() {
			if strings.EqualFold(m.To[0], "guest-twice@customer.example") {
				all = append(all, m)
				wantNoPlanted(t, m)
			}
		}
		if len(all) != 1 {
			t.Errorf("%d mails to the guest, want one notice", len(all))
		}
	})

	t.Run("a quoted recipient is deleted", func(t *testing.T) {
		d := s.Dial(t)
		d.Say(t, 250, "MAIL FROM:<ann@example.com>")
		d.Say(t, 250, `RCPT TO:<"guest quoted"@customer.example>`)
		d.Say(t, 250, "RCPT TO:<colleague4@example.com>")
		d.Say(t, 354, "DATA")
		d.Message(t, letter("quoted"))
		d.Expect(t, 250)
		wantOriginal(t, s.WaitInside(t, "colleague4@example.com"), letter("quoted"))
		s.settle(t)
		found := 0
		for _, m := range s.Outside.Mails() {
			if strings.Contains(m.To[0], "guest quoted") {
				found++
				wantNoPlanted(t, m)
			}
		}
		if found != 1 {
			t.Errorf("%d mails to the quoted guest", found)
		}
	})

	t.Run("several messages on one connection", func(t *testing.T) {
		d := s.Dial(t)
		for i := range 3 {
			for _, to := range []string{"guest-conn", "colleague-conn"} {
				domain := map[string]string{"guest-conn": "customer.example", "colleague-conn": "example.com"}[to]
				d.Say(t, 250, "MAIL FROM:<ann@example.com>")
				d.Say(t, 250, fmt.Sprintf("RCPT TO:<%s%d@%s>", to, i, domain))
				d.Say(t, 354, "DATA")
				d.Message(t, letter(fmt.Sprintf("%s%d", to, i)))
				d.Expect(t, 250)
			}
		}
		d.Say(t, 221, "QUIT")
		for i := range 3 {
			wantNoPlanted(t, s.WaitOutside(t, fmt.Sprintf("guest-conn%d@customer.example", i)))
			wantOriginal(t, s.WaitInside(t, fmt.Sprintf("colleague-conn%d@example.com", i)), letter(fmt.Sprintf("colleague-conn%d", i)))
		}
	})

	t.Run("a rejected recipient in between", func(t *testing.T) {
		d := s.Dial(t)
		d.Say(t, 250, "MAIL FROM:<ann@example.com>")
		d.Say(t, 250, "RCPT TO:<guest-before@customer.example>")
		d.Say(t, 550, "RCPT TO:<nobody@customer.example>")
		d.Say(t, 250, "RCPT TO:<guest-after@customer.example>")
		d.Say(t, 354, "DATA")
		d.Message(t, letter("between"))
		d.Expect(t, 250)
		for _, to := range []string{"guest-before@customer.example", "guest-after@customer.example"} {
			m := s.WaitOutside(t, to)
			wantNoPlanted(t, m)
			if n := s.ReadNotice(t, m); n.Header.Get("From") == "" {
				t.Errorf("notice for %s without an author", to)
			}
		}
	})

	t.Run("returned to some", func(t *testing.T) {
		message := letter("returned-some")
		s.Submit(t, "ann@example.com", []string{"colleague5@example.com", "return@customer.example"}, message)
		wantOriginal(t, s.WaitInside(t, "colleague5@example.com"), message)
		dsn := s.WaitInside(t, "ann@example.com")
		if dsn.From != "" || !bytes.Contains(dsn.Data, []byte("Final-Recipient: rfc822; return@customer.example")) ||
			!bytes.Contains(dsn.Data, []byte("100% of these go to the vault.")) {
			t.Errorf("notification from %q:\n%s", dsn.From, dsn.Data)
		}
		s.settle(t)
		if len(to(s.Outside, "return@customer.example")) > 0 {
			t.Error("the returned recipient got something")
		}
	})

	t.Run("returned to all", func(t *testing.T) {
		err := s.TrySubmit("ann@example.com", []string{"return1@customer.example", "return2@customer.example"}, letter("returned-all"))
		var reply *textproto.Error
		if !errors.As(err, &reply) || reply.Code != 550 || !strings.Contains(reply.Msg, "5.7.1 100% of these go to the vault.") {
			t.Errorf("answer %v", err)
		}
	})

	t.Run("discarded", func(t *testing.T) {
		message := letter("discarded")
		s.Submit(t, "ann@example.com", []string{"drop@customer.example"}, letter("discarded-all"))
		s.Submit(t, "ann@example.com", []string{"drop@customer.example", "colleague6@example.com"}, message)
		wantOriginal(t, s.WaitInside(t, "colleague6@example.com"), message)
		s.settle(t)
		if len(to(s.Outside, "drop@customer.example")) > 0 {
			t.Error("a discarded message arrived")
		}
	})

	t.Run("quarantined", func(t *testing.T) {
		message := letter("held")
		s.Submit(t, "ann@example.com", []string{"hold@customer.example", "colleague7@example.com", "guest-held@customer.example"}, message)
		wantNoPlanted(t, s.WaitOutside(t, "guest-held@customer.example"))
		wantOriginal(t, s.WaitInside(t, "colleague7@example.com"), message)
		s.settle(t)
		if len(to(s.Outside, "hold@customer.example")) > 0 {
			t.Error("a held message was delivered")
		}
		held := s.Queue(t, "hold")
		if len(held) != 1 {
			t.Fatalf("%d messages are held", len(held))
		}
		if err := s.Postfix.Super(deadline(t), "-H", held[0]); err != nil {
			t.Fatal(err)
		}
		wantOriginal(t, s.WaitOutside(t, "hold@customer.example"), message)
		s.settle(t)
		if len(to(s.Outside, "guest-held@customer.example")) != 1 {
			t.Error("the release sent something to the sealed recipient")
		}
		if len(to(s.Inside, "colleague7@example.com")) != 1 {
			t.Error("the release sent something to the colleague")
		}
	})

	t.Run("bounce", func(t *testing.T) {
		d := s.Dial(t)
		d.Say(t, 250, "MAIL FROM:<>")
		d.Say(t, 250, "RCPT TO:<guest-bounce@customer.example>")
		d.Say(t, 354, "DATA")
		d.Message(t, letter("bounce"))
		d.Expect(t, 250)
		m := s.WaitOutside(t, "guest-bounce@customer.example")
		wantNoPlanted(t, m)
		if m.From != "" {
			t.Errorf("from %q", m.From)
		}
	})

	t.Run("forged mark of our own mail", func(t *testing.T) {
		s.Submit(t, "ann@example.com", []string{"guest-forged@customer.example"}, "X-Postseal-Mail: v1 6741d0f0 AAAA\n"+letter("forged"))
		wantNoPlanted(t, s.WaitOutside(t, "guest-forged@customer.example"))
	})

	t.Run("odd header fields don't survive in a notice", func(t *testing.T) {
		odd := "Subject : planted obsolete\n" + "X-Odd : planted odd\n" + "SUBJECT: planted upper\n" +
			"X-Long: " + strings.Repeat("planted ", 7000) + "\n" + "X-Raw: planted \xff\xfe\n" + "Comments:\n planted folded\n"
		s.Submit(t, "ann@example.com", []string{"guest-odd@customer.example"}, odd+letter("odd"))
		m := s.WaitOutside(t, "guest-odd@customer.example")
		wantNoPlanted(t, m)
		s.ReadNotice(t, m)
	})

	t.Run("40 MB", func(t *testing.T) {
		var big strings.Builder
		big.WriteString(letter("big"))
		line := strings.Repeat("planted 0123456789 ", 3) + "\n"
		for big.Len() < 40<<20 {
			big.WriteString(line)
		}
		s.Submit(t, "ann@example.com", []string{"guest-big@customer.example", "colleague8@example.com"}, big.String())
		wantNoPlanted(t, s.WaitOutside(t, "guest-big@customer.example"))
		if m := s.WaitInside(t, "colleague8@example.com"); withoutTrace(string(m.Data)) != crlf(big.String()) {
			t.Errorf("40 MB arrived as %d octets", len(m.Data))
		}
		spool, err := filepath.Glob(filepath.Join(s.Dir, "postseal-*"))
		if err != nil || len(spool) > 0 {
			t.Errorf("left in the spool folder: %v, %v", spool, err)
		}
	})

	t.Run("more than the limit", func(t *testing.T) {
		line := strings.Repeat("x", 77) + "\n"
		err := s.TrySubmit("ann@example.com", []string{"guest-huge@customer.example"}, letter("huge")+strings.Repeat(line, 55_000_000/79))
		var reply *textproto.Error
		if !errors.As(err, &reply) || reply.Code != 552 {
			t.Errorf("answer %v", err)
		}
	})

	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
	for _, secret := range []string{"planted", "#"} {
		if strings.Contains(strings.ToLower(s.Milter.Log()), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	entries, err := os.ReadDir(s.StoreDir())
	if err != nil || len(entries) == 0 {
		t.Fatal(err)
	}
}

// TestPostfixSendmailCommand: mail of programs on the machine goes the same way.
func TestPostfixSendmailCommand(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: byName})
	message := letter("command")
	s.Sendmail(t, message, "-f", "ann@example.com", "guest@customer.example", "colleague@example.com")
	wantNoPlanted(t, s.WaitOutside(t, "guest@customer.example"))
	m := s.WaitInside(t, "colleague@example.com")
	if !strings.HasSuffix(string(m.Data), crlf(message[strings.Index(message, "\n\n"):])) {
		t.Errorf("the colleague got:\n%s", m.Data)
	}
	s.Sendmail(t, "Bcc: bcc-guest@secret.example\n"+letter("command-t"), "-t", "-f", "ann@example.com")
	bcc := s.WaitOutside(t, "bcc-guest@secret.example")
	wantNoPlanted(t, bcc)
	s.ReadNotice(t, bcc)
	s.settle(t)
	for _, m := range append(s.Inside.Mails(), s.Outside.Mails()...) {
		if !m.Has("bcc-guest@secret.example") && bytes.Contains(m.Data, []byte("secret.example")) {
			t.Errorf("the mail to %q tells of a Bcc recipient", m.To)
		}
	}
	// A program waits for no answer: a refusal comes back as a bounce.
	s.Inside.Forget()
	s.Sendmail(t, letter("command-returned"), "-f", "ann@example.com", "return@customer.example")
	bounce := s.WaitInside(t, "ann@example.com")
	if bounce.From != "" || !bytes.Contains(bounce.Data, []byte("go to the vault.")) {
		t.Errorf("bounce from %q:\n%s", bounce.From, bounce.Data)
	}
}
