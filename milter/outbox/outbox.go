// Package outbox hands the mail that Postseal itself sends to the MTA: it claims
// what is due from the store, marks it as ours ([guard]), submits it by SMTP
// (RFC 5321) and tells the store how that went.
//
// A mail leaves the store only after the MTA took it. So it can be sent twice,
// when we or the connection end between the MTA's 250 and the store's commit,
// but never not at all; its Message-ID, which follows from what it is about,
// tells a repeat. While it is sent, a lease keeps other senders away from it.
//
// A refusal for good (5xx) or one that lasts longer than Options.GiveUp drops the
// mail; the sender of a message then learns that its notice did not arrive. Notices
// and reset mails, whose codes open messages and accounts, wait for [CodeLife] at
// the most. What holds a sender's link waits as long as any other mail: nothing
// would tell the sender that it was lost.
package outbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/store"
)

// Options configure [New]. Queue, Guard and Address are required.
type Options struct {
	Queue   Queue // [OfStore] for the real one
	Guard   *guard.Guard
	Address string // host:port of the submission service
	// RequireTLS refuses to submit without STARTTLS and a certificate for
	// Address's host. Otherwise STARTTLS is used when it is offered, with any
	// certificate (RFC 7435): who could forge one could as well take the offer
	// away.
	RequireTLS bool
	// TLS overrides the settings that follow from that.
	TLS *tls.Config
	// Hello is our name in EHLO; "" is "localhost".
	Hello   string
	GiveUp  time.Duration // after which a mail is dropped, default 5 days; see [CodeLife]
	Timeout time.Duration // of one submission, default 5 min
	Workers int           // submissions at once, default 4
	// Failures writes what the sender is told about a notice that was dropped;
	// nil: nobody is told.
	Failures Failures
	Log      *slog.Logger // nil: discarded
	Now      func() time.Time
}

// Queue is the store's outbox.
type Queue interface {
	// Release makes everything due that the process before us had claimed or
	// put off.
	Release(ctx context.Context) error
	// Claim returns a mail that is due and hides it for the time of the lease;
	// nil when none is due.
	Claim(ctx context.Context, lease time.Duration) (*Item, error)
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
	Pass     []byte // for the mark, see [store.Mail]
	Attempts int    // before this one
	Queued   time.Time
	Open     func() (io.ReadCloser, error)
	Claim    any // the queue's own
}

// Failures writes delivery status notifications ([notice.Renderer]).
type Failures interface {
	Undelivered(s notice.Status) (store.Mail, error)
}

// An Outbox sends.
type Outbox struct{ options Options }

// New returns an outbox. The error says which option is missing.
func New(o Options) (*Outbox, error) {
	switch {
	case o.Queue == nil:
		return nil, errors.New("outbox: no queue")
	case o.Guard == nil:
		return nil, errors.New("outbox: no guard")
	}
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("outbox: the submission address is not host:port: %w", err)
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{ServerName: host, InsecureSkipVerify: !o.RequireTLS}
	}
	if o.Hello == "" {
		o.Hello = "localhost"
	}
	if o.GiveUp <= 0 {
		o.GiveUp = 5 * 24 * time.Hour
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Minute
	}
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Outbox{o}, nil
}

// CodeLife is how long a mail with a recipient's code may wait for the MTA.
const CodeLife = 24 * time.Hour

// giveUp is how long i may wait.
func (o *Outbox) giveUp(i *Item) time.Duration {
	if i.Kind == store.KindNotice || i.Kind == store.KindReset {
		return min(CodeLife, o.options.GiveUp)
	}
	return o.options.GiveUp
}

// poll is how long a worker sleeps without a hint. Mail that waits for its next
// attempt comes due without one.
const poll = 2 * time.Second

// Run sends until ctx ends. It is the only one that sends from its queue: what is
// claimed when it starts was left by a process that was killed. Submissions under
// way are finished first, within Options.Timeout.
func (o *Outbox) Run(ctx context.Context) error {
	if err := o.options.Queue.Release(ctx); err != nil {
		return err
	}
	var workers sync.WaitGroup
	for range o.options.Workers {
		workers.Go(func() { o.work(ctx) })
	}
	workers.Wait()
	return nil
}

func (o *Outbox) work(ctx context.Context) {
	for ctx.Err() == nil {
		// The lease outlives the submission, so that nobody else sends the
		// mail meanwhile.
		item, err := o.options.Queue.Claim(ctx, 2*o.options.Timeout)
		if err != nil && ctx.Err() == nil {
			o.options.Log.Error("claim mail to send", "event", "outbox", "error", err)
		}
		if item != nil {
			// A submission that has begun is finished: ended half-way it
			// would be sent twice.
			send, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.options.Timeout)
			o.deal(send, item)
			cancel()
			continue
		}
		select {
		case <-ctx.Done():
		case <-o.options.Queue.Due():
		case <-time.After(poll):
		}
	}
}

// deal submits one mail and records how that went.
func (o *Outbox) deal(ctx context.Context, i *Item) {
	log := o.options.Log.With("kind", i.Kind, "message_id", i.ID, "attempt", i.Attempts+1)
	part, err := o.submit(ctx, i)
	// The mail's own deadline must not keep its outcome from being recorded.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	age := o.options.Now().Sub(i.Queued)
	var refused *refusal
	permanent := errors.As(err, &refused) && refused.permanent()
	switch {
	case err == nil:
		event := store.EventMailed
		if i.Kind == store.KindNotice {
			event = store.EventNoticed
		}
		log.Info("mail handed to the MTA", "event", string(event))
		if len(part) > 0 {
			log.Error("recipients refused", "event", string(store.EventMailDropped), "recipients", len(part))
			err = o.tell(record, i, func(to string) *refusal { return part[to] }, false)
		}
		if err == nil {
			err = o.options.Queue.Sent(record, i)
		}
	case permanent || age > o.giveUp(i):
		log.Error("mail dropped", "event", string(store.EventMailDropped), "error", err)
		err = o.drop(record, i, refused, permanent)
	default:
		wait := Backoff(i.Attempts, rand.Float64())
		log.Warn("mail waits", "event", "mail-waits", "error", err, "retry_after", wait)
		err = o.options.Queue.Retry(record, i, wait)
	}
	if err != nil {
		// The lease ends by itself, and the mail is sent again.
		log.Error("record what became of a mail", "event", "outbox", "error", err)
	}
}

// drop gives a mail up. The sender's notification is durable before.
func (o *Outbox) drop(ctx context.Context, i *Item, why *refusal, permanent bool) error {
	reason := "gave up after repeated attempts"
	if permanent {
		reason = "refused by the MTA"
	}
	if err := o.tell(ctx, i, func(string) *refusal { return why }, true); err != nil {
		return err
	}
	return o.options.Queue.Drop(ctx, i, reason)
}

// tell notifies the sender of a message about recipients whom it will not reach:
// those who were refused, or all.
func (o *Outbox) tell(ctx context.Context, i *Item, why func(to string) *refusal, all bool) error {
	if i.Kind != store.KindNotice && i.Kind != store.KindCopy && i.Kind != store.KindReleased || i.From == "" || o.options.Failures == nil {
		return nil
	}
	s := notice.Status{
		ID: i.ID, To: i.From, Arrived: i.Queued, At: o.options.Now(), Itself: i.Kind != store.KindNotice,
	}
	for _, to := range i.To {
		f := notice.Failure{Address: to, Status: "4.4.7"}
		if r := why(to); r != nil {
			f.Status, f.Text, f.Remote = r.status(), r.text(), true
		} else if !all {
			continue
		}
		s.Failures = append(s.Failures, f)
		s.ID += " " + to // copies of one message have its Message-ID in common
	}
	m, err := o.options.Failures.Undelivered(s)
	if err != nil {
		return err
	}
	return o.options.Queue.Add(ctx, m)
}

// The bounds of the waiting time between two attempts.
const (
	firstWait = 10 * time.Second
	maxWait   = 30 * time.Minute
)

// Backoff is the wait after an attempt when there were earlier ones: it doubles,
// to half an hour at most, less a random part of up to a half, so that mail that
// failed together is not tried together again. random is in [0, 1).
func Backoff(earlier int, random float64) time.Duration {
	wait := maxWait
	if earlier < 8 {
		wait = min(maxWait, firstWait<<earlier)
	}
	return wait - time.Duration(random*float64(wait)/2)
}
