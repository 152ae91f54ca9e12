package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
)

const senderRules = `
version = 1

[[rule]]
name = "review"
then = "block"
text = "Contracts need a second look."
release = { trust = "recipient" }
when.to = "block*@*.example"

[[rule]]
name = "wait"
then = "block"
text = "50% of these are mistakes."
release = { mode = "defer" }
when.to = "wait*@*.example"

[[rule]]
name = "confidential"
then = "pickup"
when = { from = "*@partner.example", to = "internal" }

[[rule]]
name = "options"
also = { restrict = ["pin", "no-print", "no-reply"] }
when.to = "pin*@*.example"

[[rule]]
name = "once"
then = "one-time"
when.to = "once*@*.example"

[[rule]]
name = "card"
then = "pickup"
text = "It holds a card number."
when = { to = "external", detect.credit-card = 1 }
`

// The sizes at which the pages are used.
var sizes = [][2]int{{390, 844}, {1280, 800}}

// scan follows a link as mail gateways do, which must change nothing.
func scan(t *testing.T, link string) {
	t.Helper()
	page, code, _ := strings.Cut(link, "#")
	for _, r := range []struct{ method, url, body string }{
		{"GET", page, ""}, {"HEAD", page, ""}, {"GET", page + "%23" + code, ""}, {"GET", page + "?utm_source=mail", ""},
		{"POST", page, ""}, {"POST", page, "code="}, {"POST", page + "/release", "reason=x"}, {"POST", page + "/recall", "confirm=yes"},
	} {
		q, err := http.NewRequestWithContext(deadline(t), r.method, r.url, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Sec-Purpose", "prefetch")
		if r.body != "" {
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode >= 500 {
			t.Errorf("%s %s: status %d", r.method, strings.TrimPrefix(r.url, page), res.StatusCode)
		}
	}
}

// TestBrowserSender is what a member does with the links of the mails that tell of
// messages: releases one that was held and one that waits at the member's own
// server, follows one, gives it more time and takes it back.
func TestBrowserSender(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Rules: senderRules, Set: map[string]string{"actions.receipt": "true"}})
	b := browsertest.Start(t)
	server, _ := s.sendingServer(t)
	for n, size := range sizes {
		at := fmt.Sprintf("%dx%d", size[0], size[1])
		tab := func(t *testing.T, link string) *browsertest.Tab {
			t.Helper()
			tb := b.Tab(t, true)
			tb.Screen(size[0], size[1], "light")
			tb.Open(link)
			tb.WaitFor("p", "Your link is complete")
			tb.Press("Continue")
			return tb
		}
		t.Run("release "+at, func(t *testing.T) {
			message := odd("release-" + at)
			from, rcpt := fmt.Sprintf("ann%d@example.com", n), fmt.Sprintf("block%d@guest.example", n)
			s.Submit(t, from, []string{rcpt}, message)
			_, mail := s.senderMail(t, from, "Contracts need a second look.")
			link := s.URL + "/h#" + releaseLink(t, s, mail.Text).Fragment()
			scan(t, link)
			tb := tab(t, link)
			tb.WaitFor("h1", "Shall this message go out?")
			tb.WaitFor("dd", "planted Grüße")
			tb.WaitFor("dd", rcpt)
			s.settle(t)
			if len(to(s.Outside, rcpt)) != 0 {
				t.Fatal("it left before the button was pressed")
			}
			tb.Fill("#reason", "the contract is signed")
			tb.Press("Release and send")
			tb.WaitFor("h1", "Your message is released")
			wantOriginal(t, s.WaitOutside(t, rcpt), message)
			if out := s.Run(t, "store", "audit", "--event", "released"); !strings.Contains(out, "the contract is signed") {
				t.Errorf("audit: %s", out)
			}
			tb = tab(t, link)
			tb.WaitFor("h1", "This message was released already")
			// The rule lets the next one through.
			again := odd("release-again-" + at)
			s.Submit(t, from, []string{rcpt}, again)
			wantOriginal(t, s.nthOutside(t, rcpt, 2), again)
		})
		t.Run("don't send "+at, func(t *testing.T) {
			from, rcpt := fmt.Sprintf("bea%d@example.com", n), fmt.Sprintf("block-no%d@guest.example", n)
			s.Submit(t, from, []string{rcpt}, odd("withdraw-"+at))
			_, mail := s.senderMail(t, from, "Contracts need a second look.")
			tb := tab(t, s.URL+"/h#"+releaseLink(t, s, mail.Text).Fragment())
			tb.WaitFor("h1", "Shall this message go out?")
			tb.Press("Don't send")
			tb.WaitFor("h1", "The message was not sent")
			s.settle(t)
			if len(to(s.Outside, rcpt)) != 0 {
				t.Error("it was sent")
			}
		})
		t.Run("release at the sender's server "+at, func(t *testing.T) {
			site := *s
			site.SMTP = server.SMTP
			rcpt := fmt.Sprintf("wait%d@guest.example", n)
			message := strings.ReplaceAll(odd("defer-"+at), "ann@example.com", "ann@sender.example")
			site.Submit(t, "ann@sender.example", []string{rcpt}, message)
			link := s.URL + "/h#" + waitDeferred(t, s, server, rcpt).Fragment()
			scan(t, link)
			flush(t, server)
			if len(to(s.Outside, rcpt)) != 0 {
				t.Fatal("a scanner released it")
			}
			tb := tab(t, link)
			tb.WaitFor("h1", "Shall this message go out?")
			tb.WaitFor("dd", "planted Grüße")
			tb.Press("Release and send")
			tb.WaitFor(".notice", "when your mail server tries again")
			flush(t, server)
			wantOriginal(t, s.WaitOutside(t, rcpt), message)
		})
		t.Run("follow "+at, func(t *testing.T) {
			from := fmt.Sprintf("cid%d@example.com", n)
			bob, pin, once := fmt.Sprintf("bob%d@guest.example", n), fmt.Sprintf("pin%d@guest.example", n), fmt.Sprintf("once%d@guest.example", n)
			s.Submit(t, from, []string{bob, pin, once}, "From: "+from+"\nTo: "+bob+"\nSubject: your card\nMessage-ID: <follow-"+at+"@example.com>\n\nVisa 4111 1111 1111 1111\n")
			_, receipt := s.senderMail(t, from, bob)
			link := s.URL + "/s#" + linkCode(t, s, receipt.Text, "s").Fragment()
			bobs, pins := s.ReadNotice(t, s.WaitOutside(t, bob)), s.ReadNotice(t, s.WaitOutside(t, pin))
			s.WaitOutside(t, once)
			s.settle(t)
			scan(t, link)

			tb := tab(t, link)
			tb.WaitFor("h1", "your card")
			tb.WaitFor(".how", "With a PIN. No answers. Not to be printed.")
			if html := tb.MustHTML(); strings.Contains(html, "4111") || strings.Count(html, "Not opened yet") != 3 {
				t.Errorf("the status page:\n%s", html)
			}
			tb.Press("30 days")
			tb.WaitFor(".notice", "3 recipients have more time")

			// One reads; the sender sees it.
			g := b.Tab(t, true)
			g.Screen(size[0], size[1], "light")
			activate(g, bobs.Link)
			g.WaitFor("h1", "your card")
			tb.Press("Look again")
			tb.WaitFor(".tag", "Opened")

			// Another needs a PIN, which the receipt alone has.
			p := b.Tab(t, true)
			p.Screen(size[0], size[1], "light")
			activate(p, pins.Link)
			p.WaitFor("h1", "Type the PIN")
			p.Fill("#pin", pinOf(t, receipt.Text))
			p.Press("Open the message")
			p.WaitFor("h1", "your card")
			p.WaitFor(".remark", "takes no answers")
			if strings.Contains(p.MustHTML(), "/reply") || strings.Contains(p.MustHTML(), "/eml") {
				t.Error("what the sender does not want is offered")
			}

			tb.Press("Take it back from everybody")
			tb.WaitFor(".notice.warn", "stays with whoever opened it")
			tb.Press("Take it back")
			tb.WaitFor(".notice", "Taken back from 3 recipients")
			for _, guest := range []*browsertest.Tab{g, p} {
				guest.MustReload().MustWaitLoad()
				guest.WaitFor(".notice", "Taken back by "+from)
				guest.Open(s.URL + "/inbox")
				guest.WaitFor(".inbox", "Taken back by "+from)
				if strings.Contains(guest.MustHTML(), "your card") {
					t.Error("the inbox shows the subject of a message that was taken back")
				}
			}
		})
	}
	for _, p := range []*Process{s.Milter, s.Portal} {
		for _, secret := range []string{"your card", "planted Gr", "/h#", "/s#", "contract is signed"} {
			if strings.Contains(p.Log(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}

var pinText = regexp.MustCompile(`\b\d{4} \d{4}\b`)

// pinOf finds the one PIN in a receipt.
func pinOf(t *testing.T, text string) string {
	t.Helper()
	m := pinText.FindAllString(text, -1)
	if len(m) != 1 {
		t.Fatalf("%d PINs in:\n%s", len(m), text)
	}
	return m[0]
}
