package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// releaseBatch is the number of mails that ReleaseMail makes due in one
// transaction.
const releaseBatch = 200

// ReleaseMail makes every mail of the outbox due. Call it when the only process
// that sends starts, before it claims: what the process before it had claimed
// when it was killed would else wait for the end of a lease that nobody holds.
// Mail that waits for its next attempt is tried as well.
func (s *Store) ReleaseMail(ctx context.Context) error {
	for {
		var keys [][]byte
		now := s.now()
		err := s.meta.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte(bucketOutbox)).Cursor()
			after := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())+1)
			for k, _ := c.Seek(after); k != nil && len(keys) < releaseBatch; k, _ = c.Next() {
				keys = append(keys, slices.Clone(k))
			}
			return nil
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		err = s.update(ctx, func(c *change) error {
			for _, k := range keys {
				if len(k) != 24 || c.Bucket([]byte(bucketOutbox)).Get(k) == nil {
					continue
				}
				var q outboxRecord
				if err := s.vault.get(c.Tx, bucketOutbox, k, &q); err != nil {
					return err
				}
				if err := s.requeue(c, k, queueKey(now, id(k[8:])), q); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("release the outbox: %w", err)
		}
	}
}
