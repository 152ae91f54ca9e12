package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// auditHead is where the trail ends: the last sequence number and the hash of
// that entry. The hash of an entry is SHA-256 over its key and its value, which
// begins with the hash of the entry before.
type auditHead struct {
	seq  uint64
	hash [sha256.Size]byte
}

func readAuditHead(tx *bbolt.Tx) (auditHead, error) {
	var h auditHead
	b := tx.Bucket([]byte(bucketStore)).Get(keyAuditHead)
	if b == nil {
		return h, nil
	}
	if len(b) != 8+sha256.Size {
		return h, errors.New("audit: broken head")
	}
	h.seq = binary.BigEndian.Uint64(b)
	copy(h.hash[:], b[8:])
	return h, nil
}

func (h auditHead) bytes() []byte {
	return append(binary.BigEndian.AppendUint64(nil, h.seq), h.hash[:]...)
}

func auditHash(key, value []byte) [sha256.Size]byte {
	return sha256.Sum256(append(append(make([]byte, 0, len(key)+len(value)), key...), value...))
}

// audit appends entries to the trail, in the caller's transaction.
func (s *Store) audit(c *change, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	head, err := readAuditHead(c.Tx)
	if err != nil {
		return err
	}
	now := s.now().UTC()
	for _, e := range entries {
		e.Time, e.By = now, bounded(cmp.Or(c.by, s.o.Operator), maxAddress)
		b, err := json.Marshal(auditRecord{current, e})
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		head.seq++
		key := binary.BigEndian.AppendUint64(nil, head.seq)
		value := append(head.hash[:], s.vault.seal(bucketAudit, key, b)...)
		head.hash = auditHash(key, value)
		if err := c.put(bucketAudit, key, value); err != nil {
			return err
		}
	}
	return c.put(bucketStore, keyAuditHead, head.bytes())
}

// auditRecord is an entry as stored.
type auditRecord struct {
	versioned
	Entry
}

func (s *Store) auditEntry(key, value []byte) (Entry, error) {
	if len(key) != 8 || len(value) < sha256.Size {
		return Entry{}, errors.New("audit: broken entry")
	}
	b, err := s.vault.box.Open(value[sha256.Size:], place(bucketAudit, key))
	if err != nil {
		return Entry{}, fmt.Errorf("audit: %w", err)
	}
	var r auditRecord
	if err := decode(bucketAudit, b, &r); err != nil {
		return Entry{}, err
	}
	return r.Entry, nil
}
