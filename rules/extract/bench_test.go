package extract

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

// words is text of about size octets that does not compress to nothing.
func words(size int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < size {
		for range 3 + r.IntN(8) {
			b.WriteByte(byte('a' + r.IntN(26)))
		}
		b.WriteByte(' ')
	}
	return b.String()
}

func benchmark(b *testing.B, name string, data []byte, text int) {
	read := func(b *testing.B, extract func(d Document, visit func(*Text) error) (*Result, error)) {
		b.SetBytes(int64(text))
		for b.Loop() {
			r, err := extract(Document{Name: name, Open: opener(data)}, func(*Text) error { return nil })
			if err != nil || len(r.Unscannable) > 0 {
				b.Fatal(r, err)
			}
		}
	}
	b.Run("process", func(b *testing.B) {
		read(b, func(d Document, visit func(*Text) error) (*Result, error) {
			return Extract(b.Context(), d, Limits{}, visit)
		})
	})
	b.Run("child", func(b *testing.B) {
		p := newTestPool(b, "serve", PoolOptions{})
		read(b, func(d Document, visit func(*Text) error) (*Result, error) {
			return p.Extract(context.Background(), d, visit)
		})
	})
}

// The rate is of text, not of the document's octets.

func BenchmarkDocx(b *testing.B) {
	text := words(500 << 10)
	var paragraphs []string
	for part := range strings.SplitSeq(text, "a") {
		paragraphs = append(paragraphs, part)
	}
	benchmark(b, "a.docx", sample.Docx(paragraphs), len(text))
}

func BenchmarkSmallDocx(b *testing.B) {
	text := words(4 << 10)
	benchmark(b, "a.docx", sample.Docx([]string{text}), len(text))
}

func BenchmarkZip(b *testing.B) {
	text := words(5 << 20)
	benchmark(b, "a.zip", sample.Zip(sample.File{Name: "a.txt", Data: []byte(text)}), len(text))
}

func BenchmarkPDF(b *testing.B) {
	text := words(500 << 10)
	var content strings.Builder
	for line := range strings.SplitSeq(text, "z") {
		content.WriteString("BT /F1 12 Tf 0 -14 Td (" + line + ") Tj ET\n")
	}
	benchmark(b, "a.pdf", sample.PDF([]byte(content.String()), ""), len(text))
}
