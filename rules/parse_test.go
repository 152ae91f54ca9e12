package rules

import (
	"io"
	"reflect"
	"testing"
)

func TestParseMessage(t *testing.T) {
	tests := []struct {
		name, text string
		header     []Field
		body       string
	}{
		{"plain", "A: b\r\nC:d\r\n\r\nbody\r\n", []Field{{"A", " b"}, {"C", "d"}}, "body\r\n"},
		{"LF", "A: b\n\nbody\n", []Field{{"A", " b"}}, "body\n"},
		{"folded", "A: b\n c\n\td\nE: f\n\nx", []Field{{"A", " b\r\n c\r\n\td"}, {"E", " f"}}, "x"},
		{"mbox", "From ann@example.com Sat\nA: b\n\nx", []Field{{"A", " b"}}, "x"},
		{"space before the colon", "A : b\n\nx", []Field{{"A", " b"}}, "x"},
		{"no empty line", "A: b\nThis is text\nmore\n", []Field{{"A", " b"}}, "This is text\nmore\n"},
		{"no header", "\nx: y\n", nil, "x: y\n"},
		{"header only", "A: b", []Field{{"A", " b"}}, ""},
		{"8 bits in a name", "A: b\nÄ: c\n\nx", []Field{{"A", " b"}}, "Ä: c\n\nx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			if err := ParseMessage(&m, []byte(tt.text)); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(m.Header, tt.header) {
				t.Errorf("header %q, want %q", m.Header, tt.header)
			}
			body, err := io.ReadAll(io.NewSectionReader(m.Body, 0, m.BodySize))
			if err != nil || string(body) != tt.body {
				t.Errorf("body %q, %v, want %q", body, err, tt.body)
			}
			if m.Size != int64(len(tt.text)) && tt.name != "mbox" {
				t.Errorf("size %d, want %d", m.Size, len(tt.text))
			}
		})
	}
	var m Message
	if err := ParseMessage(&m, nil); err == nil {
		t.Error("an empty file is a message")
	}
}
