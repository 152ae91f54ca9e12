package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// compactFile is where meta.db is rewritten. One that a crash left is removed
// when the store is opened.
const compactFile = "meta.db.compact"

// compactTx bounds the transactions of the rewriting, in octets.
const compactTx = 8 << 20

// Compact rewrites meta.db without what was deleted, and puts the new file in
// its place: until then bbolt keeps deleted values in free pages. Changes wait
// meanwhile (half a second for 200,000 messages); reads go on.
func (s *Store) Compact(ctx context.Context) error {
	// Not beside a backup or a check: waiting for such a long reader would keep
	// everybody waiting.
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	return s.meta.between(ctx, s.compact)
}

func (s *Store) compact() error {
	tmp, path := filepath.Join(s.o.Dir, compactFile), filepath.Join(s.o.Dir, metaFile)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("compact: %w", err)
	}
	fresh, err := rewrite(s.meta.db, tmp, s.o.MmapSize)
	if err != nil {
		os.Remove(tmp)
		if isFull(err) {
			return ErrFull
		}
		return fmt.Errorf("compact: %w", err)
	}
	// From here on a crash finds either the old file or the whole new one.
	if err := os.Rename(tmp, path); err != nil {
		fresh.Close()
		os.Remove(tmp)
		return fmt.Errorf("compact: %w", err)
	}
	if err := syncDir(s.o.Dir); err != nil {
		// Which of the two is there after a power cut is unknown, and changes
		// go to one of them only.
		s.health.fail(err)
		fresh.Close()
		return ErrFailed
	}
	s.meta.mu.Lock()
	old := s.meta.db
	s.meta.db = fresh
	s.meta.mu.Unlock()
	if err := old.Close(); err != nil {
		s.log.Warn("close the old meta.db", "error", err)
	}
	return nil
}

// rewrite copies a database into a new file, durably, and leaves it open.
func rewrite(from *bbolt.DB, path string, mmapSize int) (*bbolt.DB, error) {
	fresh, err := openFile(path, mmapSize)
	if err != nil {
		return nil, err
	}
	fresh.NoSync = true // one sync at the end is enough: nobody uses it before
	if err = bbolt.Compact(fresh, from, compactTx); err == nil {
		err = fresh.Sync()
	}
	if err != nil {
		fresh.Close()
		return nil, err
	}
	fresh.NoSync = false
	return fresh, nil
}
