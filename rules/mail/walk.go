package mail

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// The defects of structure, and the limits of the walk.
const (
	defectNoBoundary       = "a multipart without a boundary"
	defectBoundaryUnused   = "a multipart without a part"
	defectBoundaryAlike    = "nested multiparts with boundaries alike"
	defectBoundaryLine     = "a line that is nearly a boundary"
	defectBoundaryMissing  = "a multipart without its last boundary"
	defectAfterEnd         = "a part after the last boundary"
	defectEncodedMultipart = "a multipart with a transfer encoding"
	defectBareCR           = "a carriage return without a line feed"
	reasonDepth            = "parts nested too deep"
	reasonParts            = "too many parts"
	reasonNested           = "forwarded messages that are too large"
	reasonPartial          = "one piece of a message in pieces"
	reasonEncrypted        = "encrypted content"
	reasonMultipart        = "a multipart with a transfer encoding"
)

// A walker finds the parts of one source.
type walker struct {
	*Message
	stack []*frame // open multiparts, innermost last
	leaf  *Part    // the part whose content the current line belongs to; nil between parts
	from  int64    // where that content, or what stands between parts, began

	header   bool   // the current line belongs to a header
	block    []byte // of the header, so far
	over     bool   // the header is too large
	headerAt int64
	child    *Part // whose header it is

	full   bool // no more parts are taken
	failed error
}

// A frame is an open multipart, or an open forwarded message.
type frame struct {
	part     *Part
	boundary string // "" of a message
	children int
	seen     bool // a boundary line
	closed   bool // the last boundary line
}

// begin takes the header of a part and decides what its content is.
func (w *walker) begin(p *Part, fields []Field) {
	defect := func(what string) { w.defect(p, what) }
	c := parseContent(fields, defect)
	p.params, p.declared = c.params, c.declared
	p.Charset = strings.ToLower(c.params["charset"])
	p.Name, p.Disposition, p.Encoding = c.name, c.disposition, c.encoding
	p.transfer = encodingByName(c.encoding, defect)
	if p.transfer == uuEncoding {
		defect(defectUUEncoded)
	}
	if c.declared {
		p.Type = c.mediaType
	} else if p.Type == "" {
		p.Type = "text/plain"
	}
	switch {
	case strings.HasPrefix(p.Type, "multipart/"):
		p.Kind = Container
	case isShown(p.Type) && p.Disposition != "attachment" && p.Name == "":
		p.Kind = Body
	default:
		p.Kind = Attachment
	}
}

// isShown tells whether a text of this type is shown as the mail itself, or
// instead of another form of it, when it has no name.
func isShown(mediaType string) bool {
	switch mediaType {
	case "text/calendar", "text/csv", "text/tab-separated-values", "text/vcard", "text/x-vcard", "text/directory", "text/rtf", "text/xml", "text/x-patch", "text/x-diff":
		return false
	}
	return strings.HasPrefix(mediaType, "text/")
}

// encrypted tells whether a part says so itself: PGP/MIME (RFC 3156 section 4),
// S/MIME (RFC 8551 section 3.2.2), and what else is in a multipart/encrypted (RFC
// 1847 section 2.2).
func (p *Part) encrypted() bool {
	switch p.Type {
	case "multipart/encrypted":
		return true
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		t := strings.ToLower(p.params["smime-type"])
		return t == "enveloped-data" || t == "authenveloped-data"
	}
	return false
}

// walk reads a source, whose first line belongs to what the caller has started.
func (w *walker) walk(src *source) error {
	ls := newLines(w.ctx, src.r, src.size)
	last := int64(0) // where the last line ended, without its line break
	for w.failed == nil {
		ln, err := ls.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if bytes.IndexByte(ln.text, '\r') >= 0 {
			w.defect(nil, defectBareCR)
		}
		if !ln.cont && len(ln.text) > 2 && ln.text[0] == '-' && ln.text[1] == '-' && len(w.stack) > 0 {
			if i, isLast := w.boundary(ln.text); i >= 0 {
				w.stop(last)
				w.pop(i, last)
				w.next(i, isLast, ln)
				last = ln.end
				continue
			}
		}
		if len(w.stack) > 0 && len(ln.text) > 3 && (ln.text[0] == ' ' || ln.text[0] == '\t') {
			if t := bytes.TrimLeft(ln.text, " \t"); len(t) > 2 && t[0] == '-' && t[1] == '-' {
				if i, _ := w.boundary(t); i >= 0 {
					w.defect(w.stack[i].part, defectBoundaryLine)
				}
			}
		}
		if w.header {
			w.headerLine(ln)
		}
		last = ln.end
	}
	w.stop(src.size)
	w.pop(-1, src.size)
	return w.failed
}

// boundary tells whether a line is one of an open multipart, which one, and
// whether it is its last (RFC 2046 section 5.1.1).
func (w *walker) boundary(text []byte) (i int, isLast bool) {
	rest := bytes.TrimRight(text[2:], " \t\r")
	for i := len(w.stack) - 1; i >= 0; i-- {
		b := w.stack[i].boundary
		if b == "" {
			continue // a forwarded message
		}
		if len(rest) == len(b) && string(rest) == b {
			return i, false
		}
		if len(rest) == len(b)+2 && string(rest[:len(b)]) == b && rest[len(b)] == '-' && rest[len(b)+1] == '-' {
			return i, true
		}
	}
	for i := len(w.stack) - 1; i >= 0; i-- {
		if b := w.stack[i].boundary; b != "" && len(rest) > len(b) && string(rest[:len(b)]) == b {
			w.defect(w.stack[i].part, defectBoundaryLine)
			break
		}
	}
	return -1, false
}

// stop ends what the lines before offset end belonged to.
func (w *walker) stop(end int64) {
	if w.header {
		w.defect(w.child, defectHeaderEnd)
		w.endHeader(end, end)
	}
	end = max(end, w.from)
	switch {
	case w.leaf != nil:
		w.leaf.content = extent{w.from, end}
		w.finish(w.leaf)
		w.leaf = nil
	case len(w.stack) > 0 && end > w.from && !w.full:
		w.stack[len(w.stack)-1].part.surround(extent{w.from, end})
	}
}

// maxSurrounding bounds the extents of one container; more are put together.
const maxSurrounding = 100

func (p *Part) surround(e extent) {
	if n := len(p.surrounding); n >= maxSurrounding {
		p.surrounding[n-1].end = e.end
		return
	}
	p.surrounding = append(p.surrounding, e)
}

// pop closes, at offset end, what is open inside of the multipart at i.
func (w *walker) pop(i int, end int64) {
	for len(w.stack)-1 > i {
		f := w.stack[len(w.stack)-1]
		switch {
		case f.boundary == "":
			f.part.content.end = max(f.part.content.start, end)
			f.part.Size = f.part.content.end - f.part.content.start
		case !f.seen && f.part.transfer != identity:
			w.unscannable(f.part, reasonMultipart)
			w.defect(f.part, defectBoundaryUnused)
		case f.children == 0:
			w.defect(f.part, defectBoundaryUnused)
		case !f.closed:
			w.defect(f.part, defectBoundaryMissing)
		}
		w.stack = w.stack[:len(w.stack)-1]
	}
}

// next starts what follows a boundary line of the multipart at i.
func (w *walker) next(i int, isLast bool, ln line) {
	f := w.stack[i]
	w.from = ln.next
	if f.closed && !isLast {
		w.defect(f.part, defectAfterEnd)
	}
	f.seen = true
	if isLast {
		f.closed = true
		return
	}
	f.children++
	p := w.add(f.part, f.children)
	if p == nil {
		w.leaf = nil
		return
	}
	if f.part.Type == "multipart/digest" {
		p.Type = "message/rfc822" // RFC 2046 section 5.1.5
	}
	w.startHeader(p, ln.next)
}

// add makes a part; nil beyond the limit.
func (w *walker) add(parent *Part, n int) *Part {
	if len(w.Parts) >= w.limits.Parts {
		w.full = true
		w.unscannable(nil, reasonParts)
		w.defect(nil, reasonParts)
		return nil
	}
	p := &Part{src: parent.src, Depth: parent.Depth + 1, Nested: parent.Nested}
	if parent.Path == "" {
		p.Path = strconv.Itoa(n)
	} else {
		p.Path = parent.Path + "." + strconv.Itoa(n)
	}
	w.Parts = append(w.Parts, p)
	return p
}

func (w *walker) startHeader(p *Part, at int64) {
	w.header, w.child, w.headerAt = true, p, at
	w.block, w.over = w.block[:0], false
}

// headerLine takes one line of a header.
func (w *walker) headerLine(ln line) {
	if len(ln.text) == 0 && !ln.cont {
		w.endHeader(ln.start, ln.next)
		return
	}
	if !ln.cont && len(bytes.TrimRight(ln.text, " \t\r")) == 0 {
		w.defect(w.child, defectHeaderBlank)
	}
	if len(w.block)+len(ln.text) > w.limits.HeaderBytes {
		if !w.over {
			w.unscannable(w.child, reasonHeader)
			w.defect(w.child, defectHeaderEnd)
			w.over = true
		}
		return
	}
	if ln.cont && len(w.block) > 0 {
		w.block = w.block[:len(w.block)-1]
	}
	w.block = append(append(w.block, ln.text...), '\n')
}

// endHeader takes the header that ends at end, its content starting at next.
func (w *walker) endHeader(end, next int64) {
	p := w.child
	w.header, w.child = false, nil
	p.header = extent{w.headerAt, max(w.headerAt, end)}
	w.begin(p, parseFields(w.block, func(what string) { w.defect(p, what) }))
	w.enter(p, next)
}

// enter starts the content of a part at offset from.
func (w *walker) enter(p *Part, from int64) {
	w.from, w.leaf = from, p
	if p.Kind != Container && !isMessage(p) {
		return
	}
	if p.Depth >= w.limits.Depth {
		p.unread = true
		w.unscannable(p, reasonDepth)
		w.defect(p, reasonDepth)
		return
	}
	if p.Kind == Container {
		w.enterMultipart(p)
		return
	}
	if p.transfer != identity {
		return // decoded when its end is known
	}
	inner := w.add(p, 0)
	if inner == nil {
		return
	}
	p.walked = true
	p.content.start = from
	inner.forward(p)
	w.leaf = nil
	w.stack = append(w.stack, &frame{part: p})
	w.startHeader(inner, from)
}

// forward makes inner the message that is the content of p.
func (inner *Part) forward(p *Part) {
	inner.Nested, inner.forwarded = true, true
	inner.Path = "0"
	if p.Path != "" {
		inner.Path = p.Path + ".0"
	}
}

// isMessage tells whether the content of a part is a message of its own.
func isMessage(p *Part) bool {
	if p.Type == "message/rfc822" || p.Type == "message/global" || p.Type == "message/news" {
		return true
	}
	return p.Kind == Attachment && strings.HasSuffix(strings.ToLower(p.Name), ".eml") && (p.Type == "application/octet-stream" || p.Type == "text/plain")
}

func (w *walker) enterMultipart(p *Part) {
	b := strings.TrimRight(p.params["boundary"], " \t")
	if b == "" {
		w.defect(p, defectNoBoundary)
		if p.transfer != identity {
			w.unscannable(p, reasonMultipart)
		}
		return
	}
	if p.transfer != identity {
		w.defect(p, defectEncodedMultipart)
	}
	for _, f := range w.stack {
		if f.boundary != "" && (f.boundary == b || strings.TrimSuffix(b, "--") == f.boundary || strings.TrimSuffix(f.boundary, "--") == b) {
			w.defect(p, defectBoundaryAlike)
			break
		}
	}
	p.walked = true
	w.leaf = nil
	w.stack = append(w.stack, &frame{part: p, boundary: b})
}

// finish looks at a part whose content is known.
func (w *walker) finish(p *Part) {
	switch {
	case p.Type == "message/partial":
		w.unscannable(p, reasonPartial)
	case p.transfer == unknownEncoding && isMessage(p):
		w.unscannable(p, reasonEncoding)
	}
	p.Size = p.content.end - p.content.start
	if p.transfer == identity || p.transfer == unknownEncoding || p.unread {
		return
	}
	if isMessage(p) {
		w.decoded(p)
		return
	}
	n, err := io.Copy(io.Discard, w.decode(p, func(what string) { w.defect(p, what) }))
	if err != nil {
		w.failed = err
	}
	p.Size = n
}

// decoded walks a forwarded message that has a transfer encoding.
func (w *walker) decoded(p *Part) {
	room := w.limits.NestedBytes - w.nested
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(w.decode(p, func(what string) { w.defect(p, what) }), room+1))
	if err != nil {
		w.failed = err
		return
	}
	p.Size = n
	if n > room {
		p.unread = true
		w.unscannable(p, reasonNested)
		w.defect(p, reasonNested)
		return
	}
	inner := w.add(p, 0)
	if inner == nil {
		return
	}
	w.nested += n
	p.walked = true
	inner.forward(p)
	inner.src = &source{bytes.NewReader(buf.Bytes()), n}
	in := &walker{Message: w.Message}
	in.startHeader(inner, 0)
	w.failed = in.walk(inner.src)
}
