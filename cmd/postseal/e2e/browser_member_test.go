package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"

	"github.com/postseal/postseal/portal/browsertest"
)

// asked returns the status with which the server answers a page's own request.
func asked(t *testing.T, tb *browsertest.Tab, path string) int {
	t.Helper()
	r, err := tb.Eval(`async (path) => (await fetch(path)).status`, path)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value.Int()
}

// TestBrowserMember is what a member does in the portal: signs in by the directory,
// writes to a guest with every option, follows the message among what was sent,
// gives it more time and takes it back; and signs in by the identity provider and
// goes on with a guest who answered.
func TestBrowserMember(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Members: true, Rules: senderRules})
	b := browsertest.Start(t)
	for n, size := range sizes {
		at := fmt.Sprintf("%dx%d", size[0], size[1])
		screen := func(t *testing.T) *browsertest.Tab {
			t.Helper()
			tb := b.Tab(t, true)
			tb.Screen(size[0], size[1], "light")
			return tb
		}
		t.Run("directory "+at, func(t *testing.T) {
			rcpt := fmt.Sprintf("gus%d@guest.example", n)
			m := screen(t)
			s.byDirectory(m, "clara")
			m.Press("New message")
			m.WaitFor("h1", "New message")
			m.MustElement("#to").MustType('d', 'i', 'r')
			m.WaitFor("[role=option]", "Dirk Director dirk@firm.example")
			m.MustElement("#to").MustType(input.ArrowDown, input.Enter)
			if to := m.MustElement("#to").MustProperty("value").Str(); to != "dirk@firm.example, " {
				t.Errorf("to: %q", to)
			}
			m.Fill("#to", rcpt)
			m.Fill("#subject", "the offer "+at)
			m.Fill("#body", "It is **ready**.")
			m.Click("#receipt")
			m.Click("#noreply")
			m.MustElement("#days").MustSelect("7 days")
			m.Press("Send")
			m.WaitFor(".said", "Sent.")
			notice := s.ReadNotice(t, s.WaitOutside(t, rcpt))
			if !strings.Contains(notice.Subject, "clara@firm.example") || strings.Contains(notice.Text+notice.HTML, "offer") {
				t.Errorf("the notice says %q:\n%s", notice.Subject, notice.Text)
			}

			g := screen(t)
			activate(g, notice.Link)
			g.WaitFor("h1", "the offer "+at)
			g.WaitFor(".remark", "takes no answers")
			g.WaitFor(".remark", "to be printed")
			page := g.Address()
			for _, path := range []string{"/reply", "/print", "/eml"} {
				if strings.Contains(g.MustHTML(), path) {
					t.Errorf("%s is offered", path)
				}
				if status := asked(t, g, page+path); status != 403 {
					t.Errorf("%s: status %d", path, status)
				}
			}

			// A guest finds the organisation's people, and nobody else in its directory.
			g.Open(s.URL + "/m/write")
			g.MustElement("#to").MustType('e', 'v')
			g.MustWait(`() => performance.getEntriesByType('resource').some((e) => e.name.endsWith('/m/people'))`)
			g.MustElement("#to").MustType(input.Backspace, input.Backspace, 'm', 'e', 'm')
			g.WaitFor("[role=option]", "Clara Member Clara@Firm.Example")
			if n := len(g.MustElements("[role=option]")); n != 1 {
				t.Errorf("%d people", n)
			}
			g.Barriers()
			g.Open(page)

			// The member hears of it by mail, and sees it among what was sent.
			if _, read := s.senderMail(t, "clara@firm.example", rcpt); !strings.HasPrefix(read.Subject, "Read:") {
				t.Errorf("the read receipt says %q:\n%s", read.Subject, read.Text)
			}
			m.Open(s.URL + "/m/sent")
			m.Press("the offer " + at)
			m.WaitFor("h1", "the offer "+at)
			m.WaitFor(".tag", "Opened")
			m.Barriers()
			m.Press("Change")
			m.WaitFor(".how", "No answers. Not to be printed.")
			m.Barriers()
			m.Press("30 days")
			m.WaitFor(".notice", "1 recipient has more time")
			m.Press("Take it back")
			m.WaitFor(".notice.warn", "stays with whoever opened it")
			m.Barriers()
			m.Press("Take it back")
			m.WaitFor(".notice", "Taken back from 1 recipient")
			m.Open(s.URL + "/m/sent")
			m.Press("the offer " + at)
			m.WaitFor(".tag", "Taken back")
			g.MustReload().MustWaitLoad()
			g.WaitFor(".notice", "Taken back by clara@firm.example")
			g.Open(s.URL + "/inbox")
			g.WaitFor(".inbox", "Taken back by clara@firm.example")
			m.Quiet()
		})
		t.Run("password "+at, func(t *testing.T) {
			pam, rcpt := fmt.Sprintf("pam%d@example.com", n), fmt.Sprintf("gwen%d@guest.example", n)
			m := screen(t)
			m.Open(s.URL + "/")
			typeAddress(m, pam)
			m.WaitFor("label", "Password")
			m.Open(s.URL + "/forgot")
			m.Fill("#address", pam)
			m.Press("Send the link")
			m.WaitFor(".notice", "on its way")
			m.Open(s.ReadNotice(t, s.WaitInside(t, pam)).Link)
			m.Press("Continue")
			m.Fill("#name", "Pam Portal")
			m.Fill("#password", guestPassword)
			m.Fill("#repeat", guestPassword)
			m.Press("Save and")
			m.WaitFor("h1", "Inbox")
			m.Barriers()
			logOut(m)
			typePassword(m, pam, guestPassword)
			m.WaitFor("h1", "Inbox")
			m.Press("New message")
			m.Fill("#to", rcpt)
			m.Fill("#subject", "by password "+at)
			m.Fill("#body", "Nothing that a rule knows.")
			m.Press("Send")
			m.WaitFor(".said", "Sent.")
			g := screen(t)
			activate(g, s.ReadNotice(t, s.WaitOutside(t, rcpt)).Link)
			g.WaitFor("h1", "by password "+at)
			m.Open(s.URL + "/m/sent")
			m.Press("by password " + at)
			m.WaitFor(".tag", "Opened")
			m.Quiet()
			g.Quiet()
		})
		t.Run("answer "+at, func(t *testing.T) {
			// What came from outside was sealed; so is what the member answers, and the
			// member follows it.
			gia := fmt.Sprintf("gia%d@partner.example", n)
			s.Submit(t, gia, []string{"clara@firm.example"}, "From: "+gia+"\nTo: clara@firm.example\nSubject: inbound "+at+"\nMessage-ID: <in-"+at+"@partner.example>\n\nOur numbers.\n")
			s.WaitInside(t, "clara@firm.example")
			m := screen(t)
			s.byDirectory(m, "clara")
			m.Press("inbound " + at)
			m.WaitFor(".mail-text", "Our numbers.")
			m.Press("Reply")
			m.WaitFor("h1", "Reply")
			m.Fill("#body", "And ours: forty-two.")
			m.Press("Send")
			m.WaitFor("h1", "Your answer is sent")
			notice := s.WaitOutside(t, gia)
			if strings.Contains(string(notice.Data), "forty-two") || !strings.Contains(string(notice.Data), "clara@firm.example") {
				t.Errorf("what left:\n%s", notice.Data)
			}
			m.Open(s.URL + "/m/sent")
			m.Press("Re: inbound " + at)
			m.WaitFor(".tag", "Not opened yet")
			g := screen(t)
			activate(g, s.ReadNotice(t, notice).Link)
			g.WaitFor(".mail-text", "And ours: forty-two.")
			m.MustReload().MustWaitLoad()
			m.WaitFor(".tag", "Opened")
			m.Press("Change")
			m.Press("Take it back")
			m.WaitFor(".notice.warn", "stays with whoever opened it")
			m.Press("Take it back")
			m.WaitFor(".notice", "Taken back from 1 recipient")
			m.Quiet()
		})
		t.Run("provider "+at, func(t *testing.T) {
			dora, rcpt := fmt.Sprintf("dora%d@cloud.example", n), fmt.Sprintf("gil%d@guest.example", n)
			m := screen(t)
			s.byProvider(m, dora, true)
			m.Press("New message")
			m.Fill("#to", rcpt)
			m.Fill("#subject", "the plan "+at)
			m.Fill("#body", "What do you think?")
			m.Press("Send")
			m.WaitFor(".said", "Sent.")

			g := screen(t)
			activate(g, s.ReadNotice(t, s.WaitOutside(t, rcpt)).Link)
			g.WaitFor("h1", "the plan "+at)
			g.Press("Reply")
			g.WaitFor("h1", "Reply")
			g.Fill("#body", "I like it.")
			g.Press("Send")
			g.WaitFor("h1", "Your answer is sent")
			_, answer := s.senderMail(t, dora, "I like it.")
			id := answer.Header.Get("Message-Id")
			m.Open(s.URL + "/m/sent")
			m.Press("the plan " + at)
			m.WaitFor(".tag", "Answered")

			// The member goes on in the mail program, about nothing that a rule knows.
			s.Submit(t, dora, []string{rcpt}, "From: "+dora+"\nTo: "+rcpt+"\nSubject: Re: the plan\nMessage-ID: <on-"+at+"@cloud.example>\nIn-Reply-To: "+id+"\nReferences: "+answer.Header.Get("References")+" "+id+"\n\nThen let us begin.\n")
			next := s.nthOutside(t, rcpt, 2)
			if strings.Contains(string(next.Data), "let us begin") {
				t.Fatal("the answer left in clear")
			}
			g.Open(s.ReadNotice(t, next).Link)
			g.Press("Open the message")
			g.WaitFor(".mail-text", "Then let us begin.")
			g.WaitFor(".conversation", "the plan "+at)
			g.Quiet() // the provider's own pages ask elsewhere for their font
		})
	}
	if out := s.Run(t, "store", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("store check: %s", out)
	}
}
