package store

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Stats are counts of what the store holds.
type Stats struct {
	Messages     int       `json:"messages"`            // sealed messages and outlines of ended ones
	Holds        int       `json:"holds"`               // held and deferred messages, and what is kept of ended ones
	Dispatches   int       `json:"dispatches"`          // messages that their senders can follow
	Trusts       int       `json:"trusts"`              // senders that rules let pass since a release
	Accounts     int       `json:"accounts"`            // portal accounts
	Sessions     int       `json:"sessions"`            // not yet purged
	Outbox       int       `json:"outbox"`              // mails waiting or being sent
	OldestMail   time.Time `json:"oldestMail,omitzero"` // when the first of them is due or its lease ends; zero if there is none
	Weeks        int       `json:"weeks"`               // payload files
	MetaBytes    int64     `json:"metaBytes"`           // of meta.db
	PayloadBytes int64     `json:"payloadBytes"`        // of the payload files
	FreeBytes    int64     `json:"freeBytes"`           // of the file system
}

// Stats counts. It walks over index pages; call it once a minute at most.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	var st Stats
	err := s.meta.view(func(tx *bbolt.Tx) error {
		st.MetaBytes = tx.Size()
		for bucket, n := range map[string]*int{
			bucketMessage: &st.Messages, bucketAccount: &st.Accounts,
			bucketHold: &st.Holds, bucketDispatch: &st.Dispatches, bucketTrust: &st.Trusts,
			bucketSession: &st.Sessions, bucketOutbox: &st.Outbox,
		} {
			if err := ctx.Err(); err != nil {
				return err
			}
			*n = tx.Bucket([]byte(bucket)).Stats().KeyN
		}
		if k, _ := tx.Bucket([]byte(bucketOutbox)).Cursor().First(); len(k) == 24 {
			st.OldestMail = keyTime(k)
		}
		return nil
	})
	if err != nil {
		return Stats{}, err
	}
	list, err := s.weeks.list()
	if err != nil {
		return Stats{}, err
	}
	st.Weeks = len(list)
	for _, w := range list {
		if fi, err := os.Stat(filepath.Join(s.o.Dir, w.file())); err == nil {
			st.PayloadBytes += fi.Size()
		}
	}
	st.FreeBytes, err = s.freeSpace(s.o.Dir)
	return st, err
}
