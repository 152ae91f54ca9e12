package mail

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalise prepares a text for detectors and words as Texts does it: digits of
// all scripts and full-width forms to ASCII, odd spaces to plain ones, invisible
// characters out.
func Normalise(s string) string {
	if plainASCII(s) {
		return s
	}
	var n normaliser
	out := n.append(make([]byte, 0, len(s)), []byte(s))
	return string(n.finish(out))
}

// A normaliser does it for a text that comes in pieces. Octets that are not
// UTF-8 are taken as Windows-1252.
type normaliser struct {
	guess    bool // also take octets that are no UTF-8 as digits of East Asian charsets
	carry    [utf8.UTFMax]byte
	n        int   // octets in carry
	shift    uint8 // of ISO 2022, below
	lead     byte  // first octet of a character of two
	afterNum bool
	override bool // a direction override was met
	zeros    bool // a NUL was met
	replaced bool // a replacement character was met
}

// keepASCII tells which octets go through as they are.
var keepASCII = func() (t [256]bool) {
	for b := ' '; b <= '~'; b++ {
		t[b] = true
	}
	t['\t'], t['\n'], t['\r'] = true, true, true
	return t
}()

func (n *normaliser) append(dst, src []byte) []byte {
	if n.n > 0 {
		// Complete the rune that the last piece cut.
		had := n.n
		k := copy(n.carry[n.n:], src)
		whole := n.carry[:n.n+k]
		if !utf8.FullRune(whole) && len(whole) < utf8.UTFMax {
			n.n += k
			return dst
		}
		n.n = 0
		used := 0
		for used < had {
			size := 0
			dst, size = n.one(dst, whole[used:])
			used += size
		}
		src = src[used-had:]
	}
	for len(src) > 0 {
		if n.shift != 0 {
			dst = n.shifted(dst, src[0])
			src = src[1:]
			continue
		}
		i := 0
		for i < len(src) && keepASCII[src[i]] {
			i++
		}
		if i > 0 {
			dst = append(dst, src[:i]...)
			n.afterNum = isDigit(src[i-1])
			src = src[i:]
			continue
		}
		if !utf8.FullRune(src) || n.guess && len(src) == 1 {
			n.n = copy(n.carry[:], src)
			return dst
		}
		size := 0
		dst, size = n.one(dst, src)
		src = src[size:]
	}
	return dst
}

// finish takes what is left at the end of the text.
func (n *normaliser) finish(dst []byte) []byte {
	rest := n.carry[:n.n]
	n.n = 0
	for len(rest) > 0 {
		size := 0
		dst, size = n.one(dst, rest)
		rest = rest[size:]
	}
	return dst
}

// one takes the first character of src.
func (n *normaliser) one(dst, src []byte) ([]byte, int) {
	if src[0] < utf8.RuneSelf {
		return n.rune(dst, rune(src[0])), 1
	}
	r, size := utf8.DecodeRune(src)
	if r == utf8.RuneError && size == 1 {
		if n.guess && len(src) > 1 {
			if d, ok := eastAsianDigit(src[0], src[1]); ok {
				n.afterNum = true
				return append(dst, d), 2
			}
		}
		r = windows1252(src[0])
	}
	return n.rune(dst, r), size
}

func (n *normaliser) rune(dst []byte, r rune) []byte {
	after := n.afterNum
	n.afterNum = false
	switch {
	case r < utf8.RuneSelf:
		switch {
		case keepASCII[r]:
			n.afterNum = isDigit(byte(r))
			return append(dst, byte(r))
		case r == '\v' || r == '\f' || r >= 0x1c && r <= 0x1f:
			return append(dst, ' ')
		case r == 0:
			n.zeros = true
		case r == 0x1b:
			n.shift = escaped
		}
		n.afterNum = after
		return dst
	case isPlainLetter(r):
		return utf8.AppendRune(dst, r)
	case r >= 0xff01 && r <= 0xff5e: // full-width forms
		r -= 0xff01 - '!'
		n.afterNum = isDigit(byte(r))
		return append(dst, byte(r))
	case invisible(r):
		n.override = n.override || r == 0x202e || r == 0x202d
		n.afterNum = after
		return dst
	case r == utf8.RuneError:
		n.replaced = true
		return utf8.AppendRune(dst, r)
	case r == 0x85 || r == 0x2028 || r == 0x2029:
		return append(dst, '\n')
	case unicode.Is(unicode.Zs, r), r == 0x2800, r == 0x3164, r == 0xffa0, r == 0x115f, r == 0x1160:
		return append(dst, ' ')
	case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0xfe58, r == 0xfe63, r == 0x2043, r == 0x30fc && after:
		return append(dst, '-')
	case r == 0x2024 || r == 0xff0e || r == 0x00b7 && after || r == 0x2219 && after || r == 0x2022 && after:
		return append(dst, '.')
	case r == 0x2044 || r == 0x2215:
		return append(dst, '/')
	case after && unicode.In(r, unicode.Mn, unicode.Me): // keycaps, strokes
		n.afterNum = true
		return dst
	}
	if d, ok := digitValue(r); ok {
		n.afterNum = true
		return append(dst, d)
	}
	return utf8.AppendRune(dst, r)
}

// isPlainLetter tells for the letters of most text that there is nothing to do
// about them, so that not each has to be looked up.
func isPlainLetter(r rune) bool {
	switch {
	case r >= 0xc0 && r < 0x2b0, r >= 0x370 && r < 0x483, r >= 0x48a && r < 0x530, // Latin, Greek, Cyrillic
		r >= 0x3041 && r < 0x3097, r >= 0x30a1 && r < 0x30fb, r >= 0x4e00 && r < 0xa000, r >= 0xac00 && r < 0xd7a4: // Kana, Han, Hangul
		return true
	}
	return false
}

// digitValue returns the ASCII digit for a decimal digit of any script, and for
// circled, raised and other such digits.
func digitValue(r rune) (byte, bool) {
	switch {
	case r < 0xb2:
		return 0, false
	case unicode.Is(unicode.Nd, r):
		// Decimal digits stand in runs of ten that start at a zero (Unicode
		// section 4.6); the mathematical ones in five such runs from U+1D7CE.
		if r >= 0x1d7ce && r <= 0x1d7ff {
			return '0' + byte((r-0x1d7ce)%10), true
		}
		zero := r
		for zero > r-9 && unicode.Is(unicode.Nd, zero-1) {
			zero--
		}
		if d := r - zero; d < 10 {
			return '0' + byte(d%10), true
		}
	case unicode.Is(unicode.No, r):
		if 0x2776 <= r && r <= 0x277e { // negative circled: no decomposition
			return byte(r-0x2776) + '1', true
		}
		if 0x2780 <= r && r <= 0x2788 {
			return byte(r-0x2780) + '1', true
		}
		if 0x278a <= r && r <= 0x2792 {
			return byte(r-0x278a) + '1', true
		}
		if d := norm.NFKD.PropertiesString(string(r)).Decomposition(); len(d) == 1 && isDigit(d[0]) {
			return d[0], true
		} else if len(d) == 3 && d[0] == '(' && isDigit(d[1]) || len(d) == 2 && isDigit(d[0]) && (d[1] == '.' || d[1] == ',') {
			for _, c := range d {
				if isDigit(c) {
					return c, true
				}
			}
		}
	}
	return 0, false
}

// invisible tells whether a character shows nothing and takes no room.
func invisible(r rune) bool {
	switch {
	case r == 0xad, r == 0x34f, r == 0x61c, r == 0x180e, r == 0xfeff, r == 0x17b4, r == 0x17b5:
		return true
	case r >= 0x80 && r < 0xa0:
		return r != 0x85
	case r >= 0x180b && r <= 0x180d, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r >= 0xfe00 && r <= 0xfe0f, r >= 0xfff9 && r <= 0xfffb, r >= 0x1bca0 && r <= 0x1bca3, r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return false
}

// eastAsianDigit reads a full-width digit in the two octets that it has in EUC
// and GBK, in Shift JIS, and in Big5.
func eastAsianDigit(a, b byte) (byte, bool) {
	switch {
	case a == 0xa3 && b >= 0xb0 && b <= 0xb9:
		return b - 0xb0 + '0', true
	case a == 0x82 && b >= 0x4f && b <= 0x58:
		return b - 0x4f + '0', true
	case a == 0xa2 && b >= 0xaf && b <= 0xb8:
		return b - 0xaf + '0', true
	}
	return 0, false
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// Where a text with the escapes of ISO 2022 stands, as mail from East Asia has
// them, often undeclared.
const (
	escaped   = 1 + iota // after ESC
	escaped2             // after ESC $
	designate            // before the last octet of a longer escape
	twoOctets            // in characters of two octets
	between              // in such a character
)

// shifted takes one octet of such a text. All the sets have the digits in the
// same place.
func (n *normaliser) shifted(dst []byte, b byte) []byte {
	switch n.shift {
	case escaped:
		switch b {
		case '$':
			n.shift = escaped2
		case '(':
			n.shift = designate
		default:
			n.shift = 0
			dst = n.rune(dst, rune(b&0x7f))
		}
	case escaped2:
		switch b {
		case '@', 'A', 'B':
			n.shift = twoOctets
		default:
			n.shift = designate
		}
	case designate:
		n.shift = 0
	case twoOctets:
		switch {
		case b == 0x1b:
			n.shift = escaped
		case b <= ' ' || b >= 0x7f:
			n.shift = 0
			if b == '\n' || b == '\r' || b == ' ' {
				dst = append(dst, b)
			}
		default:
			n.lead, n.shift = b, between
		}
	case between:
		n.shift = twoOctets
		switch {
		case n.lead == 0x23 && b > ' ' && b < 0x7f: // the full-width forms of ASCII
			dst = append(dst, b)
		case n.lead == 0x21:
			dst = append(dst, ' ')
		default:
			dst = append(dst, "\u3013"...) // some other character
		}
	}
	return dst
}
