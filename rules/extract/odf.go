package extract

import (
	"path"
	"strconv"
	"strings"
)

// readODF reads an OpenDocument file (OASIS OpenDocument 1.3): content, styles
// (headers and footers), properties, embedded objects.
func readODF(p *zipPackage) error {
	j := p.job
	media := p.mimetype()
	if media == "" || !strings.HasPrefix(media, "application/") {
		media = "application/vnd.oasis.opendocument"
	}
	j.setType(p.node, media)
	manifest, err := p.part(p.parts["meta-inf/manifest.xml"])
	if err != nil {
		return err
	}
	locked := false
	walkXML(manifest, xmlVisitor{start: func(t tag) { locked = locked || t.name == "encryption-data" }})
	if locked {
		// The members look whole, but are noise (part 2 section 3.4).
		j.encrypted(p.node)
	}
	for _, f := range p.inOrder() {
		name := strings.ToLower(f.Name)
		base := path.Base(name)
		if strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/") {
			if !strings.HasSuffix(name, "/") && base != "script-lc.xml" && base != "dialog-lc.xml" {
				j.macros(p.node)
			}
		}
		if f.Flags&1 != 0 {
			j.encrypted(p.node)
			continue
		}
		if locked && name != "mimetype" && !strings.HasPrefix(name, "meta-inf/") {
			continue
		}
		if name == "mimetype" || picture(base) || base == "manifest.rdf" || base == "layout-cache" || strings.HasSuffix(name, "/") ||
			strings.HasPrefix(name, "meta-inf/manifest") || strings.HasPrefix(name, "thumbnails/") || base == "settings.xml" {
			continue
		}
		data, err := p.part(f)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			continue
		}
		switch {
		case base == "content.xml" || base == "styles.xml" || path.Ext(base) == ".xml":
			s := j.sink(p.node)
			ok := odfText(s, data)
			if err := s.close(); err != nil {
				return err
			}
			if !ok {
				j.note(ReasonMalformed)
			}
		default:
			if err := j.officeObject(p.node, f.Name, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// odfText gives the text of an XML part, table cells as a sheet's.
func odfText(s *sink, data []byte) bool {
	if !strings.Contains(string(data[:min(len(data), 64<<10)]), ":spreadsheet") {
		return xmlText(s, data)
	}
	// A spreadsheet: the cells with their exact values, then all text as it is,
	// for what stands outside cells.
	t := newSheet(s)
	row, column := -1, 0
	var shown []byte
	var number string
	inCell, repeated := false, 1
	walkXML(data, xmlVisitor{
		start: func(e tag) {
			switch e.name {
			case "table-row":
				row, column = row+1, 0
			case "table-cell", "covered-table-cell":
				inCell, shown, number, repeated = true, shown[:0], "", 1
				if n, err := strconv.Atoi(e.attr("number-columns-repeated")); err == nil && n > 0 {
					repeated = n
				}
				if e.attr("value-type") == "float" || e.attr("value-type") == "currency" {
					number = exactText(e.attr("value"))
				}
			case "p":
				if len(shown) > 0 {
					shown = append(shown, ' ')
				}
			}
		},
		end: func(name string) {
			if name == "table-cell" || name == "covered-table-cell" {
				if inCell && (len(shown) > 0 || number != "") {
					t.cell(row, column, string(shown), number)
				}
				inCell = false
				column += repeated
			}
		},
		text: func(b []byte) {
			if inCell {
				shown = append(shown, strings.TrimSpace(string(b))...)
			}
		},
	})
	s.newline()
	return xmlText(s, data)
}
