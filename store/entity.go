package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/postseal/postseal/store/socket"
)

// maxEntityHeader bounds the header of a reply's entity, in octets.
const maxEntityHeader = 4 << 10

// readEntity checks the header of a MIME entity (RFC 2045) and returns the
// entity: the header written anew, an empty line, the body with CRLF at the end
// of each line. Only Content-Type (text or multipart) and
// Content-Transfer-Encoding are let through, once each, so that the portal can't
// add a field to the mail.
//
// Reading it gives ErrTooLarge after limit octets, and ErrInvalid for NUL.
func readEntity(r io.Reader, limit int64) (io.Reader, error) {
	in := bufio.NewReaderSize(&cappedReader{r: r, left: limit}, maxEntityHeader)
	fields := map[string]string{}
	last, total := "", 0
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, socket.ErrTooLarge) {
			return nil, err
		}
		total += len(line)
		if err != nil || total > maxEntityHeader {
			return nil, fmt.Errorf("%w: header of the entity", socket.ErrInvalid)
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			break
		}
		if last, err = entityField(fields, last, text); err != nil {
			return nil, err
		}
	}
	header, err := entityHeader(fields)
	if err != nil {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(header), &lineReader{r: in}), nil
}

// entityField adds a line of the header to fields, and returns the field's name.
func entityField(fields map[string]string, last, line string) (string, error) {
	for _, c := range []byte(line) {
		if c != '\t' && (c < ' ' || c > '~') {
			return "", fmt.Errorf("%w: octet in the entity's header", socket.ErrInvalid)
		}
	}
	if line[0] == ' ' || line[0] == '\t' { // folded, RFC 5322 section 2.2.3
		if last == "" {
			return "", fmt.Errorf("%w: header of the entity", socket.ErrInvalid)
		}
		fields[last] += " " + strings.TrimSpace(line)
		return last, nil
	}
	name, value, ok := strings.Cut(line, ":")
	name = strings.ToLower(name)
	if !ok || name != "content-type" && name != "content-transfer-encoding" {
		return "", fmt.Errorf("%w: field in the entity's header", socket.ErrInvalid)
	}
	if _, twice := fields[name]; twice {
		return "", fmt.Errorf("%w: %s twice", socket.ErrInvalid, name)
	}
	fields[name] = strings.TrimSpace(value)
	return name, nil
}

// entityHeader writes the two fields as they are sent.
func entityHeader(fields map[string]string) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(fields["content-type"])
	multipart := strings.HasPrefix(kind, "multipart/")
	if err != nil || !multipart && !strings.HasPrefix(kind, "text/") || multipart && params["boundary"] == "" {
		return nil, fmt.Errorf("%w: content type of the entity", socket.ErrInvalid)
	}
	typ := mime.FormatMediaType(kind, params)
	encoding := strings.ToLower(fields["content-transfer-encoding"])
	switch encoding {
	case "":
		encoding = "7bit"
	case "7bit", "8bit":
	case "quoted-printable", "base64":
		if multipart { // RFC 2045 section 6.4
			return nil, fmt.Errorf("%w: transfer encoding of the entity", socket.ErrInvalid)
		}
	default:
		return nil, fmt.Errorf("%w: transfer encoding of the entity", socket.ErrInvalid)
	}
	if typ == "" || len(typ) > 900 { // RFC 5322 section 2.1.1: 998
		return nil, fmt.Errorf("%w: content type of the entity", socket.ErrInvalid)
	}
	return fmt.Appendf(nil, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", typ, encoding), nil
}

// A cappedReader gives ErrTooLarge instead of more than left octets.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(b []byte) (int, error) {
	if int64(len(b)) > c.left+1 {
		b = b[:c.left+1]
	}
	n, err := c.r.Read(b)
	c.left -= int64(n)
	if c.left < 0 {
		return 0, socket.ErrTooLarge
	}
	return n, err
}

// A lineReader ends each line with CRLF, whatever it ended with, and refuses
// NUL. A bare CR or LF could mean the end of the mail to a later hop (SMTP
// smuggling).
type lineReader struct {
	r   *bufio.Reader
	cr  bool   // the last octet read was CR
	out []byte // converted, not read yet
	err error
}

func (l *lineReader) Read(b []byte) (int, error) {
	for len(l.out) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		l.fill()
	}
	n := copy(b, l.out)
	l.out = l.out[n:]
	return n, nil
}

func (l *lineReader) fill() {
	var in [16 << 10]byte
	n, err := l.r.Read(in[:])
	l.err = err
	out := l.out[:0]
	for _, c := range in[:n] {
		if c == 0 {
			l.out, l.err = nil, fmt.Errorf("%w: NUL in a reply", socket.ErrInvalid)
			return
		}
		// A CR was written as CRLF when it came; its own LF follows now.
		if !(c == '\n' && l.cr) {
			if c == '\r' || c == '\n' {
				out = append(out, '\r', '\n')
			} else {
				out = append(out, c)
			}
		}
		l.cr = c == '\r'
	}
	l.out = out
}
