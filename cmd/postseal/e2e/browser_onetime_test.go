package e2e

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// once makes a rule of one-time links for everything.
const once = `
version = 1

[[rule]]
name = "once"
then = "one-time"
when.to = "*@guest.example"
`

// onceNotice sends a message and returns its notice's link and code.
func (s *Site) onceNotice(t *testing.T, address, subject string) (string, seal.Code) {
	t.Helper()
	s.Submit(t, "ann@example.com", []string{address}, richMail(address, subject))
	n := s.ReadNotice(t, s.WaitOutside(t, address))
	code, err := seal.ParseCode(n.Code)
	if err != nil || !strings.HasPrefix(n.Link, s.URL+"/o/") {
		t.Fatalf("link %q, code %q", n.Link, n.Code)
	}
	return n.Link, code
}

// TestBrowserOneTime opens one-time messages: in the browser, without a request
// that carries the key; through a rewritten link; by the code without scripts;
// with an answer; and shows that a stranger learns nothing.
func TestBrowserOneTime(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: once})
	b := browsertest.Start(t)

	link, code := s.onceNotice(t, "once@guest.example", "first secret")
	tb := b.Tab(t, true)
	tb.Open(link)
	tb.WaitFor("p", "Your link is complete")
	tb.Press("Open the message")
	tb.WaitFor("#m-subject", "first secret")
	if got := tb.Mail().MustElement("body").MustText(); !strings.Contains(got, "4111 1111 1111 1111") {
		t.Fatalf("the frame shows %q", got)
	}
	name, got := tb.Download(func() { tb.Press("data file.bin") })
	if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(fileBytes(300_000)) {
		t.Fatalf("attachment %q: %d octets, not those that were sent", name, len(got))
	}
	tb.Fill("#r-body", "Thank you, Ann.")
	tb.Choose("#r-files", "answer.pdf", fileBytes(100_000))
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	reply := s.WaitInside(t, "ann@example.com")
	if !strings.Contains(string(reply.Data), "In-Reply-To: <rich-firs@example.com>") {
		t.Errorf("the reply does not thread:\n%.600s", reply.Data)
	}
	identity, err := code.Identity()
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	for _, r := range tb.Requests() {
		sent = sent || strings.Contains(r, code.Token().Encode())
		// A navigation's own record has the fragment, which no request carries.
		r = strings.Replace(r, "#"+code.Fragment(), "", 1)
		for _, secret := range []string{code.Fragment(), code.Text(), identity.String()} {
			if strings.Contains(r, secret) {
				t.Errorf("a request carried the key: %.100s", r)
			}
		}
	}
	if !sent {
		t.Error("the requests' bodies were not seen")
	}

	// Within the grace period it opens again, by a link that a gateway rewrote.
	tb = b.Tab(t, true)
	tb.Open(strings.Replace(link, "#", "%23", 1))
	tb.Press("Open the message")
	tb.WaitFor("#m-subject", "first secret")

	// Without scripts, by the code.
	link, code = s.onceNotice(t, "noscript@guest.example", "second secret")
	tb = b.Tab(t, false)
	tb.Open(strings.SplitN(link, "#", 2)[0])
	tb.Fill("#code", code.Text())
	tb.Press("Open the message")
	tb.WaitFor("h1", "second secret")
	name, got = tb.Download(func() { tb.WaitFor(".attachments button", "data file.bin").MustClick() })
	if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(fileBytes(300_000)) {
		t.Fatalf("attachment %q: %d octets, not those that were sent", name, len(got))
	}

	// A stranger's code is unknown, at this message as at none.
	tb = b.Tab(t, true)
	tb.Open(strings.SplitN(link, "#", 2)[0] + "#" + seal.NewCode().Fragment())
	tb.Press("Open the message")
	tb.WaitFor("h1", "Nothing found")
}

// TestBrowserOneTimeEnds shows what the holder of a genuine link is told when its
// time is over, and that a stranger is not told.
func TestBrowserOneTimeEnds(t *testing.T) {
	const life = time.Second
	s := NewSite(t, SiteOptions{Rules: once, Set: map[string]string{"messages.retention": `"1s"`}})
	link, _ := s.onceNotice(t, "once@guest.example", "gone secret")
	b := browsertest.Start(t)
	time.Sleep(life) // the notice is here, so it was sealed before this began
	tb := b.Tab(t, true)
	tb.Open(link)
	tb.Press("Open the message")
	tb.WaitFor("h1", "expired")
	tb = b.Tab(t, true)
	tb.Open(strings.SplitN(link, "#", 2)[0] + "#" + seal.NewCode().Fragment())
	tb.Press("Open the message")
	tb.WaitFor("h1", "Nothing found")
}
