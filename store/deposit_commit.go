package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// outcomeLife is how long the outcome of an offer, and the codes in it, are kept.
const outcomeLife = 24 * time.Hour

// ErrDuplicate is returned by [Deposit.Commit] when the same message was
// committed meanwhile: ask [Store.Outcome] again.
var ErrDuplicate = errors.New("message was deposited already")

// ErrChanged is returned by [Deposit.Commit] when a recipient's account got
// another key since Seal. The MTA offers the message again.
var ErrChanged = errors.New("an account changed meanwhile")

// A Deposit collects what belongs to one offered message. It is used by one
// goroutine, and ends with Commit or Abandon.
type Deposit struct {
	store    *Store
	key      []byte
	puts     []put
	lists    []entry
	messages []*deposited[messageRecord]
	holds    []*deposited[holdRecord]
	mails    []Mail
	entries  []Entry
	outcome  []byte
	payloads []id
	waiting  []<-chan error // payloads that are on their way to disk
	accounts map[accountID]string
	resolved map[string]accountID // of recipients
	roundups []await
	tells    []accountID // who get a notice and want no other within the hour
}

// A deposited record can still change until Commit.
type deposited[R any] struct {
	id     id
	record R
}

// A put is a change that is ready to be made.
type put struct {
	bucket     string
	key, value []byte
}

// Outcome returns what a deposit with the same key recorded within a day.
func (s *Store) Outcome(ctx context.Context, k DepositKey) (outcome []byte, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	var r dedupRecord
	err = s.get(bucketDedup, s.vault.deposit(k), &r)
	if errors.Is(err, errNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("look up an offer: %w", err)
	}
	if !s.now().Before(r.Expires) {
		return nil, false, nil
	}
	return r.Outcome, true, nil
}

// Begin starts a deposit.
func (s *Store) Begin(k DepositKey) *Deposit {
	return &Deposit{store: s, key: s.vault.deposit(k), accounts: map[accountID]string{}, resolved: map[string]accountID{}}
}

// Send adds a mail to the outbox.
func (d *Deposit) Send(m Mail) { d.mails = append(d.mails, m) }

// Audit adds an entry to the audit trail.
func (d *Deposit) Audit(e Entry) { d.entries = append(d.entries, e) }

// SetOutcome sets what [Store.Outcome] returns for the same message during the
// next day. It is kept encrypted and may hold codes.
func (d *Deposit) SetOutcome(b []byte) { d.outcome = bytes.Clone(b) }

// Abandon drops the deposit. Calling it after Commit does nothing.
func (d *Deposit) Abandon() {
	for _, w := range d.waiting {
		<-w
	}
	for _, p := range d.payloads {
		d.store.active.remove(p)
	}
	for _, account := range d.tells {
		d.store.telling.remove(id(account))
	}
	d.waiting, d.payloads, d.puts, d.mails, d.messages, d.holds = nil, nil, nil, nil, nil, nil
	d.lists, d.roundups, d.tells = nil, nil, nil
}

// Commit makes all of it durable and visible at once. After an error nothing of
// it is visible: ErrDuplicate, ErrFull, ErrChanged, ErrFailed or ctx's.
func (d *Deposit) Commit(ctx context.Context) error {
	defer d.Abandon()
	s := d.store
	if err := s.space(); err != nil {
		return err
	}
	for _, m := range d.mails {
		if err := d.queue(ctx, m); err != nil {
			return err
		}
	}
	for _, w := range d.waiting {
		if err := <-w; err != nil {
			d.waiting = nil
			return fmt.Errorf("store a payload: %w", err)
		}
	}
	d.waiting = nil
	for _, m := range d.messages {
		d.putRecord(bucketMessage, m.id[:], m.record)
	}
	for _, h := range d.holds {
		d.putRecord(bucketHold, h.id[:], h.record)
	}
	expires := s.now().Add(outcomeLife)
	d.putRecord(bucketDedup, d.key, dedupRecord{versioned: current, Expires: expires.UTC(), Outcome: d.outcome})
	d.put(bucketExpiry, expiryKey(expires, expireDedup, d.key), nil)

	size := 0
	for _, p := range d.puts {
		size += len(p.key) + len(p.value)
	}
	if err := s.meta.update(ctx, size, d.apply); err != nil {
		return err
	}
	if len(d.mails) > 0 {
		s.mailAdded()
	}
	return nil
}

// apply checks first and writes after.
func (d *Deposit) apply(c *change) error {
	s := d.store
	var old dedupRecord
	err := s.vault.get(c.Tx, bucketDedup, d.key, &old)
	if err == nil && s.now().Before(old.Expires) {
		return ErrDuplicate
	}
	if err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	if err == nil {
		// Ended, not purged yet: its expiry entry must not take the new one along.
		if err := c.drop(bucketExpiry, expiryKey(old.Expires, expireDedup, d.key)); err != nil {
			return err
		}
	}
	if err := d.sameAccounts(c.Tx); err != nil {
		return err
	}
	if err := d.putAll(c); err != nil {
		return err
	}
	if err := d.putRoundups(c); err != nil {
		return err
	}
	return s.audit(c, d.entries...)
}

// putAll makes the changes that were collected.
func (d *Deposit) putAll(c *change) error {
	for _, p := range d.puts {
		if err := c.put(p.bucket, p.key, p.value); err != nil {
			return err
		}
	}
	for _, e := range d.lists {
		if err := d.store.putEntry(c, e); err != nil {
			return err
		}
	}
	return nil
}

// sameAccounts checks the keys that Seal made grants for.
func (d *Deposit) sameAccounts(tx *bbolt.Tx) error {
	for address, account := range d.resolved {
		now, err := d.store.resolve(tx, address)
		if err != nil {
			return err
		}
		if now != account {
			return ErrChanged // the address was joined to an account, or removed from one
		}
	}
	for account, public := range d.accounts {
		now, err := d.store.vault.publicKey(tx, account)
		if err != nil {
			return err
		}
		// One that was made since is no harm: the guest has the code as well.
		if public != "" && now != public {
			return ErrChanged
		}
	}
	return nil
}

func (d *Deposit) put(bucket string, key, value []byte) {
	d.puts = append(d.puts, put{bucket, key, value})
}

func (d *Deposit) putRecord(bucket string, key []byte, r record) {
	d.put(bucket, key, d.store.vault.encode(bucket, key, r))
}

func (d *Deposit) putPart(message id, kind byte, b []byte) {
	d.put(bucketPart, partKey(message, kind), d.store.vault.sealPart(message, kind, b))
}
