package e2e

import (
	"fmt"
	"testing"
)

// TestPostfixKilledWhileHolding: SIGKILL around the answer to a message that is
// held. However often it is offered, its sender gets one link, and the release sends
// it once.
func TestPostfixKilledWhileHolding(t *testing.T) {
	var s *Site
	k := newKiller(t, func() { s.Milter.Kill(t) })
	s = NewSite(t, SiteOptions{Rules: actionRules, Main: map[string]string{"smtpd_milters": "unix:" + k.socket}})
	k.aim(s)

	whole := t // the milter started again lives longer than one part
	for i, tt := range []struct {
		name  string
		after int
		to    []string
	}{
		{"before it is seen", -1, []string{"block@customer.example"}},
		{"committed, no octet answered", 0, []string{"block@customer.example"}},
		{"beside a colleague", 0, []string{"block@customer.example", "colleague@example.com"}},
		{"in the middle of the modifications", 20, []string{"block@customer.example", "drop@customer.example", "colleague@example.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Inside.Forget()
			s.Outside.Forget()
			// Each part has a sender of its own: a release is trust.
			from := fmt.Sprintf("ann%d@example.com", i)
			message := odd(fmt.Sprintf("killed-%d", i))
			k.arm(tt.after)
			wantLater(t, s.TrySubmit(from, tt.to, message))
			s.RestartMilter(whole)
			for range 2 {
				s.Submit(t, from, tt.to, message)
			}
			_, n := s.senderMail(t, from, "Contracts need a second look.")
			s.settle(t)
			ids := map[string]bool{}
			for _, m := range to(s.Inside, from) {
				header := readMail(t, m).Header
				ids[header.Get("Message-ID")] = true
			}
			if len(ids) != 1 || len(s.Outside.Mails()) != 0 {
				t.Errorf("the sender got %d mails, %d left", len(ids), len(s.Outside.Mails()))
			}
			s.release(t, releaseLink(t, s, n.Text))
			wantOriginal(t, s.WaitOutside(t, "block@customer.example"), message)
			s.settle(t)
			if got := len(s.Outside.Mails()); got != 1 {
				t.Errorf("%d mails left", got)
			}
		})
	}
	s.wantClean(t)
}
