package portal

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/web"
)

// views are the parsed templates, one set a page.
type views struct{ pages map[string]*template.Template }

// pages lists the templates; each is a file in web/templates and defines "main".
var pages = []string{"activate", "error", "forgot", "inbox", "link", "login", "message", "onetime", "onetime-message", "reply", "sent"}

func newViews(a *assets) (*views, error) {
	funcs := template.FuncMap{
		"t":      text,
		"asset":  func(name string) (string, error) { return a.url(name) },
		"size":   size,
		"plural": plural,
		"short":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
		"when":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"srcdoc": srcdoc(a),
	}
	v := &views{pages: map[string]*template.Template{}}
	for _, name := range pages {
		t, err := template.New("layout.html").Funcs(funcs).
			ParseFS(web.Files, "templates/layout.html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if t.Lookup("main") == nil {
			return nil, fmt.Errorf("template %s defines no main", name)
		}
		v.pages[name] = t
	}
	return v, nil
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
	Title string
	Page  string // name of the template
	Brand string
	Logo  string
	Help  string
	User  string // address of who is logged in
	Data  any
}

// render writes a page. It is rendered whole before its first octet goes out.
func (p *portal) render(c *call, status int, page, title string, data any) error {
	l := layout{Title: title, Page: page, Brand: p.brand.Name, Logo: p.assets.logo, Help: p.brand.Help, Data: data}
	if c.user != nil {
		l.User = c.user.address
	}
	var b bytes.Buffer
	if err := p.views.pages[page].Execute(&b, l); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(b.Bytes()) // the browser may have gone
	}
	return nil
}

// plural chooses between the texts key.one and key.many.
func plural(key string, n int) string {
	if n == 1 {
		return text(key+".one", n)
	}
	return text(key+".many", n)
}

// text returns a text of the pages, with its arguments.
func text(key string, args ...any) string {
	s, ok := english[key]
	if !ok {
		panic("portal: no text " + key)
	}
	if len(args) == 0 {
		return s
	}
	return strings.TrimSpace(fmt.Sprintf(s, args...))
}
