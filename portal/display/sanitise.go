package display

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A Sanitiser makes mail's HTML safe to show. It is safe for concurrent use.
type Sanitiser struct {
	policy *bluemonday.Policy
	// slots bounds the sanitisers at work: one that is abandoned after its time
	// is over still runs to its end.
	slots chan struct{}
}

// Clean is sanitised HTML, the content of a body element.
type Clean struct {
	HTML string
	// Remote: pictures that would have been fetched from elsewhere were left out.
	Remote bool
}

// ErrCostly is returned for HTML that is too large or takes too long.
var ErrCostly = errors.New("html is too costly to sanitise")

// NewSanitiser returns a sanitiser that works on at most n mails at once.
func NewSanitiser(n int) *Sanitiser {
	return &Sanitiser{policy: policy(), slots: make(chan struct{}, max(n, 1))}
}

// Sanitise returns what is safe of a mail's HTML, with its cid: pictures as
// data: URLs. Its time is bounded by ctx; the error is [ErrCostly].
func (s *Sanitiser) Sanitise(ctx context.Context, source string, pictures map[string]Picture) (Clean, error) {
	if len(source) > maxHTML {
		return Clean{}, ErrCostly
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return Clean{}, ErrCostly
	}
	done := make(chan Clean, 1)
	go func() {
		defer func() { <-s.slots }()
		defer func() { recover() }() // a panic in the parser costs the HTML view, not the process
		c := prepare(source, pictures)
		c.HTML = s.policy.Sanitize(c.HTML)
		done <- c
	}()
	select {
	case c := <-done:
		return c, nil
	case <-ctx.Done():
		return Clean{}, ErrCostly
	}
}

var (
	dataPicture = regexp.MustCompile(`^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]`)
	styleText   = regexp.MustCompile(`^[A-Za-z0-9 \t\r\n#%.,:;()+_!'"/-]*$`)
	// With a host: "https:/logout" is a page of this portal to a browser (URL
	// standard, special relative or authority state).
	target     = regexp.MustCompile(`^\s*(?i:https?://[^/\\\s]|mailto:|tel:)`)
	length     = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,3})?%?$`)
	colourText = regexp.MustCompile(`^(#[0-9A-Fa-f]{3,8}|[A-Za-z]{1,30})$`)
	word       = regexp.MustCompile(`^[A-Za-z-]{1,20}$`)
	small      = regexp.MustCompile(`^[+-]?[0-9]{1,4}$`)
	language   = regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)
	face       = regexp.MustCompile(`^[A-Za-z0-9 ,'"_-]{1,100}$`)
)

// policy is what mail is made of, less everything that acts, loads, names itself
// (id, name, class) or belongs to another language (SVG, MathML).
func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br",
		"caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt",
		"em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i",
		"img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small",
		"span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
		"time", "tr", "tt", "u", "ul", "var", "wbr")
	p.AllowNoAttrs().OnElements("a", "span", "font", "img", "bdi", "abbr", "col")

	p.RequireParseableURLs(true)
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowDataURIImages()
	p.AllowAttrs("href").Matching(target).OnElements("a")
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AllowAttrs("src").Matching(dataPicture).OnElements("img")
	p.AllowAttrs("alt", "title").Globally()

	p.AllowAttrs("style").Matching(styleText).Globally()
	p.AllowAttrs("align", "valign").Matching(word).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(language).Globally()
	p.AllowAttrs("width", "height").Matching(length).OnElements("img", "table", "td", "th", "tr", "col", "colgroup", "hr")
	p.AllowAttrs("border", "cellpadding", "cellspacing").Matching(length).OnElements("table", "img")
	p.AllowAttrs("bgcolor").Matching(colourText).OnElements("table", "tbody", "thead", "tr", "td", "th", "div")
	p.AllowAttrs("colspan", "rowspan", "span").Matching(small).OnElements("td", "th", "col", "colgroup")
	p.AllowAttrs("color").Matching(colourText).OnElements("font")
	p.AllowAttrs("size").Matching(small).OnElements("font", "hr")
	p.AllowAttrs("face").Matching(face).OnElements("font")
	p.AllowAttrs("start", "value").Matching(small).OnElements("ol", "li")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^[1aAiI]$|^(?i:disc|circle|square)$`)).OnElements("ol", "ul", "li")
	p.AllowAttrs("nowrap").Matching(regexp.MustCompile(`^(?i:nowrap)?$`)).OnElements("td", "th")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^(?i:open)?$`)).OnElements("details")
	return p
}

// skipped are the elements that go with all that is in them. The policy would
// skip too, but it loses the rest of the mail after an end tag without a start.
var skipped = set(`applet audio canvas frameset iframe math noembed noframes noscript nostyle object plaintext
	script select style svg template textarea title video xmp`)

// prepare does what the policy can't: leaves out what is skipped, filters styles
// in linear time, turns cid: pictures into data: URLs, and the body element into
// one that may stay. Its output is not safe; the policy runs after it.
func prepare(source string, pictures map[string]Picture) Clean {
	var c Clean
	var b strings.Builder
	room := maxInline * 4 / 3
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxHTML + 1)
	depth := 0 // of skipped elements
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			c.HTML = b.String()
			return c
		case html.CommentToken, html.DoctypeToken:
			continue
		case html.EndTagToken:
			t := z.Token()
			switch {
			case skipped[t.Data]:
				depth = max(depth-1, 0)
				continue
			case depth > 0 || t.Data == "frame":
				continue
			case t.Data == "body":
				t.Data = "div"
			}
			b.WriteString(t.String())
			continue
		case html.TextToken:
			if depth == 0 {
				b.Write(z.Raw())
			}
			continue
		}
		t := z.Token()
		if skipped[t.Data] {
			// Only elements of SVG and MathML can be empty by a slash.
			if kind == html.StartTagToken || depth == 0 && t.Data != "svg" && t.Data != "math" {
				depth++
			}
			continue
		}
		if depth > 0 || t.Data == "frame" {
			continue
		}
		if t.Data == "body" {
			t.Data = "div"
		}
		attrs := t.Attr[:0]
		seen := map[string]bool{}
		for _, a := range t.Attr {
			// The first of two attributes with one name counts (HTML, 13.2.5.33).
			if a.Namespace != "" || seen[a.Key] {
				continue
			}
			seen[a.Key] = true
			switch a.Key {
			case "style":
				a.Val = cleanStyle(a.Val)
				if a.Val == "" {
					continue
				}
			case "background":
				c.Remote = true
				continue
			case "src":
				if t.Data != "img" {
					continue
				}
				a.Val = picture(strings.TrimSpace(a.Val), pictures, &room, &c.Remote)
				if a.Val == "" {
					continue
				}
			case "srcset":
				continue
			}
			attrs = append(attrs, a)
		}
		t.Attr = attrs
		b.WriteString(t.String())
	}
}

// picture returns the data: URL for the source of a picture, or "".
func picture(src string, pictures map[string]Picture, room *int, remote *bool) string {
	switch {
	case len(src) > 4 && strings.EqualFold(src[:4], "cid:"):
		p, ok := pictures[unescapeID(src[4:])]
		if !ok || !pictureType(p.Type) {
			return ""
		}
		n := base64.StdEncoding.EncodedLen(len(p.Data))
		if n > *room {
			return ""
		}
		*room -= n
		return "data:" + p.Type + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
	case dataPicture.MatchString(src):
		return src
	case len(src) > 5 && strings.EqualFold(src[:5], "data:"):
		return ""
	}
	*remote = true
	return ""
}

// unescapeID undoes the URL encoding of a cid: URL (RFC 2392).
func unescapeID(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := hex(s[i+1]), hex(s[i+2]); hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// Unstyled returns sanitised HTML without its style attributes, for a place whose
// policy allows none.
func Unstyled(clean string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(clean))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "style" })
			b.WriteString(t.String())
		default:
			b.Write(z.Raw())
		}
	}
}

// Boxed returns sanitised HTML in a box that it can't leave: its elements end
// inside, and what its styles move out of the box isn't painted. So it can stand
// in one document with what isn't the mail's.
func Boxed(clean string) (string, error) {
	nodes, err := html.ParseFragment(strings.NewReader(clean), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return "", ErrCostly // nested too deep
	}
	var b strings.Builder
	b.WriteString(`<div style="overflow:clip;clear:both">`)
	for _, n := range nodes {
		if err := html.Render(&b, n); err != nil {
			return "", fmt.Errorf("render html: %w", err)
		}
	}
	b.WriteString("</div>")
	return b.String(), nil
}

// Frame returns the document that goes into the sandboxed frame.
func Frame(clean string) string {
	return frameHead + clean + "</body></html>"
}

// frameHead begins a document that shows mail as mail expects: dark on white,
// whatever the page around it does, and no wider than a phone.
const frameHead = `<!DOCTYPE html><html lang="und"><head><meta charset="utf-8"><title>Message</title>` +
	`<meta name="viewport" content="width=device-width, initial-scale=1"><style>` +
	`:root{color-scheme:light}html{background:#fff}` +
	`body{margin:0;padding:16px;color:#1b1f24;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}` +
	`img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}a{color:#0b57d0}` +
	`blockquote{margin:0 0 0 4px;padding-left:12px;border-left:3px solid #d0d7de}` +
	`</style></head><body dir="auto">`
