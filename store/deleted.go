package store

import (
	"errors"
	"time"

	"github.com/postseal/postseal/store/socket"
)

// purgeAt files when what is moved goes for good: some time after it was deleted,
// unless it is brought back. old is when it would have gone.
func (s *Store) purgeAt(c *change, old time.Time, kind byte, what id, to socket.Destination) (deleted bool, at time.Time, err error) {
	if !old.IsZero() {
		if err := c.drop(bucketExpiry, expiryKey(old, kind, what[:])); err != nil {
			return false, at, err
		}
	}
	if to != socket.ToDeleted {
		return false, at, nil
	}
	at = s.now().Add(s.o.DeletedLife).UTC()
	return true, at, c.put(bucketExpiry, expiryKey(at, kind, what[:]), nil)
}

// purgeDeleted removes a message that was deleted a while ago from its account.
func (s *Store) purgeDeleted(c *change, message id) error {
	m, live, err := s.liveOf(c.Tx, message)
	if err != nil || !live || !m.Deleted || s.now().Before(m.Purge) {
		return err
	}
	e, ok := s.entryOf(c.Tx, message, m)
	if !ok {
		return nil
	}
	return s.moveMessage(c, e, socket.ToNowhere)
}

// purgeDeletedOwn does so with a draft or a sent copy.
func (s *Store) purgeDeletedOwn(c *change, i id) ([]freedPayload, error) {
	var o ownRecord
	err := s.vault.get(c.Tx, bucketOwn, i[:], &o)
	if errors.Is(err, errNotFound) || err == nil && (!o.Deleted || s.now().Before(o.Purge)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.removeOwn(c, i, o)
}
