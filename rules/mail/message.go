package mail

import (
	"context"
	"io"
	"strings"
)

// A Field is one header field: its name and its value as received, still folded
// and encoded, without the final line break.
type Field struct{ Name, Value string }

// A Message is the tree of a message's parts, flattened in the order in which
// they stand.
type Message struct {
	Parts       []*Part   // the first is the message itself, with Path ""
	Defects     []Defect  // what is wrong with its form; Texts adds to it
	Unscannable []Defect  // what was not read, and why: after Read parts that are missing from Parts, to which Texts adds text
	Header      []Field   // as given to Read
	Decoded     []Decoded // the header decoded, same order

	// ReadElsewhere is asked by Texts before it searches a binary content for
	// strings; if it says yes, Texts leaves that content out. nil: never.
	ReadElsewhere func(*Part) (bool, error)

	ctx     context.Context // of the Read or Texts that is running
	body    *source
	limits  Limits
	known   map[Defect]bool // all of Defects and Unscannable
	nested  int64           // octets of decoded forwarded messages
	buffers [2][]byte       // of chunks, used again for each text
	base64  *base64Reader   // used again for each part
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
	Path        string // "1.2"; "2.0" for the message that is forwarded as part 2; "" for the message itself
	Kind        Kind
	Type        string // declared media type in lower case, "text/plain" if there is none
	Charset     string // declared, lower case, "" if there is none
	Name        string // file name, decoded (RFC 2231, 2047); "" if there is none
	Disposition string // "inline", "attachment" or "", lower case
	Encoding    string // content transfer encoding, lower case, "" if there is none
	Size        int64  // decoded octets; for a container 0
	Depth       int    // 0 for the message itself
	Nested      bool   // it stands inside a forwarded message (message/rfc822)

	src         *source // where its octets are
	header      extent  // its header in src, without the empty line; empty for the message itself
	content     extent  // its encoded content in src
	params      map[string]string
	transfer    transferEncoding
	declared    bool     // it has a content type
	forwarded   bool     // it is a message of its own: its header is one of a message
	unread      bool     // beyond a limit: its content is swept at best
	walked      bool     // its content is other parts
	surrounding []extent // of a container: what stands before, between and after its parts
}

// A source holds octets of a message: its body, or what an encoded part decoded
// to.
type source struct {
	r    io.ReaderAt
	size int64
}

// An extent is a piece of a source.
type extent struct{ start, end int64 }

func (s *source) section(e extent) *io.SectionReader {
	return io.NewSectionReader(s.r, e.start, e.end-e.start)
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
		if strings.EqualFold(m.Decoded[i].Name, name) {
			return m.Decoded[i].Value, true
		}
	}
	return "", false
}

// Open returns the decoded content of a part, to be read during the life of the
// body that was given to Read.
func (m *Message) Open(p *Part) io.Reader {
	return p.transfer.decoder(p.src.section(p.content), func(string) {})
}

// decode is Open for one part at a time, with the defects that decoding finds.
func (m *Message) decode(p *Part, defect func(string)) io.Reader {
	content := p.src.section(p.content)
	if p.transfer != base64Encoding {
		return p.transfer.decoder(content, defect)
	}
	if m.base64 == nil {
		m.base64 = new(base64Reader)
	}
	m.base64.reset(content, defect)
	return m.base64
}

// maxDefects bounds what is recorded of one message.
const maxDefects = 1000

// defect records something wrong with a part, once.
func (m *Message) defect(part *Part, what string) {
	m.record(&m.Defects, part, what)
}

// unscannable records why a part was not read.
func (m *Message) unscannable(part *Part, why string) {
	m.record(&m.Unscannable, part, why)
}

func (m *Message) record(list *[]Defect, part *Part, what string) {
	d := Defect{What: what}
	if part != nil {
		d.Part = part.Path
	}
	if m.known[d] || len(*list) >= maxDefects {
		return
	}
	if m.known == nil {
		m.known = map[Defect]bool{}
	}
	m.known[d] = true
	*list = append(*list, d)
}
