package pdf

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
)

// The objects of a file (ISO 32000-2 section 7.3). Numbers are float64, null is
// nil.
type (
	name  string
	str   string
	array []any
	dict  map[string]any
	ref   struct{ num, gen int }
	// keyword is an operator, or anything else that is no object.
	keyword string
)

// maxNesting bounds arrays and dictionaries in each other.
const maxNesting = 100

// A lexer reads objects from octets.
type lexer struct {
	data []byte
	pos  int
	refs bool // "1 0 R" is a reference
}

func isSpace(b byte) bool {
	return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == '\f' || b == 0
}

func isDelimiter(b byte) bool {
	switch b {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.data) {
		switch b := l.data[l.pos]; {
		case isSpace(b):
			l.pos++
		case b == '%':
			for l.pos < len(l.data) && l.data[l.pos] != '\n' && l.data[l.pos] != '\r' {
				l.pos++
			}
		default:
			return
		}
	}
}

// next reads an object or keyword; ok is false at the end.
func (l *lexer) next() (object any, ok bool) { return l.object(0) }

func (l *lexer) object(depth int) (any, bool) {
	l.skipSpace()
	if l.pos >= len(l.data) || depth > maxNesting {
		return nil, false
	}
	switch b := l.data[l.pos]; {
	case b == '/':
		return l.name(), true
	case b == '(':
		return l.literal(), true
	case b == '<':
		if l.pos+1 < len(l.data) && l.data[l.pos+1] == '<' {
			l.pos += 2
			return l.dict(depth)
		}
		return l.hex(), true
	case b == '[':
		l.pos++
		return l.array(depth)
	case b == '>' && l.pos+1 < len(l.data) && l.data[l.pos+1] == '>':
		l.pos += 2
		return keyword(">>"), true
	case isDelimiter(b):
		l.pos++
		return keyword(b), true
	}
	return l.word(), true
}

// word reads a number, a reference, or a keyword.
func (l *lexer) word() any {
	start := l.pos
	for l.pos < len(l.data) && !isSpace(l.data[l.pos]) && !isDelimiter(l.data[l.pos]) {
		l.pos++
	}
	w := string(l.data[start:min(l.pos, start+200)])
	if c := w[0]; c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.' {
		f, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return keyword(w)
		}
		if l.refs && f >= 0 && f == float64(int(f)) {
			if r, ok := l.reference(int(f)); ok {
				return r
			}
		}
		return f
	}
	switch w {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	return keyword(w)
}

// reference reads the rest of "12 0 R".
func (l *lexer) reference(num int) (ref, bool) {
	i := l.pos
	for i < len(l.data) && isSpace(l.data[i]) {
		i++
	}
	start := i
	for i < len(l.data) && i-start < 6 && l.data[i] >= '0' && l.data[i] <= '9' {
		i++
	}
	if i == start {
		return ref{}, false
	}
	gen, _ := strconv.Atoi(string(l.data[start:i]))
	space := i
	for i < len(l.data) && isSpace(l.data[i]) {
		i++
	}
	if i == space || i >= len(l.data) || l.data[i] != 'R' || i+1 < len(l.data) && !isSpace(l.data[i+1]) && !isDelimiter(l.data[i+1]) {
		return ref{}, false
	}
	l.pos = i + 1
	return ref{num, gen}, true
}

func (l *lexer) name() name {
	l.pos++
	start := l.pos
	for l.pos < len(l.data) && !isSpace(l.data[l.pos]) && !isDelimiter(l.data[l.pos]) {
		l.pos++
	}
	raw := l.data[start:l.pos]
	if bytes.IndexByte(raw, '#') < 0 {
		return name(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) && hexValue(raw[i+1]) < 16 && hexValue(raw[i+2]) < 16 {
			out = append(out, hexValue(raw[i+1])<<4|hexValue(raw[i+2]))
			i += 2
			continue
		}
		out = append(out, raw[i])
	}
	return name(out)
}

func hexValue(b byte) byte {
	switch {
	case b >= '0' && b <= '9':
		return b - '0'
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return b | 0x20 - 'a' + 10
	}
	return 16
}

// literal reads a string in parentheses.
func (l *lexer) literal() str {
	l.pos++
	var out []byte
	depth := 1
	for l.pos < len(l.data) {
		b := l.data[l.pos]
		l.pos++
		switch b {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return str(out)
			}
		case '\\':
			if l.pos >= len(l.data) {
				return str(out)
			}
			b = l.data[l.pos]
			l.pos++
			switch b {
			case 'n':
				b = '\n'
			case 'r':
				b = '\r'
			case 't':
				b = '\t'
			case 'b':
				b = '\b'
			case 'f':
				b = '\f'
			case '\r':
				if l.pos < len(l.data) && l.data[l.pos] == '\n' {
					l.pos++
				}
				continue
			case '\n':
				continue
			case '0', '1', '2', '3', '4', '5', '6', '7':
				v := int(b - '0')
				for i := 0; i < 2 && l.pos < len(l.data) && l.data[l.pos] >= '0' && l.data[l.pos] <= '7'; i++ {
					v = v<<3 | int(l.data[l.pos]-'0')
					l.pos++
				}
				b = byte(v)
			}
		}
		out = append(out, b)
	}
	return str(out)
}

// hex reads a string in hexadecimal.
func (l *lexer) hex() str {
	l.pos++
	var out []byte
	half, have := byte(0), false
	for l.pos < len(l.data) {
		b := l.data[l.pos]
		l.pos++
		if b == '>' {
			break
		}
		v := hexValue(b)
		if v > 15 {
			continue
		}
		if have {
			out = append(out, half<<4|v)
		}
		half, have = v, !have
	}
	if have {
		out = append(out, half<<4)
	}
	return str(out)
}

func (l *lexer) array(depth int) (any, bool) {
	var a array
	for {
		o, ok := l.object(depth + 1)
		if !ok {
			return a, false
		}
		if k, is := o.(keyword); is {
			switch k {
			case "]":
				return a, true
			case "endobj", "obj", "stream", "endstream", ">>":
				return a, false
			}
			continue
		}
		a = append(a, o)
	}
}

func (l *lexer) dict(depth int) (any, bool) {
	d := dict{}
	for {
		k, ok := l.object(depth + 1)
		if !ok {
			return d, false
		}
		key, is := k.(name)
		if !is {
			switch k {
			case keyword(">>"):
				return d, true
			case keyword("endobj"), keyword("obj"), keyword("stream"), keyword("endstream"):
				return d, false
			}
			continue
		}
		v, ok := l.object(depth + 1)
		if !ok {
			return d, false
		}
		if v == keyword(">>") {
			return d, true
		}
		if _, is := v.(keyword); !is {
			d[string(key)] = v
		}
	}
}

func sortedKeys(d dict) []string { return slices.Sorted(maps.Keys(d)) }
