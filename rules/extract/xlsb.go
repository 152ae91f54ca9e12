package extract

import (
	"encoding/binary"
	"math"
	"strings"
)

// Records of binary workbooks (MS-XLSB section 2.3.2) that hold text or numbers.
const (
	brtRowHdr   = 0
	brtCellRk   = 2
	brtCellReal = 5
	brtCellSt   = 6
	brtCellIsst = 7
	brtFmlaStr  = 8
	brtFmlaNum  = 9
	brtSSTItem  = 19
)

// binaryWorkbook reads the sheets of a binary workbook.
func (p *zipPackage) binaryWorkbook() error {
	var shared []string
	data, err := p.part(p.parts["xl/sharedstrings.bin"])
	if err != nil {
		return err
	}
	s := p.job.sink(p.node)
	ok := binaryRecords(data, func(id int, r []byte) {
		if id == brtSSTItem && len(r) > 5 && len(shared) < maxSharedStrings {
			shared = append(shared, wide(r[1:]))
			s.line(shared[len(shared)-1])
		}
	})
	if err := s.close(); err != nil {
		return err
	}
	for _, f := range p.inOrder() {
		name := strings.ToLower(f.Name)
		if !isSheetPart(name) || !strings.HasSuffix(name, ".bin") {
			continue
		}
		data, err := p.part(f)
		if err != nil {
			return err
		}
		s := p.job.sink(p.node)
		t, row := newSheet(s), -1
		ok = binaryRecords(data, func(id int, r []byte) {
			if id == brtRowHdr {
				row++
				return
			}
			if len(r) < 12 || id > brtFmlaNum {
				return
			}
			column, r := int(binary.LittleEndian.Uint32(r)), r[8:]
			switch id {
			case brtCellRk:
				t.cell(row, column, "", exact(rk(binary.LittleEndian.Uint32(r))))
			case brtCellReal, brtFmlaNum:
				if len(r) >= 8 {
					t.cell(row, column, "", exact(math.Float64frombits(binary.LittleEndian.Uint64(r))))
				}
			case brtCellSt, brtFmlaStr:
				t.cell(row, column, wide(r), "")
			case brtCellIsst:
				if i := binary.LittleEndian.Uint32(r); uint64(i) < uint64(len(shared)) {
					t.cell(row, column, shared[i], "")
				}
			}
		}) && ok
		if err := s.close(); err != nil {
			return err
		}
	}
	if !ok {
		p.job.note(ReasonMalformed)
	}
	return nil
}

// binaryRecords splits records: type and length as numbers of seven bits an
// octet, two and four octets at the most.
func binaryRecords(data []byte, visit func(id int, record []byte)) (ok bool) {
	for len(data) > 0 {
		var v [2]int
		for k, most := range []int{2, 4} {
			for i := 0; ; i++ {
				if len(data) == 0 || i >= most {
					return false
				}
				b := data[0]
				data = data[1:]
				v[k] |= int(b&0x7f) << (7 * i)
				if b&0x80 == 0 {
					break
				}
			}
		}
		if v[1] > len(data) {
			return false
		}
		visit(v[0], data[:v[1]])
		data = data[v[1]:]
	}
	return true
}

// wide reads a string of 32 bits length and UTF-16.
func wide(r []byte) string {
	if len(r) < 4 {
		return ""
	}
	n := uint64(binary.LittleEndian.Uint32(r)) * 2
	return utf16le(r[4:min(uint64(len(r)), 4+n)])
}

// rk reads a number of 30 bits (MS-XLS section 2.5.217).
func rk(v uint32) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	} else {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}
