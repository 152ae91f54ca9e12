package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/portal/browsertest"
)

// fileBytes is a file that says at once when an octet of it was changed.
func fileBytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// base64Lines is b as a mail carries it.
func base64Lines(b []byte) string {
	enc := base64.StdEncoding.EncodeToString(b)
	var s strings.Builder
	for ; len(enc) > 76; enc = enc[76:] {
		s.WriteString(enc[:76] + "\n")
	}
	return s.String() + enc + "\n"
}

// richMail has HTML with a script, and a file.
func richMail(to, subject string) string {
	return "From: Ann Archer <ann@example.com>\nTo: " + to + "\nSubject: " + subject + "\nMessage-ID: <rich-" + subject[:4] + "@example.com>\n" +
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/html; charset=utf-8\n\n" +
		"<p>Visa <b>4111 1111 1111 1111</b></p><script>document.title='owned'</script>\n" +
		"--bb\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"data file.bin\"\nContent-Transfer-Encoding: base64\n\n" +
		base64Lines(fileBytes(300_000)) + "--bb--\n"
}

const guestPassword = "sieben blaue Fahrräder im Regen"

// activate follows a notice's link and makes the account.
func activate(tb *browsertest.Tab, link string) {
	tb.Open(link)
	tb.Press("Continue")
	tb.WaitFor("h1", "Choose a name and a password")
	tb.Fill("#name", "Bob Guest")
	tb.Fill("#password", "password1234567")
	tb.WaitFor("li.unmet", "everybody uses")
	tb.Fill("#password", guestPassword)
	tb.WaitFor("li.met", "15 characters")
	tb.Fill("#repeat", guestPassword)
	tb.Press("Save and open")
}

// TestBrowserAccount is a guest's whole way: notice, activation through a link
// whose "#" was rewritten, reading, the attachment octet for octet, a reply that
// arrives in the sender's mailbox and threads, log-out, a wrong password, the
// second message without a code, and a forgotten password.
func TestBrowserAccount(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true})
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, richMail("bob@guest.example", "your card"))
	n := s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))

	tb := browsertest.Start(t).Tab(t, true)
	activate(tb, strings.Replace(n.Link, "#", "%23", 1))
	tb.WaitFor("h1", "your card")
	if got := tb.Mail().MustElement("body").MustText(); !strings.Contains(got, "4111 1111 1111 1111") {
		t.Fatalf("the frame shows %q", got)
	}
	if got := tb.MustEval(`() => document.title`).Str(); strings.Contains(got, "owned") {
		t.Fatal("a script of the mail ran")
	}
	message := tb.Address()
	name, got := tb.Download(func() { tb.Press("data file.bin") })
	if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(fileBytes(300_000)) {
		t.Fatalf("attachment %q: %d octets, not those that were sent", name, len(got))
	}

	tb.Press("Reply")
	tb.WaitFor("h1", "Reply")
	tb.Fill("#body", "Thank you, Ann.")
	tb.Choose("#files", "answer.pdf", fileBytes(100_000))
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	checkReply(t, s.WaitInside(t, "ann@example.com"), "Re: your card", "<rich-your@example.com>")

	logOut(tb)
	tb.Open(message)
	tb.WaitFor("h1", "Log in to read your message")
	tb.Fill("#address", "bob@guest.example")
	tb.Fill("#password", "this is not the password")
	tb.Press("Log in and open")
	tb.WaitFor(".problem", "not right")
	tb.Fill("#password", guestPassword)
	tb.Press("Log in and open")
	tb.WaitFor("h1", "your card")

	// The first notice's link still leads there.
	logOut(tb)
	tb.Open(n.Link)
	tb.Press("Continue")
	tb.WaitFor("h1", "You have an account")
	tb.Fill("#password", guestPassword)
	tb.Press("Log in and open")
	tb.WaitFor("h1", "your card")

	// The second notice has no code: the account opens it.
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, "From: ann@example.com\nTo: bob@guest.example\nSubject: second\nMessage-ID: <second@example.com>\n\nVisa 4111 1111 1111 1111\n")
	n = s.ReadNotice(t, s.nthOutside(t, "bob@guest.example", 2))
	if n.Code != "" || !strings.Contains(n.Link, "/m/") {
		t.Errorf("the notice for an account has link %q, code %q", n.Link, n.Code)
	}
	tb.Open(n.Link)
	tb.Press("Open the message")
	tb.WaitFor("h1", "second")
	tb.Open(s.URL + "/inbox")
	tb.WaitFor(".count", "2 messages")

	// A forgotten password loses nothing.
	other := browsertest.Start(t).Tab(t, true)
	other.Open(s.URL + "/forgot")
	other.Fill("#address", "bob@guest.example")
	other.Press("Send the link")
	other.WaitFor(".notice", "on its way")
	reset := s.ReadNotice(t, s.nthOutside(t, "bob@guest.example", 3))
	other.Open(reset.Link)
	other.Press("Continue")
	other.WaitFor("h1", "Choose a new password")
	const fresh = "ein anderes langes Kennwort 77"
	other.Fill("#password", fresh)
	other.Fill("#repeat", fresh)
	other.Press("Save and log in")
	other.WaitFor(".count", "2 messages")
	other.Open(message)
	other.WaitFor("h1", "your card")
	// The other session has ended.
	tb.Open(s.URL + "/inbox")
	tb.WaitFor("h1", "Log in")
	for _, p := range []*Process{s.Milter, s.Portal} {
		for _, secret := range []string{"your card", guestPassword, fresh, strings.SplitN(reset.Link, "#", 2)[1]} {
			if strings.Contains(p.Log(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	}
}

// nthOutside waits for the nth mail to an address outside.
func (s *Site) nthOutside(t *testing.T, address string, n int) mta.Mail {
	t.Helper()
	var got []mta.Mail
	wait(t, "another mail to "+address, func() bool {
		got = to(s.Outside, address)
		return len(got) >= n
	})
	return got[n-1]
}

// checkReply reads a reply as the sender's mail client does.
func checkReply(t *testing.T, m mta.Mail, subject, parent string) {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatalf("%v:\n%s", err, m.Data)
	}
	if got, err := r.Header.Subject(); err != nil || got != subject {
		t.Errorf("subject %q (%v)", got, err)
	}
	for _, field := range []string{"In-Reply-To", "References"} {
		if !strings.Contains(r.Header.Get(field), parent) {
			t.Errorf("%s is %q, without %s", field, r.Header.Get(field), parent)
		}
	}
	if got := r.Header.Get("Reply-To"); !strings.Contains(got, "bob@guest.example") {
		t.Errorf("Reply-To is %q", got)
	}
	text, files := "", 0
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := p.Header.(*mail.AttachmentHeader); ok {
			files++
			if name, _ := h.Filename(); name != "answer.pdf" || sha256.Sum256(b) != sha256.Sum256(fileBytes(100_000)) {
				t.Errorf("attachment %q: %d octets, not those that were sent", name, len(b))
			}
			continue
		}
		text += string(b)
	}
	if !strings.Contains(text, "Thank you, Ann.") || files != 1 {
		t.Errorf("text %q, %d files", text, files)
	}
}
