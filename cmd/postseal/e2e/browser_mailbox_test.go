package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/socket"
)

const mailboxRules = `
version = 1

[[rule]]
name = "pin"
also = { restrict = ["pin"] }
when.header.X-Want.equals = "pin"

[[rule]]
name = "look"
also = { restrict = ["no-print"] }
when.header.X-Want.equals = "look"

[[rule]]
name = "listen"
also = { restrict = ["no-reply"] }
when.header.X-Want.equals = "listen"

[[rule]]
name = "brief"
also = { expire = "7d" }
when.header.X-Want.equals = "brief"

[[rule]]
name = "followed"
also = { receipt = true }
when.header.X-Want.equals = "followed"

[[rule]]
name = "seal"
then = "pickup"
when.to = "external"
`

// A mailing is a message that a test submits.
type mailing struct {
	from    string // "ann@example.com"
	cc      string
	subject string
	id      string // of the Message-ID; "": none
	refs    string // ids of the References
	want    string // rule that is to match
	text    string
	files   []mailingFile
}

type mailingFile struct {
	name string
	data []byte
}

func (l mailing) sender() string {
	if l.from == "" {
		return "ann@example.com"
	}
	return l.from
}

// mail is the mailing as it is submitted.
func (l mailing) mail(to []string) string {
	var b strings.Builder
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	field("From", l.sender())
	field("To", strings.Join(to, ", "))
	field("Cc", l.cc)
	field("Date", "Mon, 2 Mar 2026 09:00:00 +0000") // else the MTA would add one
	field("Subject", l.subject)
	if l.id != "" {
		field("Message-ID", "<"+l.id+"@example.com>")
	}
	field("X-Want", l.want)
	for r := range strings.FieldsSeq(l.refs) {
		fmt.Fprintf(&b, "References: <%s@example.com>\n", r)
	}
	if len(l.files) == 0 {
		b.WriteString("\n" + l.text + "\n")
		return b.String()
	}
	b.WriteString("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/plain\n\n" + l.text + "\n")
	for _, f := range l.files {
		fmt.Fprintf(&b, "--bb\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"%s\"\nContent-Transfer-Encoding: base64\n\n%s", f.name, base64Lines(f.data))
	}
	b.WriteString("--bb--\n")
	return b.String()
}

// post submits a mailing to everybody at once.
func (s *Site) post(t *testing.T, to []string, l mailing) {
	t.Helper()
	rcpt := to
	if l.cc != "" {
		rcpt = append([]string{l.cc}, to...)
	}
	s.Submit(t, l.sender(), rcpt, l.mail(to))
}

// parcels is a mailing with files, and with somebody else to answer to.
func parcels() mailing {
	return mailing{subject: "Two parcels", text: "for you both", id: "parcels", cc: "cy@example.com", files: []mailingFile{
		{"one.bin", fileBytes(5000)}, {"two.bin", fileBytes(150_000)},
	}}
}

// fillers is how many messages the mailboxes hold beside those with a part to play:
// with ten on a page it takes three.
const fillers = 20

// fillMailboxes makes guests' accounts and what they find in them: a message of
// seventy days ago, one that ended, one that was taken back, one of each restriction,
// a conversation, one with files, and many more.
func (s *Site) fillMailboxes(t *testing.T, b *browsertest.Browser, guests []string) {
	t.Helper()
	s.Shift(t, -70*24*time.Hour)
	s.post(t, guests, mailing{subject: "Harvest of old", text: "walnuts", id: "harvest"})
	for _, guest := range guests {
		tb := b.Tab(t, true)
		activate(tb, s.ReadNotice(t, s.WaitOutside(t, guest)).Link)
		tb.WaitFor("h1", "Harvest of old")
	}
	s.settle(t) // the marks of our own mail end by the clock, too
	s.Shift(t, -10*24*time.Hour)
	s.post(t, guests, mailing{subject: "A fleeting bid", want: "brief", from: "bea@example.com"})
	s.settle(t)
	s.Shift(t, 0)
	for n := range fillers {
		s.post(t, guests, mailing{subject: fmt.Sprintf("Filler %02d", n), text: "Nothing much.", id: fmt.Sprintf("filler-%d", n)})
	}
	for n, guest := range guests { // each has a PIN, and a sender who knows it
		s.post(t, []string{guest}, mailing{from: fmt.Sprintf("vera%d@example.com", n), subject: "Vault plans", text: "combination", want: "pin"})
	}
	s.post(t, guests, mailing{subject: "Taken away", want: "followed", from: "rita@example.com"})
	s.post(t, guests, mailing{subject: "Not for paper", text: "sepia", want: "look"})
	s.post(t, guests, mailing{subject: "Not for answers", text: "monologue", want: "listen"})
	s.post(t, guests, mailing{subject: "Bridge", text: "first span", id: "bridge-1"})
	s.post(t, guests, mailing{subject: "Re: Bridge", text: "second span", id: "bridge-2", refs: "bridge-1"})
	s.post(t, guests, mailing{subject: "Re: Bridge", text: "third span", id: "bridge-3", refs: "bridge-1", from: "otto@example.com"})
	s.post(t, guests, parcels())
	_, receipt := s.senderMail(t, "rita@example.com", guests[0])
	by := socket.Follower{Link: linkCode(t, s, receipt.Text, "s").Token()}
	owner := s.owner(t)
	status, err := owner.Status(deadline(t), by)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, l := range status.Lines {
		ids = append(ids, l.Message)
	}
	if _, err := owner.Recall(deadline(t), by, ids); err != nil {
		t.Fatal(err)
	}
}

// logIn logs a guest in on the first page.
func (s *Site) logIn(tb *browsertest.Tab, guest string) {
	tb.Open(s.URL + "/")
	tb.Fill("#address", guest)
	tb.Fill("#password", guestPassword)
	tb.Press("Log in")
	tb.WaitFor("h1", "Inbox")
}

// A mailboxTest is a guest at a full mailbox.
type mailboxTest struct {
	*Site
	guest  string
	n      int      // of the guest
	guests []string // to whom all mailings go
	home   *browsertest.Tab
	size   [2]int
}

// tab is another tab of the guest's.
func (m *mailboxTest) tab(t *testing.T) *browsertest.Tab {
	t.Helper()
	tb := m.home.Beside(t)
	tb.Screen(m.size[0], m.size[1], "light")
	return tb
}

// TestBrowserMailbox is a full mailbox: its lists and their pages, conversations,
// search, reading and writing, on a phone and at a desk.
func TestBrowserMailbox(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: mailboxRules, Set: map[string]string{
		"portal.compose": "true", "messages.retention": `"120d"`,
	}})
	b := browsertest.Start(t)
	guests := []string{"mia0@guest.example", "mia1@guest.example"}
	s.fillMailboxes(t, b, guests)
	for n, size := range sizes {
		m := &mailboxTest{Site: s, guest: guests[n], n: n, guests: guests, size: size}
		m.home = b.Tab(t, true)
		s.logIn(m.home, m.guest)
		for _, part := range []struct {
			name string
			run  func(*mailboxTest, *testing.T)
		}{
			{"empty folders", (*mailboxTest).emptyFolders},
			{"pages", (*mailboxTest).pages},
			{"conversation", (*mailboxTest).conversation},
			{"ended", (*mailboxTest).ended},
			{"search", (*mailboxTest).search},
			{"read", (*mailboxTest).read},
			{"restricted", (*mailboxTest).restricted},
			{"files", (*mailboxTest).files},
			{"draft", (*mailboxTest).draft},
		} {
			t.Run(fmt.Sprintf("%s %dx%d", part.name, size[0], size[1]), func(t *testing.T) { part.run(m, t) })
		}
	}
	t.Run("without scripts", func(t *testing.T) {
		m := &mailboxTest{Site: s, guest: guests[0], guests: guests, home: b.Tab(t, false), size: sizes[0]}
		m.plainly(t)
	})
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}
