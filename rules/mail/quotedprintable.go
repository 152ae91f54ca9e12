package mail

import (
	"bufio"
	"bytes"
	"io"
)

// A qpReader undoes quoted-printable (RFC 2045 section 6.7) and leaves what is
// no escape as it is.
type qpReader struct {
	r      io.Reader
	br     *bufio.Reader
	defect func(string)
	out    []byte
	err    error
}

// maxEscape is how far a soft line break can extend: "=", space, line break.
const maxEscape = 64

func (q *qpReader) Read(p []byte) (int, error) {
	if q.br == nil {
		q.br = bufio.NewReaderSize(q.r, 16<<10)
	}
	for len(q.out) == 0 {
		if q.err != nil {
			return 0, q.err
		}
		q.fill()
	}
	n := copy(p, q.out)
	q.out = q.out[n:]
	return n, nil
}

// fill decodes what is in the buffer.
func (q *qpReader) fill() {
	q.out = q.out[:0]
	_, err := q.br.Peek(1)
	if err != nil {
		q.err = err
		return
	}
	in, _ := q.br.Peek(q.br.Buffered())
	if len(in) < maxEscape {
		// Near the end of the buffer an escape may be cut: get more, if there is.
		if in, err = q.br.Peek(16 << 10); err != nil && err != io.EOF {
			q.err = err
			return
		}
	}
	last := len(in) < 16<<10 && err == io.EOF
	i := 0
	for i < len(in) {
		e := bytes.IndexByte(in[i:], '=')
		if e < 0 {
			q.out = append(q.out, in[i:]...)
			i = len(in)
			break
		}
		q.out = append(q.out, in[i:i+e]...)
		i += e
		if len(in)-i < maxEscape && !last {
			break
		}
		n, octet, ok := qpEscape(in[i:])
		switch {
		case n > 0 && ok:
			q.out = append(q.out, octet)
			i += n
		case n > 0: // a soft line break
			i += n
		default:
			q.defect(defectQPOctet)
			q.out = append(q.out, '=')
			i++
		}
	}
	q.br.Discard(i)
}

// qpEscape reads the escape at the start of in: its length and the octet it
// stands for; no octet for a soft line break; length 0 for none of both.
func qpEscape(in []byte) (n int, octet byte, ok bool) {
	if len(in) >= 3 {
		if v, ok := hexPair(in[1], in[2]); ok {
			return 3, v, true
		}
	}
	for i := 1; i < len(in) && i < maxEscape; i++ {
		switch in[i] {
		case ' ', '\t', '\r':
		case '\n':
			return i + 1, 0, false
		default:
			return 0, 0, false
		}
	}
	if len(in) < maxEscape {
		return len(in), 0, false // at the end of the content
	}
	return 0, 0, false
}
