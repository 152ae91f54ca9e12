package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// bucketChunk is the only bucket of a payload file:
// payload id || chunk number (4 octets, big endian) -> at most chunkSize octets.
const bucketChunk = "chunk"

// A week names an ISO 8601 week, "2026-W49": all payloads that expire in it lie
// in one file, which goes as a whole when the week is over.
type week string

// weekOf returns the week in which t lies, in UTC.
func weekOf(t time.Time) week {
	y, w := t.UTC().ISOWeek()
	return week(fmt.Sprintf("%04d-W%02d", y, w))
}

var weekPattern = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)

// end returns the first moment after the week, and whether w names a week.
func (w week) end() (time.Time, bool) {
	m := weekPattern.FindStringSubmatch(string(w))
	if m == nil {
		return time.Time{}, false
	}
	year, _ := strconv.Atoi(m[1])
	n, _ := strconv.Atoi(m[2])
	// January 4th is always in week 1 (ISO 8601).
	t := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	monday := t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	start := monday.AddDate(0, 0, 7*(n-1))
	return start.AddDate(0, 0, 7), n > 0 && weekOf(start) == w
}

func (w week) file() string { return "payload-" + string(w) + ".db" }

// weeks are the payload files. Each is opened when it is first needed, and stays
// open until it is removed.
type weeks struct {
	dir      string
	mmapSize int
	health   *health

	mu     sync.Mutex // guards what follows; not held while a file is used
	open   map[week]*file
	closed bool
}

func newWeeks(dir string, mmapSize int, h *health) *weeks {
	return &weeks{dir: dir, mmapSize: mmapSize, health: h, open: map[week]*file{}}
}

// with runs fn with a week's file, which is not removed meanwhile. A missing
// file is made if create is set, else it is an error that is fs.ErrNotExist.
func (w *weeks) with(name week, create bool, fn func(*file) error) error {
	f, err := w.use(name, create)
	if err != nil {
		return err
	}
	defer f.users.RUnlock()
	return fn(f)
}

// use returns a file with its users lock held for reading.
func (w *weeks) use(name week, create bool) (*file, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, ErrClosed
	}
	f := w.open[name]
	if f == nil {
		var err error
		if f, err = w.load(name, create); err != nil {
			return nil, err
		}
		w.open[name] = f
	}
	f.users.RLock()
	return f, nil
}

func (w *weeks) load(name week, create bool) (*file, error) {
	if err := w.health.check(); err != nil {
		return nil, err
	}
	if _, ok := name.end(); !ok {
		return nil, fmt.Errorf("payload file: %q is not a week", string(name))
	}
	path := filepath.Join(w.dir, name.file())
	_, err := os.Stat(path)
	if err != nil && !(create && os.IsNotExist(err)) {
		return nil, fmt.Errorf("payload file: %w", err)
	}
	fresh := err != nil
	db, err := openFile(path, w.mmapSize)
	if err != nil {
		if isFull(err) {
			return nil, ErrFull
		}
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(bucketChunk))
		return err
	})
	if err == nil && fresh {
		err = syncDir(w.dir) // or the file, and what is in it, might not be there after a power cut
	}
	if err != nil {
		db.Close()
		if isFull(err) {
			return nil, ErrFull
		}
		w.health.fail(fmt.Errorf("make %s: %w", path, err))
		return nil, ErrFailed
	}
	return newFile(db, w.health), nil
}

// list returns the weeks that have a file.
func (w *weeks) list() ([]week, error) {
	names, err := filepath.Glob(filepath.Join(w.dir, "payload-*.db"))
	if err != nil {
		return nil, err
	}
	var out []week
	for _, n := range names {
		n = filepath.Base(n)
		name := week(n[len("payload-") : len(n)-len(".db")])
		if _, ok := name.end(); ok {
			out = append(out, name)
		}
	}
	return out, nil
}

// remove deletes a week's file once nobody uses it. Nobody may open it again:
// its week is over.
func (w *weeks) remove(name week) error {
	w.mu.Lock()
	f := w.open[name]
	delete(w.open, name)
	w.mu.Unlock()
	if f != nil {
		f.users.Lock()
		defer f.users.Unlock()
		if err := f.close(); err != nil {
			return fmt.Errorf("close %s: %w", name.file(), err)
		}
	}
	if err := os.Remove(filepath.Join(w.dir, name.file())); err != nil {
		return fmt.Errorf("remove a payload file: %w", err)
	}
	return syncDir(w.dir)
}

func (w *weeks) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	var errs []error
	for name, f := range w.open {
		delete(w.open, name)
		if err := f.close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", name.file(), err))
		}
	}
	return errors.Join(errs...)
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
