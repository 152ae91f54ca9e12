package sample

import (
	"bytes"
	"compress/zlib"
	"fmt"
)

// Deflate compresses data as zlib does.
func Deflate(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(data)
	must(err)
	must(z.Close())
	return b.Bytes()
}

// PDF makes a PDF file with one page that has this content stream, and more
// objects, numbered from 10 on. Font F1 is Helvetica in WinAnsiEncoding; resources
// can be replaced.
func PDF(content []byte, resources string, more ...string) []byte {
	if resources == "" {
		resources = "<< /Font << /F1 4 0 R >> >>"
	}
	z := Deflate(content)
	objects := []string{
		"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
		"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
		"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources " + resources + " /Contents 5 0 R >>\nendobj\n",
		"4 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>\nendobj\n",
		fmt.Sprintf("5 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n", len(z), z),
	}
	for i, o := range more {
		objects = append(objects, fmt.Sprintf("%d 0 obj\n%s\nendobj\n", 10+i, o))
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	offsets := map[int]int{}
	top := 0
	for _, o := range objects {
		var n int
		_, err := fmt.Sscanf(o, "%d", &n)
		must(err)
		offsets[n], top = b.Len(), max(top, n)
		b.WriteString(o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", top+1)
	for i := 1; i <= top; i++ {
		if at, ok := offsets[i]; ok {
			fmt.Fprintf(&b, "%010d 00000 n \n", at)
		} else {
			b.WriteString("0000000000 65535 f \n")
		}
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", top+1, xref)
	return b.Bytes()
}

// Stream is an object with content for PDF: a dictionary without its brackets,
// and the content, compressed.
func Stream(dict string, data []byte) string {
	z := Deflate(data)
	return fmt.Sprintf("<< %s /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", dict, len(z), z)
}
