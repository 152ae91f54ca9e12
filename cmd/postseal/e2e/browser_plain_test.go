package e2e

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
)

// TestBrowserWithoutScripts goes the main ways with scripts switched off: a guest
// activates by the typed code, reads, saves, answers with a file, keeps a draft,
// sorts and finds; members sign in both ways, write, and take a message back.
func TestBrowserWithoutScripts(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Members: true, Rules: senderRules})
	b := browsertest.Start(t)
	for n, size := range sizes {
		at := fmt.Sprintf("%dx%d", size[0], size[1])
		plain := func(t *testing.T) *browsertest.Tab {
			t.Helper()
			tb := b.Tab(t, false)
			tb.Screen(size[0], size[1], "light")
			return tb
		}
		t.Run("guest "+at, func(t *testing.T) {
			guest := fmt.Sprintf("pia%d@guest.example", n)
			s.Submit(t, "ann@example.com", []string{guest}, richMail(guest, "plain card"))
			tb := plain(t)
			s.activatePlainly(t, tb, s.ReadNotice(t, s.WaitOutside(t, guest)))
			tb.WaitFor("h1", "plain card")
			if got := tb.Mail().MustElement("body").MustText(); !strings.Contains(got, "4111 1111 1111 1111") {
				t.Errorf("the frame shows %q", got)
			}
			name, got := tb.Download(func() { tb.WaitFor("a", "data file.bin").MustClick() })
			if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(fileBytes(300_000)) {
				t.Errorf("attachment %q: %d octets, not those that were sent", name, len(got))
			}
			tb.Press("Reply")
			tb.WaitFor("h1", "Reply")
			tb.Fill("#body", "Without scripts "+at)
			tb.Choose("#files", "answer.pdf", fileBytes(100_000))
			tb.Press("Send")
			tb.WaitFor("h1", "Your answer is sent")
			if m, _ := s.senderMail(t, "ann@example.com", "Without scripts "+at); !strings.Contains(string(m.Data), "answer.pdf") {
				t.Error("the answer has no file")
			}

			eve := fmt.Sprintf("eve%d@example.com", n)
			tb.Open(s.URL + "/m/write")
			tb.Fill("#to", eve)
			tb.Fill("#subject", "kept "+at)
			tb.Fill("#body", "First half.")
			tb.Press("Save draft")
			tb.WaitFor(".notice", "Draft saved")
			tb.Open(s.URL + "/m/drafts")
			tb.Press("kept " + at)
			tb.Fill("#body", "Both halves.")
			tb.Press("Send")
			tb.WaitFor(".said", "Sent.")
			s.senderMail(t, eve, "Both halves.")

			tb.Open(s.URL + "/inbox")
			tb.Click(".star")
			tb.WaitFor(".star.on", "★")
			tb.Click(".row .pick input")
			tb.Click(".acts [value=delete]")
			tb.WaitFor(".said", "Deleted.")
			tb.Press("Undo")
			tb.WaitFor(".said", "Restored.")
			tb.Open(s.URL + "/m/search")
			tb.Fill("#q", "plain card")
			tb.Click("#search button.primary")
			tb.WaitFor(".inbox .subject", "plain card")
		})
		t.Run("members "+at, func(t *testing.T) {
			rcpt := fmt.Sprintf("pit%d@guest.example", n)
			m := plain(t)
			s.byDirectory(m, "dirk")
			m.Press("New message")
			m.Fill("#subject", "a word "+at)
			m.Fill("#who", "cla")
			m.Click("[value=look]")
			m.WaitFor("#look", "Clara Member")
			m.Click("#add-0")
			m.Click("[value='add:cc']")
			if cc := m.MustElement("#cc").MustProperty("value").Str(); cc != "Clara@Firm.Example" {
				t.Errorf("cc: %q", cc)
			}
			m.Fill("#cc", "")
			m.Fill("#to", rcpt)
			m.Fill("#body", "Nothing that a rule knows.")
			m.Click("#noprint")
			m.Press("Send")
			m.WaitFor(".said", "Sent.")
			g := plain(t)
			s.activatePlainly(t, g, s.ReadNotice(t, s.WaitOutside(t, rcpt)))
			g.WaitFor(".mail-text", "Nothing that a rule knows.")
			m.Open(s.URL + "/m/sent")
			m.Press("a word " + at)
			m.WaitFor(".tag", "Opened")
			m.Press("Change")
			m.Press("Take it back")
			m.WaitFor(".notice.warn", "stays with whoever opened it")
			m.Press("Take it back")
			m.WaitFor(".notice", "Taken back from 1 recipient")
			g.Open(s.URL + "/inbox")
			g.WaitFor(".inbox", "Taken back by dirk@firm.example")

			s.byProvider(plain(t), fmt.Sprintf("dan%d@cloud.example", n), false)
		})
	}
}

// activatePlainly makes the account of a notice by its code, typed.
func (s *Site) activatePlainly(t *testing.T, tb *browsertest.Tab, n Notice) {
	t.Helper()
	page, _, _ := strings.Cut(n.Link, "#")
	tb.Open(page)
	tb.Fill("#code", n.Code)
	tb.Press("Continue")
	tb.WaitFor("h1", "Choose a name and a password")
	tb.Fill("#name", "Pia Plain")
	tb.Fill("#password", guestPassword)
	tb.Fill("#repeat", guestPassword)
	tb.Press("Save and open")
}
