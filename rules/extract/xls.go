package extract

import (
	"encoding/binary"
	"math"
)

// Records of workbooks (MS-XLS section 2.3) that hold text or numbers.
const (
	xlsFormula   = 0x0006
	xlsHeader    = 0x0014
	xlsFooter    = 0x0015
	xlsNote      = 0x001c
	xlsFilePass  = 0x002f
	xlsContinue  = 0x003c
	xlsBoundSh   = 0x0085
	xlsMulRK     = 0x00bd
	xlsRString   = 0x00d6
	xlsObProj    = 0x00d3
	xlsXF        = 0x00e0
	xlsSST       = 0x00fc
	xlsLabelSST  = 0x00fd
	xlsTXO       = 0x01b6
	xlsHLink     = 0x01b8
	xlsNumber    = 0x0203
	xlsLabel     = 0x0204
	xlsString    = 0x0207
	xlsRK        = 0x027e
	xlsFormat    = 0x041e
	xlsBOF       = 0x0809
	xlsBIFF8     = 0x0600
	xlsNumber2   = 0x0003 // BIFF2
	xlsLabel2    = 0x0004
	xlsMaxString = 1 << 20
)

// An xlsReader reads the records of a workbook.
type xlsReader struct {
	c       *container
	s       *sink
	t       *sheet
	shared  []string
	formats map[uint16]string // by number of the format
	styles  []uint16          // format of each XF
	wide    bool              // BIFF8: strings say their width
	cell    [2]int            // of the last formula, whose text follows
	ok      bool
}

// excel reads the cells of a workbook, its strings, notes and headers.
func (c *container) excel(s *stream) error {
	x := &xlsReader{c: c, s: c.job.sink(c.node), formats: map[uint16]string{}, ok: true}
	x.t = newSheet(x.s)
	data := s.data
	for len(data) >= 4 && x.s.err == nil {
		id, n := binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:]))
		if 4+n > len(data) {
			x.ok = false
			break
		}
		pieces := [][]byte{data[4 : 4+n]}
		data = data[4+n:]
		for len(data) >= 4 && binary.LittleEndian.Uint16(data) == xlsContinue {
			n := int(binary.LittleEndian.Uint16(data[2:]))
			if 4+n > len(data) {
				x.ok = false
				break
			}
			pieces = append(pieces, data[4:4+n])
			data = data[4+n:]
		}
		if id == xlsFilePass {
			c.job.encrypted(c.node)
			return x.s.close()
		}
		x.record(id, pieces)
	}
	if err := x.s.close(); err != nil {
		return err
	}
	if !x.ok {
		c.job.note(ReasonMalformed)
		return c.job.readStrings(c.node, s.data)
	}
	if !x.wide {
		return c.job.readStrings(c.node, s.data)
	}
	return nil
}

func (x *xlsReader) record(id uint16, pieces [][]byte) {
	r := pieces[0]
	u16 := func(at int) int {
		if at+2 > len(r) {
			return 0
		}
		return int(binary.LittleEndian.Uint16(r[at:]))
	}
	switch id {
	case xlsBOF:
		x.wide = x.wide || u16(0) == xlsBIFF8
		x.t = newSheet(x.s)
	case xlsObProj:
		x.c.job.macros(x.c.node)
	case xlsFormat:
		if len(r) > 2 {
			x.formats[uint16(u16(0))] = x.string(r[2:], 2)
		}
	case xlsXF:
		x.styles = append(x.styles, uint16(u16(2)))
	case xlsSST:
		x.sharedStrings(pieces)
	case xlsBoundSh:
		if len(r) > 6 {
			if r[5] == 1 { // a sheet of Excel 4 macros
				x.c.job.macros(x.c.node)
			}
			x.s.line(x.string(r[6:], 1))
		}
	case xlsHeader, xlsFooter:
		x.s.line(x.string(r, 2))
	case xlsHLink:
		x.s.line(wordText(utf16le(r)))
	case xlsTXO:
		for _, p := range pieces[1:] {
			if len(p) > 1 {
				x.s.line(wide8(p[0], p[1:]))
			}
		}
	case xlsNote:
		if len(r) > 8 {
			x.s.line(x.string(r[8:], 2))
		}
	case xlsLabelSST:
		if len(r) >= 10 {
			if i := binary.LittleEndian.Uint32(r[6:]); uint64(i) < uint64(len(x.shared)) {
				x.t.cell(u16(0), u16(2), x.shared[i], "")
			}
		}
	case xlsLabel, xlsRString:
		if len(r) > 6 {
			x.t.cell(u16(0), u16(2), x.string(r[6:], 2), "")
		}
	case xlsNumber:
		if len(r) >= 14 {
			x.number(u16(0), u16(2), u16(4), float64le(r[6:]))
		}
	case xlsRK:
		if len(r) >= 10 {
			x.number(u16(0), u16(2), u16(4), rk(binary.LittleEndian.Uint32(r[6:])))
		}
	case xlsMulRK:
		for at, column := 4, u16(2); at+8 <= len(r); at, column = at+6, column+1 {
			x.number(u16(0), column, u16(at), rk(binary.LittleEndian.Uint32(r[at+2:])))
		}
	case xlsFormula:
		if len(r) >= 14 {
			x.cell = [2]int{u16(0), u16(2)}
			if u16(12) != 0xffff { // else the value is no number
				x.number(u16(0), u16(2), u16(4), float64le(r[6:]))
			}
		}
	case xlsString:
		x.t.cell(x.cell[0], x.cell[1], x.string(r, 2), "")
	case xlsNumber2:
		if len(r) >= 15 {
			x.number(u16(0), u16(2), -1, float64le(r[7:]))
		}
	case xlsLabel2:
		if len(r) > 8 {
			x.t.cell(u16(0), u16(2), latin(r[8:]), "")
		}
	}
}

func (x *xlsReader) number(row, column, style int, f float64) {
	number, format := exact(f), ""
	if style >= 0 && style < len(x.styles) {
		format = x.formats[x.styles[style]]
	}
	x.t.cell(row, column, formatted(number, format), number)
}

// string reads a string with its length in so many octets; in BIFF8 flags follow
// that say how wide the characters are.
func (x *xlsReader) string(r []byte, length int) string {
	if len(r) < length+1 {
		return ""
	}
	r = r[length:]
	if !x.wide {
		return latin(r)
	}
	return wide8(r[0], r[1:])
}

// wide8 decodes characters of one octet, or of two by the lowest bit of flags.
func wide8(flags byte, r []byte) string {
	if flags&1 != 0 {
		return utf16le(r)
	}
	return latin(r)
}

func float64le(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

// sharedStrings reads the table of strings (MS-XLS section 2.4.265). A string
// that is cut by the end of a piece goes on in the next one after an octet that
// says its width anew.
func (x *xlsReader) sharedStrings(pieces [][]byte) {
	p := pieceReader{pieces: pieces}
	p.skip(8)
	for p.more() && len(x.shared) < maxSharedStrings {
		n := int(p.u16())
		flags := p.u8()
		runs, extra := 0, 0
		if flags&8 != 0 {
			runs = int(p.u16())
		}
		if flags&4 != 0 {
			extra = int(p.u16()) | int(p.u16())<<16
		}
		var text []byte // UTF-16
		for n > 0 && p.more() {
			if len(p.pieces[0]) == 0 {
				p.pieces = p.pieces[1:]
				flags = flags&^1 | p.u8()&1
				continue
			}
			b := p.pieces[0]
			if flags&1 != 0 {
				k := min(2*n, len(b)&^1)
				if k == 0 { // half a character
					p.pieces[0] = nil
					continue
				}
				text = append(text, b[:k]...)
				p.pieces[0], n = b[k:], n-k/2
				continue
			}
			k := min(n, len(b))
			for _, c := range b[:k] {
				text = append(text, c, 0)
			}
			p.pieces[0], n = b[k:], n-k
		}
		p.skip(4*runs + extra)
		t := utf16le(text)
		x.shared = append(x.shared, t)
		x.s.line(t)
	}
}

// A pieceReader reads across the pieces of a record.
type pieceReader struct{ pieces [][]byte }

func (p *pieceReader) more() bool {
	for len(p.pieces) > 1 && len(p.pieces[0]) == 0 {
		if len(p.pieces[1]) > 0 {
			return true
		}
		p.pieces = p.pieces[1:]
	}
	return len(p.pieces) > 0 && len(p.pieces[0]) > 0
}

func (p *pieceReader) u8() byte {
	for len(p.pieces) > 0 && len(p.pieces[0]) == 0 {
		p.pieces = p.pieces[1:]
	}
	if len(p.pieces) == 0 {
		return 0
	}
	b := p.pieces[0][0]
	p.pieces[0] = p.pieces[0][1:]
	return b
}

func (p *pieceReader) u16() uint16 { return uint16(p.u8()) | uint16(p.u8())<<8 }

func (p *pieceReader) skip(n int) {
	for n > 0 && len(p.pieces) > 0 {
		k := min(n, len(p.pieces[0]))
		p.pieces[0], n = p.pieces[0][k:], n-k
		if len(p.pieces[0]) == 0 {
			p.pieces = p.pieces[1:]
		}
	}
}
