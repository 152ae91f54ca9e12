package e2e

import (
	"bytes"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/store/socket"
)

// TestPostfixActions takes one site through the actions that hold a message, alone
// and together with all others.
func TestPostfixActions(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: actionRules})
	testHeld(t, s)

	t.Run("everything at once, and some in the MTA's hold", func(t *testing.T) {
		message := odd("all-hold")
		s.Submit(t, "bea@example.com", []string{"colleague9@example.com", "guest9@customer.example", "return9@customer.example",
			"drop9@customer.example", "block9@customer.example", "hold9@customer.example"}, message)
		wantOriginal(t, s.WaitInside(t, "colleague9@example.com"), message)
		wantNoPlanted(t, s.WaitOutside(t, "guest9@customer.example"))
		_, held := s.senderMail(t, "bea@example.com", "Contracts need a second look.")
		s.settle(t)
		ids := s.Queue(t, "hold")
		if len(ids) != 1 || len(to(s.Outside, "hold9@customer.example")) != 0 {
			t.Fatalf("%d messages are held", len(ids))
		}
		if err := s.Postfix.Super(deadline(t), "-H", ids[0]); err != nil {
			t.Fatal(err)
		}
		wantOriginal(t, s.WaitOutside(t, "hold9@customer.example"), message)
		s.release(t, releaseLink(t, s, held.Text))
		wantOriginal(t, s.WaitOutside(t, "block9@customer.example"), message)
		s.settle(t)
		for _, a := range []string{"return9@customer.example", "drop9@customer.example"} {
			if len(to(s.Outside, a)) != 0 {
				t.Errorf("%s got something", a)
			}
		}
		for _, a := range []string{"block9@customer.example", "hold9@customer.example", "guest9@customer.example"} {
			if n := len(to(s.Outside, a)); n != 1 {
				t.Errorf("%s got %d mails", a, n)
			}
		}
	})

	t.Run("from the sendmail command", func(t *testing.T) {
		message := odd("command-block")
		s.Sendmail(t, message, "-f", "cid@example.com", "wait8@customer.example", "colleague8@example.com")
		if m := s.WaitInside(t, "colleague8@example.com"); !strings.HasSuffix(string(m.Data), crlf(message[strings.Index(message, "\n\n"):])) {
			t.Errorf("the colleague got:\n%s", m.Data)
		}
		// A local command has no server of its own that could wait.
		_, held := s.senderMail(t, "cid@example.com", "50% of these are mistakes.")
		s.release(t, releaseLink(t, s, held.Text))
		if m := s.WaitOutside(t, "wait8@customer.example"); !strings.HasSuffix(string(m.Data), crlf(message[strings.Index(message, "\n\n"):])) {
			t.Errorf("released:\n%s", m.Data)
		}
	})

	s.wantClean(t)
}

// wantClean checks what holds after anything: the store is whole and the log has no
// secrets.
func (s *Site) wantClean(t *testing.T) {
	t.Helper()
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
	for _, secret := range []string{"planted", "#", "looked at it"} {
		if strings.Contains(strings.ToLower(s.Milter.Log()), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// testHeld are the ways of a held message that do not depend on the MTA.
func testHeld(t *testing.T, s *Site) {
	t.Run("blocked, released", func(t *testing.T) {
		message := odd("block-one")
		s.Submit(t, "ann@example.com", []string{"block1@customer.example", "Block2@customer.example"}, message)
		mail, n := s.senderMail(t, "ann@example.com", "Contracts need a second look.")
		wantNoBody(t, mail)
		if mail.From != "" || n.Header.Get("Auto-Submitted") == "" {
			t.Errorf("mail to the sender from %q, Auto-Submitted %q", mail.From, n.Header.Get("Auto-Submitted"))
		}
		s.settle(t)
		if len(to(s.Outside, "block1@customer.example")) != 0 {
			t.Fatal("a blocked message left")
		}
		code := releaseLink(t, s, n.Text)
		h := s.release(t, code)
		if h.State != "waiting" || h.Deferred || h.Rule != "review" || len(h.Recipients) != 2 || h.Trust != "recipient" {
			t.Errorf("held %+v", h)
		}
		for _, a := range []string{"block1@customer.example", "Block2@customer.example"} {
			wantOriginal(t, s.WaitOutside(t, a), message)
		}
		// Again is no error, and sends nothing.
		if err := s.owner(t).Release(deadline(t), code.Token(), socket.ReleaseOrder{}); err != nil {
			t.Error(err)
		}
		s.settle(t)
		if n := len(to(s.Outside, "block1@customer.example")); n != 1 {
			t.Errorf("%d mails", n)
		}
	})

	t.Run("its sender is trusted since", func(t *testing.T) {
		message := odd("block-trusted")
		s.Submit(t, "ann@example.com", []string{"block1@customer.example"}, message)
		wait(t, "the next message", func() bool { return len(to(s.Outside, "block1@customer.example")) == 2 })
		wantOriginal(t, to(s.Outside, "block1@customer.example")[1], message)
	})

	t.Run("withdrawn", func(t *testing.T) {
		s.Submit(t, "dee@example.com", []string{"block3@customer.example"}, odd("block-withdrawn"))
		_, n := s.senderMail(t, "dee@example.com", "Contracts need a second look.")
		code := releaseLink(t, s, n.Text)
		if err := s.owner(t).Withdraw(deadline(t), code.Token(), "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
		s.settle(t)
		if h, err := s.owner(t).Held(deadline(t), code.Token()); err != nil || h.State != "withdrawn" || len(to(s.Outside, "block3@customer.example")) != 0 {
			t.Errorf("held %+v, %v", h, err)
		}
	})

	t.Run("no release", func(t *testing.T) {
		s.Submit(t, "eve@example.com", []string{"virus1@customer.example"}, odd("block-virus"))
		m, n := s.senderMail(t, "eve@example.com", "This looks like a virus.")
		wantNoBody(t, m)
		if strings.Contains(n.Text, s.URL+"/h") {
			t.Errorf("a link:\n%s", n.Text)
		}
	})

	t.Run("released, and sealed by another rule", func(t *testing.T) {
		s.Submit(t, "fay@example.com", []string{"block-guest@customer.example"}, odd("block-sealed"))
		_, n := s.senderMail(t, "fay@example.com", "Contracts need a second look.")
		s.release(t, releaseLink(t, s, n.Text))
		m := s.WaitOutside(t, "block-guest@customer.example")
		wantNoPlanted(t, m)
		s.ReadNotice(t, m)
	})

	t.Run("a bounce", func(t *testing.T) {
		before := len(s.Inside.Mails())
		d := s.Dial(t)
		d.Say(t, 250, "MAIL FROM:<>")
		d.Say(t, 250, "RCPT TO:<block4@customer.example>")
		d.Say(t, 354, "DATA")
		d.Message(t, odd("block-bounce"))
		d.Expect(t, 250)
		s.settle(t)
		if len(to(s.Outside, "block4@customer.example")) != 0 || len(s.Inside.Mails()) != before {
			t.Error("a held bounce was sent, or answered")
		}
	})

	t.Run("everything at once", func(t *testing.T) {
		message := odd("all")
		all := []string{"colleague1@example.com", "guest1@customer.example", "return1@customer.example",
			"drop1@customer.example", "block5@customer.example", "once1@partner.example", "virus5@customer.example"}
		s.Submit(t, "gil@example.com", all, message)
		wantOriginal(t, s.WaitInside(t, "colleague1@example.com"), message)
		for _, a := range []string{"guest1@customer.example", "once1@partner.example"} {
			m := s.WaitOutside(t, a)
			wantNoPlanted(t, m)
			s.ReadNotice(t, m)
			for _, other := range all {
				if other != a && bytes.Contains(m.Data, []byte(other)) && other != "guest1@customer.example" {
					t.Errorf("the notice for %s tells of %s", a, other)
				}
			}
		}
		var dsn mta.Mail
		wait(t, "a notification", func() bool {
			for _, m := range to(s.Inside, "gil@example.com") {
				if bytes.Contains(m.Data, []byte("multipart/report")) {
					dsn = m
					return true
				}
			}
			return false
		})
		r := readReport(t, dsn)
		if h := r.to["return1@customer.example"]; len(r.to) != 1 || h.Get("Action") != "failed" || h.Get("Status") != "5.7.1" {
			t.Errorf("notification about %v", r.to)
		}
		if !strings.Contains(r.text, "100% of these go to the vault.") || r.message.Get("Reporting-Mta") == "" || r.message.Get("Arrival-Date") == "" ||
			!strings.Contains(r.header, "Message-ID: <all@example.com>") || strings.Contains(string(dsn.Data), "planted body") {
			t.Errorf("notification:\n%s", dsn.Data)
		}
		_, held := s.senderMail(t, "gil@example.com", "Contracts need a second look.")
		s.senderMail(t, "gil@example.com", "This looks like a virus.")
		s.release(t, releaseLink(t, s, held.Text))
		wantOriginal(t, s.WaitOutside(t, "block5@customer.example"), message)
		s.settle(t)
		for a, want := range map[string]int{
			"guest1@customer.example": 1, "once1@partner.example": 1, "block5@customer.example": 1,
			"return1@customer.example": 0, "drop1@customer.example": 0, "virus5@customer.example": 0,
		} {
			if got := len(to(s.Outside, a)); got != want {
				t.Errorf("%s got %d mails, want %d", a, got, want)
			}
		}
		if n := len(to(s.Inside, "gil@example.com")); n != 3 {
			t.Errorf("the sender got %d mails, want a notification and two about what is held", n)
		}
	})
}

// wantNoBody fails if a mail to the sender holds content.
func wantNoBody(t *testing.T, m mta.Mail) {
	t.Helper()
	if bytes.Contains(m.Data, []byte("planted body")) || bytes.Contains(bytes.ToLower(m.Data), []byte("x-postseal-mail")) {
		t.Errorf("mail to the sender:\n%s", m.Data)
	}
}
