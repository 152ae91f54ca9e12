package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/store/socket"
)

const followRules = `
version = 1

[[rule]]
name = "options"
also = { restrict = ["pin", "no-reply"], read_receipt = true }
when.to = "pin*@*.example"

[[rule]]
name = "vault"
then = "return"
text = "Not to the vault."
when.to = "return*@*.example"

[[rule]]
name = "card"
then = "pickup"
text = "It holds a card number."
when = { to = "external", detect.credit-card = 1 }

[[rule]]
name = "asked"
then = "one-time"
when.subject.contains = "[once]"

[[rule]]
name = "hold"
then = "quarantine"
when.to = "hold*@*.example"
`

// TestPostfixFollow: what a member gets to know of sealed messages, and what stays
// secret of a conversation.
func TestPostfixFollow(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: followRules, Set: map[string]string{
		"actions.receipt": "true", "actions.quarantine": `"sealed"`,
	}})
	const card = "From: Ann Archer <ann@example.com>\nSubject: planted card\nMessage-ID: <follow-1@example.com>\n\nVisa 4111 1111 1111 1111\n"

	t.Run("receipt", func(t *testing.T) {
		s.Submit(t, "ann@example.com", []string{"bob@guest.example", "pin1@guest.example", "return1@guest.example", "colleague@example.com"}, card)
		m, n := s.senderMail(t, "ann@example.com", "bob@guest.example")
		for _, want := range []string{"pin1@guest.example", "return1@guest.example", "It holds a card number.", "Not to the vault."} {
			if !strings.Contains(n.Text, want) {
				t.Errorf("the receipt lacks %q:\n%s", want, n.Text)
			}
		}
		if m.From != "" || bytes.Contains(m.Data, []byte("4111")) || n.Header.Get("Auto-Submitted") == "" {
			t.Errorf("receipt from %q:\n%s", m.From, m.Data)
		}
		code := linkCode(t, s, n.Text, "s")
		owner := s.owner(t)
		wait(t, "notices", func() bool {
			st, err := owner.Status(deadline(t), socket.Follower{Link: code.Token()})
			if err != nil {
				t.Fatal(err)
			}
			noticed := 0
			for _, l := range st.Lines {
				if l.Message != "" && !l.Noticed.IsZero() {
					noticed++
				}
				if strings.HasPrefix(l.Recipient, "pin1@") && (!l.Restrict.PIN || !l.Restrict.NoReply) {
					t.Errorf("line %+v", l)
				}
			}
			if subject, err := code.OpenText(st.Subject); err != nil || subject != "planted card" || len(st.Lines) != 4 {
				t.Errorf("status %+v, %q, %v", st, subject, err)
			}
			return noticed == 2
		})
	})

	t.Run("a quarantined message waits with us, the others don't", func(t *testing.T) {
		message := odd("quarantined")
		s.Submit(t, "bea@example.com", []string{"hold1@guest.example", "colleague2@example.com"}, message)
		wantOriginal(t, s.WaitInside(t, "colleague2@example.com"), message)
		s.settle(t)
		if len(to(s.Outside, "hold1@guest.example"))+len(to(s.Inside, "bea@example.com"))+len(s.Queue(t, "hold")) != 0 {
			t.Error("it left, its sender was told, or the MTA holds it")
		}
		if out := s.Run(t, "store", "audit", "--event", "quarantined"); !strings.Contains(out, "hold1@guest.example") {
			t.Errorf("audit: %s", out)
		}
	})

	t.Run("an administrator releases it", func(t *testing.T) {
		var held []struct{ ID string }
		if out := s.Run(t, "held", "list", "--json"); json.Unmarshal([]byte(out), &held) != nil || len(held) != 1 {
			t.Fatalf("held list: %s", out)
		}
		s.Run(t, "held", "release", held[0].ID, "--reason", "harmless")
		wantOriginal(t, s.WaitOutside(t, "hold1@guest.example"), odd("quarantined"))
		s.settle(t)
		if got := len(to(s.Outside, "hold1@guest.example")) + len(to(s.Inside, "colleague2@example.com")); got != 2 {
			t.Errorf("%d mails of the message", got)
		}
	})

	t.Run("an answer stays secret", func(t *testing.T) {
		s.Submit(t, "cid@example.com", []string{"guest@guest.example"}, "From: Cid <cid@example.com>\nSubject: [once] planted question\nMessage-ID: <follow-2@example.com>\n\nplanted\n")
		n := s.ReadNotice(t, s.WaitOutside(t, "guest@guest.example"))
		code := linkCode(t, s, n.Link, "o/[^#]*")
		owner := s.owner(t)
		opened, err := owner.OpenOneTime(deadline(t), code.Token())
		if err != nil {
			t.Fatal(err)
		}
		reply := socket.Reply{Message: opened.ID, Subject: "Re: question", Nonce: "1"}
		if err := owner.Reply(deadline(t), socket.Caller{Link: code.Token()}, reply, strings.NewReader("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nmy answer\r\n")); err != nil {
			t.Fatal(err)
		}
		m, err := s.Inside.Wait(deadline(t), func(m mta.Mail) bool {
			return m.Has("cid@example.com") && bytes.Contains(m.Data, []byte("my answer"))
		})
		if err != nil {
			t.Fatal(err)
		}
		h := readMail(t, m).Header
		id := h.Get("Message-ID")
		answer := func(to, parent string) {
			t.Helper()
			s.Submit(t, "cid@example.com", []string{to}, "From: Cid <cid@example.com>\nSubject: Re: question\nMessage-ID: <follow-"+to+">\nIn-Reply-To: "+parent+"\n\nplanted answer\n")
		}
		answer("guest@guest.example", id)
		if _, err := s.Outside.WaitN(deadline(t), 2, func(m mta.Mail) bool { return m.Has("guest@guest.example") }); err != nil {
			t.Fatal(err)
		}
		wantNoPlanted(t, to(s.Outside, "guest@guest.example")[1])
		// No rule is about it for anybody else.
		answer("other@guest.example", id)
		if m := s.WaitOutside(t, "other@guest.example"); !bytes.Contains(m.Data, []byte("planted answer")) {
			t.Errorf("to somebody else:\n%s", m.Data)
		}
	})

	if log := s.Milter.Log(); strings.Contains(log, "/s#") || strings.Contains(log, "4111 1111") {
		t.Error("the log holds a link or the content")
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}
