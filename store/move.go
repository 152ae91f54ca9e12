package store

import (
	"context"
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// selectBatch is how many entries one transaction changes: others wait for it.
const selectBatch = 100

// selected runs fn on each entry of a selection, in transactions of their own.
func (s *Store) selected(ctx context.Context, session seal.Token, sel socket.Selection, fn func(*change, entry) ([]freedPayload, error)) error {
	if !sel.Fits() {
		return socket.ErrTooLarge
	}
	ids, err := s.selection(session, sel)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ids, selectBatch) {
		var freed []freedPayload
		err := s.update(ctx, func(c *change) error {
			freed = nil
			r, err := s.session(c.Tx, session)
			if err != nil {
				return err
			}
			for _, text := range batch {
				e, err := s.entryNamed(c.Tx, r.Account, text)
				if errors.Is(err, socket.ErrUnknown) {
					continue
				}
				if err != nil {
					return err
				}
				f, err := fn(c, e)
				if err != nil {
					return err
				}
				freed = append(freed, f...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.discard(ctx, freed)
	}
	return nil
}

// selection returns the ids that a selection means, each once.
func (s *Store) selection(session seal.Token, sel socket.Selection) ([]string, error) {
	var out []string
	err := s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, session)
		if err != nil {
			return err
		}
		out = nil
		seen := map[string]bool{}
		add := func(text string) {
			if !seen[text] {
				seen[text] = true
				out = append(out, text)
			}
		}
		for _, text := range sel.IDs {
			add(text)
			if !sel.Whole {
				continue
			}
			e, err := s.entryNamed(tx, r.Account, text)
			if errors.Is(err, socket.ErrUnknown) || err == nil && e.thread == nil {
				continue
			}
			if err != nil {
				return err
			}
			for other := range conversationOf(tx, r.Account, e.thread) {
				if other.folder == e.folder {
					add(other.id.String())
				}
			}
		}
		return nil
	})
	return out, err
}

// Flag implements [socket.Folders].
func (s *Store) Flag(ctx context.Context, session seal.Token, sel socket.Selection, set, clear socket.Flags) error {
	on, off := flagBits(set), flagBits(clear)
	return s.selected(ctx, session, sel, func(c *change, e entry) ([]freedPayload, error) {
		if e.flags&inboxEnded != 0 {
			return nil, nil
		}
		e.flags = e.flags&^off | on
		if e.flags&inboxOwn != 0 {
			e.flags &^= inboxRead // that is nothing to be read or not
		}
		return nil, s.putEntry(c, e)
	})
}

func flagBits(f socket.Flags) (b byte) {
	if f.Read {
		b |= inboxRead
	}
	if f.Star {
		b |= inboxStar
	}
	return b
}

// Move implements [socket.Folders].
func (s *Store) Move(ctx context.Context, session seal.Token, sel socket.Selection, to socket.Destination) error {
	if to != socket.ToDeleted && to != socket.ToFolder && to != socket.ToNowhere {
		return socket.ErrInvalid
	}
	return s.selected(ctx, session, sel, func(c *change, e entry) ([]freedPayload, error) {
		deleted := e.folder == inDeleted
		if deleted == (to == socket.ToDeleted) {
			return nil, nil
		}
		if e.flags&inboxOwn != 0 {
			return s.moveOwn(c, e, to)
		}
		return nil, s.moveMessage(c, e, to)
	})
}

// moveMessage moves a message. Of one that ended, deleting drops the line.
func (s *Store) moveMessage(c *change, e entry, to socket.Destination) error {
	var m messageRecord
	err := s.vault.get(c.Tx, bucketMessage, e.id[:], &m)
	if err != nil {
		return err
	}
	if err := s.dropEntry(c, e); err != nil {
		return err
	}
	if to == socket.ToNowhere || e.flags&inboxEnded != 0 {
		return s.removeMessage(c, e, m)
	}
	if m.Deleted, m.Purge, err = s.purgeAt(c, m.Purge, purgeMessage, e.id, to); err != nil {
		return err
	}
	if err := s.vault.put(c, bucketMessage, e.id[:], m); err != nil {
		return err
	}
	return s.putEntry(c, s.entryFor(e.id, m, e.flags))
}

// removeMessage takes a message out of its account's sight, and what would open
// it. The record stays until its end: its sender follows it.
func (s *Store) removeMessage(c *change, e entry, m messageRecord) error {
	var err error
	if m.Deleted, m.Purge, err = s.purgeAt(c, m.Purge, purgeMessage, e.id, socket.ToNowhere); err != nil {
		return err
	}
	if err := c.drop(bucketAwaiting, accountKey(m.Account, e.id[:])); err != nil {
		return err
	}
	m.Gone = true
	if err := s.vault.put(c, bucketMessage, e.id[:], m); err != nil {
		return err
	}
	for _, kind := range []byte{partGrant, partCode, partRecovery} {
		if err := c.drop(bucketPart, partKey(e.id, kind)); err != nil {
			return err
		}
	}
	return c.drop(bucketIndex, accountKey(e.account, e.id[:]))
}

const (
	// maxIndex bounds one index entry, in octets.
	maxIndex = 8 << 10
	// maxContacts bounds what an account keeps of its contacts: it lies in meta.db.
	maxContacts = 64 << 10
)

// KeepIndex implements [socket.Folders].
func (s *Store) KeepIndex(ctx context.Context, session seal.Token, entries map[string][]byte) error {
	if len(entries) > maxFlat {
		return socket.ErrTooLarge
	}
	size := 0
	for _, b := range entries {
		if len(b) == 0 || len(b) > maxIndex {
			return socket.ErrTooLarge
		}
		size += len(b)
	}
	if err := s.space(); err != nil {
		return err
	}
	return s.meta.update(ctx, size, func(c *change) error {
		r, err := s.session(c.Tx, session)
		if err != nil {
			return err
		}
		for text, b := range entries {
			e, err := s.entryNamed(c.Tx, r.Account, text)
			if errors.Is(err, socket.ErrUnknown) || err == nil && e.flags&(inboxGranted|inboxOwn) == 0 {
				continue
			}
			if err != nil {
				return err
			}
			if err := c.put(bucketIndex, accountKey(r.Account, e.id[:]), b); err != nil {
				return err
			}
		}
		return nil
	})
}

// Contacts implements [socket.Folders].
func (s *Store) Contacts(ctx context.Context, session seal.Token) ([]byte, error) {
	var out []byte
	err := s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, session)
		if err != nil {
			return err
		}
		out = slices.Clone(tx.Bucket([]byte(bucketIndex)).Get(accountKey(r.Account, make([]byte, 16))))
		return nil
	})
	return out, err
}

// KeepContacts implements [socket.Folders].
func (s *Store) KeepContacts(ctx context.Context, session seal.Token, sealed []byte) error {
	if len(sealed) > maxContacts {
		return socket.ErrTooLarge
	}
	return s.meta.update(ctx, len(sealed), func(c *change) error {
		r, err := s.session(c.Tx, session)
		if err != nil {
			return err
		}
		return c.put(bucketIndex, accountKey(r.Account, make([]byte, 16)), sealed)
	})
}

// dropIndex removes what the portal kept about an account's messages: its key is
// no more.
func (s *Store) dropIndex(c *change, account accountID) error {
	for _, suffix := range suffixes(c.Tx, bucketIndex, account[:]) {
		if err := c.drop(bucketIndex, accountKey(account, suffix)); err != nil {
			return err
		}
	}
	return nil
}
