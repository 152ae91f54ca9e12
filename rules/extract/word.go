package extract

import (
	"encoding/binary"
	"strings"
)

// word reads the text of a Word document (MS-DOC): the piece table tells where it
// is, in the order in which it is read, with notes, headers and text boxes.
func (c *container) word(s *stream) error {
	j := c.job
	fib := s.data
	if len(fib) < 0x1aa || binary.LittleEndian.Uint16(fib) != 0xa5ec {
		// Word 95 and older: no pieces.
		j.note(ReasonFormat)
		return j.readStrings(c.node, s.data)
	}
	flags := binary.LittleEndian.Uint16(fib[0x0a:])
	if flags&0x0100 != 0 { // fEncrypted, also for obfuscation
		j.encrypted(c.node)
		return nil
	}
	name := "0table"
	if flags&0x0200 != 0 { // fWhichTblStm
		name = "1table"
	}
	table := c.find(s.storage, name)
	if table == nil {
		j.note(ReasonMalformed)
		return j.readStrings(c.node, s.data)
	}
	c.done[table] = true
	out := j.sink(c.node)
	ok := wordPieces(fib, table.data, out)
	if err := out.close(); err != nil {
		return err
	}
	if !ok {
		j.note(ReasonMalformed)
	}
	if !ok || flags&0x0004 != 0 { // fComplex: saved fast, what was deleted may be there
		if err := j.readStrings(c.node, s.data); err != nil {
			return err
		}
	}
	// Names, bookmarks and authors stand in the table.
	return j.readStrings(c.node, table.data)
}

// wordPieces follows the piece table (MS-DOC sections 2.4.1 and 2.9.38).
func wordPieces(fib, table []byte, out *sink) (ok bool) {
	at, size := uint64(binary.LittleEndian.Uint32(fib[0x1a2:])), uint64(binary.LittleEndian.Uint32(fib[0x1a6:]))
	if at+size > uint64(len(table)) {
		return false
	}
	clx := table[at : at+size]
	for len(clx) >= 3 && clx[0] == 1 { // Prc: formatting
		n := 3 + int(binary.LittleEndian.Uint16(clx[1:]))
		if n > len(clx) {
			return false
		}
		clx = clx[n:]
	}
	if len(clx) < 5 || clx[0] != 2 {
		return false
	}
	plc := clx[5:]
	if n := uint64(binary.LittleEndian.Uint32(clx[1:])); n > uint64(len(plc)) {
		return false
	} else {
		plc = plc[:n]
	}
	if len(plc) < 4 {
		return false
	}
	n := (len(plc) - 4) / 12
	given := uint64(0)
	for i := range n {
		from, to := binary.LittleEndian.Uint32(plc[4*i:]), binary.LittleEndian.Uint32(plc[4*i+4:])
		fc := binary.LittleEndian.Uint32(plc[4*(n+1)+8*i+2:])
		if to < from {
			return false
		}
		chars := uint64(to - from)
		start, octets := uint64(fc), 2*chars
		if fc&0x40000000 != 0 { // one octet a character
			start, octets = uint64(fc&0x3fffffff)/2, chars
		}
		// Pieces may share octets, but not without end.
		if given += octets; start+octets > uint64(len(fib)) || given > 4*uint64(len(fib)) {
			return false
		}
		piece := fib[start : start+octets]
		if fc&0x40000000 != 0 {
			out.str(wordText(latin(piece)))
		} else {
			out.str(wordText(utf16le(piece)))
		}
	}
	return n > 0
}

// wordText replaces the special characters of Word: 7 ends a cell, 11 to 14
// break lines, pages and columns, 19 to 21 surround fields, 30 and 31 are
// hyphens.
func wordText(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 7:
			return '\t'
		case 11, 12, 13, 14:
			return '\n'
		case 19, 20, 21:
			return ' '
		case 30:
			return '-'
		case 31:
			return -1
		}
		if r < ' ' && r != '\t' && r != '\n' {
			return -1
		}
		return r
	}, s)
}
