package detect

import (
	"encoding/binary"
	"math/bits"
)

// A reading is what follows the start of a group of digits: the digits of this
// and the next groups, as far as one separator each joins them.
type reading struct {
	text   []byte
	start  int
	n      int                 // groups
	digits [maxReadDigits]byte // ASCII, without separators
	upto   [maxReadGroups]int  // digits[:upto[i]] are those of the first i+1 groups
	end    [maxReadGroups]int  // where group i ends in text
	sep    [maxReadGroups]byte // between groups i and i+1: one of the kinds below
}

const (
	maxReadDigits = 40
	maxReadGroups = 12

	// What joins two groups: ' ' up to three spaces, '\n' one line break with
	// space and quoting marks around it, '\t' with space around it, or one of
	// '-', '.', '/' with at most one space or a line break on each side.
	maxSeparator = 12
)

// nextDigit returns the index of the first digit in text from i on, len(text) if
// there is none. It looks at eight octets at a time.
func nextDigit(text []byte, i int) int {
	const (
		zeros = 0x3030303030303030
		tens  = 0x0a0a0a0a0a0a0a0a
		high  = 0x8080808080808080
	)
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:]) ^ zeros
		// The lowest bit set marks the first octet below ten; higher ones may lie.
		if m := (x - tens) &^ x & high; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(text); i++ {
		if isDigit(text[i]) {
			return i
		}
	}
	return len(text)
}

// groupEnd returns where the digits that start at i end.
func groupEnd(text []byte, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

// read fills r from the group text[start:end]. It fails for a group that is too
// long for any detector.
func (r *reading) read(text []byte, start, end int) bool {
	if end-start > maxReadDigits {
		return false
	}
	r.text, r.start = text, start
	r.n = 1
	r.upto[0] = copy(r.digits[:], text[start:end])
	r.end[0] = end
	for r.n < maxReadGroups {
		kind, s := separator(text, end)
		if kind == 0 {
			break
		}
		e := groupEnd(text, s)
		have := r.upto[r.n-1]
		if have+e-s > maxReadDigits {
			break
		}
		r.sep[r.n-1] = kind
		r.upto[r.n] = have + copy(r.digits[have:], text[s:e])
		r.end[r.n] = e
		r.n++
		end = e
	}
	return true
}

// separator reads what stands between a group that ends at i and the next one:
// its kind and where the next group starts; 0 if there is nothing that joins.
func separator(text []byte, i int) (kind byte, next int) {
	var mark, line, tab byte
	spaces := 0
	for n := 0; n < maxSeparator && i < len(text); n++ {
		b := text[i]
		switch {
		case isDigit(b):
			if n == 0 {
				return 0, 0
			}
			switch {
			case mark != 0 && tab == 0 && spaces <= 2:
				return mark, i
			case mark != 0:
				return 0, 0
			case line != 0:
				return '\n', i
			case tab != 0:
				return '\t', i
			}
			return ' ', i
		case b == ' ':
			if spaces++; spaces > 3 && line == 0 && tab == 0 {
				return 0, 0
			}
		case b == '\t':
			tab = b
		case b == '\r':
		case b == '\n':
			if line != 0 {
				return 0, 0
			}
			line, spaces = b, 0
		case b == '>' && line != 0:
		case b == '-' || b == '.' || b == '/':
			if mark != 0 || spaces > 1 {
				return 0, 0
			}
			mark, spaces = b, 0
		default:
			return 0, 0
		}
		i++
	}
	return 0, 0
}

// uniform returns the one kind of separator in the first n groups: 0 for a
// single group, false if there are several kinds. A line break goes with spaces.
func (r *reading) uniform(n int) (kind byte, ok bool) {
	for i := 0; i+1 < n; i++ {
		s := r.sep[i]
		switch {
		case kind == 0 || kind == '\n' && s == ' ':
			kind = s
		case s == kind || kind == ' ' && s == '\n':
		default:
			return 0, false
		}
	}
	return kind, true
}

// size returns the number of digits in group i.
func (r *reading) size(i int) int {
	if i == 0 {
		return r.upto[0]
	}
	return r.upto[i] - r.upto[i-1]
}

// sizes tells whether the first groups have exactly these numbers of digits.
func (r *reading) sizes(want ...int) bool {
	if r.n < len(want) {
		return false
	}
	for i, w := range want {
		if r.size(i) != w {
			return false
		}
	}
	return true
}

// freeBefore tells whether the number that starts the reading stands alone to
// its left: no letter, no digit before it, also not over one of ". - /", as in
// the fraction of a decimal number, a version or a longer number.
func (r *reading) freeBefore() bool { return freeBefore(r.text, r.start) }

func freeBefore(text []byte, start int) bool {
	if start == 0 {
		return true
	}
	b := text[start-1]
	if isLetter(b) || isDigit(b) {
		return false
	}
	if start > 1 && (b == '.' || b == '-' || b == '/') && isDigit(text[start-2]) {
		return false
	}
	return true
}

// freeAfter is the same to the right of end.
func freeAfter(text []byte, end int) bool {
	if end >= len(text) {
		return true
	}
	b := text[end]
	if isLetter(b) || isDigit(b) {
		return false
	}
	if end+1 < len(text) && (b == '.' || b == '-' || b == '/') && isDigit(text[end+1]) {
		return false
	}
	return true
}
