package mail

import (
	"encoding/base64"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// A shiftReader turns ISO 2022 with SO and SI (RFC 1557, RFC 1922) into the
// eight-bit form: escapes are dropped, and octets between SO and SI get their
// high bit.
type shiftReader struct {
	r      io.Reader
	out    bool // between SO and SI
	escape int  // octets of a designation still to drop
}

func (s *shiftReader) Read(p []byte) (int, error) {
	for {
		n, err := s.r.Read(p)
		k := 0
		for _, c := range p[:n] {
			switch {
			case s.escape > 0:
				s.escape--
			case c == 0x1b:
				s.escape = 3
			case c == 0x0e:
				s.out = true
			case c == 0x0f:
				s.out = false
			default:
				if c == '\n' {
					s.out = false
				}
				if s.out && c > ' ' {
					c |= 0x80
				}
				p[k] = c
				k++
			}
		}
		if k > 0 || err != nil {
			return k, err
		}
	}
}

// A utf7Reader decodes UTF-7 (RFC 2152).
type utf7Reader struct {
	r     io.Reader
	in    [4 << 10]byte
	out   []byte
	err   error
	open  bool   // after "+"
	count int    // base64 characters since
	text  []byte // base64 characters not yet decoded
	units []uint16
}

func (u *utf7Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		n, err := u.r.Read(u.in[:])
		u.out = u.out[:0]
		for _, c := range u.in[:n] {
			u.octet(c)
		}
		if err != nil {
			u.end()
			u.err = err
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf7Reader) octet(c byte) {
	switch {
	case !u.open && c == '+':
		u.open, u.count = true, 0
	case !u.open:
		u.out = append(u.out, c)
	case base64Table[c] < 64 && c != '-' && c != '_':
		u.count++
		// Eight characters are three UTF-16 units.
		if u.text = append(u.text, c); len(u.text) == 8 {
			u.units = append(u.units, units(u.text)...)
			u.text = u.text[:0]
			if n := len(u.units); n >= 1<<10 && (n >= 1<<11 || !utf16.IsSurrogate(rune(u.units[n-1]))) {
				u.flush()
			}
		}
	default:
		empty := u.count == 0
		u.end()
		switch {
		case c == '-' && empty:
			u.out = append(u.out, '+')
		case c == '-':
		case c == '+':
			u.octet(c)
		default:
			u.out = append(u.out, c)
		}
	}
}

func (u *utf7Reader) end() {
	u.units = append(u.units, units(u.text)...)
	u.text = u.text[:0]
	u.flush()
	u.open = false
}

func (u *utf7Reader) flush() {
	for _, r := range utf16.Decode(u.units) {
		u.out = utf8.AppendRune(u.out, r)
	}
	u.units = u.units[:0]
}

// units decodes up to eight base64 characters to UTF-16, whole units only.
func units(text []byte) []uint16 {
	var buf [8]byte
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	n, _ := base64.RawStdEncoding.Decode(buf[:], text)
	var us []uint16
	for i := 0; i+1 < n; i += 2 {
		us = append(us, uint16(buf[i])<<8|uint16(buf[i+1]))
	}
	return us
}
