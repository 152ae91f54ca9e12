package milter

import (
	"mime"
	"net/mail"
	"strings"

	"github.com/emersion/go-message/charset"

	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
)

// words decodes RFC 2047 in any charset.
func words() *mime.WordDecoder { return &mime.WordDecoder{CharsetReader: charset.Reader} }

// decoded is a header value for people (RFC 2047); what can't be decoded stays.
func decoded(value string) string {
	value = strings.Join(strings.FieldsFunc(value, func(r rune) bool { return r == '\r' || r == '\n' }), "")
	if d, err := words().DecodeHeader(value); err == nil {
		return d
	}
	return value
}

// author is who wrote the message, as its header says.
func (m *message) author() notice.Author {
	parser := mail.AddressParser{WordDecoder: words()}
	if l, err := parser.ParseList(m.get("From")); err == nil && len(l) > 0 {
		return notice.Author{Name: l[0].Name, Address: l[0].Address}
	}
	return notice.Author{Address: m.from}
}

// replyTo is where an answer in the portal goes, which leaves in clear: for a member's
// message to the member whom its header names, and nowhere outside. From outside only
// the envelope sender can be held to it.
func (w *work) replyTo(internal bool) string {
	if !internal || w.m.from == "" {
		return w.m.from
	}
	for _, name := range []string{"Reply-To", "From"} {
		l, err := mail.ParseAddressList(w.m.get(name))
		if err == nil && len(l) > 0 && rules.Internal(l[0].Address, w.server.options.InternalDomains) {
			return l[0].Address
		}
	}
	return w.m.from
}
