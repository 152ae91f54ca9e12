package notice

import (
	"fmt"
	"time"

	"github.com/postseal/postseal/store"
)

// resetData is what reset.txt and reset.html can use.
type resetData struct {
	page
	Address string
	Name    string
	Link    string
	Code    string
	Until   string
}

// Reset renders the mail with a reset link.
func (r *Renderer) Reset(m store.ResetMail) (store.Mail, error) {
	d := resetData{
		page: r.page(), Address: oneLine(m.Address), Name: oneLine(m.Name),
		Link: r.options.URL + "/r#" + m.Code.Fragment(), Code: m.Code.Text(),
		Until: r.moment(m.Expires),
	}
	subject, err := r.templates.subject("reset.txt", d)
	if err != nil {
		return store.Mail{}, err
	}
	text, err := r.templates.renderText("reset.txt", "", d)
	if err != nil {
		return store.Mail{}, err
	}
	html, err := r.templates.renderHTML("reset.html", d)
	if err != nil {
		return store.Mail{}, err
	}
	c, err := alternative(text, html)
	if err != nil {
		return store.Mail{}, fmt.Errorf("write a reset mail: %w", err)
	}
	id := r.messageID("reset", m.ID)
	var f fields
	f.set("Date", m.Created.In(time.UTC).Format(rfc5322))
	f.set("From", address(r.options.Organisation, r.options.Postmaster))
	f.set("To", address("", m.Address))
	f.set("Subject", encode(subject))
	f.set("Message-ID", id)
	f.set("Auto-Submitted", "auto-generated") // RFC 3834 section 5
	return store.Mail{Kind: store.KindReset, From: "", To: []string{m.Address}, ID: id, Data: f.message(c)}, nil
}

// ReplyHeader writes the header of what a guest answered in the portal: from the
// portal's address in the guest's name, so that the site's own sender checks
// hold, with the guest in Reply-To, in the thread of the original.
func (r *Renderer) ReplyHeader(m store.ReplyMail) (store.Mail, error) {
	name := oneLine(m.Guest) + " via " + oneLine(r.options.Organisation)
	if n := oneLine(m.Name); n != "" {
		name = n + " (" + oneLine(m.Guest) + ") via " + oneLine(r.options.Organisation)
	}
	id := r.messageID("reply", m.ID)
	var f fields
	f.set("Date", m.Date.In(time.UTC).Format(rfc5322))
	f.set("From", address(name, r.options.ReplyFrom))
	if validAddress(m.Guest) {
		f.set("Reply-To", address(m.Name, m.Guest))
	}
	if !validAddress(m.To) {
		return store.Mail{}, fmt.Errorf("write a reply: its destination is no address")
	}
	f.set("To", address("", m.To))
	f.set("Subject", encode(m.Subject))
	f.set("Message-ID", id)
	f.thread(m.InReplyTo, m.References+" "+m.InReplyTo)
	f.set("MIME-Version", "1.0")
	return store.Mail{Kind: "reply", From: r.options.ReplyFrom, To: []string{m.To}, ID: id, Data: f.b.Bytes()}, nil
}

// A Report tells somebody whom a rule names what was done with a message. It
// holds nothing of the content, not even the subject.
type Report struct {
	ID        string // unique to what it is about
	To        string
	Author    Author
	MessageID string
	Received  time.Time
	Lines     []ReportLine
}

// A ReportLine is what one recipient's verdict was.
type ReportLine struct{ Recipient, Action, Rule string }

type reportData struct {
	page
	Author    Author
	MessageID string
	Received  string
	Lines     []ReportLine
}

// Report renders a report.
func (r *Renderer) Report(p Report) (store.Mail, error) {
	d := reportData{page: r.page(), Author: Author{oneLine(p.Author.Name), oneLine(p.Author.Address)},
		MessageID: oneLine(p.MessageID), Received: r.moment(p.Received)}
	for _, l := range p.Lines {
		d.Lines = append(d.Lines, ReportLine{oneLine(l.Recipient), oneLine(l.Action), oneLine(l.Rule)})
	}
	subject, err := r.templates.subject("report.txt", d)
	if err != nil {
		return store.Mail{}, err
	}
	text, err := r.templates.renderText("report.txt", "", d)
	if err != nil {
		return store.Mail{}, err
	}
	c, err := plainText(text)
	if err != nil {
		return store.Mail{}, fmt.Errorf("write a report: %w", err)
	}
	id := r.messageID("report", p.ID, p.To)
	var f fields
	f.set("Date", p.Received.In(time.UTC).Format(rfc5322))
	f.set("From", address(r.options.Organisation, r.options.Postmaster))
	f.set("To", address("", p.To))
	f.set("Subject", encode(subject))
	f.set("Message-ID", id)
	f.set("Auto-Submitted", "auto-generated")
	return store.Mail{Kind: "report", From: "", To: []string{p.To}, ID: id, Data: f.message(c)}, nil
}
