package extract

import (
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

func TestLook(t *testing.T) {
	png := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00")
	for _, tt := range []struct {
		name, declared string
		head           []byte
		media          string
		needed         bool
	}{
		{"a.png", "image/png", png, "image/png", false},
		{"a.bin", "image/png", png, "image/png", false},
		{"a.zip", "application/zip", png, "image/png", true},
		{"a.txt", "text/plain", []byte("some text"), "text/plain", false},
		{"", "text/plain", []byte("some text"), "text/plain", false},
		{"a.zip", "application/zip", []byte("some text"), "text/plain", true},
		{"a.png", "image/png", sample.Zip(), "application/zip", true},
		{"a.txt", "text/plain", []byte("{\\rtf1 x}"), "application/rtf", true},
		{"a.txt", "text/plain", []byte("-----BEGIN PGP MESSAGE-----\n"), "application/pgp-encrypted", true},
		{"a.csv", "text/csv", []byte("a,b\n"), "text/csv", true},
		{"a.exe", "application/octet-stream", []byte("MZ\x90\x00\x03\x00"), "application/vnd.microsoft.portable-executable", true},
		{"a.pdf", "", []byte("junk before\n%PDF-1.4\n"), "application/pdf", true},
		{"a.bin", "", nil, "text/plain", true},
	} {
		if media, needed := Look(tt.name, tt.declared, tt.head); media != tt.media || needed != tt.needed {
			t.Errorf("Look(%q, %q, %q) = %q, %v; want %q, %v", tt.name, tt.declared, tt.head, media, needed, tt.media, tt.needed)
		}
	}
}

// What an office file is depends neither on the order of its parts nor on
// chance.
func TestOfficeType(t *testing.T) {
	const office = "application/vnd.openxmlformats-officedocument."
	for _, tt := range []struct {
		parts []string
		media string
	}{
		{[]string{"xl/workbook.bin", "xl/worksheets/sheet1.bin", "xl/styles.bin", "xl/theme/theme1.xml"}, "application/vnd.ms-excel.sheet.binary.macroenabled.12"},
		{[]string{"xl/workbook.xml", "xl/worksheets/sheet1.xml", "docProps/app.xml"}, office + "spreadsheetml.sheet"},
		{[]string{"word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"}, office + "wordprocessingml.document"},
		{[]string{"ppt/presentation.xml", "visio/document.xml"}, office + "presentationml.presentation"},
		{[]string{"visio/document.xml", "docProps/app.xml"}, "application/vnd.ms-visio.drawing"},
		{[]string{"docProps/app.xml"}, "application/vnd.openxmlformats-package"},
	} {
		for i := range 100 {
			files := []sample.File{{Name: "[Content_Types].xml", Data: []byte("<Types/>")}}
			for j := range tt.parts {
				files = append(files, sample.File{Name: tt.parts[(i+j)%len(tt.parts)]})
			}
			if _, r := read(t, "a.bin", "", sample.Zip(files...), Limits{}); r.Type != tt.media {
				t.Fatalf("%v, time %d: %s, want %s", tt.parts, i+1, r.Type, tt.media)
			}
		}
	}
}
