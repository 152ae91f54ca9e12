package rules

import (
	"strconv"
	"strings"
)

// positions gives the line of each key and array element of a TOML document,
// which the TOML decoder doesn't. The keys are paths, see keyPath.
type positions map[string]int

// keyPath names a place in a document: the keys on the way to it and, for the
// elements of an array, their index from 0 as "#0".
func keyPath(parent, key string) string { return parent + "\x1f" + key }

func indexPath(parent string, i int) string { return parent + "\x1f#" + strconv.Itoa(i) }

// findPositions scans a document that the TOML decoder has accepted. Of any
// other text it returns what it could make out, and always ends.
func findPositions(text string) positions {
	s := &positionScanner{text: text, line: 1, at: positions{}, tables: map[string]int{}}
	s.document()
	return s.at
}

type positionScanner struct {
	text   string
	pos    int
	line   int
	at     positions
	tables map[string]int // arrays of tables: how many elements so far
}

func (s *positionScanner) document() {
	current := ""
	for {
		s.blank("")
		if s.pos >= len(s.text) {
			return
		}
		start := s.pos
		switch {
		case s.has("[["):
			s.skip(2)
			current = s.header(s.keys(), true)
			s.restOfLine()
		case s.has("["):
			s.skip(1)
			current = s.header(s.keys(), false)
			s.restOfLine()
		default:
			s.pair(current)
		}
		if s.pos == start {
			s.skip(1)
		}
	}
}

// header enters [keys] or [[keys]] and returns the path of that table.
func (s *positionScanner) header(keys []string, array bool) string {
	path := ""
	for i, k := range keys {
		path = keyPath(path, k)
		s.mark(path)
		n := s.tables[path]
		if i == len(keys)-1 && array {
			s.tables[path] = n + 1
			path = indexPath(path, n)
			s.mark(path)
		} else if n > 0 {
			path = indexPath(path, n-1)
		}
	}
	return path
}

// pair scans one `key = value` inside the table at path.
func (s *positionScanner) pair(path string) {
	for _, k := range s.keys() {
		path = keyPath(path, k)
		s.mark(path)
	}
	s.blank("=")
	s.value(path)
}

func (s *positionScanner) mark(path string) {
	if _, ok := s.at[path]; !ok {
		s.at[path] = s.line
	}
}

// keys scans a dotted key.
func (s *positionScanner) keys() []string {
	var keys []string
	for {
		s.spaces()
		switch {
		case s.has(`"`), s.has("'"):
			start := s.pos
			s.quoted()
			quoted := s.text[start:s.pos]
			if k, err := strconv.Unquote(quoted); err == nil && quoted[0] == '"' {
				keys = append(keys, k)
			} else {
				keys = append(keys, strings.Trim(quoted, quoted[:1]))
			}
		default:
			start := s.pos
			for s.pos < len(s.text) && !strings.ContainsRune(" \t\r\n.=[]{},#\"'", rune(s.text[s.pos])) {
				s.pos++
			}
			if s.pos == start {
				return keys
			}
			keys = append(keys, s.text[start:s.pos])
		}
		s.spaces()
		if !s.has(".") {
			return keys
		}
		s.skip(1)
	}
}

func (s *positionScanner) value(path string) {
	s.spaces()
	switch {
	case s.has(`"""`), s.has("'''"):
		quote := s.text[s.pos : s.pos+3]
		s.skip(3)
		for s.pos < len(s.text) && !s.has(quote) {
			if quote[0] == '"' && s.has(`\`) {
				s.skip(1)
			}
			s.skip(1)
		}
		s.skip(3)
		// Up to two quotes may stand right before the closing three.
		for i := 0; i < 2 && s.has(quote[:1]); i++ {
			s.skip(1)
		}
	case s.has(`"`), s.has("'"):
		s.quoted()
	case s.has("["):
		s.skip(1)
		for i := 0; ; i++ {
			s.blank(",")
			if s.pos >= len(s.text) || s.has("]") {
				s.skip(1)
				return
			}
			start := s.pos
			element := indexPath(path, i)
			s.mark(element)
			s.value(element)
			if s.pos == start {
				s.skip(1)
			}
		}
	case s.has("{"):
		s.skip(1)
		for {
			s.blank(",")
			if s.pos >= len(s.text) || s.has("}") {
				s.skip(1)
				return
			}
			start := s.pos
			s.pair(path)
			if s.pos == start {
				s.skip(1)
			}
		}
	default:
		for s.pos < len(s.text) && !strings.ContainsRune(",]}\n#", rune(s.text[s.pos])) {
			s.pos++
		}
	}
}

// quoted scans a string of one line.
func (s *positionScanner) quoted() {
	quote := s.text[s.pos]
	s.skip(1)
	for s.pos < len(s.text) && s.text[s.pos] != quote && s.text[s.pos] != '\n' {
		if quote == '"' && s.text[s.pos] == '\\' {
			s.skip(1)
		}
		s.skip(1)
	}
	s.skip(1)
}

// blank skips space, line breaks, comments and the octets of also.
func (s *positionScanner) blank(also string) {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == '#':
			for s.pos < len(s.text) && s.text[s.pos] != '\n' {
				s.pos++
			}
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || strings.IndexByte(also, c) >= 0:
			s.skip(1)
		default:
			return
		}
	}
}

func (s *positionScanner) spaces() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
}

func (s *positionScanner) restOfLine() {
	for s.pos < len(s.text) && s.text[s.pos] != '\n' {
		s.pos++
	}
}

func (s *positionScanner) has(prefix string) bool {
	return strings.HasPrefix(s.text[s.pos:], prefix)
}

// skip passes n octets and counts their line breaks.
func (s *positionScanner) skip(n int) {
	for ; n > 0 && s.pos < len(s.text); n-- {
		if s.text[s.pos] == '\n' {
			s.line++
		}
		s.pos++
	}
}
