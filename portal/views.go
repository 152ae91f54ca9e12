package portal

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/portal/web"
)

// views are the templates of the pages. A template's functions speak the language
// of one viewer, so each set serves one request at a time and is then used again.
type views struct {
	assets *assets
	pages  map[string]*view
}

// A view is one page's template, as parsed, and what was made of it.
type view struct {
	parsed *template.Template // never executed: an executed template can't be cloned
	idle   sync.Pool          // of *bound
}

// A bound template has functions that speak to viewer.
type bound struct {
	template *template.Template
	viewer   *locale.Viewer
}

// pages lists the templates; each is a file in web/templates and defines "main".
var pages = []string{"activate", "confirm", "own", "search", "error", "forgot", "genuine", "inbox", "link", "login", "message", "onetime", "onetime-message", "pin", "help", "joining", "preferences", "recall", "release", "reply", "sent", "status", "unwanted", "settings", "seats", "mailboxes", "invited", "elsewhere", "settings-totp", "settings-passkey", "settings-codes", "signin-away", "signin-return", "signin-second"}

func newViews(a *assets) (*views, error) {
	v := &views{assets: a, pages: map[string]*view{}}
	for _, name := range pages {
		t, err := template.New("layout.html").Funcs(v.funcs(&bound{})).
			ParseFS(web.Files, "templates/layout.html", "templates/parts.html", "templates/invitation.html", "templates/addresses.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if t.Lookup("main") == nil {
			return nil, fmt.Errorf("template %s defines no main", name)
		}
		v.pages[name] = &view{parsed: t}
	}
	return v, nil
}

// funcs are what templates may call.
func (v *views) funcs(b *bound) template.FuncMap {
	return template.FuncMap{
		"text":    func(key string, args ...any) string { return b.viewer.Text(key, args...) },
		"plural":  func(key string, n int, args ...any) string { return b.viewer.Plural(key, n, args...) },
		"size":    func(n int64) string { return b.viewer.Size(n) },
		"short":   func(t time.Time) string { return b.viewer.Short(t) },
		"when":    func(t time.Time) string { return b.viewer.Long(t) },
		"iso":     func(t time.Time) string { return b.viewer.ISO(t) },
		"guess":   func() bool { return b.viewer.Zone == nil },
		"change":  func(base, code, message string) change { return change{base, code, message, extensions} },
		"browser": func(agent string) string { return browserName(b.viewer, agent) },
		"asset":   func(name string) (string, error) { return v.assets.url(name) },
		"srcdoc":  srcdoc(v.assets),
	}
}

// execute writes a page as viewer reads it.
func (v *views) execute(w io.Writer, page string, viewer *locale.Viewer, data any) error {
	p := v.pages[page]
	b, ok := p.idle.Get().(*bound)
	if !ok {
		t, err := p.parsed.Clone()
		if err != nil {
			return err
		}
		b = &bound{}
		b.template = t.Funcs(v.funcs(b))
	}
	b.viewer = viewer
	err := b.template.Execute(w, data)
	b.viewer = nil
	p.idle.Put(b)
	return err
}

func (a *assets) url(name string) (string, error) {
	u, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return u, nil
}

// srcdoc returns the document around sanitised HTML for a frame that is part of
// a page. It is a string, not template.HTML: in the attribute all of it is escaped.
func srcdoc(a *assets) func(string) string {
	return func(clean string) string {
		return `<!DOCTYPE html><html lang="und"><head><meta charset="utf-8"><title>Message</title>` +
			`<link rel="stylesheet" href="` + a.urls["mail.css"] + `"></head><body>` + clean + `</body></html>`
	}
}

// A layout is what every page has around its own data.
type layout struct {
	Title     string
	Lang      string // of the page: "en"
	Dir       string // of its writing: "ltr" or "rtl"
	Page      string // name of the template
	Brand     string
	Logo      string
	Help      string
	User      string             // address of the mailbox that is open
	Visitor   string             // who opened it, if that is not its holder
	Mailboxes []menuEntry        // to switch to; none: there is no other
	Theme     string             // "light", "dark"; "": as the system
	Languages []*locale.Language // to choose from
	Here      string             // path for coming back after choosing one; "": there is no choice
	Data      any
}

// render writes a page. It is rendered whole before its first octet goes out.
func (p *portal) render(c *call, status int, page, title string, data any) error {
	l := layout{Title: title, Lang: c.viewer.Code, Dir: c.viewer.Dir, Page: page, Brand: p.brand.Name, Logo: p.assets.logo, Help: p.brand.Help, Data: data}
	l.Theme, l.Languages = c.viewer.Theme, p.texts.Languages()
	l.Here = p.placeOf(c)
	if c.user != nil {
		l.User, l.Mailboxes = c.user.address, c.menu()
		if c.user.visitor != nil {
			l.Visitor = c.user.visitor.Name
		}
	}
	var b bytes.Buffer
	if err := p.views.execute(&b, page, c.viewer, l); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.Header().Set("Content-Language", c.viewer.Code)
	c.w.Header().Add("Vary", "Accept-Language, Cookie")
	body := b.Bytes()
	if c.plain {
		c.w.Header().Add("Vary", "Accept-Encoding")
		if z := gzipped(body); z != nil && takesGzip(c.r) {
			c.w.Header().Set("Content-Encoding", "gzip")
			body = z
		}
	}
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body) // the browser may have gone
	}
	return nil
}
