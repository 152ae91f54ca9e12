package display

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // the charsets of the world's mail
)

// Limits bound what reading a message costs.
const (
	maxText   = 1 << 20 // octets of plain text shown
	maxHTML   = 1 << 20 // octets of HTML sanitised; more is shown as text alone
	maxInline = 4 << 20 // octets of cid: pictures in one page
	maxParts  = 1000
	maxDepth  = 30
	maxHeader = 256 << 10
	maxRaw    = 64 << 10 // octets shown of a message that does not parse
)

// A Mail is a message read for showing.
type Mail struct {
	Header      []Field // in order, decoded
	Text        string  // the plain text, or text made of the HTML
	HTML        string  // as in the message, not yet sanitised; "" if there is none
	Inline      map[string]Picture
	Attachments []Attachment
	Calendar    string // the first calendar object, for [ReadCalendar]; it is an attachment, too
	// Damaged: the structure could not be read whole. What is missing is in the
	// original.
	Damaged bool
	// Cut: text or HTML was longer than what is shown.
	Cut bool
}

// A Field is one header field, decoded.
type Field struct{ Name, Value string }

// A Picture is an image that the HTML refers to by cid:.
type Picture struct {
	Type string
	Data []byte
}

// An Attachment is a part that is offered for download.
type Attachment struct {
	Index int    // its place among all leaves of the message, from 0; never from the mail
	Name  string // cleaned, never empty
	Type  string // as the mail says, for display alone
	Size  int64  // decoded, in octets
}

// Get returns the first field of this name, or "".
func (m *Mail) Get(name string) string {
	for _, f := range m.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Date returns the Date field, or the zero time.
func (m *Mail) Date() time.Time {
	t, err := mail.ParseDate(m.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

var errStop = errors.New("stop")

// Read reads a whole message. It fails only when r does.
func Read(r io.Reader) (*Mail, error) {
	m := &Mail{Inline: map[string]Picture{}}
	var raw prefix
	src := &failing{r: r}
	inline, shownAsHTML := 0, 0
	err := leaves(io.TeeReader(src, &raw), func(index int, e *message.Entity, root bool, related bool) error {
		kind, params := mediaType(e)
		name := fileName(e, params)
		disposition, _, _ := e.Header.ContentDisposition()
		isAttachment := strings.EqualFold(disposition, "attachment") ||
			(name != "" && !strings.EqualFold(disposition, "inline")) && !related
		id := contentID(e)
		switch {
		case kind == "text/plain" && !isAttachment && name == "":
			text, cut := readText(e.Body, maxText-len(m.Text))
			m.Cut = m.Cut || cut
			if m.Text != "" {
				m.Text += "\n"
			}
			m.Text += text
			return nil
		case kind == "text/html" && !isAttachment && name == "" && shownAsHTML == 0:
			html, cut := readText(e.Body, maxHTML)
			shownAsHTML++
			if cut {
				// Half a page may hide what the other half says: text alone.
				m.Cut = true
				if m.Text == "" {
					m.Text = TextOf(html)
				}
				m.Attachments = append(m.Attachments, Attachment{index, CleanName("message.html", ""), kind, rest(e.Body, int64(len(html)))})
				return nil
			}
			m.HTML = html
			return nil
		case id != "" && pictureType(kind) && related && !strings.EqualFold(disposition, "attachment"):
			b, err := io.ReadAll(io.LimitReader(e.Body, maxInline+1))
			if err != nil && !isDecode(src) {
				return err
			}
			if inline+len(b) <= maxInline {
				if _, dup := m.Inline[id]; !dup {
					m.Inline[id] = Picture{kind, b}
					inline += len(b)
				}
				if name == "" {
					return nil
				}
			}
			m.Attachments = append(m.Attachments, Attachment{index, CleanName(name, kind), kind, rest(e.Body, int64(len(b)))})
			return nil
		case kind == "text/calendar" && m.Calendar == "":
			b, _ := io.ReadAll(io.LimitReader(e.Body, maxCalendar+1)) // what is readable
			m.Calendar = string(b)
			m.Attachments = append(m.Attachments, Attachment{index, CleanName(name, kind), kind, rest(e.Body, int64(len(b)))})
			return nil
		}
		m.Attachments = append(m.Attachments, Attachment{index, CleanName(name, kind), kind, rest(e.Body, 0)})
		return nil
	}, func(e *message.Entity) {
		m.Header = fields(e)
	})
	if src.err != nil {
		return nil, src.err
	}
	if err != nil {
		m.Damaged = true
	}
	if len(m.Header) == 0 && m.Text == "" && m.HTML == "" && len(m.Attachments) == 0 {
		// Nothing could be made of it: the beginning as it is.
		m.Damaged = true
		m.Text = validText(raw.b)
	}
	if m.Text == "" && m.HTML != "" {
		m.Text = TextOf(m.HTML)
	}
	return m, nil
}

// Part writes the decoded content of the leaf with this index to w. ok is false
// if there is none.
func Part(r io.Reader, index int, found func(Attachment) (io.Writer, error)) (ok bool, err error) {
	src := &failing{r: r}
	err = leaves(src, func(i int, e *message.Entity, root bool, related bool) error {
		if i != index {
			return nil
		}
		ok = true
		kind, params := mediaType(e)
		name := fileName(e, params)
		if name == "" && kind == "text/html" {
			name = "message.html"
		}
		w, err := found(Attachment{i, CleanName(name, kind), kind, 0})
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, e.Body); err != nil && src.err == nil {
			// A broken transfer encoding: what was readable has been written.
			return errStop
		}
		return errStop
	}, func(*message.Entity) {})
	if src.err != nil {
		return ok, src.err
	}
	if err != nil && !errors.Is(err, errStop) && !ok {
		err = nil // damaged before the part: it isn't there
	}
	if errors.Is(err, errStop) {
		err = nil
	}
	return ok, err
}

// leaves calls f for each part that is no multipart, in order, and top for the
// message's own header. related says whether the part stands in multipart/related.
func leaves(r io.Reader, f func(index int, e *message.Entity, root, related bool) error, top func(*message.Entity)) error {
	e, err := message.ReadWithOptions(r, &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil {
		return err
	}
	top(e)
	n := 0
	var walk func(e *message.Entity, depth int, related bool) error
	walk = func(e *message.Entity, depth int, related bool) error {
		if depth > maxDepth {
			return fmt.Errorf("more than %d levels", maxDepth)
		}
		kind, _ := mediaType(e)
		if mr := e.MultipartReader(); mr != nil {
			related := related || kind == "multipart/related"
			for {
				p, err := mr.NextPart()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if p == nil {
					return err
				}
				if err := walk(p, depth+1, related); err != nil {
					return err
				}
			}
		}
		if n >= maxParts {
			return fmt.Errorf("more than %d parts", maxParts)
		}
		n++
		return f(n-1, e, depth == 0, related)
	}
	return walk(e, 0, false)
}

func mediaType(e *message.Entity) (string, map[string]string) {
	kind, params, err := e.Header.ContentType()
	if err != nil || kind == "" {
		// RFC 2045 section 5.2: without a readable type it is plain text; but
		// something with a name is a file.
		if name := fileName(e, params); name != "" {
			return "application/octet-stream", params
		}
		return "text/plain", params
	}
	return strings.ToLower(kind), params
}

// fileName returns the name as the mail has it, decoded.
func fileName(e *message.Entity, params map[string]string) string {
	_, d, _ := e.Header.ContentDisposition()
	name := d["filename"]
	if name == "" {
		name = params["name"]
	}
	// Many clients put an encoded word there (RFC 2047 section 5 forbids it).
	if decoded, err := words.DecodeHeader(name); err == nil {
		name = decoded
	}
	return name
}

func contentID(e *message.Entity) string {
	return strings.Trim(strings.TrimSpace(e.Header.Get("Content-Id")), "<>")
}

// pictureType says whether the kind may be shown as a data: picture. SVG isn't:
// it is a document.
func pictureType(kind string) bool {
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

var words = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	if message.CharsetReader == nil {
		return nil, errors.New("unknown charset")
	}
	return message.CharsetReader(charset, r)
}}

// Decode returns a header value with its encoded words decoded (RFC 2047), as
// one line of valid text. What has nothing to see in it is "".
func Decode(v string) string {
	if d, err := words.DecodeHeader(v); err == nil {
		v = d
	}
	v = strings.Join(strings.Fields(validText([]byte(v))), " ")
	if strings.IndexFunc(v, visible) < 0 {
		return ""
	}
	return v
}

// blankCell is a cell of Braille without dots.
const blankCell = '\u2800'

// visible says whether a character leaves a mark.
func visible(r rune) bool {
	return r != blankCell && !unicode.IsSpace(r) && !unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func fields(e *message.Entity) []Field {
	var out []Field
	for f := e.Header.Fields(); f.Next() && len(out) < 500; {
		out = append(out, Field{clip(validText([]byte(f.Key())), 100), clip(Decode(f.Value()), 4000)})
	}
	return out
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// readText reads at most limit octets of text.
func readText(r io.Reader, limit int) (string, bool) {
	b, _ := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	cut := len(b) > limit
	if cut {
		b = b[:limit]
	}
	return validText(b), cut
}

// validText returns b as UTF-8 text without control characters.
func validText(b []byte) string {
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case r < 0x20 || r == 0x7f || (0x80 <= r && r < 0xa0):
			return -1
		case bidi(r):
			return -1
		}
		return r
	}, s)
}

// bidi says whether r reorders the text around it (Unicode TR 9): with it a name
// or a line can read as something that it isn't.
func bidi(r rune) bool {
	return (0x202a <= r && r <= 0x202e) || (0x2066 <= r && r <= 0x2069)
}

// rest reads r to its end and returns its size with what was read before.
func rest(r io.Reader, before int64) int64 {
	n, _ := io.Copy(io.Discard, r)
	return before + n
}

// failing tells an error of the source from one of the mail's own making.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func isDecode(f *failing) bool { return f.err == nil }

// prefix keeps the first octets written to it.
type prefix struct{ b []byte }

func (p *prefix) Write(b []byte) (int, error) {
	if room := maxRaw - len(p.b); room > 0 {
		p.b = append(p.b, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

// TextOf returns the text of HTML: blocks on lines of their own, no markup.
func TextOf(html string) string { return textOf(bufio.NewReader(bytes.NewReader([]byte(html)))) }
