package extract

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
)

// powerpoint reads the text of a presentation (MS-PPT).
func (c *container) powerpoint(s *stream) error {
	if c.find(s.storage, "encryptedsummary") != nil {
		c.job.encrypted(c.node)
		return nil
	}
	if u := c.find(s.storage, "current user"); u != nil && len(u.data) >= 16 && binary.LittleEndian.Uint32(u.data[12:]) == 0xf3d1c4df {
		c.job.encrypted(c.node)
		return nil
	}
	out := c.job.sink(c.node)
	ok := c.slides(out, s.data, 0)
	if err := out.close(); err != nil {
		return err
	}
	if c.err != nil {
		return c.err
	}
	if !ok {
		c.job.note(ReasonMalformed)
		return c.job.readStrings(c.node, s.data)
	}
	return nil
}

// Records of presentations (MS-PPT section 2.13.24).
const (
	pptVBAInfo   = 0x0400
	pptTextChars = 0x0fa0
	pptTextBytes = 0x0fa8
	pptCString   = 0x0fba
	pptOLEObject = 0x1011
)

// slides walks records; containers have version 15.
func (c *container) slides(out *sink, data []byte, depth int) (ok bool) {
	for len(data) >= 8 {
		version, instance, id := data[0]&0x0f, binary.LittleEndian.Uint16(data)>>4, binary.LittleEndian.Uint16(data[2:])
		n := uint64(binary.LittleEndian.Uint32(data[4:]))
		data = data[8:]
		if n > uint64(len(data)) || depth > 100 {
			return false
		}
		record := data[:n]
		data = data[n:]
		switch {
		case id == pptVBAInfo:
			if len(record) >= 8 && record[4] != 0 { // fHasMacros
				c.job.macros(c.node)
			}
		case version == 0x0f:
			if !c.slides(out, record, depth+1) {
				return false
			}
		case id == pptTextChars, id == pptCString:
			out.line(wordText(utf16le(record)))
		case id == pptTextBytes:
			out.line(wordText(latin(record)))
		case id == pptOLEObject:
			if c.err == nil {
				c.err = c.slideObject(instance, record)
			}
		}
		if c.err != nil {
			return true
		}
	}
	return len(bytes.Trim(data, "\x00")) == 0
}

// slideObject reads an embedded OLE object, plain or compressed (MS-PPT section
// 2.10.34).
func (c *container) slideObject(instance uint16, record []byte) error {
	if instance == 1 && len(record) > 4 {
		z, err := zlib.NewReader(bytes.NewReader(record[4:]))
		if err != nil {
			c.job.note(ReasonMalformed)
			return nil
		}
		if record, err = c.job.read(z, 0); err != nil {
			if isLimit(err) || c.job.ctx.Err() != nil {
				return err
			}
			c.job.note(ReasonMalformed)
		}
	}
	return c.job.embeddedRead(c.node, "object", record)
}
