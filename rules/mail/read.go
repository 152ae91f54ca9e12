package mail

import (
	"context"
	"fmt"
	"io"
	"strings"
)

const reasonHeader = "a header that is too large"

// Read finds the parts of a message. Body holds the octets after the header's
// empty line, size of them. A malformed message is no error: the error is one of
// body's or ctx's.
func Read(ctx context.Context, header []Field, body io.ReaderAt, size int64, limits Limits) (*Message, error) {
	m := &Message{ctx: ctx, Header: header, body: &source{body, size}, limits: limits.withDefaults()}
	root := &Part{src: m.body, forwarded: true}
	m.Parts = append(m.Parts, root)
	m.readHeader(root)
	w := &walker{Message: m}
	w.begin(root, header)
	w.enter(root, 0)
	if err := w.walk(m.body); err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	m.ctx = nil
	return m, nil
}

// readHeader decodes the message's own header.
func (m *Message) readHeader(root *Part) {
	defect := func(what string) { m.defect(nil, what) }
	total := 0
	for _, f := range m.Header {
		total += len(f.Name) + len(f.Value) + 4
		if total > m.limits.HeaderBytes {
			m.unscannable(nil, reasonHeader)
			defect(defectHeaderEnd)
			return
		}
		if f.Name == "" || strings.ContainsAny(f.Name, " \t\r\n\x00") {
			defect(defectHeaderLine)
		}
		m.Decoded = append(m.Decoded, Decoded{f.Name, decodeHeader(f.Value, defect)})
	}
}
