package extract

import (
	"bytes"
	"html"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
)

// XML is read by a scanner of our own: office files are made of it, and
// encoding/xml is slow where nothing but the text is wanted. It is lenient in all
// that office programs are lenient in, and resolves nothing but characters.

// A tag is one element's start, with the local names of it and its attributes.
type tag struct {
	name  string
	attrs []attribute // valid until the next tag
}

// An attribute has its local name and its value as it is written.
type attribute struct{ name, value []byte }

// attr returns the value of the attribute with this local name.
func (t tag) attr(name string) string {
	for _, a := range t.attrs {
		if string(a.name) == name {
			return unescapeXML(a.value)
		}
	}
	return ""
}

// unescapeXML resolves references to characters; entities that a text defines
// itself stay as they are.
func unescapeXML(b []byte) string {
	if bytes.IndexByte(b, '&') < 0 {
		return string(b)
	}
	return html.UnescapeString(string(b))
}

// An xmlVisitor is called for what stands in an XML text. Each may be nil.
type xmlVisitor struct {
	start func(t tag)
	end   func(name string)
	text  func(b []byte)
}

// An xmlScanner is the state of walkXML.
type xmlScanner struct {
	xmlVisitor
	data  []byte
	attrs []attribute
	names map[string]string // each name once
	depth int
	ok    bool
}

// walkXML reads XML. It is not ok when the text breaks off, when elements are not
// closed, or when it defines entities.
func walkXML(data []byte, v xmlVisitor) (ok bool) {
	s := xmlScanner{xmlVisitor: v, data: xmlUTF8(data), names: map[string]string{}, ok: true}
	for len(s.data) > 0 {
		i := bytes.IndexByte(s.data, '<')
		if i < 0 {
			i = len(s.data)
		}
		s.characters(s.data[:i])
		if s.data = s.data[i:]; len(s.data) > 0 && !s.markup() {
			return false
		}
	}
	return s.ok && s.depth == 0
}

// xmlUTF8 converts what says that it is something else.
func xmlUTF8(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) || len(data) > 1 && (data[0] == 0 || data[1] == 0) {
		order := unicode.LittleEndian
		if data[0] == 0 {
			order = unicode.BigEndian
		}
		if utf8, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(data); err == nil {
			return utf8
		}
		return data
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return data
	}
	declaration, _, _ := bytes.Cut(data[:min(len(data), 200)], []byte("?>"))
	_, name, ok := bytes.Cut(declaration, []byte("encoding="))
	if !ok || len(name) < 3 {
		return data
	}
	label, _, _ := strings.Cut(string(name[1:]), string(name[:1]))
	e, canonical := charset.Lookup(label)
	if e == nil || canonical == "utf-8" || strings.HasPrefix(canonical, "utf-16") {
		return data
	}
	if utf8, err := e.NewDecoder().Bytes(data); err == nil {
		return utf8
	}
	return data
}

func (s *xmlScanner) characters(b []byte) {
	if s.text == nil || len(b) == 0 {
		return
	}
	if bytes.IndexByte(b, '&') >= 0 {
		b = []byte(unescapeXML(b))
	}
	s.text(b)
}

// markup reads what starts with "<"; false if it has no end.
func (s *xmlScanner) markup() bool {
	until := func(skip int, end string) ([]byte, bool) {
		inside, rest, ok := bytes.Cut(s.data[skip:], []byte(end))
		s.data = rest
		return inside, ok
	}
	switch {
	case bytes.HasPrefix(s.data, []byte("<!--")):
		comment, ok := until(4, "-->")
		if s.text != nil && len(comment) > 0 {
			s.text([]byte("\n"))
			s.text(comment)
			s.text([]byte("\n"))
		}
		return ok
	case bytes.HasPrefix(s.data, []byte("<![CDATA[")):
		section, ok := until(9, "]]>")
		if s.text != nil && len(section) > 0 {
			s.text(section)
		}
		return ok
	case bytes.HasPrefix(s.data, []byte("<!")):
		return s.directive()
	case bytes.HasPrefix(s.data, []byte("<?")):
		_, ok := until(2, "?>")
		return ok
	case bytes.HasPrefix(s.data, []byte("</")):
		name, ok := until(2, ">")
		s.close(s.local(bytes.TrimSpace(name)))
		return ok
	}
	return s.open()
}

// directive reads a document type, with an internal subset.
func (s *xmlScanner) directive() bool {
	depth := 0
	for i, b := range s.data {
		switch b {
		case '[':
			depth++
		case ']':
			depth--
		case '>':
			if depth > 0 {
				continue
			}
			if bytes.Contains(s.data[:i], []byte("ENTITY")) {
				s.ok = false
			}
			s.data = s.data[i+1:]
			return true
		}
	}
	return false
}

// local returns a name without its prefix.
func (s *xmlScanner) local(name []byte) string {
	if i := bytes.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	if known, ok := s.names[string(name)]; ok {
		return known
	}
	known := string(name)
	if len(s.names) < 10_000 {
		s.names[known] = known
	}
	return known
}

func (s *xmlScanner) close(name string) {
	s.depth--
	if s.end != nil {
		s.end(name)
	}
}

// open reads a start tag.
func (s *xmlScanner) open() bool {
	data := s.data
	i := 1
	for i < len(data) && !xmlSpace(data[i]) && data[i] != '>' && data[i] != '/' {
		i++
	}
	name := s.local(data[1:i])
	s.attrs = s.attrs[:0]
	for i < len(data) {
		switch b := data[i]; {
		case b == '>' || b == '/' && i+1 < len(data) && data[i+1] == '>':
			if s.depth++; s.start != nil {
				s.start(tag{name, s.attrs})
			}
			if b == '/' {
				i++
				s.close(name)
			}
			s.data = data[i+1:]
			return true
		case xmlSpace(b) || b == '/':
			i++
		default:
			i = s.attribute(data, i)
		}
	}
	return false
}

// attribute reads one attribute at i and returns where it ends.
func (s *xmlScanner) attribute(data []byte, i int) int {
	start := i
	for i < len(data) && !xmlSpace(data[i]) && data[i] != '=' && data[i] != '>' && data[i] != '/' {
		i++
	}
	name := data[start:i]
	if k := bytes.IndexByte(name, ':'); k >= 0 {
		name = name[k+1:]
	}
	for i < len(data) && xmlSpace(data[i]) {
		i++
	}
	if i >= len(data) || data[i] != '=' {
		return max(i, start+1)
	}
	i++
	for i < len(data) && xmlSpace(data[i]) {
		i++
	}
	if i >= len(data) || data[i] != '"' && data[i] != '\'' {
		return i
	}
	n := bytes.IndexByte(data[i+1:], data[i])
	if n < 0 {
		return len(data)
	}
	s.attrs = append(s.attrs, attribute{name, data[i+1 : i+1+n]})
	return i + n + 2
}

func xmlSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }
