package sample

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// RTF makes an RTF document of a text in which non-ASCII characters are written
// as Unicode with a substitute.
func RTF(text string) []byte {
	var b strings.Builder
	b.WriteString(`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times 4000123412341234;}}{\colortbl;\red1;}{\*\generator x;}\pard\f0 `)
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString("\\par\r\n")
		case r < 0x80:
			b.WriteRune(r)
		default:
			b.WriteString(`\u`)
			b.WriteString(itoa(int(int16(r))))
			b.WriteString(`?`)
		}
	}
	b.WriteString(`\par}`)
	return []byte(b.String())
}

func itoa(n int) string {
	if n < 0 {
		return "-" + itoa(-n)
	}
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func tnefAttribute(level byte, id, typ uint16, data []byte) []byte {
	b := []byte{level}
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint16(b, typ)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	sum := uint16(0)
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(b, sum)
}

// TNEF makes a winmail.dat with a body in MAPI properties and one attachment.
func TNEF(body string, attachment File) []byte {
	b := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	wide := append(Wide(body), 0, 0)
	props := []byte{2, 0, 0, 0}
	props = append(props, 3, 0, 0x17, 0, 1, 0, 0, 0) // importance
	props = append(props, 0x1f, 0, 0x00, 0x10, 1, 0, 0, 0)
	props = binary.LittleEndian.AppendUint32(props, uint32(len(wide)))
	props = append(props, wide...)
	for len(props)%4 != 0 {
		props = append(props, 0)
	}
	b = append(b, tnefAttribute(1, 0x9003, 6, props)...)
	b = append(b, tnefAttribute(2, 0x9002, 6, make([]byte, 14))...)
	b = append(b, tnefAttribute(2, 0x800f, 6, attachment.Data)...)
	b = append(b, tnefAttribute(2, 0x8010, 1, append([]byte(attachment.Name), 0))...)
	return b
}

// CompressedRTF packs RTF as MAPI does, without compressing it.
func CompressedRTF(rtf []byte) []byte {
	var body []byte
	for i, c := range rtf {
		if i%8 == 0 {
			body = append(body, 0)
		}
		body = append(body, c)
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+12))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(rtf)))
	b = append(b, "LZFu"...)
	b = append(b, 0, 0, 0, 0)
	return append(b, body...)
}

func vint(n uint64) []byte { return binary.AppendUvarint(nil, n) }

// rar5Block makes a block of RAR 5: checksum, size, content.
func rar5Block(content []byte) []byte {
	b := append(vint(uint64(len(content))), content...)
	return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)), b...)
}

// RAR makes a RAR 5 archive with stored members. Dictionary is the size that the
// members declare, as a power of two times 128 KiB; other than 0 also declares
// them compressed from 8 GiB.
func RAR(dictionary uint64, files ...File) []byte {
	out := []byte("Rar!\x1a\x07\x01\x00")
	out = append(out, rar5Block([]byte{1, 0, 0})...) // main header
	for _, f := range files {
		compression, size := dictionary<<10, uint64(len(f.Data))
		if dictionary > 0 {
			size = 8 << 30
			compression |= 3 << 7
		}
		h := vint(2)                                // file header
		h = append(h, vint(2)...)                   // with data
		h = append(h, vint(uint64(len(f.Data)))...) // packed
		h = append(h, vint(4)...)                   // with a checksum
		h = append(h, vint(size)...)                // unpacked
		h = append(h, vint(0o644)...)               // attributes
		h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(f.Data))
		h = append(h, vint(compression)...)
		h = append(h, vint(1)...) // made on Unix
		h = append(h, vint(uint64(len(f.Name)))...)
		h = append(h, f.Name...)
		out = append(append(out, rar5Block(h)...), f.Data...)
	}
	return append(out, rar5Block([]byte{5, 0, 0})...) // end
}

// RAREncrypted makes a RAR 5 archive whose headers are encrypted: there is
// nothing but the encryption header.
func RAREncrypted() []byte {
	h := append(vint(4), vint(0)...)
	h = append(h, vint(0)...) // AES-256
	h = append(h, vint(0)...) // no check value
	h = append(h, 15)
	h = append(h, make([]byte, 16)...)
	out := append([]byte("Rar!\x1a\x07\x01\x00"), rar5Block(h)...)
	return append(out, make([]byte, 64)...)
}
