package portal

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/signin/signintest"
)

// newMemberSite starts a portal whose members sign in: those of firm.example by a
// real slapd, those of cloud.example by a real OpenID provider, those of
// own.example by a password of the portal.
func newMemberSite(t testing.TB, change func(*Options)) *site {
	t.Helper()
	d := signintest.StartDirectory(t)
	return newSiteOf(t, func(at string, o *store.Options) {
		redirect := at + "/signin/return"
		s, err := signin.New(signin.Options{
			Domains: []string{"firm.example", "cloud.example", "own.example"}, Default: signin.LDAP,
			Methods: map[string]signin.Method{"cloud.example": signin.OIDC, "own.example": signin.Password},
			Directory: &signin.DirectoryOptions{URL: d.SecureURL, Roots: d.Roots, Base: signintest.Base,
				BindDN: signintest.BindDN, BindPassword: signintest.BindPassword},
			Provider: &signin.ProviderOptions{Issuer: signintest.Provider(t, redirect), ClientID: signintest.ClientID,
				Secret: signintest.ClientSecret, Redirect: redirect},
		})
		must(t, err)
		o.SignIn, o.URL = s, at
	}, func(o *Options) {
		o.Members = true
		if change != nil {
			change(o)
		}
	})
}

var wayOut = regexp.MustCompile(`<a [^>]*href="([^"]+)" data-follow>`)

// atProvider signs a client in at the provider, and returns the page that the
// browser comes back to.
func (c *client) atProvider(p page, login string) page {
	c.t.Helper()
	to := wayOut.FindStringSubmatch(p.body)
	if to == nil {
		c.t.Fatalf("no way out in\n%s", p.body)
	}
	back := signintest.SignIn(c.t, html.UnescapeString(to[1]), login)
	return c.get(back.RequestURI())
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// fields are the hidden ones of a page.
func (p page) fields() []string {
	var all []string
	for _, m := range hidden.FindAllStringSubmatch(p.body, -1) {
		all = append(all, m[1], html.UnescapeString(m[2]))
	}
	return all
}

func TestMembersSignIn(t *testing.T) {
	t.Parallel()
	s := newMemberSite(t, nil)
	for _, address := range []string{"clara@firm.example", "dora@cloud.example", "oscar@own.example", "gus@elsewhere.example"} {
		s.owner.seal(sealRequest{mode: seal.ModeAccount, from: "boss@firm.example", to: address, raw: plainMail,
			summary: seal.Summary{Subject: "Before the first sign-in"}})
	}

	t.Run("directory", func(t *testing.T) {
		c := s.client()
		c.get("/").wants(t, 200, text("login.next")).lacks(t, `name="password"`)
		c.post("/login", "address", "clara@firm.example").wants(t, 200, text("login.domain"), `name="password"`).lacks(t, text("login.forgot"))
		c.post("/login", "address", "clara@firm.example", "password", "wrong").wants(t, 401, text("login.wrong"))
		p := c.post("/login", "address", "clara@firm.example", "password", "right of clara").wants(t, 200, "Before the first sign-in")
		if p.url.Path != "/inbox" {
			t.Errorf("led to %s", p.url.Path)
		}
		c.get("/settings").wants(t, 200, text("settings.password.elsewhere"), "Clara Member")
		// The account is the same the next time.
		again := s.client()
		again.post("/login", "address", "CLARA@firm.example", "password", "right of clara").wants(t, 200, "Before the first sign-in")
		// There is no other way in.
		s.client().post("/forgot", "address", "clara@firm.example").wants(t, 200)
		if n := len(s.owner.resets()); n != 0 {
			t.Errorf("%d reset mails", n)
		}
		again.post("/settings/close", "sure", "yes").wants(t, 200, text("login.closed"))
	})

	t.Run("provider", func(t *testing.T) {
		c := s.client()
		p := c.post("/login", "address", "dora@cloud.example").wants(t, 200, text("signin.away.heading"))
		p = c.atProvider(p, "dora@cloud.example").wants(t, 200, text("signin.return.heading"))
		// A GET has not logged in.
		c.get("/inbox").wants(t, 401)
		answer := p.fields()
		// Another browser can't use the answer.
		s.client().post("/signin/return", answer...).wants(t, 401, text("signin.refused"))
		c.post("/signin/return", answer...).wants(t, 200, "Before the first sign-in")
		c.get("/settings").wants(t, 200, "Dora Cloud", "dora@cloud.example")
		c.post("/signin/return", answer...).wants(t, 401, text("signin.refused"))
		c.get("/signin/return?error=access_denied").wants(t, 401, text("signin.refused"))

		// What needs a fresh log-in says so, or that there can be none.
		s.owner.pass(20 * time.Minute)
		c.post("/settings/totp").wants(t, 403, text("settings.stale"))
		s.owner.silent.Store(true)
		c.post("/settings/totp").wants(t, 403, text("settings.unproven"))
		c.post("/settings/close", "sure", "yes").wants(t, 403, text("settings.unproven"))
		s.owner.silent.Store(false)

		// Who logs out is asked by the provider, too, the next time; nobody else is.
		asked := func() bool {
			return strings.Contains(wayOut.FindString(c.post("/login", "address", "dora@cloud.example").body), "prompt=login")
		}
		if asked() {
			t.Error("somebody who did not log out is asked again")
		}
		c.post("/logout").wants(t, 200, text("login.out"))
		if !asked() {
			t.Error("somebody who logged out is not asked again")
		}
		back := c.atProvider(c.post("/login", "address", "dora@cloud.example"), "dora@cloud.example")
		c.post("/signin/return", back.fields()...).wants(t, 200, "Before the first sign-in")
		if asked() {
			t.Error("somebody who was asked is asked again")
		}

		for _, login := range []string{"unverified@cloud.example", "none@cloud.example", "dora@firm.example", "gus@elsewhere.example"} {
			x := s.client()
			back := x.atProvider(x.post("/login", "address", "dora@cloud.example"), login)
			x.post("/signin/return", back.fields()...).wants(t, 401, text("signin.refused"))
			x.get("/inbox").wants(t, 401)
		}
	})

	t.Run("notice", func(t *testing.T) {
		m := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: "boss@firm.example", to: "dirk@firm.example", raw: plainMail})
		c := s.client()
		c.post("/a/"+m.Message, "code", m.Code.Fragment()).wants(t, 200, text("login.domain")).lacks(t, text("activate.heading"))
		c.post("/activate", "code", m.Code.Fragment(), "name", "Dirk", "password", password, "repeat", password).wants(t, 409)
		p := c.post("/login", "address", "dirk@firm.example", "password", "right of dirk", "message", m.Message).wants(t, 200, "4111 1111")
		if p.url.Path != "/m/"+m.Message {
			t.Errorf("led to %s", p.url.Path)
		}
		m = s.owner.seal(sealRequest{mode: seal.ModeAccount, from: "boss@firm.example", to: "udo@cloud.example", raw: plainMail})
		c = s.client()
		back := c.atProvider(c.post("/a/"+m.Message, "code", m.Code.Fragment()).wants(t, 200, text("signin.away.heading")), "udo@cloud.example")
		c.post("/signin/return", back.fields()...).wants(t, 200, "4111 1111")
	})

	t.Run("password", func(t *testing.T) {
		c := s.client()
		// An address of which nothing is known yet: the mail proves that it is theirs.
		c.post("/forgot", "address", "paula@own.example").wants(t, 200, "is on its way")
		codes := s.owner.resets()
		code := codes[len(codes)-1]
		c.post("/activate", "code", code.Fragment(), "name", "Paula", "password", password, "repeat", password).wants(t, 200, text("inbox.empty"))
		c.post("/forgot", "address", "nobody@elsewhere.example").wants(t, 200)
	})

	t.Run("no oracle", func(t *testing.T) {
		s.activated(plainMail)
		body := func(address string) string {
			p := s.client().post("/login", "address", address).wants(t, 200, `name="password"`)
			return strings.ReplaceAll(p.body, address, "ADDRESS")
		}
		if body(guest) != body("nobody@elsewhere.example") || body(guest) != body("oscar@own.example") {
			t.Error("the page tells a known address from an unknown one")
		}
		if body("clara@firm.example") != body("nobody@firm.example") {
			t.Error("the page tells a member from nobody")
		}
	})
}

func TestMembersNeedRecovery(t *testing.T) {
	t.Parallel()
	s := newMemberSite(t, func(o *Options) { o.Recovery = nil })
	c := s.client()
	c.post("/login", "address", "clara@firm.example", "password", "right of clara").wants(t, 503, text("error.norecovery.title"))
	c.post("/login", "address", "dora@cloud.example").wants(t, 503, text("error.norecovery.title"))
}

// TestBrowserMembers: with scripts the provider's pages are all that has to be
// filled in, at a phone's and a desk's width.
func TestBrowserMembers(t *testing.T) {
	t.Parallel()
	s := newMemberSite(t, nil)
	b := browsertest.Start(t)
	for _, size := range []struct{ width, height int }{{390, 844}, {1280, 800}} {
		tb := b.Tab(t, true)
		tb.Screen(size.width, size.height, "light")
		tb.Open(s.url + "/")
		tb.Fill("#address", "dora@cloud.example")
		tb.Press(text("login.next"))
		tb.WaitFor("input[name=login]", "")
		tb.Fill("input[name=login]", "dora@cloud.example")
		tb.Fill("input[name=password]", "any")
		tb.Press("Sign-in")
		tb.WaitFor("button", "Continue")
		tb.Press("Continue")
		tb.WaitFor("h1", text("inbox.heading"))

		tb = b.Tab(t, true)
		tb.Screen(size.width, size.height, "light")
		tb.Open(s.url + "/")
		tb.Fill("#address", "clara@firm.example")
		tb.Press(text("login.next"))
		tb.WaitFor("#password", "")
		tb.Fill("#password", "right of clara")
		tb.Press(text("login.button"))
		tb.WaitFor("h1", text("inbox.heading"))
		tb.Quiet()
	}
}
