package extract

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

// What is cut off must not make a document clean: the card is found or there is
// a reason. Forms of text have no end that could be missing.
func TestTruncated(t *testing.T) {
	text := []string{".csv", ".vcf", ".ics", ".html", ".txt", ".bin", ".eml", ".mbox"}
	n := 0
	for name, data := range documents(t) {
		if slices.Contains(text, path.Ext(name)) {
			continue
		}
		for _, part := range []int{10, 30, 50, 70, 90, 97, 99} {
			n++
			cut := data[:len(data)*part/100]
			if k, _ := identify(node{name: name, data: cut}); k == kindText || k == kindBinary || k == kindCSV {
				continue // too short to be anything
			}
			found, r := read(t, name, "", cut, Limits{})
			if !strings.Contains(squeezed(found), card) && len(r.Unscannable) == 0 {
				t.Errorf("%s cut at %d%% is clean: %+v\n%s", name, part, r, found)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d cases", n)
	}
}

func TestReasons(t *testing.T) {
	note := sample.File{Name: "a.txt", Data: []byte("text")}
	encoded := func(dict, data string) []byte {
		return sample.PDF([]byte("BT (x) Tj ET"), "", "<< /Length 3 "+dict+" >>\nstream\n"+data+"\nendstream")
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		limits Limits
		want   []Reason
	}{
		{"whole.zip", sample.Zip(note), Limits{}, nil},
		{"garbage.zip", append([]byte("PK\x03\x04"), make([]byte, 100)...), Limits{}, []Reason{ReasonMalformed}},
		{"twice.zip", sample.Zip(note, note), Limits{}, []Reason{ReasonMalformed}},
		{"large.zip", sample.Zip(note), Limits{Size: 10}, []Reason{ReasonSize}},
		{"expanded.zip", sample.Zip(note), Limits{Expanded: 3}, []Reason{ReasonExpanded}},
		{"members.zip", sample.Zip(note, sample.File{Name: "b"}), Limits{Members: 1}, []Reason{ReasonMembers}},
		{"deep.zip", sample.NestedZip(3, sample.Zip(note)), Limits{Depth: 2}, []Reason{ReasonDepth}},
		{"text.txt", []byte(strings.Repeat("text ", 1000)), Limits{Text: 100}, []Reason{ReasonText}},
		{"deflate64.zip", file(t, "deflate64.zip"), Limits{}, []Reason{ReasonMethod}},
		{"ppmd.zip", file(t, "ppmd.zip"), Limits{}, []Reason{ReasonMethod}},
		{"two.zip", append(sample.Zip(note), sample.Zip(sample.File{Name: "b.txt", Data: []byte("other")})...), Limits{}, []Reason{ReasonMalformed}},
		{"hidden.zip", append([]byte("PK\x03\x04hidden"), sample.Zip(note)...), Limits{}, []Reason{ReasonMalformed}},
		{"a.pages", sample.Zip(sample.File{Name: "Index/Document.iwa", Data: []byte("text")}), Limits{}, []Reason{ReasonFormat}},
		{"a.cab", []byte("MSCF\x00\x00\x00\x00 some archive"), Limits{}, []Reason{ReasonFormat}},
		{"a.iso", append(make([]byte, 0x8001), "CD001 and more"...), Limits{}, []Reason{ReasonFormat}},
		{"entity.docx", sample.EntityDocx(1), Limits{}, []Reason{ReasonMalformed}},
		{"word95.doc", sample.OLE(sample.File{Name: "WordDocument", Data: []byte("\xdc\xa5\x65\x00")}), Limits{}, []Reason{ReasonFormat}},
		{"notable.doc", sample.OLE(sample.File{Name: "WordDocument", Data: append([]byte("\xec\xa5"), make([]byte, 1000)...)}), Limits{}, []Reason{ReasonMalformed}},
		{"nopage.pdf", []byte("%PDF-1.7\n1 0 obj (x) endobj"), Limits{}, []Reason{ReasonMalformed}},
		{"filter.pdf", encoded("/Filter /Unknown", "abc"), Limits{}, []Reason{ReasonMethod}},
		{"flate.pdf", encoded("/Filter /FlateDecode", "abc"), Limits{}, []Reason{ReasonMalformed}},
		{"font.pdf", sample.PDF([]byte("BT /F2 1 Tf <000100020003000400050006000700080009> Tj ET"), "<< /Font << /F2 10 0 R >> >>",
			"<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< >>] >>"), Limits{}, []Reason{ReasonFont}},
		{"handler.pdf", sample.PDF(nil, "", "x\nendobj\ntrailer << /Encrypt << /Filter /Custom >> >>"), Limits{}, []Reason{ReasonEncrypted}},
		{"unbalanced.rtf", []byte(`{\rtf1 {\b text`), Limits{}, []Reason{ReasonMalformed}},
		{"cut.dat", []byte("\x78\x9f\x3e\x22\x00\x00\x01\x04\x80\x00\x00\xff\x00\x00\x00"), Limits{}, []Reason{ReasonMalformed}},
		{"checksum.rar", brokenRAR(), Limits{}, []Reason{ReasonMalformed}},
		{"window.rar", sample.RAR(15, note), Limits{}, []Reason{ReasonMethod}},
		{"detached.p7s", file(t, "detached.p7s"), Limits{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, r := read(t, tt.name, "", tt.data, tt.limits)
			if !slices.Equal(r.Unscannable, tt.want) {
				t.Errorf("got %q, want %q; %+v", r.Unscannable, tt.want, r.Facts)
			}
		})
	}
}

func brokenRAR() []byte {
	data := sample.RAR(0, sample.File{Name: "a.txt", Data: []byte("some text")})
	i := strings.Index(string(data), "some text")
	data[i] ^= 1
	return data
}

func TestMembers(t *testing.T) {
	docx := sample.Docx([]string{"x"})
	_, r := read(t, "a.zip", "", sample.Zip(sample.File{Name: "in/b.zip", Data: sample.Zip(sample.File{Name: "c.docx", Data: docx}, sample.File{Name: "d.exe", Data: []byte("MZ\x90\x00")})},
		sample.File{Name: "e.txt", Data: []byte("text")}), Limits{})
	var got []string
	for _, m := range r.Members {
		got = append(got, m.Path+" "+m.Type)
	}
	want := []string{"in/b.zip application/zip", "in/b.zip/c.docx application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"in/b.zip/d.exe application/vnd.microsoft.portable-executable", "e.txt text/plain"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	printer := sample.File{Name: "xl/printerSettings/printerSettings1.bin", Data: []byte{0, 1, 2, 3}}
	sheet := sample.File{Name: "word/embeddings/a.xlsx", Data: sample.Xlsx(nil, printer)}
	if _, r := read(t, "a.docx", "", sample.Docx(nil, sheet), Limits{}); len(r.Members) != 1 || r.Members[0].Path != sheet.Name {
		t.Errorf("members of an office file: %+v", r.Members)
	}
	if r.Type != "application/zip" {
		t.Errorf("type %q", r.Type)
	}
}
