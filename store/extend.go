package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/socket"
)

const day = 24 * time.Hour

// Extend implements [socket.Following]. A payload whose week ends too soon is
// copied to a later week's file first, as it is stored; the old one goes with its
// last message.
func (s *Store) Extend(ctx context.Context, by socket.Follower, messages []string, more time.Duration) (socket.Status, error) {
	if more != day && more != 7*day && more != 30*day {
		return socket.Status{}, socket.ErrInvalid
	}
	if s.o.Retention > 0 {
		more = min(more, s.o.Retention)
	}
	if err := s.space(); err != nil {
		return socket.Status{}, err
	}
	ids, _, dispatch, err := s.chosen(by, messages)
	if err != nil {
		return socket.Status{}, err
	}
	x := &extension{store: s, dispatch: dispatch, client: bounded(by.Client, 64), until: s.now().Add(more).UTC(), moved: map[id]*movedPayload{}}
	defer x.done()
	for batch := range slices.Chunk(ids, followBatch) {
		if err := x.move(ctx, batch); err != nil {
			return socket.Status{}, fmt.Errorf("extend: %w", err)
		}
		var freed []freedPayload
		err := s.update(ctx, func(c *change) (err error) {
			freed, err = x.extend(c, batch)
			return err
		})
		if err != nil {
			return socket.Status{}, fmt.Errorf("extend: %w", err)
		}
		s.discard(ctx, freed)
	}
	return s.Status(ctx, by)
}

// An extension gives the messages of a dispatch more time.
type extension struct {
	store    *Store
	dispatch id
	client   string
	until    time.Time
	moved    map[id]*movedPayload // by the old payload's id
}

// A movedPayload is the copy of a payload in a later week's file.
type movedPayload struct {
	id     id
	record payloadRecord
}

func (x *extension) done() {
	for _, p := range x.moved {
		x.store.active.remove(p.id)
	}
}

// wants reports whether a message gets more time.
func (x *extension) wants(m messageRecord) bool {
	return extendable(m) && (m.Expires.Before(x.until) || m.PIN != nil && m.PIN.Failures > 0)
}

// move copies, durably, what of the messages' payloads has to lie in a later
// week's file and was not copied before.
func (x *extension) move(ctx context.Context, batch []id) error {
	s := x.store
	todo := map[id]payloadRecord{}
	err := s.meta.view(func(tx *bbolt.Tx) error {
		clear(todo)
		for _, i := range batch {
			m, live, err := s.liveOf(tx, i)
			if err != nil {
				return err
			}
			if !live || !x.wants(m) || x.moved[m.Payload] != nil {
				continue
			}
			var p payloadRecord
			if err := s.vault.get(tx, bucketPayload, m.Payload[:], &p); err != nil {
				return fmt.Errorf("payload %s: %w", m.Payload, err)
			}
			if end, _ := week(p.Week).end(); end.Before(x.until) {
				todo[m.Payload] = p
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for old, p := range todo {
		w := s.newPayload(ctx, weekOf(x.until))
		n := &movedPayload{id: w.id}
		x.moved[old] = n // done lets the sweep have it again
		if _, err := io.CopyBuffer(onlyWriter{w}, &payloadReader{store: s, id: old, record: p}, make([]byte, chunkSize)); err != nil {
			return err
		}
		record, stored := w.finish()
		if err := <-stored; err != nil {
			return err
		}
		if record.Digest != p.Digest || record.Size != p.Size {
			return fmt.Errorf("payload %s is changed", old)
		}
		n.record = record
	}
	return nil
}

// extend writes the new end everywhere.
func (x *extension) extend(c *change, batch []id) (freed []freedPayload, err error) {
	s := x.store
	refs := map[id]int{} // messages that go to a moved payload, by the old one's id
	var entries []Entry
	for _, i := range batch {
		m, live, err := s.liveOf(c.Tx, i)
		if err != nil {
			return nil, err
		}
		if !live || !x.wants(m) {
			continue
		}
		old := m.Payload
		if n := x.moved[old]; n != nil {
			m.Payload = n.id
			refs[old]++
		} else if err := x.stays(c.Tx, old); err != nil {
			return nil, err
		}
		if err := x.putEnd(c, i, m); err != nil {
			return nil, err
		}
		entries = append(entries, Entry{
			Event: EventExtended, Message: i.String(), Address: m.Recipient, Sender: m.Sender, Client: x.client,
		})
	}
	if len(entries) == 0 {
		return nil, nil
	}
	for old, n := range refs {
		f, err := x.putMoved(c, old, n)
		if err != nil {
			return nil, err
		}
		freed = append(freed, f...)
	}
	if err := x.putDispatch(c); err != nil {
		return nil, err
	}
	return freed, s.audit(c, entries...)
}

// stays checks that a payload that was not copied need not be: another order may
// have moved the message meanwhile.
func (x *extension) stays(tx *bbolt.Tx, payload id) error {
	var p payloadRecord
	if err := x.store.vault.get(tx, bucketPayload, payload[:], &p); err != nil {
		return fmt.Errorf("payload %s: %w", payload, err)
	}
	if end, _ := week(p.Week).end(); end.Before(x.until) {
		return socket.ErrConflict
	}
	return nil
}

// putEnd gives a message its new end. The PIN can be tried again.
func (x *extension) putEnd(c *change, message id, m messageRecord) error {
	s := x.store
	var old messageRecord
	if err := s.vault.get(c.Tx, bucketMessage, message[:], &old); err != nil {
		return err
	}
	if err := c.drop(bucketExpiry, expiryKey(old.Expires, expireMessage, message[:])); err != nil {
		return err
	}
	if !old.Warn.IsZero() {
		if err := c.drop(bucketExpiry, expiryKey(old.Warn, dueWarning, message[:])); err != nil {
			return err
		}
	}
	m.Expires = later(m.Expires, x.until)
	m.Warn = s.warning(m.Expires)
	if m.PIN != nil {
		m.PIN = &pinRecord{Verifier: m.PIN.Verifier}
	}
	if err := s.vault.put(c, bucketMessage, message[:], m); err != nil {
		return err
	}
	if err := c.put(bucketExpiry, expiryKey(m.Expires, expireMessage, message[:]), nil); err != nil {
		return err
	}
	if !m.Warn.IsZero() {
		if err := c.put(bucketExpiry, expiryKey(m.Warn, dueWarning, message[:]), nil); err != nil {
			return err
		}
	}
	if m.Link == nil {
		return nil
	}
	var l linkRecord
	err := s.vault.get(c.Tx, bucketLink, m.Link[:], &l)
	if errors.Is(err, errNotFound) || err == nil && l.Ended != "" {
		return nil
	}
	if err != nil {
		return err
	}
	l.Expires = m.Expires
	return s.vault.put(c, bucketLink, m.Link[:], l)
}

// putMoved takes n references from a payload and gives them to its copy.
func (x *extension) putMoved(c *change, old id, n int) (freed []freedPayload, err error) {
	s, to := x.store, x.moved[old]
	record := payloadRecord{}
	err = s.vault.get(c.Tx, bucketPayload, to.id[:], &record)
	if errors.Is(err, errNotFound) { // the first batch
		record = to.record
		end, _ := week(record.Week).end()
		err = c.put(bucketExpiry, expiryKey(end, expirePayload, to.id[:]), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("payload %s: %w", to.id, err)
	}
	record.Refs += n
	if err := s.vault.put(c, bucketPayload, to.id[:], record); err != nil {
		return nil, err
	}
	for range n {
		f, err := s.unref(c, old, true)
		if err != nil {
			return nil, err
		}
		freed = append(freed, f...)
	}
	return freed, nil
}

// putDispatch lets the status live as long as the messages.
func (x *extension) putDispatch(c *change) error {
	s := x.store
	var d dispatchRecord
	if err := s.vault.get(c.Tx, bucketDispatch, x.dispatch[:], &d); err != nil {
		return err
	}
	if !d.Expires.Before(x.until) {
		return nil
	}
	if err := c.drop(bucketExpiry, expiryKey(d.Forgotten, expireDispatch, x.dispatch[:])); err != nil {
		return err
	}
	d.Expires, d.Forgotten = x.until, x.until.Add(s.o.StatusMemory)
	if err := s.vault.put(c, bucketDispatch, x.dispatch[:], d); err != nil {
		return err
	}
	return c.put(bucketExpiry, expiryKey(d.Forgotten, expireDispatch, x.dispatch[:]), nil)
}
