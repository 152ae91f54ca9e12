package portal

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

const (
	guest    = "guest@elsewhere.example"
	member   = "clara@firm.example"
	password = "sieben blaue Fahrräder im Regen"
)

// A site is a portal on a loopback port, with a store behind it.
type site struct {
	t     testing.TB
	owner *testOwner
	url   string
	log   *logBuffer
}

// newSite starts a portal. change may adjust the options.
func newSite(t testing.TB, change func(*Options)) *site {
	t.Helper()
	return newSiteOf(t, nil, change)
}

// newSiteOf is newSite with a store of one's own options: keep may adjust them. The
// portal is then reached by the name localhost, which passkeys ask for.
func newSiteOf(t testing.TB, keep func(url string, o *store.Options), change func(*Options)) *site {
	t.Helper()
	s := &site{t: t, log: &logBuffer{}}
	srv := httptest.NewUnstartedServer(nil)
	s.url = "http://" + srv.Listener.Addr().String()
	if keep == nil {
		keep = func(string, *store.Options) {}
	} else {
		s.url = strings.Replace(s.url, "127.0.0.1", "localhost", 1)
	}
	s.owner = newTestOwner(t, func(o *store.Options) { keep(s.url, o) })
	o := Options{
		Owner: s.owner, SigningKey: s.owner.keys.Signing, Recovery: s.owner.keys.Recovery, Now: s.owner.now,
		Pepper: []byte("a pepper for the tests only"), URL: s.url, Log: s.log.logger(),
		Brand:  Brand{Name: "Firm Ltd", Help: "Questions? Call +49 555 0100."},
		Limits: Limits{Requests: 100000, Attempts: 100000},
	}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	must(t, err)
	srv.Config.Handler = h
	srv.Start()
	t.Cleanup(srv.Close)
	return s
}

// A client is a browser without scripts: it has cookies and follows redirects.
type client struct {
	*site
	http *http.Client
}

func (s *site) client() *client {
	jar, err := cookiejar.New(nil)
	must(s.t, err)
	return &client{s, &http.Client{Jar: jar}}
}

// A page is an answer.
type page struct {
	status int
	body   string
	header http.Header
	url    *url.URL
}

func (c *client) do(r *http.Request) page {
	c.t.Helper()
	res, err := c.http.Do(r)
	must(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(c.t, err)
	if res.StatusCode == 500 {
		c.t.Logf("log:\n%s", c.log)
	}
	return page{res.StatusCode, string(b), res.Header, res.Request.URL}
}

func (c *client) get(path string) page {
	c.t.Helper()
	r, err := http.NewRequest("GET", c.url+path, nil)
	must(c.t, err)
	return c.do(r)
}

func (c *client) post(path string, fields ...string) page {
	c.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", c.url+path, strings.NewReader(v.Encode()))
	must(c.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(r)
}

func (c *client) postJSON(path, body string) page {
	c.t.Helper()
	r, err := http.NewRequest("POST", c.url+path, strings.NewReader(body))
	must(c.t, err)
	r.Header.Set("Content-Type", "application/json")
	return c.do(r)
}

// wants fails the test unless the page has this status and all of the texts.
func (p page) wants(t testing.TB, status int, texts ...string) page {
	t.Helper()
	if p.status != status {
		t.Fatalf("%s: status %d, want %d\n%s", p.url.Path, p.status, status, p.body)
	}
	for _, s := range texts {
		if !strings.Contains(p.body, s) && !strings.Contains(html.UnescapeString(p.body), s) {
			t.Fatalf("%s: no %q in\n%s", p.url.Path, s, p.body)
		}
	}
	return p
}

// lacks fails the test if the page has one of the texts.
func (p page) lacks(t testing.TB, texts ...string) page {
	t.Helper()
	for _, s := range texts {
		if strings.Contains(p.body, s) || strings.Contains(html.UnescapeString(p.body), s) {
			t.Fatalf("%s: %q in\n%s", p.url.Path, s, p.body)
		}
	}
	return p
}

const plainMail = `From: Clara Member <clara@firm.example>
To: guest@elsewhere.example
Subject: Your statement
Date: Fri, 20 Nov 2026 10:00:00 +0100
Message-ID: <1@firm.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

The number is 4111 1111 1111 1111.
`

// sealed seals a message of the member's to the guest and returns its id and, if
// it has a link, the code.
func (s *site) sealed(mode seal.Mode, raw string) (string, seal.Code) {
	m, err := display.Read(strings.NewReader(raw))
	must(s.t, err)
	sealed := s.owner.seal(sealRequest{mode: mode, from: member, to: guest, raw: raw,
		summary: seal.Summary{From: m.Get("From"), To: m.Get("To"), Subject: m.Get("Subject"), Date: m.Date()}})
	return sealed.Message, sealed.Code
}

// activated returns a client with an account and its first message open.
func (s *site) activated(raw string) (*client, string) {
	s.t.Helper()
	id, code := s.sealed(seal.ModeAccount, raw)
	c := s.client()
	p := c.post("/activate", "code", code.Fragment(), "name", "Gustav Guest", "password", password, "repeat", password)
	p.wants(s.t, 200)
	if p.url.Path != "/m/"+id {
		s.t.Fatalf("activation led to %s\n%s", p.url.Path, p.body)
	}
	return c, id
}
