package sample

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
)

// NestedZip wraps data in zip archives, depth times.
func NestedZip(depth int, data []byte) []byte {
	for i := range depth {
		data = Zip(File{fmt.Sprintf("%d.zip", i), data})
	}
	return data
}

// BroadZip makes a zip archive of so many levels, each of so many archives of
// the level below: width to the power of levels copies of data, as 42.zip is.
func BroadZip(levels, width int, data []byte) []byte {
	for range levels {
		files := make([]File, width)
		for i := range files {
			files[i] = File{fmt.Sprintf("%d.zip", i), data}
		}
		data = Zip(files...)
	}
	return data
}

// OverlappingZip makes a zip archive of so many members that are all the same
// octets in the file: size zeros.
func OverlappingZip(members, size int) []byte {
	var packed bytes.Buffer
	f, err := flate.NewWriter(&packed, 9)
	must(err)
	_, err = f.Write(make([]byte, size))
	must(err)
	must(f.Close())
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := zip.FileHeader{Name: "a", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(make([]byte, size)), CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(size)}
	w, err := z.CreateRaw(&h)
	must(err)
	_, err = w.Write(packed.Bytes())
	must(err)
	must(z.Close())
	whole := b.Bytes()
	end := bytes.LastIndex(whole, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(whole[end+16:]))
	central, tail := whole[at:end], bytes.Clone(whole[end:])
	out := append(bytes.Clone(whole[:at]), bytes.Repeat(central, members)...)
	binary.LittleEndian.PutUint16(tail[8:], uint16(members))
	binary.LittleEndian.PutUint16(tail[10:], uint16(members))
	binary.LittleEndian.PutUint32(tail[12:], uint32(members*len(central)))
	return append(out, tail...)
}

// EntityDocx makes a Word document whose text is an entity that grows by ten with
// each level.
func EntityDocx(levels int) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e0 "4111111111111111">`)
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, `<!ENTITY e%d "%s">`, i, strings.Repeat(fmt.Sprintf("&e%d;", i-1), 10))
	}
	fmt.Fprintf(&b, `]><w:document><w:p><w:r><w:t>&e%d;</w:t></w:r></w:p></w:document>`, levels)
	return Zip(File{"[Content_Types].xml", []byte(contentTypes)}, File{"word/document.xml", []byte(b.String())})
}

// DeflatedTwice is size zeros, compressed two times: for PDF filters in a row.
func DeflatedTwice(size int) []byte { return Deflate(Deflate(make([]byte, size))) }

// PDFBomb makes a PDF whose page is size zeros, compressed twice.
func PDFBomb(size int) []byte {
	z := DeflatedTwice(size)
	return PDF(nil, "", "<< /Type /Page /Contents 11 0 R >>", fmt.Sprintf("<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream", len(z), z))
}

// PDFRepeated makes a PDF with a page that shows the same content so many times.
func PDFRepeated(times int, content []byte) []byte {
	return PDF(nil, "", "<< /Type /Page /Resources << /Font << /F1 4 0 R >> >> /Contents ["+strings.Repeat("11 0 R ", times)+"] >>", Stream("", content))
}

// PDFFonts makes a PDF with a ToUnicode map of so many ranges, each over all
// codes.
func PDFFonts(ranges int) []byte {
	cmap := "begincmap 1 begincodespacerange <0000><FFFF> endcodespacerange " + strings.Repeat("1 beginbfrange <0000><FFFF><0041> endbfrange ", ranges) + "endcmap"
	return PDF([]byte("BT /F2 12 Tf (card) Tj ET"), "<< /Font << /F2 10 0 R >> >>",
		"<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 11 0 R /DescendantFonts [<< /W [0 99999999 500] >>] >>", Stream("", []byte(cmap)))
}

// SevenZipDictionary changes the size of the window that an LZMA2 archive
// declares: 40 is 4 GiB. The header must not be packed.
func SevenZipDictionary(archive []byte, code byte) []byte {
	out := bytes.Clone(archive)
	at := 32 + binary.LittleEndian.Uint64(out[12:])
	header := out[at : at+binary.LittleEndian.Uint64(out[20:])]
	i := bytes.Index(header, []byte{0x21, 0x21, 0x01})
	if i < 0 {
		panic("no LZMA2 in the header")
	}
	header[i+3] = code
	binary.LittleEndian.PutUint32(out[28:], crc32.ChecksumIEEE(header))
	binary.LittleEndian.PutUint32(out[8:], crc32.ChecksumIEEE(out[12:32]))
	return out
}
