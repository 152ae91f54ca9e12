package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/postseal/postseal/store"
)

// OfStore gives the real store the shape of a [Queue].
func OfStore(s *store.Store) Queue { return queue{s} }

type queue struct{ *store.Store }

func (q queue) Claim(ctx context.Context, lease time.Duration) (*Item, error) {
	m, err := q.ClaimMail(ctx, lease)
	if m == nil || err != nil {
		return nil, err
	}
	return &Item{
		Kind: m.Kind, From: m.From, To: m.To, ID: m.ID, Pass: m.Pass,
		Attempts: m.Attempts, Queued: m.Queued,
		Open: m.Open, Claim: m,
	}, nil
}

func (q queue) Release(ctx context.Context) error { return q.ReleaseMail(ctx) }

func (q queue) Sent(ctx context.Context, i *Item) error { return q.MailSent(ctx, claim(i)) }

func (q queue) Retry(ctx context.Context, i *Item, after time.Duration) error {
	return q.RetryMail(ctx, claim(i), after)
}

func (q queue) Drop(ctx context.Context, i *Item, reason string) error {
	return q.DropMail(ctx, claim(i), reason)
}

// Add deposits one mail. Its Message-ID, which is derived from what it is about,
// makes a second one with the same a repeat.
func (q queue) Add(ctx context.Context, m store.Mail) error {
	d := q.Begin(store.DepositKey{From: m.From, To: m.To, MessageID: m.ID})
	d.Send(m)
	if err := d.Commit(ctx); err != nil && err != store.ErrDuplicate {
		return fmt.Errorf("add a %s to the outbox: %w", m.Kind, err)
	}
	return nil
}

func (q queue) Due() <-chan struct{} { return q.MailDue() }

func claim(i *Item) *store.OutboxItem { return i.Claim.(*store.OutboxItem) }
