package portal

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/postseal/postseal/store/seal"
)

func (s *site) totp(secret string) string {
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), s.owner.now())
	must(s.t, err)
	return code
}

var (
	shownKey   = regexp.MustCompile(`<code class="key">([A-Z2-7 ]+)</code>`)
	shownCode  = regexp.MustCompile(`<li><code>([0-9A-Z-]{11})</code></li>`)
	sessionKey = regexp.MustCompile(`name="id" value="([0-9a-f]{24})"`)
)

// withTOTP adds an app to a client's account: its key and the recovery codes.
func (c *client) withTOTP() (string, []string) {
	c.t.Helper()
	p := c.post("/settings/totp", "current", password).wants(c.t, 200, text("totp.heading"), "<svg class=\"qr\"")
	key := shownKey.FindStringSubmatch(p.body)
	if key == nil {
		c.t.Fatalf("no key in\n%s", p.body)
	}
	c.post("/settings/totp/confirm", "code", "000000").wants(c.t, 422, text("second.wrong"))
	p = c.post("/settings/totp/confirm", "code", c.totp(key[1])).wants(c.t, 200, text("codes.heading"))
	var codes []string
	for _, m := range shownCode.FindAllStringSubmatch(p.body, -1) {
		codes = append(codes, m[1])
	}
	if len(codes) != 10 {
		c.t.Fatalf("%d recovery codes", len(codes))
	}
	return key[1], codes
}

func TestSettingsSecondStep(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(plainMail)
	c.post("/settings/totp", "current", "not the password at all").wants(t, 403, text("settings.wrong"))
	key, codes := c.withTOTP()
	c.get("/settings").wants(t, 200, text("settings.factors.totp"), "10 recovery codes").lacks(t, strings.ReplaceAll(key, " ", ""), codes[0])

	s.owner.pass(time.Minute)
	other := s.client()
	other.post("/login", "address", guest, "password", password, "message", id).wants(t, 200, text("second.heading")).lacks(t, "4111 1111")
	// The cookie of the first step is worth nothing yet.
	other.get("/inbox").wants(t, 401)
	other.post("/login", "address", guest, "password", password, "message", id).wants(t, 200)
	other.post("/login/second", "code", "123456", "message", id).wants(t, 401, text("second.wrong"))
	p := other.post("/login/second", "code", s.totp(key), "message", id).wants(t, 200, "4111 1111")
	if p.url.Path != "/m/"+id {
		t.Errorf("led to %s", p.url.Path)
	}
	third := s.client()
	third.post("/login", "address", guest, "password", password)
	third.post("/login/second", "code", codes[0]).wants(t, 200, text("inbox.heading"))
	third.get("/settings").wants(t, 200, "9 recovery codes")
	s.client().post("/login/second", "code", codes[1]).wants(t, 401, text("login.heading"))

	// A new password by the mailbox does not pass it by.
	stranger := s.client()
	stranger.post("/forgot", "address", guest).wants(t, 200)
	resets := s.owner.resets()
	reset := resets[len(resets)-1]
	stranger.post("/activate", "code", reset.Fragment(), "name", "Gustav", "password", fresh, "repeat", fresh).
		wants(t, 200, text("second.heading"))
	stranger.get("/inbox").wants(t, 401)

	again := s.client()
	again.post("/login", "address", guest, "password", fresh)
	again.post("/login/second", "code", codes[2]).wants(t, 200)
	again.post("/settings/codes", "current", fresh).wants(t, 200, text("codes.heading"))
	again.post("/settings/factor/remove", "current", fresh, "id", "totp").wants(t, 200, text("settings.done.removed"))
	s.client().post("/login", "address", guest, "password", fresh).wants(t, 200, text("inbox.heading"))
}

const fresh = "zwölf grüne Kisten am Hafen"

func TestSettingsPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	other := s.client()
	other.post("/login", "address", guest, "password", password).wants(t, 200)
	c.post("/settings/password", "current", password, "password", "short", "repeat", "short").wants(t, 422, text("password.length.error", "Length", 15))
	c.post("/settings/password", "current", password, "password", fresh, "repeat", "other").wants(t, 422, text("activate.mismatch"))
	c.post("/settings/password", "current", "wrong", "password", fresh, "repeat", fresh).wants(t, 403, text("settings.wrong"))
	c.post("/settings/password", "current", password, "password", fresh, "repeat", fresh).wants(t, 200, text("settings.done.password"))
	other.get("/inbox").wants(t, 401)
	s.client().post("/login", "address", guest, "password", password).wants(t, 401)
	s.client().post("/login", "address", guest, "password", fresh).wants(t, 200, "Your statement")
}

func TestSettingsSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	others := []*client{s.client(), s.client(), s.client()}
	for _, o := range others {
		o.post("/login", "address", guest, "password", password).wants(t, 200)
	}
	p := c.get("/settings").wants(t, 200, text("settings.sessions.own"), text("settings.sessions.all"), "127.0.0.1")
	ids := sessionKey.FindAllStringSubmatch(p.body, -1)
	if len(ids) != 3 {
		t.Fatalf("%d other sessions", len(ids))
	}
	c.post("/settings/sessions", "id", ids[0][1]).wants(t, 200, text("settings.done.sessions"))
	left := 0
	for _, o := range others {
		if o.get("/inbox").status == 200 {
			left++
		}
	}
	if left != 2 {
		t.Errorf("%d of 2 sessions are left", left)
	}
	c.post("/settings/sessions", "id", "").wants(t, 200).lacks(t, text("settings.sessions.all"))
	c.get("/inbox").wants(t, 200)
}

func TestSettingsProfile(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	c.post("/settings/profile", "name", "", "phrase", strings.Repeat("x", 61)).wants(t, 422, text("activate.badname"), text("settings.phrase.long"))
	c.post("/settings/profile", "name", "Gusta <b>", "phrase", "blue elephants").wants(t, 200, text("settings.done.profile"), `value="blue elephants"`, "Gusta &lt;b&gt;").
		lacks(t, `value="yes" checked`)
	c.post("/settings/profile", "name", "Gusta", "phrase", "", "alerts", "yes").wants(t, 200, `value="yes" checked`)
}

func TestSettingsDownload(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	s.sealed(seal.ModeAccount, strings.Replace(plainMail, "Your statement", "../../etc/passwd", 1))
	s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "other@elsewhere.example", raw: strings.Replace(plainMail, "4111", "5500", 1)})
	r, err := http.NewRequest("POST", c.url+"/settings/messages", strings.NewReader(url.Values{}.Encode()))
	must(t, err)
	p := c.do(r).wants(t, 200)
	if d := p.header.Get("Content-Disposition"); d != "attachment; filename=messages.zip" {
		t.Errorf("disposition %q", d)
	}
	z, err := zip.NewReader(bytes.NewReader([]byte(p.body)), int64(len(p.body)))
	must(t, err)
	if len(z.File) != 2 {
		t.Fatalf("%d files", len(z.File))
	}
	for _, f := range z.File {
		if strings.ContainsAny(f.Name, "/\\") || !strings.HasSuffix(f.Name, ".eml") {
			t.Errorf("name %q", f.Name)
		}
		in, err := f.Open()
		must(t, err)
		b, err := io.ReadAll(in)
		must(t, err)
		if !strings.Contains(string(b), "The number is 4111") || !strings.Contains(string(b), "Message-ID: <1@firm.example>\r\n") {
			t.Errorf("%s holds\n%s", f.Name, b)
		}
	}
	c.get("/inbox").wants(t, 200) // the session goes on
}

func TestSettingsClose(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(plainMail)
	c.post("/settings/close", "current", password).wants(t, 422, text("settings.close.unsure"))
	c.post("/settings/close", "current", "wrong", "sure", "yes").wants(t, 403, text("settings.wrong"))
	c.get("/m/"+id).wants(t, 200)
	c.post("/settings/close", "current", password, "sure", "yes").wants(t, 200, text("login.closed"))
	c.get("/m/"+id).wants(t, 401)
	s.client().post("/login", "address", guest, "password", password).wants(t, 401, text("login.wrong"))
}

func TestPasswordLength(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.PasswordLength = 20 })
	_, code := s.sealed(seal.ModeAccount, plainMail)
	c := s.client()
	const nineteen = "grüne Kisten am Kai"
	c.post("/activate", "code", code.Fragment(), "name", "Gustav", "password", nineteen, "repeat", nineteen).
		wants(t, 422, text("password.length.error", "Length", 20), text("password.length", "Length", 20), `data-length="20"`)
	c.post("/activate", "code", code.Fragment(), "name", "Gustav", "password", nineteen+"!", "repeat", nineteen+"!").wants(t, 200, "4111 1111")
}
