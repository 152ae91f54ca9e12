package portal

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

func TestOptions(t *testing.T) {
	good := func() Options {
		return Options{Owner: noOwner{}, SigningKey: make([]byte, 32), Pepper: make([]byte, 16), URL: "https://pickup.example.com"}
	}
	tests := []struct {
		name   string
		change func(*Options)
		want   string // in the error; "" is none
	}{
		{"good", func(*Options) {}, ""},
		{"loopback", func(o *Options) { o.URL = "http://127.0.0.1:8443" }, ""},
		{"loopback v6", func(o *Options) { o.URL = "http://[::1]:8443" }, ""},
		{"localhost", func(o *Options) { o.URL = "http://localhost:8443/" }, ""},
		{"http elsewhere", func(o *Options) { o.URL = "http://pickup.example.com" }, "http is allowed for loopback hosts alone"},
		{"http like loopback", func(o *Options) { o.URL = "http://127.0.0.1.example.com" }, "http is allowed for loopback hosts alone"},
		{"path", func(o *Options) { o.URL = "https://example.com/pickup" }, "scheme and a host"},
		{"ftp", func(o *Options) { o.URL = "ftp://example.com" }, "not https"},
		{"no owner", func(o *Options) { o.Owner = nil }, "no store owner"},
		{"no key", func(o *Options) { o.SigningKey = nil }, "no signing key"},
		{"pepper", func(o *Options) { o.Pepper = []byte("short") }, "pepper"},
		{"colour", func(o *Options) { o.Brand.Colour = "red" }, "#rrggbb"},
		{"logo", func(o *Options) { o.Brand.Logo = []byte("<svg onload=alert(1)>") }, "logo"},
	}
	for _, tt := range tests {
		o := good()
		tt.change(&o)
		_, err := New(o)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		url, name string
		secure    bool
	}{
		{"https://pickup.example.com", "__Host-postseal", true},
		{"http://127.0.0.1:9", "postseal", false},
	} {
		s := newSite(t, nil)
		_, code := s.sealed(seal.ModeAccount, plainMail)
		h, err := New(Options{Owner: s.owner, SigningKey: s.owner.keys.Signing, Recovery: s.owner.keys.Recovery, Now: s.owner.now,
			Pepper: make([]byte, 32), URL: tt.url})
		must(t, err)
		r := httptest.NewRequest("POST", tt.url+"/activate", strings.NewReader(url.Values{
			"code": {code.Fragment()}, "name": {"G"}, "password": {password}, "repeat": {password}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%s: status %d, %d cookies", tt.url, w.Code, len(cookies))
		}
		ck := cookies[0]
		if ck.Name != tt.name || ck.Secure != tt.secure || !ck.HttpOnly || ck.SameSite != http.SameSiteLaxMode || ck.Path != "/" || ck.Domain != "" || ck.MaxAge != 0 {
			t.Errorf("%s: cookie %v", tt.url, ck)
		}
		if got := w.Header().Get("Strict-Transport-Security") != ""; got != tt.secure {
			t.Errorf("%s: HSTS %v", tt.url, got)
		}
		// What the owner keeps does not open with what the owner knows.
		owner, secret, _ := strings.Cut(ck.Value, ".")
		known, err := seal.ParseToken(owner)
		must(t, err)
		info, err := s.owner.SessionInfo(context.Background(), known)
		must(t, err)
		for half, want := range map[string]bool{owner: false, secret: true} {
			token, err := seal.ParseToken(half)
			must(t, err)
			if _, err := seal.AccountKeyOfSession(info.SealedKey, token); (err == nil) != want {
				t.Errorf("%s: a half of the cookie opens the session's key: %v, want %v", tt.url, err == nil, want)
			}
		}
	}
}

func TestSessionRotatesAndEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(plainMail)
	first := cookieOf(c)
	c.post("/login", "address", guest, "password", password).wants(t, 200)
	if cookieOf(c) == first {
		t.Fatal("the cookie did not change at log-in")
	}
	old := s.client()
	try := func(value string) int {
		r, err := http.NewRequest("GET", s.url+"/m/"+id, nil)
		must(t, err)
		r.AddCookie(&http.Cookie{Name: "postseal", Value: value})
		return old.do(r).status
	}
	if got := try(first); got != 401 {
		t.Errorf("the session from before still works: %d", got)
	}
	now := cookieOf(c)
	token, secret, _ := strings.Cut(now, ".")
	for name, value := range map[string]string{"no secret": token, "other secret": token + "." + seal.NewToken().Encode(),
		"other token": seal.NewToken().Encode() + "." + secret, "garbage": "x.y", "empty": ""} {
		if got := try(value); got != 401 {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if got := try(now); got != 200 {
		t.Errorf("the live session: %d", got)
	}
	s.owner.pass(13 * time.Hour)
	c.get("/inbox").wants(t, 401, text("login.ended"))
}

func TestStrangersMessages(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	strange := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "other@elsewhere.example", raw: plainMail})
	other, code := strange.Message, strange.Code
	one, _ := s.sealed(seal.ModeOneTime, plainMail)
	for _, id := range []string{other, one, "01a1ff9e-74e6-775b-a478-0972810e6e75"} {
		for _, path := range []string{"", "/html", "/eml", "/part/0", "/reply"} {
			c.get("/m/"+id+path).wants(t, 404).lacks(t, "4111 1111")
		}
		c.post("/m/"+id+"/open").wants(t, 404)
	}
	// A link for somebody else isn't added to this account.
	c.post("/a/"+other, "code", code.Fragment()).wants(t, 200).lacks(t, "4111 1111")
	c.get("/inbox").wants(t, 200, "1 message")
}

// TestForgedMessages: what the milter didn't sign, or what isn't what it signed,
// is never shown, though the owner hands it out.
func TestForgedMessages(t *testing.T) {
	t.Parallel()
	message := func(f func(*socket.Message)) func(*testOwner, string) {
		return func(o *testOwner, id string) { o.forge[id] = f }
	}
	payload := func(f func([]byte) []byte) func(*testOwner, string) {
		return func(o *testOwner, id string) { o.corrupt[id] = f }
	}
	tests := map[string]func(*testOwner, string){
		"signature": message(func(m *socket.Message) { m.Manifest.Signature[0] ^= 1 }),
		"manifest": message(func(m *socket.Message) {
			m.Manifest.JSON = bytes.Replace(m.Manifest.JSON, []byte("clara"), []byte("klara"), 1)
		}),
		"payload":          payload(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"payload cut":      payload(func(b []byte) []byte { return b[:len(b)-1] }),
		"payload extended": payload(func(b []byte) []byte { return append(b, 0) }),
		"payload empty":    payload(func([]byte) []byte { return nil }),
		"summary":          message(func(m *socket.Message) { m.Summary[30] ^= 1 }),
		"grant":            message(func(m *socket.Message) { m.Grant[len(m.Grant)-1] ^= 1 }),
		"another's manifest": func(o *testOwner, id string) {
			mf := seal.Manifest{Message: id, Mode: seal.ModeAccount, Recipient: "other@elsewhere.example", Sender: member}
			signed, err := mf.Sign(o.signer.Signing)
			must(t, err)
			o.forge[id] = func(m *socket.Message) { m.Manifest = signed }
		},
		"another message": message(func(m *socket.Message) { m.ID = "01a1ff9e-74e6-775b-a478-0972810e6e75" }),
	}
	for name, forge := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			c, id := s.activated(plainMail)
			forge(s.owner, id)
			for _, path := range []string{"", "/html", "/eml", "/part/0"} {
				c.get("/m/"+id+path).wants(t, 502, text("error.integrity.title")).lacks(t, "4111 1111")
			}
		})
	}
}

func TestClientAddress(t *testing.T) {
	p := &portal{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	tests := []struct {
		peer string
		xff  []string
		want string
	}{
		{"192.0.2.1:5", nil, "192.0.2.1"},
		{"192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"}, // not a proxy of ours
		{"10.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:5", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"}, // the client wrote the first
		{"10.0.0.1:5", []string{"1.1.1.1", "203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"10.0.0.1:5", []string{"not an address"}, "10.0.0.1"},
		{"10.0.0.1:5", nil, "10.0.0.1"},
		{"[::1]:5", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[::ffff:10.0.0.1]:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"@", nil, "unknown"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		for _, v := range tt.xff {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := p.clientAddress(r); got != tt.want {
			t.Errorf("%s %q: %s, want %s", tt.peer, tt.xff, got, tt.want)
		}
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(3, func() time.Time { return now })
	for i, want := range []bool{true, true, true, false} {
		if got := l.take("2001:db8::1") == 0; got != want {
			t.Fatalf("request %d: %v", i, got)
		}
	}
	if l.take("2001:db8::2") == 0 {
		t.Error("the same /64 has a limit of its own")
	}
	if l.take("2001:db8:0:1::2") != 0 || l.take("192.0.2.1") != 0 {
		t.Error("another client is limited")
	}
	now = now.Add(20 * time.Second)
	if l.take("2001:db8::1") != 0 {
		t.Error("a third of a minute gives no request back")
	}
	if l.take("2001:db8::1") == 0 {
		t.Error("it gives more than one back")
	}
	now = now.Add(time.Hour)
	l.take("192.0.2.9")
	if len(l.buckets) > 2 {
		t.Errorf("%d buckets are kept", len(l.buckets))
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Attempts = 4 })
	c := s.client()
	for range 4 {
		c.post("/code", "code", seal.NewCode().Fragment()).wants(t, 404)
	}
	p := c.post("/code", "code", seal.NewCode().Fragment()).wants(t, 429, text("error.throttled.title"))
	if p.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	c.postJSON("/code/find", `{"token":"`+seal.NewToken().Encode()+`"}`).wants(t, 429, `{"error":"throttled"}`)
	c.get("/code").wants(t, 200)

	// A genuine code is no attempt.
	s = newSite(t, func(o *Options) { o.Limits.Attempts = 2 })
	held := s.owner.hold(store.TrustGrant{}, guest).Code.Fragment()
	c = s.client()
	for range 10 {
		c.post("/h", "code", held).wants(t, 200)
	}
}
