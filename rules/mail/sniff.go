package mail

import (
	"bytes"
	"io"
	"path"
	"strings"
)

// The defects that only the content shows.
const (
	defectLooksEncoded = "text that looks encoded but says nothing of it"
	defectBetween      = "something like a part between the parts"
	defectOverride     = "text with its direction overridden"
)

// isText tells whether a part's content is to be read as text.
func isText(p *Part, head []byte, cs charset) bool {
	if strings.HasPrefix(p.Type, "text/") || strings.HasPrefix(p.Type, "message/") || p.Kind != Attachment {
		return true
	}
	return cs.wide || looksLikeText(head)
}

// looksLikeText tells whether a content of unknown type is text: no NUL and
// hardly any control octets.
func looksLikeText(head []byte) bool {
	odd := 0
	for _, b := range head {
		switch {
		case b == 0:
			return false
		case b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' && b != 0x1b, b == 0x7f:
			odd++
		}
	}
	return odd <= len(head)/50 && !bytes.HasPrefix(head, []byte("%PDF-"))
}

// mostlyASCII tells whether a text in an unknown charset can be read anyway: its
// charset is a superset of ASCII, by all appearance.
func mostlyASCII(head []byte) bool {
	high := 0
	for _, b := range head {
		if b == 0 {
			return false
		}
		if b >= 0x80 {
			high++
		}
	}
	return high <= len(head)/3
}

// isHTML tells whether a text is marked up.
func isHTML(p *Part, head []byte) bool {
	switch p.Type {
	case "text/html", "application/xhtml+xml", "text/enriched", "text/richtext", "text/x-amp-html", "text/watch-html", "text/xml", "application/xml", "image/svg+xml":
		return true
	}
	switch strings.ToLower(path.Ext(p.Name)) {
	case ".html", ".htm", ".xhtml", ".svg", ".xml", ".shtml", ".mht":
		return true
	}
	head = bytes.ToLower(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"))
	for _, start := range []string{"<!doctype html", "<html", "<head", "<body", "<?xml"} {
		if bytes.HasPrefix(head, []byte(start)) {
			return true
		}
	}
	return false
}

// looksEscaped tells whether a text that is not declared so shows signs of
// quoted-printable: a soft line break, an escaped "=", in plain text also several
// escapes that nobody writes without need.
func looksEscaped(head []byte, markup bool) bool {
	escapes := 0
	for i := 0; i+1 < len(head); i++ {
		if head[i] != '=' {
			continue
		}
		n, octet, ok := qpEscape(head[i:])
		switch {
		case n > 0 && !ok && i+n < len(head), ok && octet == '=':
			return true
		case !ok || markup:
		case octet == ' ' || octet == '-' || isDigit(octet) || octet >= 0x80:
			escapes++
		}
	}
	return escapes > 1
}

// looksLikeBase64 tells whether a text that is not declared so has lines of
// base64, or of another encoding of files.
func looksLikeBase64(head []byte) bool {
	for len(head) > 0 {
		ln := head
		if i := bytes.IndexByte(head, '\n'); i >= 0 {
			ln, head = head[:i], head[i+1:]
		} else {
			head = nil
		}
		ln = bytes.TrimRight(ln, "\r=")
		if len(ln) >= 20 && base64Only(ln) || isUUBegin(ln) || bytes.HasPrefix(ln, []byte("=ybegin ")) || bytes.HasPrefix(ln, []byte("(This file must be converted")) {
			return true
		}
	}
	return false
}

// base64Only tells whether a line is of the alphabet of base64 and mixed as this
// is: no rule of dashes, no long word or name in a program.
func base64Only(ln []byte) bool {
	upper, lower, digit, rises := false, false, false, 0
	wasLower := false
	for _, b := range ln {
		isUpper := b >= 'A' && b <= 'Z'
		switch {
		case base64Table[b] >= 64:
			return false
		case isDigit(b):
			digit = true
		case b >= 'a':
			lower = true
		case isUpper:
			upper = true
			if wasLower {
				rises++
			}
		}
		wasLower = b >= 'a'
	}
	return upper && lower && (digit || rises*5 >= len(ln))
}

// flowed undoes the line breaks of format=flowed with delsp=yes (RFC 3676
// section 4.5), which can stand in the middle of a number.
func flowed(p *Part, r io.Reader) io.Reader {
	if !strings.EqualFold(p.params["format"], "flowed") || !strings.EqualFold(p.params["delsp"], "yes") {
		return r
	}
	return &flowedReader{r: r}
}

// A flowedReader drops each " CRLF". The space may come at the end of one read.
type flowedReader struct {
	r    io.Reader
	held []byte // a space, and perhaps a carriage return after it
	out  []byte
	in   [4 << 10]byte
	err  error
}

func (f *flowedReader) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		n, err := f.r.Read(f.in[:])
		f.out = f.out[:0]
		for _, c := range f.in[:n] {
			switch {
			case c == ' ':
				f.out = append(f.out, f.held...)
				f.held = append(f.held[:0], c)
			case c == '\r' && len(f.held) == 1:
				f.held = append(f.held, c)
			case c == '\n' && len(f.held) > 0:
				f.held = f.held[:0]
			default:
				f.out = append(append(f.out, f.held...), c)
				f.held = f.held[:0]
			}
		}
		if err != nil {
			f.out = append(f.out, f.held...)
			f.held, f.err = nil, err
		}
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}
