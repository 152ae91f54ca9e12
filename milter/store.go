package milter

import (
	"context"

	"github.com/postseal/postseal/store"
)

// Store is what the mail path asks of the store.
type Store interface {
	// Outcome returns what a deposit with the same key recorded within a day.
	Outcome(ctx context.Context, key store.DepositKey) (outcome []byte, ok bool, err error)
	Begin(key store.DepositKey) Deposit
}

// Deposit is one transaction of the mail path ([store.Deposit]).
type Deposit interface {
	Seal(ctx context.Context, r store.SealRequest) ([]store.Sealed, error)
	Send(m store.Mail)
	Audit(e store.Entry)
	SetOutcome(outcome []byte)
	Commit(ctx context.Context) error
	Abandon()
}

// OfStore gives the real store the shape that the mail path uses.
func OfStore(s *store.Store) Store { return deposits{s} }

type deposits struct{ *store.Store }

func (d deposits) Begin(key store.DepositKey) Deposit { return d.Store.Begin(key) }
