package mail

// A Summary is what a list of messages shows of one.
type Summary struct {
	Subject     string
	From        string // as written, decoded: "Ann <ann@example.com>"
	To, Cc      string
	Date        string // as written
	MessageID   string // with its angle brackets
	Attachments []Attached
}

// Attached describes one attachment.
type Attached struct {
	Name string // made safe for display: no path, no control or bidi characters; "" if there is none
	Type string // declared media type
	Size int64  // decoded octets
}

// Summary describes the message for a list. Attachments of forwarded messages
// are not listed, the forwarded message itself is.
func (m *Message) Summary() Summary {
	var s Summary
	s.Subject, _ = m.Get("Subject")
	s.From, _ = m.Get("From")
	s.To, _ = m.Get("To")
	s.Cc, _ = m.Get("Cc")
	s.Date, _ = m.Get("Date")
	s.MessageID, _ = m.Get("Message-ID")
	for _, p := range m.Attachments() {
		if !p.Nested {
			s.Attachments = append(s.Attachments, Attached{Name: SafeName(p.Name), Type: p.Type, Size: p.Size})
		}
	}
	return s
}
