package notice

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postseal/postseal/store"
)

// A Failure is one recipient that a mail did not reach.
type Failure struct {
	Address string
	Status  string // enhanced code (RFC 3463), "5.7.1"
	Text    string // why, from a rule or from another server; may be ""
	Remote  bool   // Text is what another mail server said
}

// A Status is a delivery status notification (RFC 3464) to the sender of a mail.
type Status struct {
	ID        string // unique to what it is about, to derive the Message-ID from
	To        string // envelope sender of the mail; never ""
	Failures  []Failure
	MessageID string // of the mail, for the thread; may be ""
	Arrived   time.Time
	At        time.Time
	Queue     string // the MTA's queue id; may be ""
	Envelope  string // ENVID of the mail (RFC 3461), still in xtext; may be ""
	Header    []byte // the mail's own header, returned with it; nil for none
	Itself    bool   // the mail was the message and not a notice of it
	Partly    bool   // not all of the others got it either, so nothing is said of them
}

// statusData is what return.txt, undelivered.txt, expired.txt and rejected.txt can use.
type statusData struct {
	page
	Sender   string
	Failures []Failure
	Count    int
	Arrived  string
	Partly   bool
	Itself   bool
}

// Returned renders the notification about recipients whom a rule kept from
// getting a message that others got.
func (r *Renderer) Returned(s Status) (store.Mail, error) { return r.status("return", s) }

// Undelivered renders the notification about a notice, or a message, that could not
// be delivered.
func (r *Renderer) Undelivered(s Status) (store.Mail, error) { return r.status("undelivered", s) }

func (r *Renderer) status(template string, s Status) (store.Mail, error) {
	if s.To == "" || len(s.Failures) == 0 {
		return store.Mail{}, errors.New("write a status notification: nobody to write to or about")
	}
	t := r.languages.choose("", s.To)
	d := &statusData{page: r.page(t), Sender: oneLine(s.To), Arrived: r.moment(t, s.Arrived), Count: len(s.Failures), Partly: s.Partly, Itself: s.Itself}
	for _, f := range s.Failures {
		f.Address, f.Text = oneLine(f.Address), oneLine(f.Text)
		d.Failures = append(d.Failures, f)
	}
	machine := []part{{contentType: "message/delivery-status", text: r.deliveryStatus(s), description: "Delivery report"}}
	if len(s.Header) > 0 {
		// RFC 6522 section 4: the header alone says which mail is meant.
		machine = append(machine, part{contentType: "text/rfc822-headers", params: utf8Text,
			text: string(s.Header), description: "Header of the mail"})
	}
	return r.write(t, letter{
		kind: "dsn", template: template, data: d, id: r.messageID(template, s.ID), date: s.At,
		from: address("Mail Delivery System", r.options.Postmaster),
		to:   s.To, auto: autoReplied, inReplyTo: s.MessageID, references: s.MessageID,
		report: "delivery-status", machine: machine,
	})
}

// deliveryStatus is the machine-readable part (RFC 3464 section 2): one group of
// fields about the mail, and one for each recipient.
func (r *Renderer) deliveryStatus(s Status) string {
	var b strings.Builder
	if s.Envelope != "" {
		fmt.Fprintf(&b, "Original-Envelope-Id: %s\n", asciiLine(s.Envelope)) // section 2.2.1
	}
	fmt.Fprintf(&b, "Reporting-MTA: dns; %s\n", r.options.Domain) // section 2.2.2
	if s.Queue != "" {
		fmt.Fprintf(&b, "X-Queue-ID: %s\n", asciiLine(s.Queue))
	}
	fmt.Fprintf(&b, "Arrival-Date: %s\n", s.Arrived.In(time.UTC).Format(rfc5322)) // section 2.2.5
	for _, f := range s.Failures {
		fmt.Fprintf(&b, "\nFinal-Recipient: rfc822; %s\n", asciiLine(f.Address)) // section 2.3.2
		fmt.Fprintf(&b, "Action: failed\n")                                      // section 2.3.3
		fmt.Fprintf(&b, "Status: %s\n", asciiLine(f.Status))                     // section 2.3.4
		if f.Remote && f.Text != "" {
			fmt.Fprintf(&b, "Diagnostic-Code: smtp; %s\n", asciiLine(f.Text)) // section 2.3.6
		}
	}
	return b.String()
}

// asciiLine is text for a field that has no encoding.
func asciiLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, oneLine(s))
	if len(s) > 400 {
		s = s[:400]
	}
	return s
}
