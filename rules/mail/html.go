package mail

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// maxToken bounds one piece of HTML: a text between two tags, or a tag.
const maxToken = 64 << 20

const reasonToken = "a piece of HTML that is too long"

// htmlText reads HTML as UTF-8 and gives what a reader sees to shown, and what
// it hides (comments, attributes, scripts, styles, elements that are not
// displayed) to hidden. Tags inside a line join what is around them, blocks and
// cells separate it. Override is set when some of it is shown from right to left
// against its nature.
func htmlText(r io.Reader, shown, hidden func([]byte) error, override *bool) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxToken)
	w := htmlWriter{shown: shown, hidden: hidden, space: true, line: true, override: override}
	for w.err == nil {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); err != io.EOF {
				return err
			}
			w.hide(z.Raw()) // of a tag that does not end
			return w.err
		case html.TextToken:
			// Text copies what it unescapes; most texts need no such thing.
			if raw := z.Raw(); bytes.IndexByte(raw, '&') < 0 {
				w.text(raw)
			} else {
				w.text(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			w.start(name, more, z)
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(name)
		case html.CommentToken, html.DoctypeToken:
			w.hide(z.Text())
		}
	}
	return w.err
}

// An htmlWriter puts the pieces together.
type htmlWriter struct {
	shown, hidden func([]byte) error
	err           error
	space         bool   // the last that was shown is space
	line          bool   // nothing but space was shown on this line
	pre           int    // open <pre> and the like
	raw           string // the element whose text is not shown: script or style
	gone          string // the element that is not displayed
	depth         int    // how often it is open inside itself
	buf           []byte
	one           [1]byte
	override      *bool
}

func (w *htmlWriter) show(p []byte) {
	if w.err == nil && len(p) > 0 {
		w.err = w.shown(p)
	}
}

func (w *htmlWriter) mark(c byte) {
	w.one[0] = c
	w.show(w.one[:])
}

// hide gives one hidden piece, on a line of its own.
func (w *htmlWriter) hide(p []byte) {
	if p = bytes.TrimSpace(p); w.err == nil && len(p) > 0 {
		w.buf = append(append(w.buf[:0], p...), '\n')
		w.err = w.hidden(w.buf)
	}
}

func (w *htmlWriter) text(p []byte) {
	switch {
	case w.raw != "" || w.gone != "":
		w.hide(p)
	case w.pre > 0:
		w.show(p)
		if len(p) > 0 {
			w.space = p[len(p)-1] == '\n'
			w.line = w.space
		}
	default:
		// HTML shows any white space as one space.
		w.buf = w.buf[:0]
		for _, c := range p {
			if c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' {
				if !w.space {
					w.buf = append(w.buf, ' ')
					w.space = true
				}
				continue
			}
			w.space, w.line = false, false
			w.buf = append(w.buf, c)
		}
		w.show(w.buf)
	}
}

func (w *htmlWriter) start(name []byte, attrs bool, z *html.Tokenizer) {
	w.separate(name)
	isHidden := false
	for n := 0; attrs; n++ {
		var key, value []byte
		key, value, attrs = z.TagAttr()
		if n > maxAttrs {
			w.hide(value)
			continue
		}
		if string(key) == "hidden" || string(key) == "style" && notDisplayed(string(value)) {
			isHidden = true
		}
		if len(value) >= 4 {
			w.attribute(value)
		}
	}
	switch string(name) {
	case "bdo":
		*w.override = true
	case "script", "style":
		w.raw = string(name)
	case "pre", "textarea", "listing", "xmp", "plaintext":
		w.pre++
	}
	switch {
	case w.gone == string(name):
		w.depth++
	case w.gone == "" && isHidden && !isVoid(name):
		w.gone, w.depth = string(name), 1
	}
}

// attribute gives the value of an attribute, and what is encoded in it.
func (w *htmlWriter) attribute(value []byte) {
	w.hide(value)
	if bytes.Contains(value, []byte("bidi-override")) {
		*w.override = true
	}
	if bytes.IndexByte(value, '%') >= 0 {
		w.hide([]byte(unescapePercent(string(value))))
	}
	// RFC 2397: data:text/plain;base64,...
	if head, data, ok := bytes.Cut(value, []byte(";base64,")); ok && bytes.HasPrefix(bytes.TrimSpace(head), []byte("data:")) && !bytes.Contains(head, []byte("image/png")) && !bytes.Contains(head, []byte("image/jpeg")) && !bytes.Contains(head, []byte("image/gif")) {
		w.hide(decodeBase64String(unescapePercent(string(data))))
	}
}

// maxAttrs is how many attributes of one tag are looked at by name.
const maxAttrs = 64

func (w *htmlWriter) end(name []byte) {
	if w.gone == string(name) {
		if w.depth--; w.depth == 0 {
			w.gone = ""
		}
	}
	switch string(name) {
	case w.raw:
		w.raw = ""
	case "pre", "textarea", "listing", "xmp":
		w.pre = max(0, w.pre-1)
	}
	w.separate(name)
}

// separate ends the line or cell that a tag ends.
func (w *htmlWriter) separate(name []byte) {
	switch string(name) {
	case "td", "th":
		w.mark('\t')
		w.space, w.line = true, false
	case "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
		"fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "iframe",
		"input", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "textarea",
		"tfoot", "thead", "title", "tr", "ul":
		if !w.line {
			w.mark('\n')
		}
		w.space, w.line = true, true
	}
}

func isVoid(name []byte) bool {
	switch string(name) {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr":
		return true
	}
	return false
}

// notDisplayed tells whether a style attribute hides its element.
func notDisplayed(style string) bool {
	s := strings.ToLower(strings.Join(strings.Fields(style), ""))
	return strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") || strings.Contains(s, "font-size:0;") ||
		strings.HasSuffix(s, "font-size:0") || strings.Contains(s, "font-size:0px") || strings.Contains(s, "mso-hide:all")
}
