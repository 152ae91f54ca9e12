package rules

import (
	"bytes"
	"errors"
	"strings"
)

// ParseMessage fills Header, Body, BodySize and Size of m from a message as it
// lies in a file, divided as an MTA divides it for its milters: fields up to the
// first line that can't belong to one; there, or at an empty line, the body
// begins. A leading "From " line (mbox) is left out, lines may end in LF alone.
func ParseMessage(m *Message, data []byte) error {
	if bytes.HasPrefix(data, []byte("From ")) {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return errors.New("there is nothing after the line that begins with \"From \"")
		}
		data = data[i+1:]
	}
	m.Header = nil
	rest := data
	for len(rest) > 0 {
		if line, after := cutLine(rest); len(line) == 0 {
			rest = after
			break
		}
		field, after := cutField(rest)
		name, value, ok := strings.Cut(field, ":")
		name = strings.TrimRight(name, " \t")
		if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			break
		}
		m.Header = append(m.Header, Field{name, value})
		rest = after
	}
	if len(m.Header) == 0 && len(data) == 0 {
		return errors.New("the message is empty")
	}
	m.Body, m.BodySize, m.Size = bytes.NewReader(rest), int64(len(rest)), int64(len(data))
	return nil
}

// cutLine splits data after its first line and returns that without its end.
func cutLine(data []byte) (line, after []byte) {
	line = data
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		line, after = data[:i], data[i+1:]
	}
	return bytes.TrimSuffix(line, []byte("\r")), after
}

// cutField splits data after its first line and the lines that continue it (RFC
// 5322 section 2.2.3).
func cutField(data []byte) (field string, after []byte) {
	_, after = cutLine(data)
	for len(after) > 0 && (after[0] == ' ' || after[0] == '\t') {
		_, after = cutLine(after)
	}
	text := crlf(string(data[:len(data)-len(after)]))
	return strings.TrimSuffix(text, "\r\n"), after
}
