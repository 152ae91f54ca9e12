package extract

import (
	"archive/zip"
	"bytes"
	"path"
	"strconv"
	"strings"
)

// isCellPart tells whether workbook reads this part of a file.
func isCellPart(name string) bool {
	return name == "xl/sharedstrings.xml" || isSheetPart(name)
}

func isSheetPart(name string) bool {
	dir, base := path.Split(name)
	return (dir == "xl/worksheets/" || dir == "xl/macrosheets/") && (strings.HasSuffix(base, ".xml") || strings.HasSuffix(base, ".bin"))
}

// maxSharedStrings bounds the table of strings that cells refer to.
const maxSharedStrings = 2_000_000

// A workbook is what the cells of a spreadsheet need.
type workbook struct {
	shared  []string
	formats []string // number formats, by index of a cell's style
}

// workbook reads the sheets of a spreadsheet.
func (p *zipPackage) workbook() error {
	if p.parts["xl/workbook.bin"] != nil {
		return p.binaryWorkbook()
	}
	var w workbook
	data, err := p.part(p.parts["xl/sharedstrings.xml"])
	if err != nil {
		return err
	}
	if data != nil {
		if w.shared, err = p.sharedStrings(data); err != nil {
			return err
		}
	}
	if data, err = p.part(p.parts["xl/styles.xml"]); err != nil {
		return err
	}
	w.formats = numberFormats(data)
	for _, f := range p.inOrder() {
		if !isSheetPart(strings.ToLower(f.Name)) {
			continue
		}
		if err := p.sheet(f, &w); err != nil {
			return err
		}
	}
	return nil
}

// sharedStrings reads the table of strings, without the phonetic runs (rPh).
func (p *zipPackage) sharedStrings(data []byte) ([]string, error) {
	var all []string
	var b []byte
	text, phonetic, ok := false, false, true
	complete := walkXML(data, xmlVisitor{
		start: func(t tag) {
			switch t.name {
			case "si":
				b = b[:0]
			case "t":
				text = true
			case "rPh":
				phonetic = true
			}
		},
		end: func(name string) {
			switch name {
			case "si":
				if len(all) >= maxSharedStrings {
					ok = false
					return
				}
				all = append(all, string(b))
			case "t":
				text = false
			case "rPh":
				phonetic = false
			}
		},
		text: func(c []byte) {
			if text && !phonetic {
				b = append(b, c...)
			}
		},
	})
	if !complete || !ok {
		p.job.note(ReasonMalformed)
	}
	// Once as they are: a cell may not refer to them, or by a broken reference.
	s := p.job.sink(p.node)
	for _, t := range all {
		s.line(t)
	}
	return all, s.close()
}

// numberFormats returns the format code of each cell style (ECMA-376 part 1
// sections 18.8.10, 18.8.30, 18.8.31).
func numberFormats(styles []byte) []string {
	codes := map[string]string{}
	var formats []string
	cells := false
	walkXML(styles, xmlVisitor{
		start: func(t tag) {
			switch t.name {
			case "numFmt":
				codes[t.attr("numFmtId")] = t.attr("formatCode")
			case "cellXfs":
				cells = true
			case "xf":
				if cells {
					formats = append(formats, t.attr("numFmtId"))
				}
			}
		},
		end: func(name string) {
			if name == "cellXfs" {
				cells = false
			}
		},
	})
	for i, id := range formats {
		formats[i] = codes[id]
	}
	return formats
}

// sheet gives the cells of a sheet, and what else its part says.
func (p *zipPackage) sheet(f *zip.File, w *workbook) error {
	data, err := p.part(f)
	if err != nil || data == nil {
		return err
	}
	s := p.job.sink(p.node)
	t := newSheet(s)
	var (
		row, column = -1, -1
		cellType    string
		style       int
		value       []byte
		inValue     bool
		formula     bool
		inText      bool
		other       bool // in words outside cells: a header or footer
		words       []string
		isInline    bool
	)
	complete := walkXML(data, xmlVisitor{
		start: func(e tag) {
			switch e.name {
			case "row":
				row++
				if n, err := strconv.Atoi(e.attr("r")); err == nil {
					row = n
				}
				column = -1
			case "c":
				column++
				if n, ok := columnOf(e.attr("r")); ok {
					column = n
				}
				cellType, value, isInline = e.attr("t"), value[:0], false
				style, _ = strconv.Atoi(e.attr("s"))
			case "v":
				inValue = true
			case "is":
				isInline = true
			case "t":
				inText = true
			case "f", "formula", "formula1", "formula2":
				formula = true
				words = append(words, "")
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
				other = true
				words = append(words, "")
			default:
				for _, a := range e.attrs {
					if len(a.value) > 2 && spoken(e.name, string(a.name)) {
						words = append(words, unescapeXML(a.value))
					}
				}
			}
		},
		end: func(name string) {
			switch name {
			case "c":
				w.give(t, row, column, cellType, style, string(value))
			case "v":
				inValue = false
			case "t":
				inText = false
			case "f", "formula", "formula1", "formula2":
				formula = false
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
				other = false
			}
		},
		text: func(b []byte) {
			switch {
			case formula || other:
				// Constants stand in formulas.
				words[len(words)-1] += string(b)
			case inValue, inText && isInline:
				value = append(value, b...)
			case len(bytes.TrimSpace(b)) > 0:
				words = append(words, string(b))
			}
		},
	})
	if !complete {
		p.job.note(ReasonMalformed)
	}
	for _, v := range words {
		if len(v) > 2 {
			s.line(v)
		}
	}
	return s.close()
}

// give adds a cell by what its type says of its value (ECMA-376 part 1 section
// 18.18.11).
func (w *workbook) give(t *sheet, row, column int, cellType string, style int, value string) {
	switch cellType {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && i >= 0 && i < len(w.shared) {
			t.cell(row, column, w.shared[i], "")
		}
	case "", "n":
		number := exactText(value)
		format := ""
		if style >= 0 && style < len(w.formats) {
			format = w.formats[style]
		}
		t.cell(row, column, formatted(number, format), number)
	case "b", "e":
	default:
		t.cell(row, column, value, "")
	}
}

// columnOf reads the letters of a cell reference: B2 is in column 1.
func columnOf(ref string) (int, bool) {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			return n - 1, i > 0
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1, n > 0
}
