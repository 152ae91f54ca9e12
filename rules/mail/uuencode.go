package mail

import (
	"bufio"
	"bytes"
	"io"
)

// A uuReader decodes the first uuencoded file (POSIX uuencode) of its source.
// Lines before it are passed over.
type uuReader struct {
	r      io.Reader
	br     *bufio.Reader
	defect func(string)
	begun  bool
	ended  bool // by its last line, not by the end of the source
	out    []byte
	err    error
}

func (u *uuReader) Read(p []byte) (int, error) {
	if u.br == nil {
		u.br = bufio.NewReaderSize(u.r, 4<<10)
	}
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		ln, err := u.br.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull:
			u.defect(defectUUShort)
		case err != nil:
			if u.err = err; err == io.EOF {
				u.defect(defectUUShort)
			}
		}
		ln = bytes.TrimRight(ln, "\r\n")
		switch {
		case !u.begun:
			u.begun = isUUBegin(ln)
		case bytes.Equal(ln, []byte("end")):
			u.ended, u.err = true, io.EOF
		default:
			u.out = appendUULine(u.out[:0], ln)
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// isUUBegin tells whether a line is "begin 644 name".
func isUUBegin(ln []byte) bool {
	rest, ok := bytes.CutPrefix(ln, []byte("begin "))
	if !ok {
		return false
	}
	mode, name, ok := bytes.Cut(rest, []byte(" "))
	if !ok || len(mode) < 3 || len(mode) > 4 || len(name) == 0 {
		return false
	}
	for _, c := range mode {
		if c < '0' || c > '7' {
			return false
		}
	}
	return true
}

// appendUULine decodes one line: its length and groups of four characters for
// three octets.
func appendUULine(dst, ln []byte) []byte {
	if len(ln) == 0 || ln[0] < ' ' || ln[0] > '`' {
		return dst
	}
	n := int(ln[0]-' ') & 63
	ln = ln[1:]
	for n > 0 && len(ln) > 0 {
		var g [4]byte
		for i := range g {
			if i < len(ln) {
				g[i] = (ln[i] - ' ') & 63
			}
		}
		three := [3]byte{g[0]<<2 | g[1]>>4, g[1]<<4 | g[2]>>2, g[2]<<6 | g[3]}
		dst = append(dst, three[:min(n, 3)]...)
		n -= 3
		ln = ln[min(4, len(ln)):]
	}
	return dst
}
