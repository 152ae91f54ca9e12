package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Backup copies the store into the new or empty folder dir while it runs. The
// copy is a store as of the moment the call began; open it with the same keys.
// Purging waits meanwhile.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if old, err := os.ReadDir(dir); err != nil || len(old) > 0 {
		return errors.Join(fmt.Errorf("backup: %s is not empty", dir), err)
	}
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	// The metadata first: every payload that it names is in a file already, and
	// none goes while upkeep is held.
	if err := s.meta.copyTo(filepath.Join(dir, metaFile)); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	list, err := s.weeks.list()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, w := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.weeks.with(w, false, func(f *file) error { return f.copyTo(filepath.Join(dir, w.file())) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("backup: %w", err)
		}
	}
	return syncDir(dir)
}

// copyTo writes a consistent copy of the file, durable when it returns nil.
func (f *file) copyTo(path string) error {
	return f.view(func(tx *bbolt.Tx) error {
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = tx.WriteTo(out)
		return errors.Join(err, out.Sync(), out.Close())
	})
}
