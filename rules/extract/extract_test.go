package extract

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

const card = "4111111111111111"

// read extracts in this process and returns all text, without spaces.
func read(t *testing.T, name, declared string, data []byte, limits Limits) (string, *Result) {
	t.Helper()
	var text strings.Builder
	r, err := Extract(context.Background(), Document{Name: name, DeclaredType: declared, Open: opener(data)}, limits, func(x *Text) error {
		text.Write(x.Data)
		text.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text.String(), r
}

// squeezed is text without what separates the groups of a number.
func squeezed(text string) string { return strings.NewReplacer(" ", "", "-", "").Replace(text) }

func file(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const pdfText = "BT /F1 12 Tf 72 700 Td (Card 4111 1111 1111 1111 valid) Tj ET"

func cardRows() [][]sample.Cell {
	return [][]sample.Cell{{{Text: "Name"}, {Text: "Card"}}, {{Text: "Ann"}, {Number: "4.111111111111111E15"}}}
}

// binaryWorkbookOf is an .xlsb file with one number.
func binaryWorkbookOf(number float64) []byte {
	row := make([]byte, 17)
	cell := binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(number))
	sheet := append(append([]byte{0, byte(len(row))}, row...), append([]byte{5, byte(len(cell))}, cell...)...)
	return sample.Zip(sample.File{Name: "[Content_Types].xml", Data: []byte("<Types/>")}, sample.File{Name: "xl/workbook.bin", Data: []byte{0x83, 1, 0}},
		sample.File{Name: "xl/worksheets/sheet1.bin", Data: sheet})
}

// packaged is a file in an OLE package (Ole10Native).
func packaged(name string, data []byte) []byte {
	b := []byte{0, 0, 0, 0, 2, 0}
	b = append(append(append(append(b, name...), 0), name...), 0)
	b = append(b, 0, 0, 3, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)+1))
	b = append(append(b, name...), 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// documents are files that say the card number, by name.
func documents(t *testing.T) map[string][]byte {
	note := sample.File{Name: "note.txt", Data: []byte("The card " + card + " is here.\n")}
	docx := sample.Docx([]string{"Card 4111 11|11 1111 1111 valid"})
	eml := []byte("From: a@example.com\r\nTo: b@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream; name=x.zip\r\nContent-Disposition: attachment; filename=x.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64Lines(sample.Zip(note)) + "\r\n--b--\r\n")
	all := map[string][]byte{
		"split.docx":    docx,
		"header.docx":   sample.Docx(nil, sample.File{Name: "word/header1.xml", Data: []byte(`<w:hdr xmlns:w="w">` + sample.WordParagraph(card) + `</w:hdr>`)}),
		"comment.docx":  sample.Docx(nil, sample.File{Name: "word/comments.xml", Data: []byte(`<w:comments xmlns:w="w">` + sample.WordParagraph(card) + `</w:comments>`)}),
		"property.docx": sample.Docx(nil, sample.File{Name: "docProps/core.xml", Data: []byte(`<cp:coreProperties xmlns:cp="c"><cp:keywords>` + card + `</cp:keywords></cp:coreProperties>`)}),
		"link.docx":     sample.Docx(nil, sample.File{Name: "word/_rels/document.xml.rels", Data: []byte(`<Relationships><Relationship Target="https://example.com/?n=` + card + `" TargetMode="External"/></Relationships>`)}),
		"alt.docx":      sample.Docx(nil, sample.File{Name: "word/footer1.xml", Data: []byte(`<w:ftr><wp:docPr id="1" descr="card ` + card + `"/></w:ftr>`)}),
		"object.docx":   sample.Docx(nil, sample.File{Name: "word/embeddings/sheet.xlsx", Data: sample.Xlsx(cardRows())}),
		"number.xlsx":   sample.Xlsx(cardRows()),
		"text.xlsx":     sample.Xlsx([][]sample.Cell{{{Text: "4111 1111 1111 1111"}}}),
		"inline.xlsx": sample.Zip(sample.File{Name: "[Content_Types].xml", Data: []byte("<Types/>")}, sample.File{Name: "xl/workbook.xml", Data: []byte("<workbook/>")},
			sample.File{Name: "xl/worksheets/sheet1.xml", Data: []byte(`<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>` + card + `</t></is></c></row></sheetData></worksheet>`)}),
		"number.xlsb":  binaryWorkbookOf(4111111111111111),
		"object.rtf":   []byte(`{\rtf1 {\object{\*\objdata ` + hex.EncodeToString(append(make([]byte, 20), docx...)) + `}}}`),
		"packed.msg":   sample.OLE(sample.File{Name: "__properties_version1.0", Data: make([]byte, 32)}, sample.File{Name: "__substg1.0_10090102", Data: sample.CompressedRTF(sample.RTF("Card " + card))}),
		"package.doc":  sample.Doc("a", "b", false, sample.File{Name: "ObjectPool/_1/\x01Ole10Native", Data: packaged("a.docx", docx)}),
		"slide.pptx":   sample.Pptx("card " + card),
		"notes.pptx":   sample.Pptx("x", sample.File{Name: "ppt/notesSlides/notesSlide1.xml", Data: []byte(`<p:notes><a:p><a:r><a:t>` + card + `</a:t></a:r></a:p></p:notes>`)}),
		"text.odt":     sample.ODF("text", `<text:p>Card 4111<text:s text:c="1"/>11<text:span>11</text:span> 1111 1111</text:p>`),
		"sheet.ods":    sample.ODF("spreadsheet", `<table:table><table:table-row><table:table-cell office:value-type="float" office:value="4.111111111111111E15"><text:p>4.1E15</text:p></table:table-cell></table:table-row></table:table>`),
		"slide.odp":    sample.ODF("presentation", `<text:p>`+card+`</text:p>`),
		"meta.odt":     sample.ODF("text", "", sample.File{Name: "meta.xml", Data: []byte(`<office:document-meta><dc:title>` + card + `</dc:title></office:document-meta>`)}),
		"object.odt":   sample.ODF("text", "", sample.File{Name: "Object 1/content.xml", Data: []byte(`<office:document-content><text:p>` + card + `</text:p></office:document-content>`)}),
		"narrow.doc":   sample.Doc("Card "+card, "x", false),
		"pieces.doc":   sample.Doc("Card 41111111", "11111111 valid", false),
		"shared.xls":   sample.Xls("Card", card, 1, 1, false),
		"number.xls":   sample.Xls("Card", "x", 4111111111111111, 1, false),
		"bytes.ppt":    sample.Ppt("Card "+card, "x"),
		"chars.ppt":    sample.Ppt("x", "Card "+card),
		"body.msg":     sample.Msg("s", "Card "+card, note),
		"attached.msg": sample.Msg("s", "x", sample.File{Name: "a.docx", Data: docx}),
		"text.rtf":     sample.RTF("Card " + card),
		"unicode.rtf":  sample.RTF("Ä 4111 1111\u00a01111\u00a01111"),
		"contact.vcf":  []byte("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nNOTE:card 41111111\r\n 11111111\r\nEND:VCARD\r\n"),
		"quoted.vcf":   []byte("BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:card 4111=\r\n=3111=31 1111 1111\r\nEND:VCARD\r\n"),
		"event.ics":    []byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:pay with 411111111\r\n\t1111111\\, please\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
		"attached.ics": []byte("BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:" + strings.ReplaceAll(base64Lines(docx), "\r\n", "\r\n ") + "\r\nEND:VCALENDAR\r\n"),
		"winmail.dat":  sample.TNEF("Card "+card, note),
		"winmail2.dat": sample.TNEF("x", sample.File{Name: "a.docx", Data: docx}),
		"clients.csv":  []byte("Name;Card\nAnn;" + card + "\n"),
		"archive.zip":  sample.Zip(note),
		"name.zip":     sample.Zip(sample.File{Name: "card " + card + ".txt", Data: []byte("x")}),
		"nested.zip":   sample.Zip(sample.File{Name: "a.tar.gz", Data: sample.Gzip("a.tar", sample.Tar(sample.File{Name: "b.docx", Data: docx}))}),
		"wrong.jpg":    docx,
		"archive.tar":  sample.Tar(note),
		"file.gz":      sample.Gzip("", note.Data),
		"stored.rar":   sample.RAR(0, note),
		"mail.eml":     eml,
		"mail.zip":     sample.Zip(sample.File{Name: "m.eml", Data: eml}),
		"folder.mbox":  append([]byte("From a@example.com Sat Jan  1 00:00:00 2022\nSubject: one\n\nnothing\n\n"), append([]byte("From a@example.com Sat Jan  1 00:00:00 2022\n"), eml...)...),
		"page.pdf":     sample.PDF([]byte(pdfText), ""),
		"note.pdf":     sample.PDF(nil, "", "<< /Type /Annot /Contents (card "+card+") >>"),
		"field.pdf":    sample.PDF(nil, "", "<< /FT /Tx /V <FEFF"+wideHex(card)+"> >>"),
		"attached.pdf": sample.PDF(nil, "", "<< /Type /Filespec /F (a.docx) /EF << /F 11 0 R >> >>", sample.Stream("/Type /EmbeddedFile", docx)),
		"xmp.pdf":      sample.PDF(nil, "", sample.Stream("/Type /Metadata /Subtype /XML", []byte("<?xpacket?><x:xmpmeta><dc:title>"+card+"</dc:title></x:xmpmeta>"))),
		"form.pdf":     sample.PDF([]byte("/X1 Do"), "", sample.Stream("/Type /XObject /Subtype /Form /Resources << /Font << /F1 4 0 R >> >>", []byte(pdfText))),
		"wide.bin":     append([]byte{0, 1, 2, 0xff}, sample.Wide("card "+card)...),
		"strings.bin":  append(append([]byte{0, 1, 2, 0xff, 0xfe, 3}, "card "+card...), 0, 4, 5),
		"utf16.txt":    append([]byte{0xff, 0xfe}, sample.Wide("card "+card+" in a text")...),
		"self.exe":     append(append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 5000)...), sample.Zip(note)...),
		"both.bin":     append(sample.PDF(nil, ""), sample.Zip(note)...),
		"data.xml":     []byte(`<?xml version="1.0"?><clients><client><number>` + card + `</number></client></clients>`),
		"page.html":    []byte(`<html><p>4111<b>1111</b>1111<i>1111</i></html>`),
	}
	for _, name := range []string{"writer.doc", "calc.xls", "writer.pdf", "object-streams.pdf", "empty-rc4-40.pdf", "empty-rc4-128.pdf", "empty-aes-128.pdf", "empty-aes-256.pdf",
		"empty-aes-256-r5.pdf", "lzma2.7z", "ppmd.7z", "bzip2.zip", "lzma.zip", "xz.zip", "long.txt.bz2", "long.txt.xz", "long.txt.zst", "signed.p7m", "signed-ber.p7m", "signed-pem.p7m"} {
		all[name] = file(t, name)
	}
	return all
}

func TestCardFound(t *testing.T) {
	for name, data := range documents(t) {
		t.Run(name, func(t *testing.T) {
			text, r := read(t, name, "application/octet-stream", data, Limits{})
			if !strings.Contains(squeezed(text), card) {
				t.Errorf("not found; %+v\n%s", r, text)
			}
			if len(r.Unscannable) > 0 {
				t.Errorf("unscannable: %q", r.Unscannable)
			}
			if r.Encrypted || r.Macros {
				t.Errorf("facts: %+v", r.Facts)
			}
		})
	}
}

func TestEncrypted(t *testing.T) {
	manifest := sample.File{Name: "META-INF/manifest.xml", Data: []byte(`<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>`)}
	for name, data := range map[string][]byte{
		"a.zip":                sample.ZipEncrypted(sample.File{Name: "a.txt", Data: []byte("noise")}),
		"nested.zip":           sample.Zip(sample.File{Name: "b.zip", Data: sample.ZipEncrypted(sample.File{Name: "a.txt", Data: []byte("noise")})}),
		"a.odt":                sample.ODF("text", "noise", manifest),
		"a.docx":               sample.OLE(sample.File{Name: "EncryptionInfo", Data: []byte("x")}, sample.File{Name: "ENCRYPTEDPACKAGE", Data: []byte("noise")}),
		"a.doc":                sample.Doc("noise", "noise", true),
		"a.xls":                sample.Xls("a", "b", 1, 1, true),
		"a.ppt":                sample.Ppt("a", "b", sample.File{Name: "EncryptedSummary", Data: []byte("x")}),
		"a.rar":                sample.RAREncrypted(),
		"message.asc":          []byte("-----BEGIN PGP MESSAGE-----\n\nnoise\n-----END PGP MESSAGE-----\n"),
		"file.gpg":             {0x85, 1, 12, 3},
		"file.age":             []byte("age-encryption.org/v1\n-> X25519 x\n"),
		"encrypted.7z":         file(t, "encrypted.7z"),
		"encrypted-headers.7z": file(t, "encrypted-headers.7z"),
		"zipcrypto.zip":        file(t, "zipcrypto.zip"),
		"aes.zip":              file(t, "aes.zip"),
		"locked-aes-256.pdf":   file(t, "locked-aes-256.pdf"),
		"locked-writer.pdf":    file(t, "locked-writer.pdf"),
		"enveloped.p7m":        file(t, "enveloped.p7m"),
		"authenveloped.p7m":    file(t, "authenveloped.p7m"),
	} {
		t.Run(name, func(t *testing.T) {
			_, r := read(t, name, "", data, Limits{})
			if !r.Encrypted || !slices.Equal(r.Unscannable, []Reason{ReasonEncrypted}) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestMacros(t *testing.T) {
	for name, data := range map[string][]byte{
		"a.docm":   sample.Docx(nil, sample.File{Name: "word/vbaProject.bin", Data: sample.OLE(sample.File{Name: "VBA/dir", Data: []byte("x")})}),
		"a.xls":    sample.Xls("a", "b", 1, 1, false, sample.File{Name: "_VBA_PROJECT_CUR/VBA/Module1", Data: []byte("x")}),
		"a.doc":    sample.Doc("a", "b", false, sample.File{Name: "Macros/VBA/_VBA_PROJECT", Data: []byte("x")}),
		"a.odt":    sample.ODF("text", "", sample.File{Name: "Basic/Standard/Module1.xml", Data: []byte("<script/>")}),
		"docm.zip": sample.Zip(sample.File{Name: "a.docm", Data: sample.Docx(nil, sample.File{Name: "word/vbaProject.bin", Data: []byte("x")})}),
	} {
		t.Run(name, func(t *testing.T) {
			if _, r := read(t, name, "", data, Limits{}); !r.Macros {
				t.Errorf("got %+v", r)
			}
		})
	}
}
