package extract

import "bytes"

// minString is the number of printable characters in a row from which they are
// taken for text.
const minString = 5

// readStrings gives the printable strings of binary data, a line each: ASCII
// with its supersets, then UTF-16 in both orders.
func (j *job) readStrings(n node, data []byte) error {
	s := j.sink(n)
	octetStrings(s, data)
	for _, high := range []int{1, 0} {
		for phase := range 2 {
			wideStrings(s, data[min(phase, len(data)):], high)
		}
	}
	return s.close()
}

func printable(b byte) bool { return b >= ' ' && b < 0x7f || b == '\t' }

// inRun tells of each octet whether it can be of a run: 1 for printable ASCII,
// 2 for what lies above ASCII, 0 for what ends it. Noise is unpredictable, so a
// table is much faster than comparisons.
var inRun = func() (t [256]uint8) {
	for b := range t {
		switch {
		case printable(byte(b)):
			t[b] = 1
		case b >= 0x80:
			t[b] = 2
		}
	}
	return t
}()

// octetStrings takes runs of ASCII; octets above it belong to a run, but don't
// make one.
func octetStrings(s *sink, data []byte) {
	start, ascii := 0, 0
	for i := 0; i <= len(data); i++ {
		if i < len(data) {
			if c := inRun[data[i]]; c != 0 {
				ascii += int(c & 1)
				continue
			}
		}
		if ascii >= minString && ascii > (i-start)/2 {
			s.newline()
			s.bytes(data[start:i])
		} else if ascii >= minString {
			asciiStrings(s, data[start:i])
		}
		start, ascii = i+1, 0
	}
	s.newline()
}

// asciiStrings takes the runs of ASCII alone out of what is mostly noise.
func asciiStrings(s *sink, data []byte) {
	start := 0
	for i := 0; i <= len(data); i++ {
		if i < len(data) && printable(data[i]) {
			continue
		}
		if i-start >= minString {
			s.newline()
			s.bytes(data[start:i])
		}
		start = i + 1
	}
}

// wideStrings takes runs of ASCII characters in UTF-16; high is the place of the
// octet that is zero.
func wideStrings(s *sink, data []byte, high int) {
	start := -1
	for i := 0; i+1 < len(data)+2; i += 2 {
		if start < 0 && i+high < len(data) {
			// Nothing can begin before the next zero.
			skip := bytes.IndexByte(data[i+high:], 0)
			if skip < 0 {
				break
			}
			i += skip &^ 1
		}
		if i+1 < len(data) && data[i+high] == 0 && printable(data[i+1-high]) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && (i-start)/2 >= minString {
			s.newline()
			for k := start; k < i && k+1 < len(data); k += 2 {
				s.buf = append(s.buf, data[k+1-high])
			}
			s.check()
		}
		start = -1
	}
	s.newline()
}
