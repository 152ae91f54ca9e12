package config

import "strings"

// findLines returns the line of each key and each table in text, which is valid
// TOML (the decoder reports values without their place). Quoted keys are taken
// without their quotes; the file has no use for a key that needs them.
func findLines(text string) map[string]int {
	lines := make(map[string]int)
	s := lineScanner{text: text, line: 1}
	table := ""
	for {
		s.skipBlank()
		if s.done() {
			return lines
		}
		line := s.line
		if s.text[s.at] == '[' {
			header := s.until("\n#")
			table = cleanKey(strings.Trim(strings.TrimSpace(header), "[]"))
			if lines[table] == 0 {
				lines[table] = line
			}
			continue
		}
		name := cleanKey(s.until("="))
		if table != "" {
			name = table + "." + name
		}
		// Dotted keys make tables on their way; their first line is enough.
		for i := 0; i <= len(name); i++ {
			if (i == len(name) || name[i] == '.') && lines[name[:i]] == 0 {
				lines[name[:i]] = line
			}
		}
		s.skipValue()
	}
}

func cleanKey(s string) string {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return strings.Join(parts, ".")
}

// lineScanner goes through a TOML text and counts lines.
type lineScanner struct {
	text string
	at   int
	line int
}

func (s *lineScanner) done() bool { return s.at >= len(s.text) }

func (s *lineScanner) next() byte {
	c := s.text[s.at]
	s.at++
	if c == '\n' {
		s.line++
	}
	return c
}

// until returns the text before the first of the octets in stop.
func (s *lineScanner) until(stop string) string {
	start := s.at
	for !s.done() && !strings.ContainsRune(stop, rune(s.text[s.at])) {
		s.next()
	}
	return s.text[start:s.at]
}

// skipBlank goes over white space and comments.
func (s *lineScanner) skipBlank() {
	for !s.done() {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.next()
		case '#':
			s.until("\n")
		default:
			return
		}
	}
}

// skipValue goes over "= value" to the end of its last line.
func (s *lineScanner) skipValue() {
	depth := 0
	for !s.done() {
		switch c := s.text[s.at]; c {
		case '[', '{':
			depth++
			s.next()
		case ']', '}':
			depth--
			s.next()
		case '"', '\'':
			s.skipString(c)
		case '#':
			s.until("\n")
		case '\n':
			if s.next(); depth <= 0 {
				return
			}
		default:
			s.next()
		}
	}
}

// skipString goes over a string of either kind, also a multi-line one.
func (s *lineScanner) skipString(quote byte) {
	end := string(quote)
	if triple := strings.Repeat(end, 3); strings.HasPrefix(s.text[s.at:], triple) {
		end = triple
	}
	for range end {
		s.next()
	}
	for !s.done() && !strings.HasPrefix(s.text[s.at:], end) {
		if s.next() == '\\' && quote == '"' && !s.done() {
			s.next()
		}
	}
	for range end {
		if !s.done() {
			s.next()
		}
	}
}
