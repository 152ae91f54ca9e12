package extract

import (
	"encoding/binary"
	"fmt"
)

// Attributes of TNEF (MS-OXTNEF section 2.1.3.2) that hold text or content.
const (
	tnefSubject     = 0x8004
	tnefBody        = 0x800c
	tnefAttachData  = 0x800f
	tnefAttachTitle = 0x8010
	tnefMsgProps    = 0x9003
	tnefAttachProps = 0x9005
	tnefAttachRend  = 0x9002
)

// readTNEF reads Outlook's winmail.dat: the body in whatever form it is in, and
// the attachments with their names.
func readTNEF(j *job, n node) error {
	t := tnef{job: j, node: n}
	ok, err := t.attributes(n.data)
	if err == nil {
		err = t.flush()
	}
	if err != nil {
		return err
	}
	if !ok {
		return j.malformed(n)
	}
	return nil
}

// tnef holds the attachment under way: its name can come after its data.
type tnef struct {
	job  *job
	node node
	name string
	data []byte
}

// flush reads the attachment that is complete.
func (t *tnef) flush() error {
	name, data := t.name, t.data
	t.name, t.data = "", nil
	if len(data) == 0 {
		return nil
	}
	if name == "" {
		name = "attachment"
	}
	return t.job.embeddedRead(t.node, name, data)
}

// attributes walks the attributes: level, tag, length, data, checksum.
func (t *tnef) attributes(data []byte) (ok bool, err error) {
	if len(data) < 6 {
		return false, nil
	}
	for data = data[6:]; len(data) >= 11; {
		id := binary.LittleEndian.Uint16(data[1:])
		n := uint64(binary.LittleEndian.Uint32(data[5:]))
		data = data[9:]
		if n+2 > uint64(len(data)) {
			return false, nil
		}
		value := data[:n]
		data = data[n+2:]
		switch id {
		case tnefAttachRend:
			err = t.flush() // an attachment starts
		case tnefAttachData:
			t.data = value
		case tnefAttachTitle:
			t.name = mapiText("001e", value)
		case tnefSubject, tnefBody:
			s := t.job.sink(t.node)
			s.line(mapiText("001e", value))
			err = s.close()
		case tnefMsgProps, tnefAttachProps:
			if ok, err = t.properties(value); err == nil && !ok {
				return false, nil
			}
		default:
			err = t.job.readStrings(t.node, value)
		}
		if err != nil {
			return true, err
		}
	}
	return len(data) == 0, nil
}

// properties walks a list of MAPI properties (MS-OXTNEF section 2.1.3.4).
func (t *tnef) properties(data []byte) (ok bool, err error) {
	ok = true
	u32 := func() uint32 {
		if len(data) < 4 {
			ok, data = false, nil
			return 0
		}
		v := binary.LittleEndian.Uint32(data)
		data = data[4:]
		return v
	}
	take := func(n uint32) []byte {
		if uint64(n) > uint64(len(data)) {
			ok, data = false, nil
			return nil
		}
		v := data[:n]
		data = data[min(uint64(len(data)), (uint64(n)+3)&^3):]
		return v
	}
	for count := u32(); count > 0 && ok; count-- {
		tag := u32()
		typ, id := tag&0xffff, tag>>16
		if id >= 0x8000 { // named
			take(16)
			if kind := u32(); kind == 0 {
				u32()
			} else {
				take(u32())
			}
		}
		values := uint32(1)
		if typ&0x1000 != 0 {
			values = u32()
		}
		for ; values > 0 && ok; values-- {
			p := mapiProperty{id: fmt.Sprintf("%04x", id), typ: fmt.Sprintf("%04x", typ&0xfff)}
			switch typ & 0xfff {
			case 0x1e, 0x1f, 0x102, 0x0d:
				if typ&0x1000 == 0 {
					for more := u32(); more > 1 && ok; more-- { // one, always
						take(u32())
					}
				}
				p.data = take(u32())
			case 0x05, 0x06, 0x07, 0x14, 0x40:
				take(8)
			case 0x48:
				take(16)
			default:
				take(4)
			}
			if len(p.data) == 0 {
				continue
			}
			if err = t.property(p); err != nil {
				return ok, err
			}
		}
	}
	return ok, nil
}

func (t *tnef) property(p mapiProperty) error {
	switch {
	case p.id == "3707" || p.id == "3704" && t.name == "":
		t.name = mapiText(p.typ, p.data)
	case p.id == "3701":
		t.data = p.data
		if p.typ == "000d" && len(p.data) > 16 { // an object: its interface first
			t.data = p.data[16:]
		}
		return nil
	}
	return t.job.property(t.node, p)
}
