package store

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// ErrFull is returned when the disk is full; reads go on.
var ErrFull = socket.ErrFull

// ErrDuplicate is returned by [Deposit.Commit] when the same message was
// committed meanwhile: ask [Store.Outcome] again.
var ErrDuplicate = errors.New("message was deposited already")

// ErrStale is returned to the holder of an outbox item whose lease is over.
var ErrStale = errors.New("lease of the outbox item is over")

var errStub = errors.New("filled in by the next commits")

// Store is an open store. It implements [socket.Owner].
type Store struct{ socket.Owner }

func Open(o Options) (*Store, error) { return nil, errStub }
func (s *Store) Close() error        { return errStub }

func (s *Store) Outcome(ctx context.Context, k DepositKey) (outcome []byte, ok bool, err error) {
	return nil, false, errStub
}
func (s *Store) Begin(k DepositKey) *Deposit { return nil }

type Deposit struct{}

func (d *Deposit) Seal(ctx context.Context, r SealRequest) ([]Sealed, error) { return nil, errStub }
func (d *Deposit) Send(m Mail)                                               {}
func (d *Deposit) Audit(e Entry)                                             {}
func (d *Deposit) SetOutcome(b []byte)                                       {}
func (d *Deposit) Commit(ctx context.Context) error                          { return errStub }
func (d *Deposit) Abandon()                                                  {}

// An OutboxItem is a claimed mail.
type OutboxItem struct {
	Kind     string
	From     string
	To       []string
	ID       string // Message-ID
	Size     int64
	Attempts int // earlier ones
	Queued   time.Time
}

// Open returns the mail's data.
func (i *OutboxItem) Open() (io.ReadCloser, error) { return nil, errStub }

func (s *Store) ClaimMail(ctx context.Context, lease time.Duration) (*OutboxItem, error) {
	return nil, errStub
}
func (s *Store) MailSent(ctx context.Context, i *OutboxItem) error { return errStub }
func (s *Store) RetryMail(ctx context.Context, i *OutboxItem, after time.Duration) error {
	return errStub
}
func (s *Store) DropMail(ctx context.Context, i *OutboxItem, reason string) error { return errStub }
func (s *Store) MailDue() <-chan struct{}                                         { return nil }

// Purge removes what has expired. Call it every few minutes.
func (s *Store) Purge(ctx context.Context) error { return errStub }

// Compact rewrites meta.db without what was deleted.
func (s *Store) Compact(ctx context.Context) error { return errStub }

// Backup copies the running store into the new folder dir.
func (s *Store) Backup(ctx context.Context, dir string) error { return errStub }

// Check verifies the consistency of the store.
func (s *Store) Check(ctx context.Context) ([]Problem, error) { return nil, errStub }

// A Problem is something that Check found.
type Problem struct {
	Where string // bucket or file
	What  string
}

// Stats are counts of what the store holds.
type Stats struct {
	Messages, Accounts, Sessions, Outbox, Weeks int
	MetaBytes, PayloadBytes                     int64
}

// Stats returns counts.
func (s *Store) Stats(ctx context.Context) (Stats, error) { return Stats{}, errStub }

var _ socket.Owner = (*Store)(nil)
var _ = seal.KeySize
