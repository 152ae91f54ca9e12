// Package notice writes the mail that Postseal itself sends: the notice that a
// recipient gets instead of a sealed message, reminders, receipts for senders and
// what else they are told, delivery status notifications (RFC 3464), disposition
// notifications (RFC 8098), reports to those whom a rule names, the mail with a
// reset link, and the header of a guest's reply.
//
// Everything is 7-bit (quoted-printable, encoded words) with lines of at most 76
// octets, so that no MTA on the way has to change it. It reads without images,
// attachments or anything loaded from afar, and follows from its input alone:
// the same input gives the same octets, so mail sent twice is the same mail.
//
// Mail that a machine writes has the null reverse-path (RFC 5321 section 4.5.5)
// and Auto-Submitted (RFC 3834 section 5), so that nothing answers it and no loop
// begins. A notice and a guest's reply stand for a person's mail and have
// neither.
//
// The texts are catalogues, one for each language; the templates (text/template
// for *.txt, html/template for *.html) are their structure. The administrator can
// override each with a file of the same name, and single texts with a catalogue
// that holds nothing but them. A mail has the language of its reader's account,
// or of the domain, or the usual one.
package notice

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Options configure [New]. URL and Domain are required.
type Options struct {
	URL          string // of the portal, without a final slash
	Organisation string // "Example Ltd"; "" is the domain
	Domain       string // right side of Message-IDs and of the addresses below
	ReplyFrom    string // address that guests' replies come from; "" is postseal@Domain
	Postmaster   string // address that system mail comes from; "" is postmaster@Domain
	Help         string // one line, whom to ask; may be ""
	Colour       string // "#rrggbb" of the button, readable under white; "" has a default
	Templates    string // folder with the administrator's templates; "" for none
	// ReceiptSubject puts the original subject into what the sender gets back: a
	// receipt, or the mail about a held message.
	ReceiptSubject bool
	// Language is of mail to those of whom nothing else is known (BCP 47); "" is
	// English. Domains has the languages of addresses by their domain, which
	// stands for the domains below it too.
	Language string
	Domains  map[string]string
	// ShowSubject puts the original subject into the notice, where everybody on
	// the way can read it.
	ShowSubject bool
	// Location is the time zone of times in the text; nil is UTC.
	Location *time.Location
}

var colourForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// A Renderer writes mail. It never changes and may be used by any number of
// goroutines. It is a store.Mailer.
type Renderer struct {
	options   Options
	host      string // of the portal, shown to people
	languages *languages
}

// New loads the templates and the texts. A missing or broken one of the
// administrator's is an error with file and line; each is tried with examples
// first, so that none fails later.
func New(o Options) (*Renderer, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("notice: the portal's URL is not one of http or https")
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	if o.Domain == "" {
		return nil, errors.New("notice: no domain")
	}
	if o.Organisation == "" {
		o.Organisation = o.Domain
	}
	if o.ReplyFrom == "" {
		o.ReplyFrom = "postseal@" + o.Domain
	}
	if o.Postmaster == "" {
		o.Postmaster = "postmaster@" + o.Domain
	}
	for _, a := range []string{o.ReplyFrom, o.Postmaster} {
		if p, err := mail.ParseAddress(a); err != nil || p.Address != a {
			return nil, fmt.Errorf("notice: %q is not an address", a)
		}
	}
	if o.Colour == "" {
		o.Colour = "#1f5fae"
	}
	if !colourForm.MatchString(o.Colour) {
		return nil, fmt.Errorf("notice: %q is not a colour such as #1f5fae", o.Colour)
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Language == "" {
		o.Language = fallback
	}
	if err := checkNames(o.Templates); err != nil {
		return nil, err
	}
	l, err := loadLanguages(o.Templates, o.Language, o.Domains)
	if err != nil {
		return nil, err
	}
	r := &Renderer{options: o, host: u.Host, languages: l}
	if o.Templates != "" { // ours are tried by tests
		if err := r.tryTemplates(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// page is what every template can use, beside its own.
type page struct {
	Title        string // the subject; "" in the subject itself
	Organisation string
	Help         string
	Colour       string
	Host         string // of the portal
	CodePage     string // where a code can be typed
	HelpPage     string // the help for recipients
	Postmaster   string
	Language     string // of the mail (BCP 47)
}

func (p *page) setTitle(s string) { p.Title = s }

// linked is the link of a mail that has one.
type linked struct {
	Link   string
	Code   string // the secret in the link, to be typed; "" if there is none
	Button string // what stands on the link in HTML
}

func (r *Renderer) page(t *tongue) page {
	o := r.options
	return page{
		Organisation: o.Organisation, Help: o.Help, Colour: o.Colour,
		Host: r.host, CodePage: o.URL + "/code", HelpPage: o.URL + "/help", Postmaster: o.Postmaster, Language: t.tag.String(),
	}
}

// moment writes a time for people.
func (r *Renderer) moment(t *tongue, at time.Time) string { return t.moment(at.In(r.options.Location)) }

// day writes a date for people.
func (r *Renderer) day(t *tongue, at time.Time) string { return t.day(at.In(r.options.Location)) }
