package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/socket"
)

// ownRecord is a draft or a sent copy: payloads that the portal sealed.
type ownRecord struct {
	versioned
	Account  accountID `json:"account"`
	Sent     bool      `json:"sent,omitempty"`
	Deleted  bool      `json:"deleted,omitempty"`
	Purge    time.Time `json:"purge,omitzero"`   // when it goes from the deleted ones
	Answers  id        `json:"answers,omitzero"` // message
	Thread   []byte    `json:"thread,omitempty"`
	Content  id        `json:"content"` // payload
	Files    []ownFile `json:"files,omitempty"`
	Size     int64     `json:"size"` // of content and files, as stored
	Changed  time.Time `json:"changed"`
	Expires  time.Time `json:"expires"`
	Dispatch id        `json:"dispatch,omitzero"`
}

// An ownFile is an attachment.
type ownFile struct {
	ID      id     `json:"id"`
	Payload id     `json:"payload"`
	Chunks  uint32 `json:"chunks"`
	Size    int64  `json:"size"`
	Hash    []byte `json:"hash"` // state of SHA-256 over the chunks, to go on with
}

func (o ownRecord) entry(i id) entry {
	e := entry{account: o.Account, folder: inDrafts, at: o.Changed, id: i, thread: o.Thread, flags: inboxOwn}
	if o.Sent {
		e.folder = inSent
	}
	if o.Deleted {
		e.folder = inDeleted
	}
	return e
}

// moveOwn moves an own item, or removes it.
func (s *Store) moveOwn(c *change, e entry, to socket.Destination) ([]freedPayload, error) {
	var o ownRecord
	if err := s.vault.get(c.Tx, bucketOwn, e.id[:], &o); err != nil {
		return nil, err
	}
	if to == socket.ToNowhere {
		return s.removeOwn(c, e.id, o)
	}
	if err := s.dropEntry(c, e); err != nil {
		return nil, err
	}
	var err error
	if o.Deleted, o.Purge, err = s.purgeAt(c, o.Purge, purgeOwn, e.id, to); err != nil {
		return nil, err
	}
	if err := s.vault.put(c, bucketOwn, e.id[:], o); err != nil {
		return nil, err
	}
	moved := o.entry(e.id)
	moved.flags = e.flags
	return nil, s.putEntry(c, moved)
}

// removeOwn deletes an own item and reports the payloads to delete.
func (s *Store) removeOwn(c *change, i id, o ownRecord) ([]freedPayload, error) {
	if err := s.dropEntry(c, o.entry(i)); err != nil {
		return nil, err
	}
	if _, _, err := s.purgeAt(c, o.Purge, purgeOwn, i, socket.ToNowhere); err != nil {
		return nil, err
	}
	for bucket, key := range map[string][]byte{
		bucketOwn: i[:], bucketIndex: accountKey(o.Account, i[:]), bucketExpiry: expiryKey(o.Expires, expireOwn, i[:]),
	} {
		if err := c.drop(bucket, key); err != nil {
			return nil, err
		}
	}
	freed, err := s.unref(c, o.Content, true)
	if err != nil {
		return nil, err
	}
	for _, f := range o.Files {
		more, err := s.unref(c, f.Payload, true)
		if err != nil {
			return nil, err
		}
		freed = append(freed, more...)
	}
	return freed, s.chargeOwn(c, o.Account, -o.Size)
}

// expireOwn removes an own item at its end.
func (s *Store) expireOwn(c *change, i id) ([]freedPayload, error) {
	var o ownRecord
	err := s.vault.get(c.Tx, bucketOwn, i[:], &o)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.removeOwn(c, i, o)
}

// chargeOwn adds to the octets that an account's own items take.
func (s *Store) chargeOwn(c *change, account accountID, octets int64) error {
	n, err := accountCounts(c.Tx, account)
	if err != nil {
		return err
	}
	n.own += octets
	if n.own < 0 {
		return errors.New("counts: own items of less than nothing")
	}
	return s.putCounts(c, account, n)
}

// removeAllOwn removes what a closed account wrote and what was kept for it.
func (s *Store) removeAllOwn(ctx context.Context, account accountID) error {
	for {
		n := 0
		var freed []freedPayload
		err := s.update(ctx, func(c *change) error {
			n, freed = 0, nil
			if err := s.dropIndex(c, account); err != nil {
				return err
			}
			for _, i := range ownOf(c.Tx, account) {
				if n++; n > closeBatch {
					return nil
				}
				var o ownRecord
				if err := s.vault.get(c.Tx, bucketOwn, i[:], &o); err != nil {
					return err
				}
				f, err := s.removeOwn(c, i, o)
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
		if n <= closeBatch {
			return nil
		}
	}
}

// ownOf returns the own items in an account's lists.
func ownOf(tx *bbolt.Tx, account accountID) []id {
	var out []id
	cur := tx.Bucket([]byte(bucketFolder)).Cursor()
	for k, v := cur.Seek(account[:]); bytes.HasPrefix(k, account[:]); k, v = cur.Next() {
		if len(k) == 41 && len(v) == 1 && v[0]&inboxOwn != 0 {
			out = append(out, id(k[25:]))
		}
	}
	return out
}
