package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/postseal/postseal/store/socket"
)

// ErrFull is returned when the disk is full (or nearly, [Options].MinFree).
// Nothing was changed, and reads go on.
var ErrFull = socket.ErrFull

// ErrFailed is returned by every call after a commit or an fsync failed.
var ErrFailed = errors.New("store failed and has to be opened again")

// ErrClosed is returned by every call after Close.
var ErrClosed = errors.New("store is closed")

// isFull tells a full disk from other write errors. Only an error of a write or
// of growing the file counts: bbolt then has changed nothing that a reader sees.
// The same errno from an fsync does not count, the data may be lost.
func isFull(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		return true
	}
	var pe *fs.PathError
	if !errors.As(err, &pe) || (pe.Op != "write" && pe.Op != "truncate") {
		return false
	}
	return errors.Is(pe.Err, syscall.ENOSPC) || errors.Is(pe.Err, syscall.EDQUOT)
}

// health is whether the store may still be used. All its files share one.
type health struct {
	mu    sync.Mutex
	err   error
	fatal func(error)
}

// check returns ErrFailed after a failure.
func (h *health) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return ErrFailed
	}
	return nil
}

// fail records a failure and reports the first one.
func (h *health) fail(err error) {
	h.mu.Lock()
	first := h.err == nil
	if first {
		h.err = err
	}
	h.mu.Unlock()
	if first {
		h.fatal(err)
	}
}

// openFile opens a bbolt file as we use it everywhere.
func openFile(path string, mmapSize int) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockTimeout,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mmapSize,
		NoStatistics:    true,
		OpenFile:        openLikeFolder,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: locked by %s; use its socket, or stop it", path, lockHolder(path))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}
