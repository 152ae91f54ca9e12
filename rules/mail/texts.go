package mail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Where says in what area of a message a text stands. The values are bits, so
// that they can be combined to a mask.
type Where uint8

// The areas. Everything inside a forwarded message is in InAttachments.
const (
	InSubject     Where = 1 << iota // the message's Subject field
	InHeaders                       // its other fields
	InBody                          // what is shown when the mail is opened
	InAttachments                   // attachments, and their names and headers
	InRaw                           // the raw sweep: can be of any area
)

// A Text is a piece of a message's text, ready for detectors.
type Text struct {
	Where Where
	Label string // "header Subject", "body text/plain", "attachment scan.pdf", "raw"; long numbers in names are hidden
	Part  *Part  // nil for the message's header and the raw sweep
	Chunk int    // 0, 1, ... when a long text comes in overlapping pieces
	Data  []byte // UTF-8, normalised; valid until visit returns
}

// Texts hands all text of the message to visit, in order: header fields, parts,
// and after a defect the raw sweep. An error of visit ends it and is returned.
// Only texts whose area is in where are decoded; InRaw need not be given, the
// sweep is always part of it. It is not safe for concurrent use.
func (m *Message) Texts(ctx context.Context, where Where, visit func(*Text) error) error {
	m.ctx = ctx
	defer func() { m.ctx = nil }()
	t := &texts{Message: m, visit: visit, budget: m.limits.TextBytes}
	err := t.all(where)
	if errors.Is(err, errTextLimit) {
		m.unscannable(t.part, reasonText)
		return nil
	}
	return err
}

// texts is the state of one Texts.
type texts struct {
	*Message
	visit  func(*Text) error
	budget int64
	part   *Part // that is being read
}

func (t *texts) all(where Where) error {
	if err := t.headers(where); err != nil {
		return err
	}
	for _, p := range t.Parts {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		t.part = p
		if p.area()&where == 0 {
			continue
		}
		if err := t.read(p); err != nil {
			return err
		}
	}
	t.part = nil
	if len(t.Defects) == 0 {
		return nil
	}
	return t.sweep()
}

// area says where the text of a part stands.
func (p *Part) area() Where {
	if p.Nested || p.Kind == Attachment {
		return InAttachments
	}
	return InBody
}

// headers gives the fields of the message's own header.
func (t *texts) headers(where Where) error {
	var data []byte
	for _, f := range t.Decoded {
		area := InHeaders
		if strings.EqualFold(f.Name, "Subject") {
			area = InSubject
		}
		if area&where == 0 || f.Value == "" {
			continue
		}
		norm := normaliser{}
		data = norm.finish(norm.append(data[:0], []byte(f.Value)))
		if err := t.visit(&Text{Where: area, Label: "header " + safeLabel(f.Name), Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// read gives the texts of one part.
func (t *texts) read(p *Part) error {
	if err := t.partHeader(p); err != nil {
		return err
	}
	for _, e := range p.surrounding {
		if err := t.lookBetween(p, e); err != nil {
			return err
		}
		if err := t.plain(p, p.label()+" between parts", p.src.section(e), charset{}); err != nil {
			return err
		}
	}
	if p.encrypted() {
		t.unscannable(p, reasonEncrypted)
	}
	if p.walked || p.unread {
		return nil
	}
	if p.transfer == unknownEncoding {
		t.unscannable(p, reasonEncoding)
	}
	return t.contentOf(p)
}

// maxBetween is the length from which what stands between parts is odd.
const maxBetween = 16 << 10

// lookBetween looks at what stands before, between or after parts. Where it may
// be a part that other readers see there, that is a defect.
func (t *texts) lookBetween(p *Part, e extent) error {
	text := make([]byte, min(e.end-e.start, maxBetween))
	if _, err := p.src.r.ReadAt(text, e.start); err != nil && err != io.EOF {
		return fmt.Errorf("read between the parts of %s: %w", p.Path, err)
	}
	if len(text) == maxBetween || bytes.Contains(bytes.ToLower(text), []byte("content-")) || looksLikeBase64(text) || looksEscaped(text, false) {
		t.defect(p, defectBetween)
	}
	return nil
}

// partHeader gives the header of a part: a name or description in it is seen by
// readers, and in a forwarded message it is text like any other.
func (t *texts) partHeader(p *Part) error {
	if p.header.end <= p.header.start {
		return nil
	}
	size := min(p.header.end-p.header.start, int64(t.limits.HeaderBytes))
	block := make([]byte, size)
	if _, err := p.src.r.ReadAt(block, p.header.start); err != nil && err != io.EOF {
		return fmt.Errorf("read the header of part %s: %w", p.Path, err)
	}
	defect := func(what string) { t.defect(p, what) }
	var b strings.Builder
	for _, f := range parseFields(block, func(string) {}) {
		b.WriteString(decodeHeader(f.Value, defect))
		b.WriteByte('\n')
	}
	if p.Name != "" {
		b.WriteString(p.Name)
	}
	return t.plain(p, p.label()+" header", strings.NewReader(b.String()), charset{})
}

// pgpMessage begins an encrypted message inside a text (RFC 9580 section 6.2).
const pgpMessage = "-----BEGIN PGP MESSAGE-----"

// sniffBytes is how much of a content is looked at to tell what it is.
const sniffBytes = 1 << 10

// contentOf gives the text of a part's content.
func (t *texts) contentOf(p *Part) error {
	defect := func(what string) { t.defect(p, what) }
	r := bufio.NewReaderSize(t.decode(p, func(string) {}), 8<<10)
	head, err := r.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read part %s: %w", p.Path, err)
	}
	if len(head) == 0 {
		return nil
	}
	cs := charsetByName(p.Charset)
	switch {
	case cs.unknown:
		defect(defectCharset)
		if !mostlyASCII(head) {
			t.unscannable(p, reasonCharset)
		}
	case cs.wide:
		defect(defectCharsetWide)
	}
	if marked, ok := byMark(head); ok {
		cs = marked
	} else if !cs.wide && bytes.IndexByte(head, 0) >= 0 {
		if guessed, ok := byZeros(head); ok && guessed.fits(head) {
			cs = guessed
			defect(defectNUL)
		}
	}
	text := isText(p, head, cs)
	if text && (p.Kind != Attachment || strings.HasPrefix(p.Type, "text/")) && (p.transfer == identity && looksEscaped(head, isHTML(p, head)) || p.transfer != base64Encoding && looksLikeBase64(head)) {
		defect(defectLooksEncoded)
	}
	switch {
	case text && isHTML(p, head):
		return t.html(p, r, cs)
	case text:
		return t.plain(p, p.label(), flowed(p, r), cs)
	}
	if t.ReadElsewhere != nil {
		if elsewhere, err := t.ReadElsewhere(p); err != nil || elsewhere {
			return err
		}
	}
	return t.strings(p, r)
}

// plain gives one text.
func (t *texts) plain(p *Part, label string, r io.Reader, cs charset) error {
	c := t.chunker(p, label, 0)
	c.norm.guess = cs.enc == nil && !cs.utf7
	if err := copyTo(c, cs.reader(r)); err != nil {
		return fmt.Errorf("read part %s: %w", p.Path, err)
	}
	return t.done(c, p, 0)
}

// html gives what HTML shows, and what it hides as a text of its own.
func (t *texts) html(p *Part, r io.Reader, cs charset) error {
	shown, hidden := t.chunker(p, p.label(), 0), t.chunker(p, p.label()+" hidden", 1)
	shown.norm.guess = cs.enc == nil && !cs.utf7
	hidden.norm.guess = shown.norm.guess
	err := htmlText(cs.reader(r), shown.write, hidden.write, &shown.norm.override)
	if errors.Is(err, html.ErrBufferExceeded) {
		t.unscannable(p, reasonToken)
		t.defect(p, reasonToken)
	} else if err != nil {
		return fmt.Errorf("read part %s: %w", p.Path, err)
	}
	if err := t.done(shown, p, 0); err != nil {
		return err
	}
	return t.done(hidden, p, 1)
}

// chunker makes a chunker that hands out texts of a part.
func (t *texts) chunker(p *Part, label string, buffer int) *chunker {
	c := &chunker{buf: t.buffers[buffer][:0], budget: &t.budget}
	c.deliver = func(data []byte, n int) error {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		t.note(p, data)
		return t.give(&Text{Where: p.area(), Label: label, Part: p, Chunk: n, Data: data}, c.norm.override)
	}
	return c
}

// give hands out a text, and again reversed if its direction is overridden.
func (t *texts) give(x *Text, override bool) error {
	if err := t.visit(x); err != nil || !override {
		return err
	}
	again := *x
	again.Label += " reversed"
	again.Data = reversed(x.Data)
	return t.visit(&again)
}

// note records what a text says about things in it that are not read here.
func (t *texts) note(p *Part, data []byte) {
	if bytes.Contains(data, []byte(pgpMessage)) {
		t.unscannable(p, reasonEncrypted)
	}
	if bytes.Contains(data, []byte("=ybegin ")) || bytes.Contains(data, []byte("(This file must be converted with BinHex")) {
		t.unscannable(p, reasonEncoding)
	}
	for rest := data; ; {
		i := bytes.Index(rest, []byte("\nbegin "))
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		ln, _, _ := bytes.Cut(rest[:min(len(rest), maxBegin)], []byte("\n"))
		if isUUBegin(bytes.TrimRight(ln, "\r")) {
			t.defect(p, defectUUEncoded)
			break
		}
	}
}

// maxBegin bounds the first line of an uuencoded file.
const maxBegin = 1 << 10

// reversed gives a text as it shows where its direction is overridden.
func reversed(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		r, size := utf8.DecodeLastRune(data)
		data = data[:len(data)-size]
		out = utf8.AppendRune(out, r)
	}
	return out
}

// done ends a text, takes its buffer back, and notes what it said about itself.
func (t *texts) done(c *chunker, p *Part, buffer int) error {
	err := c.close()
	t.buffers[buffer] = c.buf
	if c.norm.override {
		t.defect(p, defectOverride)
	}
	if c.norm.zeros {
		t.defect(p, defectNUL)
	}
	if c.norm.replaced {
		t.defect(p, defectCharsetWrong)
	}
	return err
}

func copyTo(c *chunker, r io.Reader) error {
	var buf [8 << 10]byte
	for {
		n, err := r.Read(buf[:])
		if n > 0 {
			if err := c.write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
