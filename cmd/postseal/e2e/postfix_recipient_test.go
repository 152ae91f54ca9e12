package e2e

import (
	"bytes"
	"strings"
	"testing"
)

// Recipients that Postfix would not know again when told to delete them: it says
// nothing then, and a guest would get the message beside the notice.
func TestPostfixRecipientsThatCannotBeDeleted(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: byName, Main: map[string]string{
		"recipient_canonical_maps": "inline:{ { guest-old@customer.example = guest-new@customer.example } }",
	}})
	for name, to := range map[string][2]string{
		"as given, as delivered": {"guest-plain@customer.example", "guest-plain@customer.example"},
		"a final dot":            {"guest-dot@customer.example.", "guest-dot@customer.example"},
		"rewritten":              {"guest-old@customer.example", "guest-new@customer.example"},
		"a source route":         {"@relay.example:guest-route@customer.example", "guest-route@customer.example"},
	} {
		t.Run("a local command, "+name, func(t *testing.T) {
			colleague := strings.SplitN(to[1], "@", 2)[0] + "@example.com"
			message := letter("command-" + colleague)
			s.Sendmail(t, message, "-f", "ann@example.com", "-i", "--", colleague, to[0])
			s.ReadNotice(t, s.WaitOutside(t, to[1]))
			m := s.WaitInside(t, colleague)
			if !bytes.HasSuffix(m.Data, []byte(crlf(message[strings.Index(message, "\n\n"):]))) || len(m.To) != 1 || m.From != "ann@example.com" {
				t.Errorf("the colleague got from %q to %q:\n%s", m.From, m.To, m.Data)
			}
		})
	}
	for _, to := range []string{"<@relay.example:guest-smtp@customer.example>", "<Guest <guest-smtp@customer.example>>", "<guest-smtp@customer.example,>"} {
		t.Run("SMTP, "+to, func(t *testing.T) {
			d := s.Dial(t)
			d.Say(t, 250, "MAIL FROM:<ann@example.com>")
			d.Say(t, 250, "RCPT TO:<colleague-smtp@example.com>")
			d.Say(t, 250, "RCPT TO:"+to)
			d.Say(t, 354, "DATA")
			d.Message(t, letter("smtp"))
			d.Expect(t, 553)
		})
	}
	s.settle(t)
	for _, m := range s.Outside.Mails() {
		wantNoPlanted(t, m)
		if len(m.To) != 1 {
			t.Errorf("a mail to %q", m.To)
		}
	}
	if got := len(s.Outside.Mails()); got != 4 {
		t.Errorf("%d mails left", got)
	}
}
