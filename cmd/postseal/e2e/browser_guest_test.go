package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/portal/browsertest"
)

// twoFiles is a message that is sealed for whom it is to, with a member in Cc and
// two files.
func twoFiles(to, subject string) string {
	part := "--bb\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"%s\"\nContent-Transfer-Encoding: base64\n\n%s"
	return "From: Ann Archer <ann@example.com>\nTo: " + to + "\nCc: cy@example.com\nSubject: " + subject + "\nMessage-ID: <two-" + to + ">\n" +
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/plain\n\nVisa 4111 1111 1111 1111\n" +
		fmt.Sprintf(part, "one.bin", base64Lines(fileBytes(5000))) + fmt.Sprintf(part, "two.bin", base64Lines(fileBytes(7000))) + "--bb--\n"
}

var checkCode = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{5}-[0-9A-Z]{4}\b`)

// TestBrowserGuest is what a guest with an account does in the mailbox: answers one
// and all, forwards, writes, finds, sorts, saves, and changes how it is told of mail
// and how it logs in.
func TestBrowserGuest(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: senderRules, Set: map[string]string{"portal.compose": "true"}})
	b := browsertest.Start(t)
	for n, size := range sizes {
		guest := fmt.Sprintf("gus%d@guest.example", n)
		screen := func(t *testing.T) *browsertest.Tab {
			t.Helper()
			tb := b.Tab(t, true)
			tb.Screen(size[0], size[1], "light")
			return tb
		}
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s.Submit(t, "ann@example.com", []string{guest, "cy@example.com"}, twoFiles(guest, "the files"))
			notice := s.ReadNotice(t, s.WaitOutside(t, guest))
			tb := screen(t)
			tb.Open(s.URL + "/genuine")
			tb.Fill("#code", checkCode.FindString(strings.ReplaceAll(notice.Text, notice.Code, "")))
			tb.Press("Check")
			tb.WaitFor(".notice", "Yes, this mail comes from here.")
			tb.WaitFor("dd", "ann@example.com")
			activate(tb, notice.Link)
			tb.WaitFor("h1", "the files")
			page := tb.Address()
			s.guestSaves(t, tb)
			s.guestWrites(t, tb, page, n)
			s.Submit(t, "ann@example.com", []string{guest}, "From: ann@example.com\nTo: "+guest+"\nSubject: the ledger\nMessage-ID: <ledger-"+guest+">\n\nVisa 4111 1111 1111 1111\n")
			s.nthOutside(t, guest, 2)
			s.guestSorts(t, tb)
			s.guestSecond(t, tb, guest)

			tb.Open(s.URL + "/settings/preferences")
			tb.MustElement("#language").MustSelect("Deutsch")
			tb.Press("Save")
			tb.WaitFor("h1", "Einstellungen")
			s.Submit(t, "ann@example.com", []string{guest}, "From: ann@example.com\nTo: "+guest+"\nSubject: the third\nMessage-ID: <third-"+guest+">\n\nVisa 4111 1111 1111 1111\n")
			third, err := s.Outside.Wait(deadline(t), func(m mta.Mail) bool {
				return m.Has(guest) && strings.Contains(readMail(t, m).Subject, "verschlüsselte Nachricht")
			})
			if err != nil || s.ReadNotice(t, third).Link == "" {
				t.Errorf("the notice after the change of language: %v", err)
			}
			tb.Quiet("422", "401") // the refused address, the code that was used
		})
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}

// guestSaves downloads both files at once.
func (s *Site) guestSaves(t *testing.T, tb *browsertest.Tab) {
	t.Helper()
	_, data := tb.Download(func() { tb.Press("All as a zip file") })
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) != 2 {
		t.Fatalf("the zip: %v", err)
	}
	for i, want := range [][]byte{fileBytes(5000), fileBytes(7000)} {
		f, err := z.File[i].Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d octets, not those that were sent (%v)", z.File[i].Name, len(got), err)
		}
	}
}

// guestWrites answers with a file, answers everybody, forwards, and sends a new
// message that was a draft for a while.
func (s *Site) guestWrites(t *testing.T, tb *browsertest.Tab, page string, n int) {
	t.Helper()
	tb.Click(`a[href$="/reply"]`)
	tb.WaitFor("h1", "Reply")
	tb.Fill("#body", fmt.Sprintf("For Ann alone %d.", n))
	tb.Choose("#files", "answer.pdf", fileBytes(100_000))
	tb.WaitFor("#attached .name", "answer.pdf")
	if _, err := tb.Element("#attached input[name=kept]"); err != nil {
		t.Fatal(err)
	}
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	if m, _ := s.senderMail(t, "ann@example.com", fmt.Sprintf("For Ann alone %d.", n)); !strings.Contains(string(m.Data), "answer.pdf") || m.Has("cy@example.com") {
		t.Errorf("the answer to %q:\n%.2000s", m.To, m.Data)
	}

	tb.Open(page)
	tb.Press("Reply to all")
	tb.WaitFor("dd", "cy@example.com")
	tb.Fill("#body", fmt.Sprintf("For both of you %d.", n))
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	for _, member := range []string{"ann@example.com", "cy@example.com"} {
		s.senderMail(t, member, fmt.Sprintf("For both of you %d.", n))
	}

	dave := fmt.Sprintf("dave%d@example.com", n)
	tb.Open(page)
	tb.Press("Forward")
	tb.WaitFor("h1", "Forward")
	tb.Fill("#to", "somebody@elsewhere.example")
	tb.Press("Send")
	tb.WaitFor("#to-error", "somebody@elsewhere.example")
	tb.Fill("#to", dave)
	tb.Press("Send")
	tb.WaitFor(".said", "Sent.")
	s.senderMail(t, dave, "4111 1111 1111 1111")

	eve := fmt.Sprintf("eve%d@example.com", n)
	tb.Open(s.URL + "/inbox")
	tb.Press("New message")
	tb.WaitFor("h1", "New message")
	tb.Fill("#to", eve)
	tb.Fill("#subject", "begun yesterday")
	tb.Fill("#body", "To be continued.")
	tb.WaitFor("#draft-state", "Draft saved")
	tb.Open(s.URL + "/m/drafts")
	tb.Press("begun yesterday")
	tb.WaitFor("h1", "New message")
	if body := tb.MustElement("#body").MustText(); body != "To be continued." {
		t.Errorf("the draft has %q", body)
	}
	tb.Press("Send")
	tb.WaitFor(".said", "Sent.")
	s.senderMail(t, eve, "To be continued.")
	tb.WaitFor(".subject", "begun yesterday")
}

// guestSorts stars, deletes, brings back, marks and finds.
func (s *Site) guestSorts(t *testing.T, tb *browsertest.Tab) {
	t.Helper()
	tb.Open(s.URL + "/inbox")
	tb.WaitFor(".subject", "the ledger")
	tb.Click(".star")
	tb.WaitFor(".star.on", "★")
	tb.Click(".row .pick input")
	tb.Click(".acts [value=delete]")
	tb.WaitFor(".said", "Deleted.")
	if rows := len(tb.MustElements(".row")); rows != 1 {
		t.Errorf("%d rows after deleting one of two", rows)
	}
	tb.Press("Undo")
	tb.WaitFor(".said", "Restored.")
	tb.Click("[data-all]")
	tb.Click(".acts [value=read]")
	tb.WaitFor(".said", "entries marked as read.")
	tb.Open(s.URL + "/m/search")
	tb.Fill("#q", "ledger")
	tb.Click("#search button.primary")
	tb.WaitFor(".inbox .subject", "the ledger")
	tb.Fill("#q", "one.bin")
	tb.Click("#search button.primary")
	tb.WaitFor(".inbox .subject", "the files")
}

// guestSecond adds an app with codes, and logs in by it.
func (s *Site) guestSecond(t *testing.T, tb *browsertest.Tab, guest string) {
	t.Helper()
	tb.Open(s.URL + "/settings")
	tb.Fill("#f-current", guestPassword)
	key := beginApp(tb)
	now := time.Now()
	used := totpCode(t, key, now)
	switchOn(t, tb, used)
	logOut(tb)
	tb.Fill("#address", guest)
	tb.Fill("#password", guestPassword)
	tb.Press("Log in")
	secondStep(tb, used)
	tb.WaitFor(".problem", "not right")
	secondStep(tb, totpCode(t, key, now.Add(30*time.Second)))
	tb.WaitFor("h1", "Inbox")
}
