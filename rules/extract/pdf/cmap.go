package pdf

import (
	"unicode/utf16"
	"unicode/utf8"
)

// A cmap says what characters the codes of a font stand for (ToUnicode, section
// 9.10.3).
type cmap struct {
	chars map[uint64]string // by s2code
	sizes [5]bool           // lengths of codes that there are
	fixed int               // the only one, or 0
}

// maxCMap bounds the codes of one cmap.
const maxCMap = 1 << 17

// s2code makes one key of a code and its length in octets.
func s2code(size, code int) uint64 { return uint64(size)<<32 | uint64(uint32(code)) }

func (m *cmap) lookup(key uint64) (string, bool) {
	t, ok := m.chars[key]
	return t, ok
}

// size returns the length of the code that s starts with.
func (m *cmap) size(s []byte) int {
	if m.fixed > 0 {
		return m.fixed
	}
	code := 0
	for n := 1; n <= 4 && n <= len(s); n++ {
		code = code<<8 | int(s[n-1])
		if m.sizes[n] {
			if _, ok := m.chars[s2code(n, code)]; ok {
				return n
			}
		}
	}
	return 2
}

func parseCMap(data []byte) *cmap {
	m := &cmap{chars: map[uint64]string{}}
	l := lexer{data: data}
	var args []any
	for {
		o, ok := l.next()
		if !ok {
			break
		}
		k, is := o.(keyword)
		if !is {
			if len(args) < 3*1000 {
				args = append(args, o)
			}
			continue
		}
		switch k {
		case "endcodespacerange":
			for i := 0; i+1 < len(args); i += 2 {
				if s, ok := args[i].(str); ok && len(s) >= 1 && len(s) <= 4 {
					m.sizes[len(s)] = true
				}
			}
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				if from, ok := args[i].(str); ok {
					m.put(from, 0, args[i+1])
				}
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				m.putRange(args[i], args[i+1], args[i+2])
			}
		}
		args = args[:0]
	}
	for n := 1; n <= 4; n++ {
		switch {
		case m.sizes[n] && m.fixed == 0:
			m.fixed = n
		case m.sizes[n]:
			m.fixed = 0
			return m
		}
	}
	return m
}

// put maps the code from+k to text, whose last character also moves by k.
func (m *cmap) put(from str, k int, text any) {
	s, ok := text.(str)
	if !ok || len(from) < 1 || len(from) > 4 || len(m.chars) >= maxCMap {
		return
	}
	m.sizes[len(from)] = true
	u := make([]uint16, 0, len(s)/2+1)
	for i := 0; i+1 < len(s); i += 2 {
		u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
	}
	if len(s) == 1 {
		u = append(u, uint16(s[0]))
	}
	r := utf16.Decode(u)
	if len(r) > 0 && k > 0 {
		if last := r[len(r)-1] + rune(k); utf8.ValidRune(last) {
			r[len(r)-1] = last
		}
	}
	code := 0
	for i := range len(from) {
		code = code<<8 | int(from[i])
	}
	m.chars[s2code(len(from), code+k)] = string(r)
}

func (m *cmap) putRange(low, high, to any) {
	from, ok := low.(str)
	until, ok2 := high.(str)
	if !ok || !ok2 || len(from) != len(until) || len(from) > 4 {
		return
	}
	a, b := 0, 0
	for i := range len(from) {
		a, b = a<<8|int(from[i]), b<<8|int(until[i])
	}
	list, isList := to.(array)
	for k := 0; k <= b-a && len(m.chars) < maxCMap; k++ {
		if !isList {
			m.put(from, k, to)
		} else if k < len(list) {
			// One text for each code: it doesn't move.
			code := s2code(len(from), a+k)
			m.put(from, 0, list[k])
			if k > 0 {
				m.chars[code] = m.chars[s2code(len(from), a)]
			}
		} else {
			return
		}
	}
	if isList && len(list) > 0 {
		m.put(from, 0, list[0])
	}
}
