package notice

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// A Held tells the sender that a message was held, and how to release it. With a
// link, whoever reads the mail can release the message: it goes to the sender
// alone.
type Held struct {
	ID         string     // unique to what it is about
	To         string     // envelope sender; never ""
	MessageID  string     // of the message, for the thread; may be ""
	Held       store.Held // a zero Code is no link: an administrator is asked
	Recipients []string
	Subject    string // decoded; shown only with Options.ReceiptSubject
	Text       string // the rule's, for the sender; may be ""
	Sent       time.Time
}

// heldData is what held.txt and held.html can use.
type heldData struct {
	page
	linked
	Recipients []string
	Subject    string // "" unless it may be shown
	Text       string
	Sent       string
	Until      string
}

// Held renders the mail about a held message.
func (r *Renderer) Held(h Held) (store.Mail, error) {
	if h.To == "" || len(h.Recipients) == 0 {
		return store.Mail{}, errors.New("write about a held message: nobody to write to or about")
	}
	t := r.languages.choose("", h.To)
	d := &heldData{
		page: r.page(t), Text: oneLine(h.Text),
		Sent: r.moment(t, h.Sent), Until: r.moment(t, h.Held.Expires),
	}
	for _, to := range h.Recipients {
		d.Recipients = append(d.Recipients, oneLine(to))
	}
	if r.options.ReceiptSubject {
		d.Subject = clip(h.Subject)
	}
	if h.Held.Code != (seal.Code{}) {
		d.Link = r.releaseLink(h.Held.Code)
	}
	var err error
	if d.Button, err = t.text("held.button", d); err != nil {
		return store.Mail{}, err
	}
	return r.write(t, letter{
		kind: "held", template: "held", data: d, id: r.messageID("held", h.ID, h.Held.ID), date: h.Sent,
		to: h.To, auto: autoReplied, inReplyTo: h.MessageID, references: h.MessageID,
	})
}

func (r *Renderer) releaseLink(c seal.Code) string { return r.options.URL + "/h#" + c.Fragment() }

// Deferred is the text of the answer (451 4.7.1) to a message that waits at the
// sender's own server: the rule's text, what to do, and the link on a line of its
// own. The sender reads it in what that server writes about the delay. It is
// ASCII, and "%" is not doubled.
func (r *Renderer) Deferred(sender, text string, link seal.Code) []string {
	return r.reply(sender, text, "defer.wait", r.releaseLink(link))
}

// Refused is the text of the answer (550 5.7.1) to a message that waited, by what
// became of it, in the form of [Renderer.Deferred].
func (r *Renderer) Refused(sender, text string, state store.HoldState) []string {
	key := "defer.expired"
	switch state {
	case store.HoldWithdrawn:
		key = "defer.withdrawn"
	case store.HoldRejected:
		key = "defer.rejected"
	}
	return r.reply(sender, text, key)
}

func (r *Renderer) reply(sender, text, key string, more ...string) []string {
	t := r.languages.choose("", sender)
	said, _ := t.text(key, nil) // tried by New
	var lines []string
	for l := range strings.Lines(text) {
		lines = append(lines, l)
	}
	lines = append(lines, said)
	for i, l := range lines {
		lines[i] = toASCII(oneLine(l))
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	return append(lines, more...)
}

// toASCII writes Latin letters without their marks: the text of a reply is ASCII
// (RFC 5321 section 4.2).
func toASCII(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r < unicode.MaxASCII:
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		default:
			b.WriteString(plainLetter(r))
		}
	}
	return b.String()
}

// plainLetter is for the letters and signs that don't decompose.
func plainLetter(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'ł':
		return "l"
	case 'Ł':
		return "L"
	case 'ø':
		return "o"
	case 'Ø':
		return "O"
	case 'æ':
		return "ae"
	case 'Æ':
		return "AE"
	case 'œ':
		return "oe"
	case '\u2018', '\u2019':
		return "'"
	case '\u201c', '\u201d', '\u201e', '«', '»':
		return `"`
	case '\u2013', '\u2014', '\u2010', '\u2011':
		return "-"
	}
	return "?"
}

// Expired renders the delivery status notification about a held message that
// nobody released, or that an administrator rejected (RFC 3464).
func (r *Renderer) Expired(m store.ExpiredMail) (store.Mail, error) {
	s := Status{ID: m.ID, To: m.To, MessageID: m.MessageID, Arrived: m.Sent, At: m.Now}
	for _, to := range m.Recipients {
		s.Failures = append(s.Failures, Failure{Address: to, Status: "5.7.1", Text: m.Text})
	}
	if m.Rejected {
		return r.status("rejected", s)
	}
	return r.status("expired", s)
}
