package portal

import (
	"os"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// hostileMails reads the attacks that package display's tests use too, and makes
// mails of some each: one that breaks the parsing must not hide all others.
func hostileMails(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("display/testdata/hostile.html")
	must(t, err)
	attacks := strings.Split(strings.TrimSpace(string(b)), "\n<")
	if len(attacks) < 140 {
		t.Fatalf("only %d attacks", len(attacks))
	}
	var mails []string
	for i := 0; i < len(attacks); i += 10 {
		body := "<p>" + strings.Join(attacks[i:min(i+10, len(attacks))], "</p><p><") + "</p>"
		mails = append(mails, "From: clara@firm.example\nSubject: hostile\nContent-Type: text/html; charset=utf-8\n\n"+body+"\n")
	}
	return mails
}

// harmless looks into the frame that shows a mail.
const harmless = `() => {
	const bad = [];
	for (const e of document.body.querySelectorAll('*')) {
		if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml') bad.push('namespace ' + e.nodeName);
		if (/^(script|style|link|meta|base|iframe|frame|object|embed|form|input|button|select|textarea|svg|math|video|audio|source|picture|template|title|dialog)$/i.test(e.nodeName)) bad.push(e.nodeName);
		for (const a of e.attributes) {
			if (/^(on|id$|name$|class$|srcset|background|ping|action|formaction|is$|slot|part)/i.test(a.name)) bad.push(e.nodeName + ' ' + a.name);
			if (a.name === 'src' && !a.value.startsWith('data:image/')) bad.push('src ' + a.value);
			if (a.name === 'href' && !/^(https?:|mailto:|tel:)/i.test(a.value)) bad.push('href ' + a.value);
			if (a.name === 'href' && /^https?:/i.test(a.value) && e.target !== '_blank') bad.push('target ' + a.value);
			if (a.name === 'style' && /url|expression|@|\\|position|var\(|\{/i.test(a.value)) bad.push('style ' + a.value);
		}
	}
	return bad.join('\n');
}`

// TestBrowserHostile shows hostile mails as both the server and the browser clean
// them: nothing runs, nothing is loaded, nothing is left that could.
func TestBrowserHostile(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.Page = 100 })
	b := browsertest.Start(t)
	account := b.Tab(t, true)
	c, _ := s.activated(plainMail)
	(&world{s: s}).as(account, cookieOf(c))
	check := func(tb *browsertest.Tab, raw string) {
		t.Helper()
		if got := tb.Mail().MustEval(harmless).Str(); got != "" {
			t.Errorf("left of %.300s\n%s", raw, got)
		}
		for _, r := range tb.Requests() {
			if strings.Contains(r, "evil.example") {
				t.Errorf("a request left: %.100s", r)
			}
		}
		if title := tb.MustEval(`() => document.title`).Str(); !strings.HasPrefix(title, "hostile") {
			t.Errorf("the page became %q", title)
		}
	}
	for _, raw := range hostileMails(t) {
		id, _ := s.sealed(seal.ModeAccount, raw)
		c.post("/m/" + id + "/open")
		account.Open(s.url + "/m/" + id)
		check(account, raw)

		id, code := s.sealed(seal.ModeOneTime, raw)
		tb := b.Tab(t, true)
		tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
		tb.Press(text("onetime.button"))
		tb.WaitFor("#m-subject", "hostile")
		check(tb, raw)
	}
}
