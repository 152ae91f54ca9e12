package portal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/postseal/postseal/portal/browsertest"
)

// TestBrowserMailbox does what a reader does all day, on a phone and at a desk:
// choose, delete, bring back, star, find.
func TestBrowserMailbox(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	for name, size := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			w := &world{s: s}
			c, _ := s.activated(plainMail)
			s.mail("Second thing", plainMail)
			s.mail("Third thing", plainMail)
			tb := b.Tab(t, true)
			tb.Screen(size[0], size[1], "light")
			w.as(tb, cookieOf(c))
			tb.Open(s.url + "/inbox")
			tb.WaitFor(".subject", "Third thing")
			tb.MustElement(".row .pick input").MustClick()
			tb.MustElement(".acts [value=delete]").MustClick()
			tb.WaitFor(".said", "Deleted.")
			if n := len(tb.MustElements(".row")); n != 2 {
				t.Errorf("%d rows after deleting", n)
			}
			tb.MustElement(".said button").MustClick()
			tb.WaitFor(".said", "Restored.")
			tb.MustElement("[data-all]").MustClick()
			tb.MustElement(".acts [value=read]").MustClick()
			tb.WaitFor(".said", "3 entries marked as read.")
			tb.MustElement(".star").MustClick()
			tb.WaitFor(".star.on", "★")
			tb.MustElement(".folders [href='/m/search']").MustClick()
			tb.WaitFor("h1", text("search.heading"))
			tb.Fill("#q", "second")
			tb.MustElement("#search button.primary").MustClick()
			tb.WaitFor(".inbox .subject", "Second thing")
			tb.Quiet()
		})
	}
}

// TestBrowserWriting writes a new message with a file that goes up in parts, on a
// line that breaks, and leaves a draft behind that saved itself.
func TestBrowserWriting(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := newSite(t, nil)
	w := &world{s: s}
	c, _ := s.activated(plainMail)
	tb := b.Tab(t, true)
	tb.Screen(390, 844, "light")
	w.as(tb, cookieOf(c))
	tb.Open(s.url + "/inbox")
	tb.MustElement(".folders .primary").MustClick()
	tb.WaitFor("h1", text("mailbox.compose"))
	tb.Fill("#to", member)
	tb.Fill("#subject", "With a file")
	tb.Fill("#body", "See the file.")
	tb.WaitFor("#draft-state", text("write.saved")) // by itself

	file := filepath.Join(t.TempDir(), "große Datei.bin")
	data := strings.Repeat("0123456789abcdef", 200_000) // in four parts
	must(t, os.WriteFile(file, []byte(data), 0o600))
	// The second part is lost once: the answer never arrives.
	must(t, proto.NetworkEnable{}.Call(tb))
	_, err := tb.Eval(`() => {
		const real = window.fetch;
		let n = 0;
		window.fetch = async (...a) => {
			const answer = await real(...a);
			if (/\/[0-9]+$/.test(a[0]) && ++n === 2) throw new TypeError('lost');
			return answer;
		};
	}`)
	must(t, err)
	must(t, tb.MustElement("#files").SetFiles([]string{file}))
	tb.WaitFor("#attached .name", "große Datei.bin")
	_, err = tb.Timeout(20 * time.Second).Element("#attached input[name=kept]")
	must(t, err)
	tb.WaitFor("#draft-state", text("write.saved"))
	tb.MustElement(".choices .primary").MustClick()
	tb.WaitFor(".said", "Sent.")
	mails := s.owner.sent("reply")
	if len(mails) != 1 || len(mails[0].raw) < len(data)*4/3 {
		t.Fatalf("%d mails", len(mails))
	}
	tb.WaitFor(".subject", "With a file")
	tb.MustElement("a.cell").MustClick()
	tb.WaitFor("h1", "With a file")
	tb.WaitFor(".attachments .name", "große Datei.bin")
	tb.Quiet("409", "lost")
}
