package pdf

import (
	"bytes"
	"compress/lzw"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

// read returns all text of a file.
func read(t *testing.T, data []byte) (string, Result) {
	t.Helper()
	var b strings.Builder
	r, err := Read(data, Options{
		Text:   func(text string) error { b.WriteString(text); return nil },
		XML:    func(data []byte) error { b.WriteString("XML:"); b.Write(data); return nil },
		File:   func(name string, data []byte) error { fmt.Fprintf(&b, "FILE %s:%s\n", name, data); return nil },
		Expand: func(int) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), r
}

func pageOf(content string) []byte { return sample.PDF([]byte(content), "") }

// fontOf makes a page that shows codes in a font of its own.
func fontOf(codes, dict string, more ...string) []byte {
	return sample.PDF([]byte("BT /F2 10 Tf "+codes+" Tj ET"), "<< /Font << /F2 10 0 R >> >>", append([]string{dict}, more...)...)
}

func streamOf(dict, data string) string {
	return fmt.Sprintf("<< /Length %d %s >>\nstream\n%s\nendstream", len(data), dict, data)
}

// shown is a page whose content is the stream in object 11.
func shown(s string) []byte {
	return sample.PDF(nil, "", "<< /Type /Page /Resources << /Font << /F1 4 0 R >> >> /Contents 11 0 R >>", s)
}

func TestText(t *testing.T) {
	const content = "BT /F1 10 Tf (Card 4111 1111 1111 1111) Tj ET"
	var packed bytes.Buffer
	w := lzw.NewWriter(&packed, lzw.MSB, 8)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	up := func(rows ...string) string { // PNG's predictor "up"
		var b bytes.Buffer
		before := make([]byte, len(rows[0]))
		for _, row := range rows {
			b.WriteByte(2)
			for i := range row {
				b.WriteByte(row[i] - before[i])
			}
			copy(before, row)
		}
		return b.String()
	}
	run := append([]byte{byte(len(content) - 1)}, content...)
	cmap := sample.Stream("", []byte("/CIDInit begincmap 1 begincodespacerange <0000><FFFF> endcodespacerange 1 beginbfrange <0003><000C><0030> endbfrange 2 beginbfchar <0001><00430061> <0002><00720064> endbfchar 1 beginbfrange <0020><0021>[<0041><0042>] endbfrange endcmap"))
	type0 := "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 11 0 R /DescendantFonts [<< /DW 600 >>] >>"
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"Tj", pageOf("BT /F1 10 Tf (one) Tj ET"), "one\n"},
		{"escapes", pageOf(`BT /F1 10 Tf (\(4\061\
1\051) Tj ET`), "(411)\n"},
		{"hexadecimal", pageOf("BT /F1 10 Tf <34 31 3> Tj ET"), "410\n"},
		{"kerning", pageOf("BT /F1 10 Tf [(41) 20 (11 1) -30 (111)] TJ ET"), "4111 1111\n"},
		{"words by kerning", pageOf("BT /F1 10 Tf [(one) -400 (two)] TJ ET"), "one two\n"},
		{"columns", pageOf("BT /F1 10 Tf 0 0 Td (one) Tj 100 0 Td (two) Tj ET"), "one\ttwo\n"},
		{"lines", pageOf("BT /F1 10 Tf 12 TL (one) Tj T* (two) Tj (three) ' ET"), "one\ntwo\nthree\n"},
		{"separate objects on a line", pageOf("BT /F1 10 Tf 1 0 0 1 0 50 Tm (4111) Tj ET BT 1 0 0 1 23 50 Tm (1111) Tj ET"), "4111 1111\n"},
		{"rotated", pageOf("BT /F1 10 Tf 0 1 -1 0 50 50 Tm (41) Tj 10 0 Td (11) Tj ET"), "4111\n"},
		{"scaled by the page", pageOf("q 0.1 0 0 0.1 0 0 cm BT /F1 100 Tf (41) Tj 100 0 Td (11) Tj ET Q"), "4111\n"},
		{"digit by digit", pageOf("BT /F1 10 Tf (4) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj 12 0 Td (1) Tj ET"), "4 1 1 1 1 1 1 1 1\n411111111\n"},
		{"wide spacing", pageOf("BT /F1 10 Tf 8 Tc (41111) Tj ET"), "41111\n"},
		{"an inline image", pageOf("BI /W 2 /H 1 ID \x00(\xffEIx\x01 EI BT /F1 10 Tf (one) Tj ET"), "one\n"},
		{"ActualText", pageOf("BT /F1 10 Tf /Span << /ActualText (4111) >> BDC (x) Tj EMC ET"), "x\n4111\n"},
		{"unbalanced", pageOf("BT /F1 10 Tf ] >> (one) Tj ) ET BT (two) Tj ET"), "one"},
		{"LZW without early change", shown(streamOf("/Filter /LZWDecode /DecodeParms << /EarlyChange 0 >>", packed.String())), "4111 1111 1111 1111"},
		{"ASCIIHex", shown(streamOf("/Filter /ASCIIHexDecode", hex.EncodeToString([]byte(content))+">")), "4111 1111 1111 1111"},
		{"run length", shown(streamOf("/Filter /RL", string(run)+"\x80")), "4111 1111 1111 1111"},
		{"two filters", shown(streamOf("/Filter [/AHx /FlateDecode]", hex.EncodeToString(sample.Deflate([]byte(content)))+">")), "4111 1111 1111 1111"},
		{"no checksum", shown(streamOf("/Filter /FlateDecode", string(sample.Deflate([]byte(content))[:len(sample.Deflate([]byte(content)))-4]))), "4111 1111 1111 1111"},
		{"predictor", shown(streamOf("/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 15 >>", string(sample.Deflate([]byte(up("BT /F1 10 Tf (C", "ard 4111 1111 1", "111 1111) Tj ET")))))), "4111 1111 1111 1111"},
		{"a wrong length", shown(streamOf("/Length 3", content)), "4111 1111 1111 1111"},
		{"a length elsewhere", sample.PDF(nil, "", "<< /Type /Page /Resources << /Font << /F1 4 0 R >> >> /Contents 11 0 R >>", strings.Replace(streamOf("", content), fmt.Sprint(len(content)), "12 0 R", 1), fmt.Sprint(len(content))), "4111 1111 1111 1111"},
		{"ToUnicode", fontOf("<000100020007000400040004>", type0, cmap), "Card4111\n"},
		{"ToUnicode, a list", fontOf("<00200021>", type0, cmap), "AB\n"},
		{"differences", fontOf("(abc)", "<< /Type /Font /Subtype /Type1 /Encoding << /Differences [97 /four /one.taboldstyle /uni0031] >> >>"), "411\n"},
		{"a built-in encoding", fontOf("(abc)", "<< /Type /Font /Subtype /Type1 /FontDescriptor << /FontFile 11 0 R >> >>", streamOf("/Length1 99", "%!PS-AdobeFont-1.0\n/Encoding 256 array\ndup 97 /four put\ndup 98 /one put\ndup 99 /one put\nreadonly def\ncurrentfile eexec xxx")), "411\n"},
		{"a predefined map", fontOf("<0034FF11>", "<< /Type /Font /Subtype /Type0 /Encoding /UniJIS-UCS2-H /DescendantFonts [<< >>] >>"), "4１\n"},
		{"Shift JIS", fontOf("<34824F>", "<< /Type /Font /Subtype /Type0 /Encoding /90ms-RKSJ-H /DescendantFonts [<< >>] >>"), "4０\n"},
		{"Mac Roman", fontOf("(\x8a4)", "<< /Type /Font /Subtype /Type1 /Encoding /MacRomanEncoding >>"), "ä4\n"},
		{"names with escapes", sample.PDF([]byte("BT /F#31 10 Tf (one) Tj ET"), ""), "one\n"},
		{"an object that was replaced", append(pageOf("BT /F1 10 Tf (old) Tj ET"), "5 0 obj\n"+streamOf("", "BT /F1 10 Tf (new) Tj ET")+"\nendobj\n"...), "old\n"},
		{"the one that replaced it", append(pageOf("BT /F1 10 Tf (old) Tj ET"), "5 0 obj\n"+streamOf("", "BT /F1 10 Tf (new) Tj ET")+"\nendobj\n"...), "new\n"},
		{"what nothing refers to", sample.PDF(nil, "", streamOf("", "BT /F1 10 Tf (lost) Tj ET")), "lost\n"},
		{"an embedded file", sample.PDF(nil, "", "<< /Type /Filespec /UF (a.txt) /EF << /UF 11 0 R >> >>", streamOf("/Type /EmbeddedFile", "inside")), "FILE a.txt:inside\n"},
		{"an embedded file without a name", sample.PDF(nil, "", streamOf("/Type /EmbeddedFile", "inside")), "FILE attachment:inside\n"},
		{"XMP", sample.PDF(nil, "", streamOf("/Type /Metadata /Subtype /XML", "<x:a/>")), "XML:<x:a/>"},
		{"strings of objects", sample.PDF(nil, "", `<< /T (field) /V (4111) /Kids [<< /TU (help) >>] >>`), "help\nfield\n4111\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, r := read(t, tt.data)
			if !strings.Contains(text, tt.want) {
				t.Errorf("%q is not in %q", tt.want, text)
			}
			if r != (Result{}) {
				t.Errorf("result %+v", r)
			}
		})
	}
}

// TestLZW decodes the example of ISO 32000 section 7.4.4.2.
func TestLZW(t *testing.T) {
	f := &file{opts: Options{Expand: func(int) error { return nil }}}
	got, err := f.lzw(nil, []byte{0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01})
	if want := []byte{45, 45, 45, 45, 45, 65, 45, 45, 45, 66}; err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

// An error of the caller's ends the reading wherever it comes up.
func TestErrors(t *testing.T) {
	stop := errors.New("stop")
	data := sample.PDF([]byte("BT /F1 10 Tf (one) Tj ET"), "", streamOf("/Type /EmbeddedFile", "inside"), streamOf("/Subtype /XML", "<?xml?>"))
	for which := range 4 {
		give := func(i int) error {
			if i == which {
				return stop
			}
			return nil
		}
		_, err := Read(data, Options{
			Text:   func(string) error { return give(0) },
			XML:    func([]byte) error { return give(1) },
			File:   func(string, []byte) error { return give(2) },
			Expand: func(int) error { return give(3) },
		})
		if !errors.Is(err, stop) {
			t.Errorf("function %d: %v", which, err)
		}
	}
}

func TestFontWithoutNames(t *testing.T) {
	for name, tt := range map[string]struct {
		differences string
		want        bool
	}{
		"numbers for names": {"97 /g1 /g2 /g3", true},
		"words for names":   {"97 /checkmark /heart /spade", false},
	} {
		_, r := read(t, fontOf("(abcabcabc)", "<< /Type /Font /Subtype /Type1 /Encoding << /Differences ["+tt.differences+"] >> >>"))
		if r.Font != tt.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
