package extract

import "bytes"

// inline tells whether an element of office formats joins what is before and
// after it: a run of text, its properties, marks that show nothing.
func inline(name string) bool {
	switch name {
	case "r", "t", "rPr", "span", "a", "hyperlink", "delText", "instrText", "ins", "del", "moveFrom", "moveTo", "smartTag", "sdt", "sdtContent", "sdtPr",
		"proofErr", "bookmarkStart", "bookmarkEnd", "lastRenderedPageBreak", "noBreakHyphen", "softHyphen", "rFonts", "b", "bCs", "i", "iCs", "u", "sz", "szCs", "lang",
		"color", "highlight", "vertAlign", "kern", "strike", "caps", "smallCaps", "spacing", "rStyle", "shd", "w", "position", "effect", "vanish", "webHidden", "noProof", "rtl", "cs",
		"fldSimple", "fldChar", "commentRangeStart", "commentRangeEnd", "commentReference", "footnoteReference", "endnoteReference", "annotationRef", "permStart", "permEnd",
		"rPh", "latin", "ea", "sym", "solidFill", "srgbClr", "schemeClr", "effectLst", "ln", "noFill", "uFillTx", "uLnTx", "hlinkClick", "fld",
		"bookmark", "bookmark-start", "bookmark-end", "soft-page-break", "reference-mark", "reference-mark-start", "reference-mark-end", "meta", "ruby", "ruby-base", "annotation-end",
		"change", "change-start", "change-end", "f", "font", "em", "strong", "sub", "sup":
		return true
	}
	return false
}

// spoken tells whether an attribute holds words for a reader.
func spoken(element, name string) bool {
	switch name {
	case "descr", "title", "alt", "tooltip", "screenTip", "prompt", "promptTitle", "error", "errorTitle", "href", "author", "initials", "text-value", "string-value", "location", "oddHeader":
		return true
	case "name":
		return element == "sheet" || element == "table" || element == "definedName" || element == "tableColumn" || element == "property"
	case "val":
		return element == "docVar" || element == "tag" || element == "alias" || element == "listItem"
	case "Target":
		return element == "Relationship"
	case "v", "value", "displayText":
		return element == "s" || element == "user-defined" || element == "listItem"
	}
	return false
}

// xmlText gives the text of an XML part to s: runs joined, blocks and table cells
// apart, attributes with words on lines of their own after it.
func xmlText(s *sink, data []byte) (ok bool) {
	var words []string
	ok = walkXML(data, xmlVisitor{
		start: func(t tag) {
			if t.name == "Relationship" && t.attr("TargetMode") != "External" {
				return
			}
			for _, a := range t.attrs {
				if len(a.value) > 2 && spoken(t.name, string(a.name)) {
					words = append(words, unescapeXML(a.value))
				}
			}
			switch t.name {
			case "tab":
				s.gap("\t")
			case "br", "cr", "line-break":
				s.newline()
			case "noBreakHyphen":
				s.str("-")
			case "s":
				s.gap(" ")
			default:
				if !inline(t.name) {
					s.gap("\n")
				}
			}
		},
		end: func(name string) {
			switch name {
			case "tc", "td", "table-cell", "Cell":
				if n := len(s.buf); n > 0 && s.buf[n-1] == '\n' {
					s.buf[n-1] = '\t'
				}
				s.gap("\t")
			case "tr", "table-row", "Row":
				if n := len(s.buf); n > 0 && s.buf[n-1] == '\t' {
					s.buf[n-1] = '\n'
				}
				s.gap("\n")
			case "tab", "s":
			default:
				if !inline(name) {
					s.gap("\n")
				}
			}
		},
		text: func(b []byte) {
			if len(bytes.TrimSpace(b)) == 0 {
				if len(s.buf) > 0 && len(b) > 0 && b[0] == ' ' {
					s.gap(" ")
				}
				return
			}
			s.bytes(b)
		},
	})
	for _, w := range words {
		s.line(w)
	}
	s.newline()
	return ok
}

// readXML reads XML of a kind of its own.
func readXML(j *job, n node) error {
	s := j.sink(n)
	if !xmlText(s, n.data) {
		if err := s.close(); err != nil {
			return err
		}
		return j.malformed(n)
	}
	return s.close()
}
