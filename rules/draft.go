package rules

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"strings"
)

// A draft is a message under construction, for tests.
type draft struct {
	fields      []Field
	body, html  string
	attachments []draftPart
	raw         []byte // a whole message to take instead of all else
}

type draftPart struct {
	name, mediaType string
	content         []byte
	size            int // fill content up to that many octets
}

func (d *draft) add(name, value string) { d.fields = append(d.fields, Field{name, value}) }

func (d *draft) has(name string) bool {
	for _, f := range d.fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// write completes m, whose envelope is set, with header and body.
func (d *draft) write(m *Message) error {
	if d.raw != nil {
		if len(d.fields) > 0 || d.body != "" || d.html != "" || len(d.attachments) > 0 {
			return errors.New("a test has either a message file or subject, header, body, html and attachment")
		}
		return ParseMessage(m, d.raw)
	}
	if !d.has("From") && m.From != "" {
		d.add("From", m.From)
	}
	var text bytes.Buffer
	contentType := "text/plain; charset=utf-8"
	content := d.body
	if d.html != "" {
		contentType, content = "text/html; charset=utf-8", d.html
		if d.body != "" {
			return errors.New("a test has either body or html")
		}
	}
	if len(d.attachments) == 0 {
		text.WriteString(crlf(content))
	} else {
		const boundary = "=_part"
		part := func(header string) { fmt.Fprintf(&text, "--%s\r\n%s\r\n\r\n", boundary, header) }
		part("Content-Type: " + contentType)
		text.WriteString(crlf(content) + "\r\n")
		for _, a := range d.attachments {
			part(a.header())
			encoded := base64.StdEncoding.EncodeToString(a.filled())
			for len(encoded) > 76 {
				text.WriteString(encoded[:76] + "\r\n")
				encoded = encoded[76:]
			}
			text.WriteString(encoded + "\r\n")
		}
		text.WriteString("--" + boundary + "--\r\n")
		contentType = `multipart/mixed; boundary="` + boundary + `"`
	}
	if !d.has("Content-Type") {
		d.add("MIME-Version", "1.0")
		d.add("Content-Type", contentType)
	}
	for _, f := range d.fields {
		m.Header = append(m.Header, Field{f.Name, " " + f.Value})
	}
	m.Body, m.BodySize = bytes.NewReader(text.Bytes()), int64(text.Len())
	return nil
}

func (p draftPart) header() string {
	mediaType := p.mediaType
	if mediaType == "" {
		mediaType = "application/octet-stream"
		if strings.HasSuffix(p.name, ".txt") || strings.HasSuffix(p.name, ".csv") {
			mediaType = "text/plain"
		}
	}
	disposition := "attachment"
	if p.name != "" {
		disposition = mime.FormatMediaType("attachment", map[string]string{"filename": p.name})
	}
	return "Content-Type: " + mediaType + "\r\nContent-Disposition: " + disposition + "\r\nContent-Transfer-Encoding: base64"
}

func (p draftPart) filled() []byte {
	content := p.content
	for len(content) < p.size {
		content = append(content, " \n"[len(content)%2])
	}
	return content
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}
