package signintest

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The client that the provider knows.
const (
	ClientID     = "postseal"
	ClientSecret = "a secret of the client for the tests"
)

// Provider starts an OpenID provider that sends browsers back to redirect, and
// returns its issuer. It lets in whoever gives an address as the login name, with
// any password; "unverified@..." has an address that nobody verified, "none@..."
// has no address.
func Provider(t testing.TB, redirect string) string {
	t.Helper()
	return ProviderAt(t, redirect, "")
}

// ProviderAt is Provider with a clock that is ahead by the duration in a file, if there
// is one.
func ProviderAt(t testing.TB, redirect, clock string) string {
	t.Helper()
	dir := filepath.Join(here(), "provider")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "oidc-provider")); err != nil {
		t.Fatalf("%v; .ci/install installs it", err)
	}
	p := port(t)
	c := exec.Command("node", "server.mjs", fmt.Sprint(p), redirect)
	c.Dir, c.Env = dir, append(os.Environ(), "POSTSEAL_CLOCK="+clock)
	waitFor(t, start(t, c), "ready")
	return fmt.Sprintf("http://localhost:%d", p)
}

// SignIn does what a person does at the provider in a browser that it does not know,
// and returns the address that it sends the browser back to.
func SignIn(t testing.TB, at, login string) *url.URL {
	t.Helper()
	back, _ := NewBrowser(t).SignIn(t, at, login)
	return back
}

// A Browser is remembered by the provider.
type Browser struct{ jar *cookiejar.Jar }

// NewBrowser returns one that the provider does not know.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{jar}
}

// SignIn does what a person does at the provider, beginning at the address that the
// browser was sent to. back is the address that it sends the browser back to; asked
// reports whether it asked who the person is.
func (b *Browser) SignIn(t testing.TB, at, login string) (back *url.URL, asked bool) {
	t.Helper()
	first, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: b.jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != first.Host {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.Get(at)
	for range 5 { // to log in, to consent
		if err != nil {
			t.Fatal(err)
		}
		body, readErr := io.ReadAll(res.Body)
		res.Body.Close()
		if readErr != nil {
			t.Fatal(readErr)
		}
		if back != nil {
			return back, asked
		}
		action, prompt := formAction.FindSubmatch(body), formPrompt.FindSubmatch(body)
		if action == nil || prompt == nil {
			t.Fatalf("the provider shows no form:\n%.2000s", body)
		}
		to, parseErr := res.Request.URL.Parse(html.UnescapeString(string(action[1])))
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		asked = asked || string(prompt[1]) == "login"
		form := url.Values{"prompt": {string(prompt[1])}, "login": {login}, "password": {"any"}}
		res, err = browser.Post(to.String(), "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	}
	t.Fatal("the provider asks and asks")
	return nil, false
}

var (
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
	formPrompt = regexp.MustCompile(`name="prompt" value="([^"]+)"`)
)
