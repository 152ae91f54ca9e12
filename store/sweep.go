package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"
)

const (
	sweepEvery = 6 * time.Hour
	sweepPage  = 1000 // payloads listed in one transaction
)

// A stored payload is what lies in a payload file under one id.
type storedPayload struct {
	id     id
	chunks uint32 // number of the last chunk + 1
}

// listPayloads returns the payloads in a file after an id, at most sweepPage.
func (f *file) listPayloads(after id) (out []storedPayload, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		cur := tx.Bucket([]byte(bucketChunk)).Cursor()
		// No payload has 2^32 chunks: this lies behind all of its own.
		k, _ := cur.Seek(chunkKey(after, 1<<32-1))
		for ; k != nil && len(out) < sweepPage; k, _ = cur.Next() {
			p := storedPayload{id: id(k[:16])}
			if k, _ = cur.Seek(chunkKey(p.id, 1<<32-1)); k == nil {
				k, _ = cur.Last()
			} else {
				k, _ = cur.Prev()
			}
			p.chunks = chunkNumber(k) + 1
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// sweep deletes payloads that no metadata names: of deposits that were given up,
// of a crash between the two commits, or between a deletion's two.
func (s *Store) sweep(ctx context.Context) error {
	list, err := s.weeks.list()
	if err != nil {
		return err
	}
	for _, w := range list {
		after := id{}
		for {
			var page []storedPayload
			err := s.weeks.with(w, false, func(f *file) (err error) {
				page, err = f.listPayloads(after)
				return err
			})
			if err != nil || len(page) == 0 {
				if err != nil {
					return err
				}
				break
			}
			after = page[len(page)-1].id
			orphans, err := s.orphans(w, page)
			if err != nil {
				return err
			}
			if err := s.deleteChunks(ctx, orphans); err != nil {
				return err
			}
			if len(orphans) > 0 {
				s.log.Info("swept orphaned payloads", "week", string(w), "payloads", len(orphans))
			}
		}
	}
	return nil
}

// orphans returns those of the payloads that no metadata names. They were listed
// before: one that is not active by now has its metadata already, or never will.
func (s *Store) orphans(w week, page []storedPayload) (out []freedPayload, err error) {
	var idle []storedPayload
	for _, p := range page {
		if !s.active.has(p.id) {
			idle = append(idle, p)
		}
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketPayload))
		for _, p := range idle {
			if b.Get(p.id[:]) == nil {
				out = append(out, freedPayload{p.id, w, p.chunks})
			}
		}
		return nil
	})
	return out, err
}
