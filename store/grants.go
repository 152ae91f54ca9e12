package store

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A newGrant is a grant for an account's key, and the message it opens.
type newGrant struct {
	record messageRecord
	grant  []byte
}

// checkGrants takes only grants for live account-mode messages of the account.
// A message that ended meanwhile is left out.
func (s *Store) checkGrants(tx *bbolt.Tx, account accountID, given map[string][]byte) (map[id]newGrant, error) {
	out := map[id]newGrant{}
	for text, grant := range given {
		message, err := parseID(text)
		if err != nil {
			return nil, socket.ErrInvalid
		}
		var m messageRecord
		err = s.vault.get(tx, bucketMessage, message[:], &m)
		if errors.Is(err, errNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if m.Account != account || m.Mode != seal.ModeAccount {
			return nil, fmt.Errorf("%w: grant for another's message", socket.ErrInvalid)
		}
		if m.Ended == "" && !m.Gone {
			out[message] = newGrant{m, grant}
		}
	}
	return out, nil
}

// storeGrant gives the account its grant. The one for the code has done its work.
func (s *Store) storeGrant(c *change, message id, m messageRecord, grant []byte) error {
	if err := c.put(bucketPart, partKey(message, partGrant), s.vault.sealPart(message, partGrant, grant)); err != nil {
		return err
	}
	if err := c.drop(bucketPart, partKey(message, partCode)); err != nil {
		return err
	}
	return s.setFlags(c, message, m, inboxGranted, 0)
}

// dropOldGrants removes the grants for an account key that is no more. The
// messages stay, for recovery.
func (s *Store) dropOldGrants(c *change, account accountID, keep map[id]newGrant) error {
	if err := s.dropIndex(c, account); err != nil {
		return err
	}
	for _, message := range messagesOf(c.Tx, account) {
		if _, ok := keep[message]; ok {
			continue
		}
		var m messageRecord
		if err := s.vault.get(c.Tx, bucketMessage, message[:], &m); err != nil {
			return err
		}
		if m.Ended != "" {
			continue
		}
		if err := c.drop(bucketPart, partKey(message, partGrant)); err != nil {
			return err
		}
		if err := s.setFlags(c, message, m, 0, inboxGranted); err != nil {
			return err
		}
	}
	return nil
}
