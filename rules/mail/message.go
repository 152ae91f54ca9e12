package mail

import (
	"io"
)

// A Field is one header field: its name and its value as received, still folded
// and encoded, without the final line break.
type Field struct{ Name, Value string }

// A Message is the tree of a message's parts, flattened in the order in which
// they stand.
type Message struct {
	Parts       []*Part   // the first is the message itself, with Path ""
	Defects     []Defect  // what is wrong with its form; Texts adds to it
	Unscannable []Defect  // what was not read, and why; Texts adds to it
	Header      []Field   // as given to Read
	Decoded     []Decoded // the header decoded, same order

	body   io.ReaderAt
	size   int64
	limits Limits
}

// Decoded is a header field made readable: unfolded, encoded words (RFC 2047)
// decoded, in UTF-8, without control characters.
type Decoded struct{ Name, Value string }

// Kind says what a part is to its reader.
type Kind uint8

// The kinds of parts.
const (
	Container  Kind = iota // multipart/*: other parts
	Body                   // text that is shown when the mail is opened
	Attachment             // anything else, forwarded messages included
)

// A Part is one entity of a message (RFC 2045 section 2.4).
type Part struct {
	Path        string // "1.2", as in IMAP (RFC 9051 section 6.4.5); "" for the message itself
	Kind        Kind
	Type        string // declared media type in lower case, "text/plain" if there is none
	Charset     string // declared, lower case, "" if there is none
	Name        string // file name, decoded (RFC 2231, 2047); "" if there is none
	Disposition string // "inline", "attachment" or "", lower case
	Encoding    string // content transfer encoding, lower case, "" if there is none
	Size        int64  // decoded octets; for a container 0
	Depth       int    // 0 for the message itself
	Nested      bool   // it stands inside a forwarded message (message/rfc822)
}

// A Defect is something wrong with a message's form, or the reason why a part of
// it was not read.
type Defect struct {
	Part string // path of the part, "" for the message itself
	What string // a fixed text without any content of the message
}

// String gives "1.2: base64 is truncated", or the text alone for the message.
func (d Defect) String() string {
	if d.Part == "" {
		return d.What
	}
	return d.Part + ": " + d.What
}

// Attachments lists the parts that a reader sees as attachments, in order.
func (m *Message) Attachments() []*Part {
	var as []*Part
	for _, p := range m.Parts {
		if p.Kind == Attachment {
			as = append(as, p)
		}
	}
	return as
}

// Get returns the decoded value of the first header field called name, any
// case, and whether there is one.
func (m *Message) Get(name string) (value string, ok bool) {
	for i := range m.Decoded {
		if equalFold(m.Decoded[i].Name, name) {
			return m.Decoded[i].Value, true
		}
	}
	return "", false
}
