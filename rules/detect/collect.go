package detect

import "strings"

// A collection is a number of letters and digits that stand together, in one
// piece or with one kind of separator between groups.
type collection struct {
	buf    [maxCollect]byte
	sizes  [maxCollect]uint8 // of the groups
	n      int               // characters in buf
	joined int               // groups
	end    int
	lower  bool // it has small letters
}

// maxCollect is the length of the longest number that has letters: an IBAN.
const maxCollect = 36

// chars returns the letters and digits, letters in upper case.
func (c *collection) chars() []byte { return c.buf[:c.n] }

// collect reads n letters and digits from start on, with at most one separator
// of those given between any two, the same each time. A line break counts as a
// space. It fails for what is too short.
func collect(text []byte, start, n int, separators string) (c collection, ok bool) {
	group := uint8(0)
	var kind byte
	for i := start; i < len(text); i++ {
		b := text[i]
		switch {
		case isDigit(b) || isLetter(b):
			if b >= 'a' {
				c.lower = true
				b -= 'a' - 'A'
			}
			c.buf[c.n] = b
			c.n++
			group++
			if c.n == n {
				c.sizes[c.joined] = group
				c.joined++
				c.end = i + 1
				return c, true
			}
			continue
		case group == 0:
			return c, false
		case b == '\r' && i+1 < len(text) && text[i+1] == '\n':
			i++
			b = ' '
		case b == '\n':
			b = ' '
		}
		if strings.IndexByte(separators, b) < 0 || kind != 0 && kind != b {
			return c, false
		}
		kind = b
		c.sizes[c.joined] = group
		c.joined++
		group = 0
	}
	return c, false
}

// groups tells whether the groups have exactly these sizes.
func (c *collection) groups(sizes ...int) bool {
	if len(sizes) != c.joined {
		return false
	}
	for i, s := range sizes {
		if int(c.sizes[i]) != s {
			return false
		}
	}
	return true
}
