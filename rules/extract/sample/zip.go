package sample

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"time"
)

// A File is a member of an archive.
type File struct {
	Name string
	Data []byte
}

func must(err error) {
	if err != nil {
		panic(err) // into memory: can't happen
	}
}

// Zip makes a zip archive.
func Zip(files ...File) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.Name)
		must(err)
		_, err = w.Write(f.Data)
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// ZipEncrypted makes a zip archive whose members are marked as encrypted
// (general purpose bit 0).
func ZipEncrypted(files ...File) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateRaw(&zip.FileHeader{Name: f.Name, Flags: 1, CompressedSize64: uint64(len(f.Data)), UncompressedSize64: uint64(len(f.Data))})
		must(err)
		_, err = w.Write(f.Data)
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// Tar makes a tar archive.
func Tar(files ...File) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, f := range files {
		must(t.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: int64(len(f.Data)), ModTime: time.Unix(1e9, 0)}))
		_, err := t.Write(f.Data)
		must(err)
	}
	must(t.Close())
	return b.Bytes()
}

// Gzip compresses data.
func Gzip(name string, data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Name = name
	_, err := z.Write(data)
	must(err)
	must(z.Close())
	return b.Bytes()
}

const contentTypes = `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`

// Docx makes a Word document; each text is a paragraph, which a "|" splits into
// runs as editing does. More parts can be added.
func Docx(paragraphs []string, more ...File) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	for _, p := range paragraphs {
		b.WriteString(WordParagraph(p))
	}
	b.WriteString(`</w:body></w:document>`)
	files := []File{{"[Content_Types].xml", []byte(contentTypes)}, {"word/document.xml", []byte(b.String())}}
	return Zip(append(files, more...)...)
}

// WordParagraph is a paragraph for Docx and its other parts.
func WordParagraph(text string) string {
	var b strings.Builder
	b.WriteString(`<w:p>`)
	for _, run := range strings.Split(text, "|") {
		b.WriteString(`<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">` + run + `</w:t></w:r><w:proofErr w:type="spellStart"/>`)
	}
	b.WriteString(`</w:p>`)
	return b.String()
}

// A Cell is one of a spreadsheet: text, or a number with a format.
type Cell struct {
	Text   string
	Number string
	Format string // of the number, such as "000-00-0000"
}

// Xlsx makes a workbook with one sheet; text cells go through shared strings.
func Xlsx(rows [][]Cell, more ...File) []byte {
	var sheet, shared, formats, styles strings.Builder
	n, style := 0, 0
	for r, row := range rows {
		fmt.Fprintf(&sheet, `<row r="%d">`, r+1)
		for c, cell := range row {
			ref := fmt.Sprintf("%c%d", 'A'+c, r+1)
			switch {
			case cell.Number == "":
				fmt.Fprintf(&sheet, `<c r="%s" t="s"><v>%d</v></c>`, ref, n)
				fmt.Fprintf(&shared, `<si><r><t>%s</t></r></si>`, cell.Text)
				n++
			case cell.Format == "":
				fmt.Fprintf(&sheet, `<c r="%s"><v>%s</v></c>`, ref, cell.Number)
			default:
				style++
				fmt.Fprintf(&formats, `<numFmt numFmtId="%d" formatCode="%s"/>`, 170+style, cell.Format)
				fmt.Fprintf(&styles, `<xf numFmtId="%d"/>`, 170+style)
				fmt.Fprintf(&sheet, `<c r="%s" s="%d"><v>%s</v></c>`, ref, style, cell.Number)
			}
		}
		sheet.WriteString(`</row>`)
	}
	const ns = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	files := []File{
		{"[Content_Types].xml", []byte(contentTypes)},
		{"xl/workbook.xml", []byte(`<workbook` + ns + `><sheets><sheet name="Clients" sheetId="1"/></sheets></workbook>`)},
		{"xl/sharedStrings.xml", []byte(`<sst` + ns + `>` + shared.String() + `</sst>`)},
		{"xl/styles.xml", []byte(`<styleSheet` + ns + `><numFmts>` + formats.String() + `</numFmts><cellXfs><xf numFmtId="0"/>` + styles.String() + `</cellXfs></styleSheet>`)},
		{"xl/worksheets/sheet1.xml", []byte(`<worksheet` + ns + `><sheetData>` + sheet.String() + `</sheetData></worksheet>`)},
	}
	return Zip(append(files, more...)...)
}

// Pptx makes a presentation with one text on a slide.
func Pptx(text string, more ...File) []byte {
	files := []File{
		{"[Content_Types].xml", []byte(contentTypes)},
		{"ppt/presentation.xml", []byte(`<p:presentation xmlns:p="p"/>`)},
		{"ppt/slides/slide1.xml", []byte(`<p:sld xmlns:p="p" xmlns:a="a"><p:txBody><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:txBody></p:sld>`)},
	}
	return Zip(append(files, more...)...)
}

// ODF makes an OpenDocument file of a kind ("text", "spreadsheet",
// "presentation") from the inside of its office:body.
func ODF(kind, body string, more ...File) []byte {
	content := `<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body><office:` + kind + `>` + body +
		`</office:` + kind + `></office:body></office:document-content>`
	files := []File{{"mimetype", []byte("application/vnd.oasis.opendocument." + kind)}, {"content.xml", []byte(content)}}
	return Zip(append(files, more...)...)
}
