// Package notice writes the mail that Postseal itself sends: the notice that a
// recipient gets instead of a sealed message, delivery status notifications
// (RFC 3464), the mail with a reset link, and the header of a guest's reply.
//
// Everything is 7-bit (quoted-printable, encoded words) with lines of at most 76
// octets, so that no MTA on the way has to change it, and reads without images,
// attachments or anything loaded from afar. The texts are templates
// (text/template, html/template); the administrator can override each with a
// file of the same name.
package notice

import (
	"errors"
)

// Options configure [New]. URL and Domain are required.
type Options struct {
	URL          string // of the portal, without a final slash
	Organisation string // "Example Ltd"; "" is the domain
	Domain       string // right side of Message-IDs, and of the addresses below
	ReplyFrom    string // address of guests' replies; "" is postseal@Domain
	Postmaster   string // who can be asked; "" is postmaster@Domain
	Help         string // one line, whom to ask; may be ""
	Colour       string // "#rrggbb" of links and rules; "" has a default
	Templates    string // folder with the administrator's templates; "" for none
	// ShowSubject puts the original subject into the notice. It leaves in clear.
	ShowSubject bool
}

// A Renderer writes mail. It never changes and may be used by any number of
// goroutines. It is a store.Mailer.
type Renderer struct{ options Options }

// New loads the templates. A missing or broken one is an error with file and
// line; each is tried with an example first, so that none fails later.
func New(o Options) (*Renderer, error) {
	if o.URL == "" || o.Domain == "" {
		return nil, errors.New("notice: no portal URL or no domain")
	}
	return &Renderer{o}, nil
}
