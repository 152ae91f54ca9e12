package notice

import (
	"fmt"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// A Receipt tells the sender what was secured, and for whom. It holds nothing of
// the content, not even the subject.
type Receipt struct {
	ID        string // unique to what it is about
	To        string // envelope sender; never ""
	MessageID string // of the message, for the thread; may be ""
	Sealed    []store.Sealed
	Sent      time.Time
}

// receiptData is what receipt.txt can use.
type receiptData struct {
	page
	Sent  string
	Lines []receiptLine
}

type receiptLine struct {
	Recipient string
	OneTime   bool
	Until     string
}

// Receipt renders a receipt.
func (r *Renderer) Receipt(p Receipt) (store.Mail, error) {
	if p.To == "" || len(p.Sealed) == 0 {
		return store.Mail{}, fmt.Errorf("write a receipt: nobody to write to or about")
	}
	d := receiptData{page: r.page(), Sent: r.moment(p.Sent)}
	for _, s := range p.Sealed {
		d.Lines = append(d.Lines, receiptLine{oneLine(s.Recipient), s.Mode == seal.ModeOneTime, r.day(s.Expires)})
	}
	subject, err := r.templates.subject("receipt.txt", d)
	if err != nil {
		return store.Mail{}, err
	}
	text, err := r.templates.renderText("receipt.txt", "", d)
	if err != nil {
		return store.Mail{}, err
	}
	c, err := plainText(text)
	if err != nil {
		return store.Mail{}, fmt.Errorf("write a receipt: %w", err)
	}
	id := r.messageID("receipt", p.ID)
	var f fields
	f.set("Date", p.Sent.In(time.UTC).Format(rfc5322))
	f.set("From", address(r.options.Organisation, r.options.Postmaster))
	f.set("To", address("", p.To))
	f.set("Subject", encode(subject))
	f.set("Message-ID", id)
	f.thread(p.MessageID, p.MessageID)
	f.set("Auto-Submitted", "auto-generated") // RFC 3834 section 5
	return store.Mail{Kind: "receipt", From: "", To: []string{p.To}, ID: id, Data: f.message(c)}, nil
}
