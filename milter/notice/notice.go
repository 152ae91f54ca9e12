package notice

import (
	"crypto/sha256"
	"encoding/hex"
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

// A Notice is what a recipient gets instead of a sealed message.
type Notice struct {
	Sealed  store.Sealed
	Author  Author
	Subject string // of the message, decoded; shown only with Options.ShowSubject
}

// An Entity is a notice that replaces a message in place: a body and the header
// fields that go with it. Field values may be folded, with CRLF.
type Entity struct {
	Subject                 string
	ContentType             string
	ContentTransferEncoding string
	Body                    []byte
}

// noticeData is what notice.txt and notice.html can use.
type noticeData struct {
	page
	Author    Author
	Recipient string
	Subject   string // "" unless it may be shown
	Link      string
	Code      string // "" for a known account
	OneTime   bool   // one-time link, no account
	New       bool   // the recipient has no account yet
	Known     bool   // the recipient logs in
	Sent      string
	Until     string
}

func (r *Renderer) noticeData(n Notice) noticeData {
	s := n.Sealed
	d := noticeData{
		page: r.page(), Recipient: oneLine(s.Recipient),
		Author: Author{clip(n.Author.Name), clip(n.Author.Address)},
		Sent:   r.moment(s.Created), Until: r.day(s.Expires),
	}
	if d.Author.Address == "" {
		d.Author.Address = "unknown sender"
	}
	if strings.EqualFold(d.Author.Name, d.Author.Address) {
		d.Author.Name = ""
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
	return d
}

func (r *Renderer) noticeContent(n Notice) (subject string, c content, err error) {
	d := r.noticeData(n)
	if subject, err = r.templates.subject("notice.txt", d); err != nil {
		return "", content{}, err
	}
	text, err := r.templates.renderText("notice.txt", "", d)
	if err != nil {
		return "", content{}, err
	}
	html, err := r.templates.renderHTML("notice.html", d)
	if err != nil {
		return "", content{}, err
	}
	c, err = alternative(text, html)
	return subject, c, err
}

// Notice renders a notice that replaces the message in place.
func (r *Renderer) Notice(n Notice) (Entity, error) {
	subject, c, err := r.noticeContent(n)
	if err != nil {
		return Entity{}, fmt.Errorf("write the notice of message %s: %w", n.Sealed.Message, err)
	}
	return Entity{
		Subject:                 fold("Subject", encode(subject)),
		ContentType:             fold("Content-Type", c.contentType),
		ContentTransferEncoding: c.encoding,
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
}

// NoticeMail renders a notice as a mail of its own, from the message's author to
// one recipient. It names no other recipient.
func (r *Renderer) NoticeMail(n Notice, e Envelope) (store.Mail, error) {
	subject, c, err := r.noticeContent(n)
	if err != nil {
		return store.Mail{}, fmt.Errorf("write the notice of message %s: %w", n.Sealed.Message, err)
	}
	from := address(clip(n.Author.Name), n.Author.Address)
	if !validAddress(n.Author.Address) {
		from = address(r.options.Organisation, r.options.Postmaster)
	}
	id := r.messageID("notice", n.Sealed.Message, n.Sealed.Recipient)
	var f fields
	f.set("Date", e.Date.In(time.UTC).Format(rfc5322))
	f.set("From", from)
	if validAddress(e.To) {
		f.set("To", address("", e.To))
	} else {
		f.set("To", "undisclosed-recipients:;")
	}
	f.set("Subject", encode(subject))
	f.set("Message-ID", id)
	f.thread(e.InReplyTo, e.References)
	return store.Mail{Kind: "notice", From: e.From, To: []string{e.To}, ID: id, Data: f.message(c)}, nil
}

const rfc5322 = "Mon, 2 Jan 2006 15:04:05 -0700"

// messageID derives a Message-ID from what a mail is about.
func (r *Renderer) messageID(kind string, about ...string) string {
	h := sha256.New()
	for _, a := range about {
		fmt.Fprintf(h, "%d %s ", len(a), a)
	}
	return "<" + kind + "." + hex.EncodeToString(h.Sum(nil)[:16]) + "@" + r.options.Domain + ">"
}

// maxReferences bounds a thread; the first and the last ones tell it
// (RFC 5322 section 3.6.4 gives no bound).
const maxReferences = 20

// thread writes In-Reply-To and References. Anything in them that is no msg-id
// is left out: it came from outside.
func (f *fields) thread(inReplyTo, references string) {
	parents, all := msgIDs(inReplyTo), msgIDs(references)
	if len(all) > maxReferences {
		all = append(all[:1:1], all[len(all)-maxReferences+1:]...)
	}
	if len(parents) > 0 {
		f.set("In-Reply-To", strings.Join(parents[:1], " "))
	}
	if len(all) > 0 {
		f.set("References", strings.Join(all, " "))
	}
}

func msgIDs(s string) []string {
	var ids []string
	for _, w := range strings.Fields(strings.ReplaceAll(s, "><", "> <")) {
		if len(w) > 2 && len(w) < 500 && w[0] == '<' && w[len(w)-1] == '>' &&
			!strings.ContainsAny(w[1:len(w)-1], "<>\x00\r\n") && ascii(w) {
			ids = append(ids, w)
		}
	}
	return ids
}
