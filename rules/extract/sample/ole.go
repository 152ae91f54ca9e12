package sample

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf16"
)

// OLE makes a compound file (MS-CFB, version 3) of streams; a name with a "/" is
// in a storage. Streams are padded to 4,096 octets, so that there is no mini
// stream.
func OLE(files ...File) []byte {
	const sector = 512
	type entry struct {
		name               string
		kind               byte
		left, right, child int32
		start              int32
		size               int
		children           []int
	}
	entries := []*entry{{name: "Root Entry", kind: 5, left: -1, right: -1, child: -1, start: -2}}
	storages := map[string]int{"": 0}
	storage := func(path string) int {
		at := 0
		full := ""
		for _, p := range strings.Split(path, "/") {
			if p == "" {
				continue
			}
			full += p + "/"
			i, ok := storages[full]
			if !ok {
				i = len(entries)
				storages[full] = i
				entries = append(entries, &entry{name: p, kind: 1, left: -1, right: -1, child: -1})
				entries[at].children = append(entries[at].children, i)
			}
			at = i
		}
		return at
	}
	var data bytes.Buffer
	var fat []int32
	add := func(content []byte) int32 {
		start := int32(len(fat))
		n := (len(content) + sector - 1) / sector
		for i := range n {
			next := start + int32(i) + 1
			if i == n-1 {
				next = -2
			}
			fat = append(fat, next)
		}
		data.Write(content)
		data.Write(make([]byte, n*sector-len(content)))
		return start
	}
	for _, f := range files {
		i := strings.LastIndexByte(f.Name, '/')
		parent := storage(f.Name[:max(i, 0)])
		content := f.Data
		if len(content) < 4096 {
			content = append(bytes.Clone(content), make([]byte, 4096-len(content))...)
		}
		entries[parent].children = append(entries[parent].children, len(entries))
		entries = append(entries, &entry{name: f.Name[i+1:], kind: 2, left: -1, right: -1, child: -1, start: add(content), size: len(content)})
	}
	for _, e := range entries {
		// A list to the right is a tree too.
		for i, c := range e.children {
			if i == 0 {
				e.child = int32(c)
			} else {
				entries[e.children[i-1]].right = int32(c)
			}
		}
	}
	var dir bytes.Buffer
	for _, e := range entries {
		var raw [128]byte
		u := utf16.Encode([]rune(e.name))
		for i, c := range u {
			binary.LittleEndian.PutUint16(raw[2*i:], c)
		}
		binary.LittleEndian.PutUint16(raw[64:], uint16(2*len(u)+2))
		raw[66], raw[67] = e.kind, 1
		binary.LittleEndian.PutUint32(raw[68:], uint32(e.left))
		binary.LittleEndian.PutUint32(raw[72:], uint32(e.right))
		binary.LittleEndian.PutUint32(raw[76:], uint32(e.child))
		binary.LittleEndian.PutUint32(raw[116:], uint32(e.start))
		binary.LittleEndian.PutUint32(raw[120:], uint32(e.size))
		dir.Write(raw[:])
	}
	directory := add(dir.Bytes())
	sectors := 1
	for sectors*sector/4 < len(fat)+sectors {
		sectors++
	}
	fatStart := len(fat)
	for range sectors {
		fat = append(fat, -3)
	}
	var head [sector]byte
	copy(head[:], "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for at, v := range map[int]uint16{24: 0x3e, 26: 3, 28: 0xfffe, 30: 9, 32: 6} {
		binary.LittleEndian.PutUint16(head[at:], v)
	}
	for at, v := range map[int]uint32{44: uint32(sectors), 48: uint32(directory), 56: 4096, 60: 0xfffffffe, 68: 0xfffffffe} {
		binary.LittleEndian.PutUint32(head[at:], v)
	}
	for i := range 109 {
		v := uint32(0xffffffff)
		if i < sectors {
			v = uint32(fatStart + i)
		}
		binary.LittleEndian.PutUint32(head[76+4*i:], v)
	}
	out := append(head[:], data.Bytes()...)
	for i := range sectors * sector / 4 {
		v := int32(-1)
		if i < len(fat) {
			v = fat[i]
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return out
}

// Wide is text in little-endian UTF-16.
func Wide(text string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// Doc makes a Word 97 document with two pieces, of one and of two octets a
// character, given in this order while they are stored in the other.
func Doc(narrow, wide string, encrypted bool, more ...File) []byte {
	fib := make([]byte, 0x400)
	binary.LittleEndian.PutUint16(fib, 0xa5ec)
	flags := uint16(0x0200)
	if encrypted {
		flags |= 0x0100
	}
	binary.LittleEndian.PutUint16(fib[0x0a:], flags)
	w := Wide(wide)
	wideAt := len(fib)
	narrowAt := wideAt + len(w)
	stream := append(append(fib, w...), narrow...)
	n, chars := uint32(len(narrow)), uint32(len(w)/2)
	var plc []byte
	for _, cp := range []uint32{0, n, n + chars} {
		plc = binary.LittleEndian.AppendUint32(plc, cp)
	}
	plc = append(plc, 0, 0)
	plc = binary.LittleEndian.AppendUint32(plc, uint32(narrowAt*2)|0x40000000)
	plc = append(plc, 0, 0, 0, 0)
	plc = binary.LittleEndian.AppendUint32(plc, uint32(wideAt))
	plc = append(plc, 0, 0)
	table := append([]byte{2}, binary.LittleEndian.AppendUint32(nil, uint32(len(plc)))...)
	table = append(table, plc...)
	binary.LittleEndian.PutUint32(stream[0x1a6:], uint32(len(table)))
	return OLE(append([]File{{"WordDocument", stream}, {"1Table", table}}, more...)...)
}

func xlsRecord(id uint16, data []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

func xlsCell(row, column uint16, rest []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, row)
	b = binary.LittleEndian.AppendUint16(b, column)
	return append(append(b, 0, 0), rest...)
}

// Xls makes an Excel 97 workbook: a heading and a shared string that a CONTINUE
// record cuts in its middle, a NUMBER and an RK number.
func Xls(heading, shared string, number float64, rk int32, encrypted bool, more ...File) []byte {
	var b []byte
	b = append(b, xlsRecord(0x0809, []byte{0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})...)
	if encrypted {
		b = append(b, xlsRecord(0x002f, []byte{1, 0, 1, 0, 1, 0})...)
	}
	sst := []byte{2, 0, 0, 0, 2, 0, 0, 0}
	sst = append(append(sst, byte(len(heading)), 0, 0), heading...)
	sst = append(append(sst, byte(len(shared)), 0, 0), shared[:len(shared)/2]...)
	b = append(b, xlsRecord(0x00fc, sst)...)
	b = append(b, xlsRecord(0x003c, append([]byte{1}, Wide(shared[len(shared)/2:])...))...)
	b = append(b, xlsRecord(0x00fd, xlsCell(0, 0, []byte{0, 0, 0, 0}))...)
	b = append(b, xlsRecord(0x00fd, xlsCell(0, 1, []byte{1, 0, 0, 0}))...)
	b = append(b, xlsRecord(0x0203, xlsCell(1, 0, binary.LittleEndian.AppendUint64(nil, math.Float64bits(number))))...)
	b = append(b, xlsRecord(0x027e, xlsCell(2, 0, binary.LittleEndian.AppendUint32(nil, uint32(rk)<<2|2)))...)
	b = append(b, xlsRecord(0x000a, nil)...)
	return OLE(append([]File{{"Workbook", b}}, more...)...)
}

func pptRecord(version byte, id uint16, data []byte) []byte {
	b := []byte{version, 0}
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// Ppt makes a PowerPoint 97 presentation with text of both widths.
func Ppt(narrow, wide string, more ...File) []byte {
	text := append(pptRecord(0, 0x0fa8, []byte(narrow)), pptRecord(0, 0x0fa0, Wide(wide))...)
	return OLE(append([]File{{"PowerPoint Document", pptRecord(15, 0x03e8, pptRecord(15, 0x0ff0, text))}, {"Current User", make([]byte, 20)}}, more...)...)
}

// Msg makes an Outlook message with a text body and one attachment.
func Msg(subject, body string, attachment File) []byte {
	return OLE(
		File{"__properties_version1.0", make([]byte, 32)},
		File{"__substg1.0_0037001F", Wide(subject)},
		File{"__substg1.0_1000001F", Wide(body)},
		File{"__attach_version1.0_#00000000/__substg1.0_3707001F", Wide(attachment.Name)},
		File{"__attach_version1.0_#00000000/__substg1.0_37010102", attachment.Data},
	)
}
