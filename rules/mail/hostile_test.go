package mail

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Messages made to cost much cost no more than their size: what is read of them
// in all is a small multiple of it, and so is the memory.
func TestHostile(t *testing.T) {
	multi := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	deep := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		}
		return b.String()
	}
	same := func(n int) string {
		return strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", n)
	}
	tests := []struct {
		name string
		raw  string
		want string // a reason to be unscannable, "" for none
	}{
		{"5,000 deep", deep(5000), reasonDepth},
		{"5,000 deep, one boundary", same(5000), reasonDepth},
		{"5,000 forwarded", strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 5000), reasonDepth},
		{"100,000 parts", multi + strings.Repeat("--b\r\n\r\nx\r\n", 100_000), reasonParts},
		{"100,000 empty parts", multi + strings.Repeat("--b\r\n", 100_000), reasonParts},
		{"100,000 last boundaries", multi + strings.Repeat("--b--\r\nx\r\n", 100_000), ""},
		{"1 MB of header", "Subject: " + strings.Repeat("=?utf-8?q?", 100_000) + "\r\n\r\nx", ""},
		{"1 MB of unclosed words", "Subject: " + strings.Repeat("=?a?b?xxxxxxxxxxxxxxxxxxxxxxxxxxx", 30_000) + "\r\n\r\nx", ""},
		{"2 MB of header", "Subject: " + strings.Repeat("x", 2<<20) + "\r\n\r\nx", reasonHeader},
		{"100,000 fields", strings.Repeat("X: y\r\n", 100_000) + "\r\nx", ""},
		{"1 MB of parameters", "Content-Type: text/plain" + strings.Repeat("; a=b", 150_000) + "\r\n\r\nx", ""},
		{"1 MB of pieces", "Content-Type: text/plain" + strings.Repeat("; name*9*=b", 80_000) + "\r\n\r\nx", ""},
		{"1 MB of comments", "Content-Type: text/plain" + strings.Repeat("(", 1<<20-100) + "\r\n\r\nx", ""},
		{"2 MB of part header", multi + "--b\r\n" + strings.Repeat("X: y\r\n", 300_000) + "\r\nx\r\n--b--\r\n", reasonHeader},
		{"1 MB of dashes", multi + strings.Repeat("--\r\n", 250_000), ""},
		{"1 MB in a line", multi + "--b" + strings.Repeat("x", 1<<20), ""},
		{"1 MB of tags", "Content-Type: text/html\r\n\r\n" + strings.Repeat("<p>", 1<<20/3), ""},
		{"1 MB of <", "Content-Type: text/html\r\nContent-Type: text/html\r\n\r\n" + strings.Repeat("<", 1<<20), ""},
		{"1 MB of open comments", "Content-Type: text/html\r\n\r\n" + strings.Repeat("<!--", 1<<20/4), ""},
		{"a tag of 1 MB", "Content-Type: text/html\r\n\r\n<p " + strings.Repeat("a=b ", 1<<20/4), ""},
		{"1 MB of &", "Content-Type: text/html\r\n\r\n" + strings.Repeat("&#", 1<<20/2), ""},
		{"1 MB of =", "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=", 1<<20), ""},
		{"1 MB of = and space", "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("= ", 1<<20/2), ""},
		{"1 MB of padding", "Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("A=", 1<<20/2), ""},
		{"1 MB of begin", "Content-Transfer-Encoding: x-uuencode\r\n\r\n" + strings.Repeat("begin 644 a\r\nend\r\n", 1<<20/18), ""},
		{"1 MB of accents", "Content-Type: text/plain; charset=utf-8\r\n\r\n1" + strings.Repeat("\u0332", 1<<20/2), ""},
		{"1 MB of escapes", "\r\n\r\n" + strings.Repeat("\x1b$B", 1<<20/3), ""},
		{"1 MB of UTF-7", "Content-Type: text/plain; charset=utf-7\r\n\r\n+" + strings.Repeat("2ADYANgA", 1<<20/8), ""},
	}
	for _, tt := range tests {
		head, body, _ := strings.Cut(tt.raw, "\r\n\r\n")
		fields := parseFields([]byte(head), func(string) {})
		r := &meter{Reader: strings.NewReader(body)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Read(context.Background(), fields, r, int64(len(body)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var given int64
		err = m.Texts(context.Background(), 0xff, func(x *Text) error {
			given += int64(len(x.Data))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		size := int64(len(tt.raw)) + 1<<20
		// Seven passes of the sweep, each with and without markup.
		if r.octets > 12*size || given > 24*size {
			t.Errorf("%s: of %d octets %d were read, %d given", tt.name, len(tt.raw), r.octets, given)
		}
		if total := int64(after.TotalAlloc - before.TotalAlloc); total > 120*size {
			t.Errorf("%s: %d octets allocated for %d", tt.name, total, len(tt.raw))
		}
		got := ""
		for _, d := range m.Unscannable {
			got += d.What
		}
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: unscannable for %q, want %q", tt.name, got, tt.want)
		}
		if len(m.Parts) > 10_000 || len(m.Defects) > maxDefects {
			t.Errorf("%s: %d parts, %d defects", tt.name, len(m.Parts), len(m.Defects))
		}
	}
}

// A meter counts what is read.
type meter struct {
	*strings.Reader
	octets int64
}

func (m *meter) ReadAt(p []byte, at int64) (int, error) {
	n, err := m.Reader.ReadAt(p, at)
	m.octets += int64(n)
	return n, err
}
