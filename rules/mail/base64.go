package mail

import (
	"encoding/base64"
	"io"
)

// What an octet is in base64: its value, or one of these.
const (
	base64Space = 64 + iota // a line break or space
	base64Pad
	base64Other
)

// base64Table has the URL alphabet (RFC 4648 section 5) too.
var base64Table = func() (t [256]byte) {
	for i := range t {
		t[i] = base64Other
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	for _, c := range []byte(" \t\r\n") {
		t[c] = base64Space
	}
	t['='] = base64Pad
	return t
}()

// A base64Reader decodes base64 as forgiving readers do: what is not of the
// alphabet is passed over, and after padding it starts anew.
type base64Reader struct {
	r      io.Reader
	defect func(string)
	raw    [12 << 10]byte
	in     [12<<10 + 4]byte // of the alphabet, not yet decoded
	n      int
	out    []byte
	buf    [9<<10 + 6]byte
	padded bool
	err    error
}

func (b *base64Reader) reset(r io.Reader, defect func(string)) {
	b.r, b.defect, b.n, b.out, b.padded, b.err = r, seldom(defect), 0, nil, false, nil
}

func (b *base64Reader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.fill()
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *base64Reader) fill() {
	n, err := b.r.Read(b.raw[:])
	b.out = b.buf[:0]
	k := b.n
	for _, c := range b.raw[:n] {
		v := base64Table[c]
		if v < 64 {
			if v >= 62 && (c == '-' || c == '_') {
				b.defect(defectBase64Octet)
				c = "+/"[v-62]
			}
			if b.padded {
				b.defect(defectBase64After)
				b.padded = false
			}
			b.in[k] = c
			k++
			continue
		}
		switch v {
		case base64Pad:
			if !b.padded {
				if k%4 < 2 {
					b.defect(defectBase64Octet)
				}
				b.n = k
				b.flush(atPad)
				k = 0
				b.padded = true
			}
		case base64Other:
			b.defect(defectBase64Octet)
		}
	}
	b.n = k
	if err == nil {
		b.flush(more)
		return
	}
	b.flush(atEnd)
	b.err = err
}

// Why a base64Reader decodes what it has.
const (
	more  = iota // there was no more room
	atPad        // a padding sign ends the quantum
	atEnd        // the source has ended
)

// flush decodes whole quanta of what is collected, all of it at an end.
func (b *base64Reader) flush(why int) {
	k := b.n &^ 3
	if why != more {
		if rest := b.n % 4; rest == 1 || rest != 0 && why == atEnd {
			b.defect(defectBase64Short)
		}
		if k = b.n; k%4 == 1 {
			k--
		}
	}
	at := len(b.out)
	n, _ := base64.RawStdEncoding.Decode(b.buf[at:], b.in[:k])
	b.out = b.buf[:at+n]
	if why != more {
		b.n = 0
		return
	}
	b.n = copy(b.in[:], b.in[k:b.n])
}
