package mail

import (
	"sort"
	"strconv"
	"strings"
)

// maxParams bounds the parameters of one field.
const maxParams = 200

// parseParams reads a value with parameters (RFC 2045 section 5.1), with the
// pieces and charsets of RFC 2231 and, against it but common, encoded words. The
// first of two parameters counts. Names are in lower case.
func parseParams(raw string, defect func(string)) (value string, params map[string]string) {
	s := stripComments(raw, defect)
	fields := splitOutsideQuotes(s)
	value = strings.Trim(strings.TrimSpace(fields[0]), `"`)
	params = map[string]string{}
	var pieces map[string][]piece
	for i, f := range fields[1:] {
		f = strings.TrimSpace(f)
		if f == "" {
			continue
		}
		if i == maxParams {
			defect(defectParameter)
			break
		}
		name, v, ok := strings.Cut(f, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" || strings.ContainsAny(name, " \t\r\n\"") {
			defect(defectParameter)
			continue
		}
		v = unquote(strings.TrimSpace(v), defect)
		if base, n, extended, ok := splitParamName(name); ok {
			if base != "filename" && base != "name" {
				defect(defectParamSplit)
			}
			if pieces == nil {
				pieces = map[string][]piece{}
			}
			pieces[base] = append(pieces[base], piece{n, extended, v})
			continue
		}
		if _, ok := params[name]; ok {
			defect(defectParamTwice)
			continue
		}
		if strings.Contains(v, "=?") {
			v = decodeWords(v, defect)
		}
		params[name] = v
	}
	for base, ps := range pieces {
		// The extended form is meant to win over a plain one (RFC 6266 section
		// 4.3); both are content that somebody may see.
		v := joinPieces(ps, defect)
		if plain, ok := params[base]; ok && plain != v && base != "filename" && base != "name" {
			defect(defectParamTwice)
			continue
		}
		params[base] = v
	}
	return value, params
}

// A piece is one of name*0, name*1*, ... (RFC 2231 section 3), or name* alone.
type piece struct {
	n        int
	extended bool
	value    string
}

func splitParamName(name string) (base string, n int, extended, ok bool) {
	base, rest, found := strings.Cut(name, "*")
	if !found || base == "" {
		return "", 0, false, false
	}
	if rest == "" {
		return base, 0, true, true
	}
	if strings.HasSuffix(rest, "*") {
		extended, rest = true, rest[:len(rest)-1]
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 0 {
		return "", 0, false, false
	}
	return base, n, extended, true
}

func joinPieces(ps []piece, defect func(string)) string {
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].n < ps[j].n })
	var b strings.Builder
	charset := ""
	for i, p := range ps {
		v := p.value
		if p.extended {
			if i == 0 {
				if cs, rest, ok := strings.Cut(v, "'"); ok {
					if _, text, ok := strings.Cut(rest, "'"); ok {
						charset, v = cs, text
					}
				}
			}
			v = unescapePercent(v)
		}
		if p.n != i {
			defect(defectParamSplit)
		}
		b.WriteString(v)
	}
	return decodeCharset(charset, b.String(), defect)
}

// unescapePercent undoes %XX wherever it is well formed.
func unescapePercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, ok := hexPair(s[i+1], s[i+2]); ok {
				out = append(out, v)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hexPair(a, b byte) (byte, bool) {
	h, l := unhex(a), unhex(b)
	return h<<4 | l&15, h < 16 && l < 16
}

func unhex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10
	}
	return 0xff
}

// splitOutsideQuotes splits at semicolons outside of quoted strings. It has at
// least one result.
func splitOutsideQuotes(s string) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

// unquote undoes a quoted string (RFC 5322 section 3.2.4). What stands unquoted
// is taken whole.
func unquote(s string, defect func(string)) string {
	if !strings.HasPrefix(s, `"`) {
		if strings.ContainsAny(s, " \t\r\n\"") {
			defect(defectParameter)
			s = strings.Join(strings.Fields(s), " ")
		}
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			if strings.TrimSpace(s[i+1:]) != "" {
				defect(defectParameter)
			}
			return b.String()
		case '\r', '\n':
		default:
			b.WriteByte(s[i])
		}
	}
	defect(defectParameter)
	return b.String()
}

// stripComments takes comments (RFC 5322 section 3.2.2) out of a value.
func stripComments(s string, defect func(string)) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && (quoted || depth > 0):
			if depth == 0 {
				b.WriteByte(c)
				if i+1 < len(s) {
					b.WriteByte(s[i+1])
				}
			}
			i++
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			if depth++; depth == 1 {
				defect(defectComment)
				b.WriteByte(' ')
			}
		case c == ')' && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			b.WriteByte(c)
		}
	}
	return b.String()
}
