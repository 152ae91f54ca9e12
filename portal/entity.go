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

// writeEntity writes what somebody wrote as a MIME entity (RFC 2045): the text
// alone, with marks also as HTML, or multipart/mixed with the files. An original
// isn't quoted: the reply goes by ordinary mail.
func writeEntity(w io.Writer, body string, files []file) error {
	html := markedHTML(body)
	if len(files) == 0 && html == "" {
		if _, err := io.WriteString(w, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"); err != nil {
			return err
		}
		return writeText(w, body)
	}
	m := multipart.NewWriter(w)
	if len(files) == 0 {
		if _, err := fmt.Fprintf(w, "Content-Type: multipart/alternative; boundary=%q\r\n\r\n", m.Boundary()); err != nil {
			return err
		}
		if err := writeBoth(m, body, html); err != nil {
			return err
		}
		return m.Close()
	}
	if _, err := fmt.Fprintf(w, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n", m.Boundary()); err != nil {
		return err
	}
	if err := writeBody(m, body, html); err != nil {
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
		if err := f.copyTo(b); err != nil {
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

// writeBody writes the text as the first part of a mail with files.
func writeBody(m *multipart.Writer, body, html string) error {
	if html == "" {
		return writePart(m, "text/plain; charset=utf-8", body)
	}
	boundary := multipart.NewWriter(io.Discard).Boundary()
	p, err := m.CreatePart(textproto.MIMEHeader{"Content-Type": {fmt.Sprintf("multipart/alternative; boundary=%q", boundary)}})
	if err != nil {
		return err
	}
	inner := multipart.NewWriter(p)
	if err := inner.SetBoundary(boundary); err != nil {
		return err
	}
	if err := writeBoth(inner, body, html); err != nil {
		return err
	}
	return inner.Close()
}

// writeBoth writes the text as it was typed and as HTML, the better one last (RFC
// 2046 section 5.1.4).
func writeBoth(m *multipart.Writer, body, html string) error {
	if err := writePart(m, "text/plain; charset=utf-8", body); err != nil {
		return err
	}
	return writePart(m, "text/html; charset=utf-8", strings.ReplaceAll(html, "\r\n", "\n"))
}

func writePart(m *multipart.Writer, kind, text string) error {
	p, err := m.CreatePart(textproto.MIMEHeader{"Content-Type": {kind}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return err
	}
	return writeText(p, text)
}

// copyTo writes what the file holds.
func (f file) copyTo(w io.Writer) error {
	if f.open == nil {
		_, err := w.Write(f.data)
		return err
	}
	r, err := f.open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
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
