package portal

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"path"
	"strings"
)

// writeEntity writes a reply as a MIME entity (RFC 2045): the text alone, or
// multipart/mixed with the files. The original isn't quoted: the reply goes by
// ordinary mail.
func writeEntity(w io.Writer, body string, files []file) error {
	if len(files) == 0 {
		if _, err := io.WriteString(w, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"); err != nil {
			return err
		}
		return writeText(w, body)
	}
	m := multipart.NewWriter(w)
	if _, err := fmt.Fprintf(w, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n", m.Boundary()); err != nil {
		return err
	}
	p, err := m.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {"text/plain; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	if err := writeText(p, body); err != nil {
		return err
	}
	for _, f := range files {
		p, err := m.CreatePart(textproto.MIMEHeader{
			"Content-Type":              {fileType(f.name)},
			"Content-Disposition":       {mime.FormatMediaType("attachment", map[string]string{"filename": f.name})},
			"Content-Transfer-Encoding": {"base64"},
		})
		if err != nil {
			return err
		}
		lines := &lineWriter{w: p}
		b := base64.NewEncoder(base64.StdEncoding, lines)
		if _, err := b.Write(f.data); err != nil {
			return err
		}
		if err := b.Close(); err != nil {
			return err
		}
		if err := lines.end(); err != nil {
			return err
		}
	}
	return m.Close()
}

// writeText writes lines in quoted-printable, each ending in CRLF.
func writeText(w io.Writer, body string) error {
	q := quotedprintable.NewWriter(w)
	body = strings.ReplaceAll(strings.TrimRight(body, "\n")+"\n", "\n", "\r\n")
	if _, err := io.WriteString(q, body); err != nil {
		return err
	}
	return q.Close()
}

// fileType is the media type by a file's extension; the sender's word for it
// isn't asked.
func fileType(name string) string {
	if t := mime.TypeByExtension(strings.ToLower(path.Ext(name))); t != "" {
		if i := strings.IndexByte(t, ';'); i >= 0 {
			t = t[:i]
		}
		// A text type would invite a client to guess charset and line ends.
		if !strings.HasPrefix(t, "text/") && !strings.HasPrefix(t, "multipart/") && !strings.HasPrefix(t, "message/") {
			return t
		}
	}
	return "application/octet-stream"
}

// A lineWriter breaks base64 into lines of 76 characters (RFC 2045 section 6.8).
type lineWriter struct {
	w  io.Writer
	at int
}

func (l *lineWriter) Write(b []byte) (int, error) {
	n := 0
	for len(b) > 0 {
		k := min(76-l.at, len(b))
		if _, err := l.w.Write(b[:k]); err != nil {
			return n, err
		}
		n, l.at, b = n+k, l.at+k, b[k:]
		if l.at == 76 {
			if err := l.end(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (l *lineWriter) end() error {
	if l.at == 0 {
		return nil
	}
	l.at = 0
	_, err := io.WriteString(l.w, "\r\n")
	return err
}
