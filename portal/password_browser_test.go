package portal

import (
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
)

// TestBrowserPasswordRules: what the page ticks off is what the server takes.
func TestBrowserPasswordRules(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeAccount, plainMail)
	tb := browsertest.Start(t).Tab(t, true)
	tb.Open(s.url + "/a/" + id + "#" + code.Fragment())
	tb.Press(text("link.button"))
	tb.WaitFor("h1", text("activate.heading"))
	// The list of common words has arrived when this is refused.
	tb.Fill("#password", "password1234567")
	tb.WaitFor("li.unmet", text("password.common"))
	r, err := newPasswordRules(0)
	must(t, err)
	p, err := newPortal(Options{Owner: s.owner, SigningKey: make([]byte, 32), Pepper: make([]byte, 16), URL: s.url, Brand: Brand{Name: "Firm Ltd"}})
	must(t, err)
	for _, name := range []string{"", "Gustav Guest", "Zoë O'Neill-Ångström"} {
		for _, password := range []string{"correct horse battery staple", "wrong zebra charger paperclip", password, "7f#kQ9!xZp2@Lm4", "日本語の長いパスフレーズです例えば",
			"äöüßäöüßäöüßäöü", "aaaaaaaaaaaaaaaaaaaa", "123456789012345678", "abcdefghijklmnopqrst", "passwordpassword", "Password-Password-1",
			"qwertyuiopasdfghjkl", "Welcome2024Welcome!", "gustav.guest@elsewhere", "Gustav Guest Firm 1", "postsealpostseal1", "Ångström O'Neill Zoë 1",
			"ＰＡＳＳＷＯＲＤ１２３４５６７", "dcbadcbadcbadcba1", "xyxyxyxyxyxyxyxyxyxy1", "fourteen chars", "elsewhere firm 12"} {
			got := tb.MustEval(`(name, password) => {
				document.getElementById('name').value = name;
				document.getElementById('password').value = password;
				document.getElementById('password').dispatchEvent(new Event('input', { bubbles: true }));
				return [...document.querySelectorAll('#password-rules li')].every((li) => li.className === 'met');
			}`, name, password).Bool()
			if want := len(r.check(password, p.context(name, guest))) == 0; got != want {
				t.Errorf("name %q, password %q: the page says %v, the server %v", name, password, got, want)
			}
		}
	}
}
