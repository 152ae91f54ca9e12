package notice

import (
	"fmt"
	"strings"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// An Author is who wrote the message: its header From, or the envelope sender
// where that can't be read. Both come from the mail and are untrusted text.
type Author struct {
	Name    string // decoded; may be ""
	Address string // may be "" for a bounce without a readable From
}

// shown is the author as a text names one.
func (a Author) shown() string {
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " (" + a.Address + ")"
}

// A Notice is what a recipient gets instead of a sealed message.
type Notice struct {
	Sealed   store.Sealed
	Author   Author
	Subject  string           // of the message, decoded; shown only with Options.ShowSubject
	Restrict seal.Restriction // said to the recipient
}

// An Entity is a notice that replaces a message in place: a body and the header
// fields that go with it. Field values may be folded, with CRLF.
type Entity struct {
	Subject                 string
	ContentType             string
	ContentTransferEncoding string
	ContentLanguage         string
	Body                    []byte
}

// noticeData is what notice.txt and notice.html can use.
type noticeData struct {
	page
	linked
	Author    Author
	From      string // the author as a text names one
	Called    string // the author's name, or address
	Recipient string
	Subject   string // "" unless it may be shown
	OneTime   bool   // one-time link, no account
	New       bool   // the recipient has no account yet
	Known     bool   // the recipient logs in
	PIN       bool   // a second secret is needed
	NoPrint   bool
	NoReply   bool
	Phrase    string // may be ""
	Check     string // code for the page that says whether the notice is genuine
	Sent      string
	Until     string
}

func (r *Renderer) noticeData(t *tongue, n Notice) (*noticeData, error) {
	s := n.Sealed
	d := &noticeData{
		page: r.page(t), Recipient: oneLine(s.Recipient),
		Author: Author{clip(n.Author.Name), clip(n.Author.Address)},
		PIN:    n.Restrict.PIN || s.PIN != "", NoPrint: n.Restrict.NoPrint, NoReply: n.Restrict.NoReply,
		Phrase: clip(s.Phrase), Check: s.Check, Sent: r.moment(t, s.Created), Until: r.day(t, s.Expires),
	}
	var err error
	if d.Author.Address == "" {
		if d.Author.Address, err = t.text("notice.unknown", nil); err != nil {
			return nil, err
		}
	}
	if strings.EqualFold(d.Author.Name, d.Author.Address) {
		d.Author.Name = ""
	}
	d.From, d.Called = d.Author.shown(), d.Author.Name
	if d.Called == "" {
		d.Called = d.Author.Address
	}
	if r.options.ShowSubject {
		d.Subject = clip(n.Subject)
	}
	switch {
	case s.Mode == seal.ModeOneTime:
		d.OneTime = true
		d.Link, d.Code = r.options.URL+"/o/"+s.Message+"#"+s.Code.Fragment(), s.Code.Text()
	case s.Account:
		d.Known = true
		d.Link = r.options.URL + "/m/" + s.Message
	default:
		d.New = true
		d.Link, d.Code = r.options.URL+"/a/"+s.Message+"#"+s.Code.Fragment(), s.Code.Text()
	}
	d.Button, err = t.text("notice.button", d)
	return d, err
}

// noticeIn returns a notice without a header, and its language.
func (r *Renderer) noticeIn(n Notice) (*tongue, letter, error) {
	t := r.languages.choose(n.Sealed.Language, n.Sealed.Recipient)
	d, err := r.noticeData(t, n)
	if err != nil {
		return nil, letter{}, fmt.Errorf("write the notice of message %s: %w", n.Sealed.Message, err)
	}
	return t, letter{kind: store.KindNotice, template: "notice", data: d}, nil
}

// Notice renders a notice that replaces the message in place.
func (r *Renderer) Notice(n Notice) (Entity, error) {
	t, m, err := r.noticeIn(n)
	if err != nil {
		return Entity{}, err
	}
	subject, c, err := t.body(m)
	if err != nil {
		return Entity{}, fmt.Errorf("write the notice of message %s: %w", n.Sealed.Message, err)
	}
	return Entity{
		Subject:                 fold("Subject", encode(subject)),
		ContentType:             fold("Content-Type", c.contentType),
		ContentTransferEncoding: c.encoding,
		ContentLanguage:         t.tag.String(),
		Body:                    c.body,
	}, nil
}

// fold breaks the value of the field called name as fields.set does.
func fold(name, value string) string {
	var f fields
	f.set(name, value)
	return strings.TrimSpace(strings.TrimPrefix(f.b.String(), name+":"))
}

// An Envelope is what a notice of its own takes over from the message.
type Envelope struct {
	From       string    // envelope sender, "" for the null reverse-path
	To         string    // envelope recipient, as received
	Date       time.Time // when it is written
	InReplyTo  string    // of the message: the notice stands in the same thread
	References string
	// AutoSubmitted is the message's own field (RFC 3834 section 5), "" for none:
	// what no machine may answer, no machine may answer as a notice either.
	AutoSubmitted string
}

// NoticeMail renders a notice as a mail of its own, from the message's author to
// one recipient. It names no other recipient. It stands for a person's mail, so
// it is not Auto-Submitted unless that mail was, and has its envelope: a note of
// absence or a bounce is of use to who wrote the message.
func (r *Renderer) NoticeMail(n Notice, e Envelope) (store.Mail, error) {
	t, m, err := r.noticeIn(n)
	if err != nil {
		return store.Mail{}, err
	}
	if validAddress(n.Author.Address) {
		m.from = address(clip(n.Author.Name), n.Author.Address)
	}
	m.id = r.messageID("notice", n.Sealed.Message, n.Sealed.Recipient)
	m.sender, m.to, m.date = e.From, e.To, e.Date
	m.inReplyTo, m.references = e.InReplyTo, e.References
	m.auto = automatic(e.AutoSubmitted)
	return r.write(t, m)
}

// automatic is the keyword of an Auto-Submitted field, "" if the mail is a
// person's.
func automatic(field string) string {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(field)), ";")
	word, _, _ = strings.Cut(strings.TrimSpace(word), " ")
	switch word {
	case "", "no":
		return ""
	case autoGenerated, autoReplied:
		return word
	}
	return autoGenerated
}
