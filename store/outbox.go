package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
)

// ErrStale is returned to the holder of an outbox item whose lease is over, or
// whose mail is gone.
var ErrStale = errors.New("lease of the outbox item is over")

// KindNotice is the [Mail].Kind of notices.
const KindNotice = "notice"

// KindRoundup is the [Mail].Kind of round-ups.
const KindRoundup = "roundup"

// KindReset is the [Mail].Kind of forgotten-password mails.
const KindReset = "reset"

// KindCopy is the [Mail].Kind of a message on its way to somebody who gets it in
// clear.
const KindCopy = "copy"

// KindReleased is the [Mail].Kind of held messages that were released.
const KindReleased = "released"

// KindReminder is the [Mail].Kind of reminders to recipients.
const KindReminder = "reminder"

// An OutboxItem is a mail that the caller has claimed until its lease ends.
type OutboxItem struct {
	Kind     string
	From     string
	To       []string
	ID       string    // Message-ID
	Size     int64     // octets of the data
	Attempts int       // earlier claims
	Queued   time.Time // when it was added
	Pass     []byte    // as in [Mail]

	store *Store
	mail  id
	key   []byte // of bucketOutbox: the lease itself
}

// ClaimMail returns the mail that is due longest and hides it from others for
// the lease. It returns nil when nothing is due.
func (s *Store) ClaimMail(ctx context.Context, lease time.Duration) (*OutboxItem, error) {
	for {
		due := false
		err := s.meta.view(func(tx *bbolt.Tx) error {
			_, due = firstDue(tx, s.now())
			return nil
		})
		if err != nil || !due {
			return nil, err
		}
		var item *OutboxItem
		var broken error
		err = s.update(ctx, func(c *change) error {
			item, broken = nil, nil
			key, due := firstDue(c.Tx, s.now())
			if !due {
				return nil
			}
			if item, broken = s.claim(c, key, lease); broken == nil {
				return nil
			}
			// It must not block those behind it.
			return s.requeue(c, key, queueKey(s.now().Add(putOff), id(key[8:])), outboxRecord{versioned: current})
		})
		if err != nil {
			return nil, fmt.Errorf("claim a mail: %w", err)
		}
		if broken == nil {
			return item, nil
		}
		s.log.Error("outbox: a mail is put off; run the check", "error", broken)
	}
}

// claim moves a mail's turn to the end of the lease. After an error nothing was
// written.
func (s *Store) claim(c *change, key []byte, lease time.Duration) (*OutboxItem, error) {
	mail := id(key[8:])
	var q outboxRecord
	if err := s.vault.get(c.Tx, bucketOutbox, key, &q); err != nil {
		return nil, fmt.Errorf("mail %s: %w", mail, err)
	}
	var m mailRecord
	if err := s.vault.get(c.Tx, bucketMail, mail[:], &m); err != nil {
		return nil, fmt.Errorf("mail %s: %w", mail, err)
	}
	i := &OutboxItem{
		Kind: m.Kind, From: m.From, To: m.To, ID: m.ID, Size: m.Size, Attempts: q.Attempts,
		Queued: m.Queued, Pass: m.Pass, store: s, mail: mail, key: queueKey(s.now().Add(lease), mail),
	}
	q.Attempts++
	return i, s.requeue(c, key, i.key, q)
}

// firstDue returns a copy of the first key of the queue if its time has come.
func firstDue(tx *bbolt.Tx, now time.Time) ([]byte, bool) {
	k, _ := tx.Bucket([]byte(bucketOutbox)).Cursor().First()
	if len(k) != 24 || int64(binary.BigEndian.Uint64(k)) > now.UnixMilli() {
		return nil, false
	}
	return slices.Clone(k), true
}

// requeue moves a mail's turn. Equal keys (two claims in one millisecond) are
// fine: the value is sealed anew.
func (s *Store) requeue(c *change, from, to []byte, q outboxRecord) error {
	if err := c.drop(bucketOutbox, from); err != nil {
		return err
	}
	return s.vault.put(c, bucketOutbox, to, q)
}

// Open returns the mail's data. It fails once the mail is sent or dropped.
func (i *OutboxItem) Open() (io.ReadCloser, error) {
	s := i.store
	var m mailRecord
	var p payloadRecord
	err := s.meta.view(func(tx *bbolt.Tx) error {
		if err := s.vault.get(tx, bucketMail, i.mail[:], &m); err != nil {
			return err
		}
		if m.Key == nil {
			return nil
		}
		return s.vault.get(tx, bucketPayload, m.Payload[:], &p)
	})
	if errors.Is(err, errNotFound) {
		return nil, ErrStale
	}
	if err != nil {
		return nil, fmt.Errorf("open mail %s: %w", i.mail, err)
	}
	if m.Key == nil {
		return io.NopCloser(bytes.NewReader(m.Data)), nil
	}
	if len(m.Key) != seal.KeySize {
		return nil, fmt.Errorf("open mail %s: broken record", i.mail)
	}
	box := seal.NewBox([seal.KeySize]byte(m.Key))
	return &payloadReader{store: s, id: m.Payload, record: p, unwrap: func(n uint32, chunk []byte) ([]byte, error) {
		return box.Open(chunk, place(bucketChunk, chunkKey(i.mail, n)))
	}}, nil
}

// MailSent ends a mail that the MTA took.
func (s *Store) MailSent(ctx context.Context, i *OutboxItem) error {
	event := EventMailed
	if i.Kind == KindNotice || i.Kind == KindRoundup {
		event = EventNoticed
	}
	return s.endMail(ctx, i, event, i.Kind)
}

// DropMail gives a mail up. reason is a fixed text without addresses or codes.
func (s *Store) DropMail(ctx context.Context, i *OutboxItem, reason string) error {
	return s.endMail(ctx, i, EventMailDropped, i.Kind+": "+reason)
}

func (s *Store) endMail(ctx context.Context, i *OutboxItem, event Event, note string) error {
	var freed []freedPayload
	err := s.update(ctx, func(c *change) error {
		freed = nil
		if c.Bucket([]byte(bucketOutbox)).Get(i.key) == nil {
			return ErrStale
		}
		if err := c.drop(bucketOutbox, i.key); err != nil {
			return err
		}
		var m mailRecord
		if err := s.vault.get(c.Tx, bucketMail, i.mail[:], &m); err != nil {
			return fmt.Errorf("mail %s: %w", i.mail, err)
		}
		if err := s.noteNotices(c, m, event == EventMailDropped); err != nil {
			return err
		}
		var err error
		if freed, err = s.removeMail(c, i.mail); err != nil {
			return err
		}
		var entries []Entry
		for _, to := range i.To {
			entries = append(entries, Entry{Event: event, Address: to, Sender: i.From, Note: note})
		}
		return s.audit(c, entries...)
	})
	if err != nil {
		return err
	}
	s.discard(ctx, freed)
	s.mailAdded() // what the senders are told
	return nil
}

// noteNotices notes it with all messages that a mail announces, and tells the senders
// when that was a round-up: of a notice the outbox tells them.
func (s *Store) noteNotices(c *change, m mailRecord, lost bool) error {
	for _, message := range append(m.Messages, m.Message) {
		if err := s.noteNotice(c, message, lost); err != nil {
			return err
		}
	}
	if !lost {
		return nil
	}
	p := &purger{store: s, c: c}
	for _, message := range m.Messages {
		r, err := s.dueMessage(c.Tx, message)
		if err != nil {
			return err
		}
		if r != nil {
			p.tellSender(FollowLost, message, *r)
		}
	}
	return p.tell()
}

// noteNotice notes with a message what became of the mail that announces it.
func (s *Store) noteNotice(c *change, message id, lost bool) error {
	if message == (id{}) {
		return nil
	}
	var m messageRecord
	err := s.vault.get(c.Tx, bucketMessage, message[:], &m)
	if errors.Is(err, errNotFound) {
		return nil // it ended, and was forgotten
	}
	if err != nil {
		return err
	}
	m.NoticeLost = lost
	if !lost {
		m.Noticed = s.now().UTC()
	}
	return s.vault.put(c, bucketMessage, message[:], m)
}

// RetryMail shows a mail again after a while.
func (s *Store) RetryMail(ctx context.Context, i *OutboxItem, after time.Duration) error {
	return s.update(ctx, func(c *change) error {
		var q outboxRecord
		err := s.vault.get(c.Tx, bucketOutbox, i.key, &q)
		if errors.Is(err, errNotFound) {
			return ErrStale
		}
		if err != nil {
			return err
		}
		return s.requeue(c, i.key, queueKey(s.now().Add(after), i.mail), q)
	})
}

// removeMail deletes a mail's record and releases its payload.
func (s *Store) removeMail(c *change, mail id) ([]freedPayload, error) {
	var m mailRecord
	if err := s.vault.get(c.Tx, bucketMail, mail[:], &m); err != nil {
		return nil, fmt.Errorf("mail %s: %w", mail, err)
	}
	if err := c.drop(bucketMail, mail[:]); err != nil {
		return nil, err
	}
	if err := c.drop(bucketExpiry, expiryKey(m.Expires, expireMail, mail[:])); err != nil {
		return nil, err
	}
	if m.Key == nil {
		return nil, nil
	}
	return s.unref(c, m.Payload, true)
}

// unref takes one reference from a payload. With the last one the payload is
// deleted (now), or stays until its week's file goes.
func (s *Store) unref(c *change, payload id, now bool) ([]freedPayload, error) {
	var p payloadRecord
	err := s.vault.get(c.Tx, bucketPayload, payload[:], &p)
	if err != nil {
		return nil, fmt.Errorf("payload %s: %w", payload, err)
	}
	p.Refs--
	if p.Refs > 0 || !now {
		return nil, s.vault.put(c, bucketPayload, payload[:], p)
	}
	if err := c.drop(bucketPayload, payload[:]); err != nil {
		return nil, err
	}
	if end, ok := week(p.Week).end(); ok {
		if err := c.drop(bucketExpiry, expiryKey(end, expirePayload, payload[:])); err != nil {
			return nil, err
		}
	}
	return []freedPayload{{payload, week(p.Week), p.Chunks}}, nil
}

// discard deletes payloads that are not named any more. An error is only
// logged: they are orphans, and the sweep tries again.
func (s *Store) discard(ctx context.Context, freed []freedPayload) {
	if len(freed) == 0 {
		return
	}
	if !s.upkeep.TryRLock() {
		return // a backup or a check is running: leave them to the sweep
	}
	defer s.upkeep.RUnlock()
	if err := s.deleteChunks(context.WithoutCancel(ctx), freed); err != nil {
		s.log.Warn("payload is left to the sweep", "error", err)
	}
}
