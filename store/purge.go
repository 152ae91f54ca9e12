package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// purgeBatch is how many ends one transaction handles: a writer that waits for
// it waits some 30 ms.
const purgeBatch = 300

// Purge removes what has come to its end: messages, links, sessions, outcomes,
// mails, and whole payload files of weeks that are over. Every few hours it also
// sweeps orphaned payloads. Call it every few minutes.
func (s *Store) Purge(ctx context.Context) error {
	s.purging.Lock()
	defer s.purging.Unlock()
	s.upkeep.RLock()
	defer s.upkeep.RUnlock()
	now := s.now()
	for {
		n, err := s.purgeSome(ctx, now)
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		if n < purgeBatch {
			break
		}
	}
	if err := s.removeWeeks(now); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	if !s.swept.IsZero() && now.Sub(s.swept) < sweepEvery {
		return nil
	}
	if err := s.sweep(ctx); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	s.swept = now
	return nil
}

// purgeSome handles one batch of ends and returns how many there were. When one
// of them fails, it handles them one by one and puts that one off: a broken
// record must not keep everything else for ever.
func (s *Store) purgeSome(ctx context.Context, now time.Time) (int, error) {
	var keys [][]byte
	err := s.meta.view(func(tx *bbolt.Tx) error {
		keys = nil
		cur := tx.Bucket([]byte(bucketExpiry)).Cursor()
		for k, _ := cur.First(); ended(k, now) && len(keys) < purgeBatch; k, _ = cur.Next() {
			keys = append(keys, slices.Clone(k))
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	err = s.purgeKeys(ctx, keys)
	if err == nil || !isBroken(ctx, err) {
		return len(keys), err
	}
	for _, k := range keys {
		err := s.purgeKeys(ctx, [][]byte{k})
		if err == nil {
			continue
		}
		if !isBroken(ctx, err) {
			return 0, err
		}
		s.log.Error("purge: an entry is put off; run the check", "error", err)
		err = s.update(ctx, func(c *change) error {
			if err := c.drop(bucketExpiry, k); err != nil {
				return err
			}
			return c.put(bucketExpiry, expiryKey(now.Add(putOff), k[8], k[9:]), nil)
		})
		if err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

// putOff is how long what is broken is left alone.
const putOff = 24 * time.Hour

// isBroken tells an error of one record from one of the store or the caller.
func isBroken(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, ErrFull) && !errors.Is(err, ErrFailed) && !errors.Is(err, ErrClosed)
}

// purgeKeys handles entries of bucketExpiry in one transaction.
func (s *Store) purgeKeys(ctx context.Context, keys [][]byte) error {
	var freed []freedPayload
	err := s.update(ctx, func(c *change) error {
		freed = nil
		p := &purger{store: s, c: c}
		for _, k := range keys {
			if err := c.drop(bucketExpiry, k); err != nil {
				return err
			}
			f, err := p.end(k[8], k[9:])
			if err != nil {
				return fmt.Errorf("end of %q: %w", k[8], err)
			}
			freed = append(freed, f...)
		}
		return p.tell()
	})
	if err != nil {
		return err
	}
	s.mailAdded() // reminders and the like, if there were any
	return s.deleteChunks(ctx, freed)
}

func ended(key []byte, now time.Time) bool {
	return len(key) > 9 && int64(binary.BigEndian.Uint64(key)) <= now.UnixMilli()
}

// A purger handles the entries of one transaction.
type purger struct {
	store *Store
	c     *change
	turns map[id][]byte // keys of bucketOutbox, when they are needed
	// What senders are told, and the audit entries about it.
	told    map[string]*FollowMail
	entries []Entry
}

// end handles one entry of bucketExpiry. What is gone already is no error.
func (p *purger) end(kind byte, key []byte) ([]freedPayload, error) {
	s, c := p.store, p.c
	switch kind {
	case expireMessage, expireGrace:
		return p.endOfMessage(kind, key)
	case expireMail:
		return p.endOfMail(key)
	case expireOutline:
		return nil, s.forgetMessage(c, id(key))
	case expireHold:
		return s.expireHold(c, id(key))
	case expireHoldGone:
		return nil, s.forgetHold(c, id(key))
	case expireDispatch:
		return nil, s.forgetDispatch(c, id(key))
	case expireTrust:
		return nil, c.drop(bucketTrust, key)
	case expireOwn:
		return s.expireOwn(c, id(key))
	case expireThread:
		return nil, c.drop(bucketThread, key)
	case dueUnread, dueWarning:
		return nil, p.remindDue(kind, id(key[:16]))
	case dueRoundup:
		return nil, s.sendRoundup(c, accountID(key))
	case purgeMessage:
		return nil, s.purgeDeleted(c, id(key))
	case purgeOwn:
		return s.purgeDeletedOwn(c, id(key))
	case expirePayload:
		return nil, c.drop(bucketPayload, key) // the chunks go with the week's file
	case expireLink:
		return nil, s.endLink(c, key, endExpired, "")
	case expireLinkGone:
		return nil, c.drop(bucketLink, key)
	case expireDedup:
		return nil, c.drop(bucketDedup, key)
	case expireNonce:
		return nil, c.drop(bucketNonce, key)
	case expireSession:
		var r sessionRecord
		err := s.vault.get(c.Tx, bucketSession, key, &r)
		if errors.Is(err, errNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return nil, s.endSession(c, key, r)
	}
	return nil, fmt.Errorf("unknown kind of entry")
}

func (p *purger) endOfMessage(kind byte, key []byte) ([]freedPayload, error) {
	s, c := p.store, p.c
	var m messageRecord
	err := s.vault.get(c.Tx, bucketMessage, key, &m)
	if errors.Is(err, errNotFound) || err == nil && m.Ended != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if kind == expireGrace {
		return s.endMessage(c, id(key), m, endUsed, "")
	}
	freed, err := s.endMessage(c, id(key), m, endExpired, "")
	if err != nil {
		return nil, err
	}
	if m.Opened.IsZero() && s.o.Reminders.ExpiredUnread {
		p.tellSender(FollowExpired, id(key), m)
	}
	return freed, s.audit(c, Entry{Event: EventExpired, Message: id(key).String(), Address: m.Recipient, Sender: m.Sender})
}

// endOfMail drops a mail that could not be sent in its time.
func (p *purger) endOfMail(key []byte) ([]freedPayload, error) {
	s, c := p.store, p.c
	var m mailRecord
	err := s.vault.get(c.Tx, bucketMail, key, &m)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if turn := p.turn(id(key)); turn != nil {
		if err := c.drop(bucketOutbox, turn); err != nil {
			return nil, err
		}
	}
	freed, err := s.removeMail(c, id(key))
	if err != nil {
		return nil, err
	}
	if err := s.noteNotices(c, m, true); err != nil {
		return nil, err
	}
	var entries []Entry
	for _, to := range m.To {
		entries = append(entries, Entry{Event: EventMailDropped, Address: to, Sender: m.From, Note: m.Kind + ": not sent in time"})
	}
	return freed, s.audit(c, entries...)
}

// turn returns a mail's key in bucketOutbox, which is in order of time, not of
// ids: one walk serves all of the transaction.
func (p *purger) turn(mail id) []byte {
	if p.turns == nil {
		p.turns = map[id][]byte{}
		cur := p.c.Bucket([]byte(bucketOutbox)).Cursor()
		for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
			p.turns[id(k[8:])] = slices.Clone(k)
		}
	}
	return p.turns[mail]
}

// removeWeeks deletes the payload files of weeks that are over. Nothing names
// what is in them: every end up to now has been handled.
func (s *Store) removeWeeks(now time.Time) error {
	list, err := s.weeks.list()
	if err != nil {
		return err
	}
	for _, w := range list {
		if end, _ := w.end(); now.Before(end) {
			continue
		}
		if err := s.weeks.remove(w); err != nil {
			return err
		}
		s.log.Info("removed a payload file", "week", string(w))
	}
	return nil
}
