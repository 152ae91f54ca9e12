package extract

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
)

// readVObject reads calendars (RFC 5545) and contacts (RFC 6350): lines are
// unfolded, texts unescaped, inline attachments read as documents.
func readVObject(j *job, n node) error {
	data := bytes.ReplaceAll(n.data, []byte("\r\n"), []byte("\n"))
	// RFC 5545 section 3.1: a line break and one space or tab join.
	data = bytes.ReplaceAll(data, []byte("\n "), nil)
	data = bytes.ReplaceAll(data, []byte("\n\t"), nil)
	s := j.sink(n)
	for len(data) > 0 && s.err == nil {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		params := strings.ToUpper(string(name))
		switch {
		case !ok:
			s.line(string(line))
		case strings.Contains(params, "ENCODING=QUOTED-PRINTABLE"):
			for bytes.HasSuffix(value, []byte("=")) && len(data) > 0 { // vCard 2.1: soft line breaks
				var more []byte
				more, data, _ = bytes.Cut(data, []byte("\n"))
				value = append(bytes.TrimSuffix(bytes.Clone(value), []byte("=")), more...)
			}
			decoded, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(value)))
			if err != nil {
				j.note(ReasonMalformed)
				s.line(string(value))
			}
			s.line(string(decoded))
		case strings.Contains(params, "ENCODING=B"):
			if err := j.inline(n, string(value)); err != nil {
				return err
			}
		case bytes.HasPrefix(value, []byte("data:")) && bytes.Contains(value[:min(len(value), 200)], []byte(";base64,")):
			_, encoded, _ := bytes.Cut(value, []byte(";base64,"))
			if err := j.inline(n, string(encoded)); err != nil {
				return err
			}
		default:
			s.line(string(line))
			if bytes.IndexByte(value, '\\') >= 0 {
				s.line(unescape(string(value)))
			}
		}
	}
	return s.close()
}

// inline reads a document that stands in a line as base64.
func (j *job) inline(n node, encoded string) error {
	encoded = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '=' {
			return -1
		}
		return r
	}, encoded)
	data, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		j.note(ReasonMalformed)
	}
	return j.embedded(n, "attachment", "", data)
}

// unescape undoes the escapes of texts (RFC 5545 section 3.3.11).
func unescape(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`, `\:`, ":").Replace(s)
}
