package extract

import (
	"bufio"
	"bytes"
	"context"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

// fuzz runs one reader on anything, without what contains a panic. Seeds are the
// samples of its kind, whole and cut.
func fuzz(f *testing.F, kinds ...kind) {
	limits := Limits{Depth: 4, Members: 200, Expanded: 4 << 20, Text: 2 << 20}.withDefaults()
	seeds := 0
	for name, data := range seedDocuments() {
		if k, _ := identify(node{name: name, data: data}); k == kinds[0] && len(data) < 64<<10 {
			f.Add(data)
			f.Add(data[:len(data)*2/3])
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range kinds {
			given := 0
			j := &job{ctx: context.Background(), limits: limits, text: limits.Text, expanded: limits.Expanded, visit: func(x *Text) error {
				given += len(x.Data)
				return nil
			}}
			if err := j.readDocument(k, node{data: data}); err != nil && !isLimit(err) {
				t.Errorf("an error that is no limit: %v", err)
			}
			if given > 16<<20 {
				t.Errorf("%d octets of text", given)
			}
		}
	})
}

// seedDocuments are small samples without the cards of documents.
func seedDocuments() map[string][]byte {
	note := sample.File{Name: "a.txt", Data: []byte("text")}
	return map[string][]byte{
		"a.docx": sample.Docx([]string{"a|b", "c"}, sample.File{Name: "word/_rels/d.rels", Data: []byte(`<Relationship TargetMode="External" Target="x"/>`)}),
		"a.xlsx": sample.Xlsx([][]sample.Cell{{{Text: "Name"}, {Number: "1e5"}, {Number: "12345", Format: "000-00-0000"}}}),
		"a.xlsb": sample.Zip(sample.File{Name: "[Content_Types].xml"}, sample.File{Name: "xl/workbook.bin", Data: []byte{1}},
			sample.File{Name: "xl/worksheets/sheet1.bin", Data: []byte{0, 0, 2, 12, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 6, 14, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 65, 0}}),
		"a.ods":  sample.ODF("spreadsheet", `<table:table-row><table:table-cell office:value-type="float" office:value="12345"><text:p>12345</text:p></table:table-cell></table:table-row>`),
		"b.zip":  sample.Zip(note, sample.File{Name: "b.gz", Data: sample.Gzip("b", []byte("x"))}),
		"a.doc":  sample.Doc("narrow", "wide", false),
		"a.xls":  sample.Xls("Head", "shared", 12345, 5, false),
		"a.ppt":  sample.Ppt("a", "b"),
		"a.msg":  sample.Msg("a", "b", note),
		"a.rtf":  []byte(`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 x;}}\u8364?\'e4 a\par{\object{\*\objdata 0105000002000000}}}`),
		"a.pdf":  sample.PDF([]byte("BT /F1 12 Tf [(a) -500 (b)] TJ 0 -12 Td (c) ' ET"), ""),
		"b.pdf":  sample.PDF([]byte("BT /F2 1 Tf <0001> Tj ET"), "<< /Font << /F2 10 0 R >> >>", "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 11 0 R /DescendantFonts [<< /W [1 [500]] >>] >>", sample.Stream("", []byte("1 begincodespacerange <0000><FFFF> endcodespacerange 1 beginbfrange <0001><0002><0041> endbfrange 1 beginbfchar <0003><0042> endbfchar"))),
		"a.tnef": sample.TNEF("body", note),
		"a.tar":  sample.Tar(note),
		"a.gz":   sample.Gzip("a", []byte("x")),
		"a.rar":  sample.RAR(0, note),
		"b.rar":  sample.RAREncrypted(),
		"a.ics":  []byte("BEGIN:VCALENDAR\r\nA:b\r\n c\r\nATTACH;ENCODING=BASE64:eA==\r\nX;ENCODING=QUOTED-PRINTABLE:=41=\r\n=42\r\nEND:VCALENDAR\r\n"),
		"a.eml":  []byte("From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/pdf; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n"),
		"a.csv":  []byte("Name,Number\na,\"1,2\"\n"),
		"a.xml":  []byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a b="c"><t>d</t></a>`),
		"a.bin":  {0, 1, 'a', 'b', 'c', 'd', 'e', 0, 'f', 0, 'g', 0},
		"a.7z":   []byte("7z\xbc\xaf\x27\x1c\x00\x04"),
		"a.p7m":  []byte("\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"),
	}
}

func FuzzZip(f *testing.F)      { fuzz(f, kindZip) }
func FuzzOLE(f *testing.F)      { fuzz(f, kindOLE) }
func FuzzPDF(f *testing.F)      { fuzz(f, kindPDF) }
func FuzzRTF(f *testing.F)      { fuzz(f, kindRTF) }
func FuzzTNEF(f *testing.F)     { fuzz(f, kindTNEF) }
func FuzzVObject(f *testing.F)  { fuzz(f, kindVObject) }
func FuzzMail(f *testing.F)     { fuzz(f, kindMail) }
func FuzzText(f *testing.F)     { fuzz(f, kindXML, kindCSV, kindBinary) }
func FuzzTar(f *testing.F)      { fuzz(f, kindTar) }
func FuzzGzip(f *testing.F)     { fuzz(f, kindGzip, kindBzip2, kindXZ, kindZstd) }
func FuzzSevenZip(f *testing.F) { fuzz(f, kindSevenZip) }
func FuzzRAR(f *testing.F)      { fuzz(f, kindRAR) }
func FuzzCMS(f *testing.F)      { fuzz(f, kindCMS, kindArmoured) }

// FuzzIdentify takes a document for what it seems to be.
func FuzzIdentify(f *testing.F) {
	for name, data := range seedDocuments() {
		f.Add(name, "text/plain", data)
	}
	f.Fuzz(func(t *testing.T, name, declared string, data []byte) {
		identify(node{name: name, declared: declared, data: data})
		Look(name, declared, data[:min(len(data), HeadBytes)])
	})
}

// FuzzFrames lets anything talk to a child, and anything answer the parent.
func FuzzFrames(f *testing.F) {
	var talk bytes.Buffer
	for _, err := range []error{
		writeJSON(&talk, frameRequest, request{Name: "a.txt"}), writeFrame(&talk, frameContent, []byte("some text")), writeFrame(&talk, frameContent),
		writeText(&talk, &Text{Path: "a", Data: []byte("b")}), writeJSON(&talk, frameResult, Result{Unscannable: []Reason{ReasonText}}),
	} {
		if err != nil {
			f.Fatal(err)
		}
	}
	f.Add(talk.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		s := setup{Limits: Limits{Size: 1 << 16, Expanded: 1 << 20, Text: 1 << 20}}
		_ = serve(bufio.NewReader(bytes.NewReader(data)), bufio.NewWriter(&out), s)
		r := bytes.NewReader(data)
		for {
			kind, payload, err := readFrame(r, answers)
			if err != nil {
				break
			}
			switch kind {
			case frameText:
				if x, err := parseText(payload); err == nil && len(x.Path)+len(x.Data)+2 != len(payload) {
					t.Error("octets of a text went missing")
				}
			case frameResult:
				if x, err := parseResult(payload); err == nil {
					for _, reason := range x.Unscannable {
						if !reason.known() {
							t.Errorf("reason %q", reason)
						}
					}
				}
			}
		}
	})
}
