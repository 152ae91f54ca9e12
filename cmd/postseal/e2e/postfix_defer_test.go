package e2e

import (
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/store/seal"
)

// sendingServer starts somebody else's Postfix, which knows nothing of ours. What it
// has for members and for guests it brings to the site; what it has to tell its own
// user goes to home.
func (s *Site) sendingServer(t *testing.T) (server *mta.Postfix, home *mta.Sink) {
	t.Helper()
	home, err := mta.NewSink()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { home.Close() })
	server, err = mta.Start(t.Context(), mta.Options{
		Hostname: "mail.sender.example", Internal: []string{"sender.example"}, Inside: home.Addr(), Outside: s.SMTP,
		// One queue run of its own in a test's time: the retry is ours to ask for.
		Main: map[string]string{"queue_run_delay": "1h", "minimal_backoff_time": "1h", "maximal_backoff_time": "1h"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the sender's server:\n%s", server.Log())
		}
	})
	return server, home
}

// waitDeferred waits until the server has put off its one message, and returns the
// code in the reason that it keeps.
func waitDeferred(t *testing.T, s *Site, server *mta.Postfix, to string) seal.Code {
	t.Helper()
	reason := ""
	wait(t, "a deferred message", func() bool {
		entries, err := server.Queue(deadline(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			for _, r := range e.Recipients {
				if r.Address == to && e.Queue == "deferred" {
					reason = r.Delay
				}
			}
		}
		return reason != ""
	})
	if !strings.Contains(reason, "4.7.1 50% of these are mistakes.") {
		t.Errorf("the reason is %q", reason)
	}
	return linkCode(t, s, strings.ReplaceAll(reason, ")", " "), "h")
}

func flush(t *testing.T, server *mta.Postfix) {
	t.Helper()
	if err := server.Flush(deadline(t)); err != nil {
		t.Fatal(err)
	}
}

// testDeferred is the way of a message that waits at its sender's server.
func testDeferred(t *testing.T, s *Site) {
	server, home := s.sendingServer(t)
	site := *s
	site.SMTP = server.SMTP // where the sender submits

	t.Run("released", func(t *testing.T) {
		message := strings.ReplaceAll(odd("wait-one"), "ann@example.com", "ann@sender.example")
		site.Submit(t, "ann@sender.example", []string{"wait1@customer.example", "wait2@customer.example"}, message)
		code := waitDeferred(t, s, server, "wait1@customer.example")
		// Its next attempt changes nothing, and names the same link.
		flush(t, server)
		if again := waitDeferred(t, s, server, "wait2@customer.example"); again != code {
			t.Error("another link")
		}
		h, err := s.owner(t).Held(deadline(t), code.Token())
		if err != nil {
			t.Fatal(err)
		}
		if subject, err := code.OpenText(h.Subject); err != nil || !strings.Contains(subject, "planted Grüße") || !h.Deferred || h.Rule != "wait" {
			t.Errorf("deferral %+v, %q, %v", h, subject, err)
		}
		if n := len(s.Outside.Mails()); n != 0 {
			t.Fatalf("%d mails left", n)
		}
		s.release(t, code)
		flush(t, server)
		for _, a := range []string{"wait1@customer.example", "wait2@customer.example"} {
			wantOriginal(t, s.WaitOutside(t, a), message)
		}
		if entries, err := server.Queue(deadline(t)); err != nil || len(entries) != 0 {
			t.Errorf("left in the sender's queue: %v, %v", entries, err)
		}
	})

	t.Run("withdrawn", func(t *testing.T) {
		site.Submit(t, "ann@sender.example", []string{"wait3@customer.example"}, odd("wait-withdrawn"))
		code := waitDeferred(t, s, server, "wait3@customer.example")
		if err := s.owner(t).Withdraw(deadline(t), code.Token(), "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
		flush(t, server)
		m, err := home.Wait(deadline(t), func(m mta.Mail) bool { return m.Has("ann@sender.example") })
		if err != nil {
			t.Fatal(err)
		}
		if text := string(m.Data); m.From != "" || !strings.Contains(text, "wait3@customer.example") || !strings.Contains(text, "withdrawn by its sender") {
			t.Errorf("bounce:\n%s", text)
		}
		if len(to(s.Outside, "wait3@customer.example")) != 0 {
			t.Error("a withdrawn message left")
		}
	})

	t.Run("beside others it is held", func(t *testing.T) {
		message := strings.ReplaceAll(odd("wait-mixed"), "ann@example.com", "bob@sender.example")
		site.Submit(t, "bob@sender.example", []string{"wait4@customer.example", "colleague4@example.com"}, message)
		wantOriginal(t, s.WaitInside(t, "colleague4@example.com"), message)
		m, err := s.Outside.Wait(deadline(t), func(m mta.Mail) bool { return m.Has("bob@sender.example") })
		if err != nil {
			t.Fatal(err)
		}
		s.release(t, releaseLink(t, s, readMail(t, m).Text))
		wantOriginal(t, s.WaitOutside(t, "wait4@customer.example"), message)
	})
}

// TestPostfixDefer: the sender's own server keeps the message until it is released.
func TestPostfixDefer(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: actionRules})
	testDeferred(t, s)
	s.wantClean(t)
}
