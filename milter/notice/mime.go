package notice

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
)

// A content is the body of a mail and the header fields that belong to it.
type content struct {
	contentType string
	encoding    string // Content-Transfer-Encoding
	body        []byte // CRLF
}

// part is one part of a multipart body, or a nested multipart.
type part struct {
	contentType string
	params      map[string]string
	text        string // line ends LF
	description string
}

// multipart builds a body of several parts. The boundary follows from the parts:
// the same mail is the same octets.
func multipart(subtype string, params map[string]string, parts ...part) (content, error) {
	digest := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(digest, "%s\x00%s\x00", p.contentType, p.text)
	}
	all := map[string]string{"boundary": "postseal-" + hex.EncodeToString(digest.Sum(nil)[:12])}
	for k, v := range params {
		all[k] = v
	}
	var h message.Header
	h.SetContentType("multipart/"+subtype, all)
	var b bytes.Buffer
	w, err := message.CreateWriter(&b, h)
	if err != nil {
		return content{}, err
	}
	for _, p := range parts {
		var ph message.Header
		ph.SetContentType(p.contentType, p.params)
		if p.description != "" {
			ph.Set("Content-Description", p.description)
		}
		if p.params["charset"] == "utf-8" {
			ph.Set("Content-Transfer-Encoding", "quoted-printable")
		} else {
			ph.Set("Content-Transfer-Encoding", "7bit")
		}
		pw, err := w.CreatePart(ph)
		if err != nil {
			return content{}, err
		}
		if _, err := pw.Write([]byte(crlf(p.text))); err != nil {
			return content{}, err
		}
		if err := pw.Close(); err != nil {
			return content{}, err
		}
	}
	if err := w.Close(); err != nil {
		return content{}, err
	}
	// The writer puts its own header first; ours is a message's or the milter's.
	_, body, _ := bytes.Cut(b.Bytes(), []byte("\r\n\r\n"))
	return content{mime.FormatMediaType("multipart/"+subtype, all), "7bit", body}, nil
}

// utf8Text are the parameters of a text.
var utf8Text = map[string]string{"charset": "utf-8"}

// alternative is a text with its HTML form (RFC 2046 section 5.1.4).
func alternative(text, html string) (content, error) {
	return multipart("alternative", nil,
		part{contentType: "text/plain", params: utf8Text, text: text},
		part{contentType: "text/html", params: utf8Text, text: html})
}

// plainText is a text alone.
func plainText(text string) (content, error) {
	var h message.Header
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", "quoted-printable")
	var b bytes.Buffer
	w, err := message.CreateWriter(&b, h)
	if err != nil {
		return content{}, err
	}
	if _, err := w.Write([]byte(crlf(text))); err != nil {
		return content{}, err
	}
	if err := w.Close(); err != nil {
		return content{}, err
	}
	_, body, _ := bytes.Cut(b.Bytes(), []byte("\r\n\r\n"))
	return content{"text/plain; charset=utf-8", "quoted-printable", body}, nil
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// fields is a header being written, in order. Values are ready for the wire.
type fields struct{ b bytes.Buffer }

// set appends a field of structured or encoded text; it folds at spaces so that
// lines stay within 76 octets (RFC 5322 section 2.1.1, RFC 2047 section 2).
func (f *fields) set(name, value string) {
	f.b.WriteString(name)
	f.b.WriteByte(':')
	col := len(name) + 1
	for _, w := range strings.Fields(value) {
		if col+1+len(w) > 76 && col > len(name)+1 {
			f.b.WriteString("\r\n")
			col = 0
		}
		f.b.WriteByte(' ')
		f.b.WriteString(w)
		col += 1 + len(w)
	}
	f.b.WriteString("\r\n")
}

// message returns the header and the body.
func (f *fields) message(c content) []byte {
	f.set("MIME-Version", "1.0")
	f.set("Content-Type", c.contentType)
	f.set("Content-Transfer-Encoding", c.encoding)
	f.b.WriteString("\r\n")
	f.b.Write(c.body)
	return f.b.Bytes()
}

// encode makes text fit for an unstructured field (RFC 2047).
func encode(text string) string {
	text = unencoded(text)
	if ascii(text) {
		return text
	}
	return encodedWords(text)
}

// maxEncodedWord leaves room for the name of a field before the first one: a line
// with an encoded word has at most 76 octets (RFC 2047 section 2).
const maxEncodedWord = 64

// encodedWords writes text in encoded words with a space between, at which they
// fold and which does not count. They hold no signs that a phrase may not hold
// (RFC 2047 section 5), and no part of a character.
func encodedWords(text string) string {
	const start, end = "=?utf-8?q?", "?="
	var words []string
	word := start
	for _, r := range text {
		var c strings.Builder
		for _, b := range []byte(string(r)) {
			switch {
			case b == ' ':
				c.WriteByte('_')
			case b >= '0' && b <= '9', b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z', strings.IndexByte("!*+-/", b) >= 0:
				c.WriteByte(b)
			default:
				fmt.Fprintf(&c, "=%02X", b)
			}
		}
		if len(word)+c.Len()+len(end) > maxEncodedWord {
			words = append(words, word+end)
			word = start
		}
		word += c.String()
	}
	return strings.Join(append(words, word+end), " ")
}

// address writes a mailbox (RFC 5322 section 3.4) with its name encoded.
func address(name, addr string) string {
	name = unencoded(name)
	if name == "" {
		return "<" + oneLine(addr) + ">"
	}
	phrase := name
	switch {
	case !ascii(name):
		phrase = encodedWords(name)
	case strings.ContainsFunc(name, func(r rune) bool { return strings.ContainsRune(`()<>[]:;@\,."`, r) }):
		phrase = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return phrase + " <" + oneLine(addr) + ">"
}

// unencoded makes text one line without anything that looks like an encoded word:
// who reads the mail would see something else than what was checked, such as
// characters that change the direction.
func unencoded(text string) string {
	return strings.ReplaceAll(oneLine(text), "=?", "= ?")
}

// oneLine makes text one printable line: no control characters and none that
// change the direction of what follows.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// clip is oneLine of what a mail says, bounded: a name has no pages.
func clip(s string) string {
	const most = 200
	s = oneLine(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// validAddress reports whether addr can stand in a header of ours.
func validAddress(addr string) bool {
	a, err := mail.ParseAddress("<" + addr + ">")
	return err == nil && a.Address == addr && ascii(addr)
}
