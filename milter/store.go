package milter

import (
	"context"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// Store is what the mail path asks of the store.
type Store interface {
	// Outcome returns what a deposit with the same key recorded within a day.
	Outcome(ctx context.Context, key store.DepositKey) (outcome []byte, ok bool, err error)
	Begin(key store.DepositKey) Deposit

	// Deferral and Defer know a message that waits at its sender's server by a key
	// that is the same whenever it is offered.
	Deferral(ctx context.Context, key [32]byte) (store.Deferral, bool, error)
	Defer(ctx context.Context, key [32]byte, r store.DeferRequest, entries ...store.Entry) (store.Deferral, error)
	// Trusted reports whether earlier releases let the rule pass a sender's mail.
	Trusted(ctx context.Context, rule, sender, recipient string) (bool, error)
	// InThread reports whether one of the Message-IDs is of a reply that the
	// recipient wrote in the portal.
	InThread(ctx context.Context, ids []string, recipient string) (bool, error)
}

// Deposit is one transaction of the mail path ([store.Deposit]).
type Deposit interface {
	Seal(ctx context.Context, r store.SealRequest) ([]store.Sealed, error)
	Hold(ctx context.Context, r store.HoldRequest) (store.Held, error)
	Follow(r store.Dispatch) (seal.Code, error)
	// Noticed notes that a message's notice left in the place of the message.
	Noticed(message string)
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
