package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"
)

// maxThread bounds the Message-IDs that are looked up for one message.
const maxThread = 200

// threadKey stands for a reply that a guest wrote in the portal.
func (v *vault) threadKey(messageID, guest string) []byte {
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write([]byte("thread\x00" + strings.Join(strings.Fields(messageID), "") + "\x00" + normalise(guest)))
	return mac.Sum(nil)
}

// noteThread remembers a reply, so that an answer to it is sealed as well.
func (d *Deposit) noteThread(messageID, guest string) {
	s := d.store
	k, end := s.vault.threadKey(messageID, guest), s.now().Add(s.o.ThreadLife)
	d.put(bucketThread, k, timeKey(end))
	d.put(bucketExpiry, expiryKey(end, expireThread, k), nil)
}

// InThread reports whether one of the Message-IDs (with <>) is of a reply that
// the recipient wrote in the portal, from whichever address. Of very many only the
// last ones count: they are the nearest.
func (s *Store) InThread(ctx context.Context, ids []string, recipient string) (bool, error) {
	if err := ctx.Err(); err != nil || len(ids) == 0 {
		return false, err
	}
	ids = ids[max(0, len(ids)-maxThread):]
	found := false
	err := s.meta.view(func(tx *bbolt.Tx) error {
		found = false
		addresses, err := s.addressesOf(tx, recipient)
		if err != nil {
			return err
		}
		for _, i := range ids {
			if len(i) > maxMessageID {
				continue
			}
			for _, address := range addresses {
				end := tx.Bucket([]byte(bucketThread)).Get(s.vault.threadKey(i, address))
				if len(end) == 8 && s.now().Before(keyTime(end)) {
					found = true
					return nil
				}
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look up a thread: %w", err)
	}
	return found, nil
}
