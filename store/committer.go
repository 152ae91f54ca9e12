package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Bounds of one commit. Larger ones save no more fsyncs and make others wait.
const (
	maxCommitJobs  = 256
	maxCommitBytes = 4 << 20
)

// A file is one bbolt file and its committer: a goroutine that runs the changes
// of all callers, and commits those that came while the last commit ran as one.
type file struct {
	health  *health
	jobs    chan *job
	closing chan struct{} // closed when the committer is to end
	gone    chan struct{} // closed when it has ended
	users   sync.RWMutex  // of a payload file: held for reading while it is used

	mu sync.RWMutex // held for reading while db is used; compaction replaces it
	db *bbolt.DB

	commit func(*bbolt.Tx) error // (*bbolt.Tx).Commit; tests make it fail
}

// A job is one caller's change.
type job struct {
	fn   func(*change) error
	by   string // see [By]
	size int    // about how many octets it writes
	// alone, instead of fn, runs between two commits with no writer beside it.
	alone func() error
	done  chan error
}

// A change is the transaction as one job sees it.
type change struct {
	*bbolt.Tx
	by     string // see [By]
	writes int
}

// put stores a value, which must not be changed any more. The bucket exists.
func (c *change) put(bucket string, key, value []byte) error {
	c.writes++
	if err := c.Bucket([]byte(bucket)).Put(key, value); err != nil {
		return fmt.Errorf("put into %s: %w", bucket, err)
	}
	return nil
}

// drop deletes a key; it is no error if it is not there.
func (c *change) drop(bucket string, key []byte) error {
	c.writes++
	if err := c.Bucket([]byte(bucket)).Delete(key); err != nil {
		return fmt.Errorf("delete from %s: %w", bucket, err)
	}
	return nil
}

func newFile(db *bbolt.DB, h *health) *file {
	f := &file{
		health:  h,
		db:      db,
		jobs:    make(chan *job, maxCommitJobs),
		closing: make(chan struct{}),
		gone:    make(chan struct{}),
		commit:  (*bbolt.Tx).Commit,
	}
	go f.run()
	return f
}

// update runs fn in a transaction, alone or together with others', and returns
// when it is on disk. fn may run more than once: it must start from scratch each
// time. When it returns an error, nothing of it is kept.
//
// Once begun it is not abandoned when ctx ends: nobody could say then whether it
// happened.
func (f *file) update(ctx context.Context, size int, fn func(*change) error) error {
	return f.do(ctx, &job{fn: fn, by: doneBy(ctx), size: size, done: make(chan error, 1)})
}

// start is update without waiting: the result is sent to the channel.
func (f *file) start(ctx context.Context, size int, fn func(*change) error) <-chan error {
	j := &job{fn: fn, by: doneBy(ctx), size: size, done: make(chan error, 1)}
	f.enqueue(ctx, j)
	return j.done
}

// between runs fn while no transaction writes.
func (f *file) between(ctx context.Context, fn func() error) error {
	return f.do(ctx, &job{alone: fn, done: make(chan error, 1)})
}

func (f *file) do(ctx context.Context, j *job) error {
	f.enqueue(ctx, j)
	return <-j.done
}

// enqueue hands a job to the committer. Whatever happens, it is answered.
func (f *file) enqueue(ctx context.Context, j *job) {
	if err := ctx.Err(); err != nil {
		j.done <- err
		return
	}
	select {
	case f.jobs <- j:
	case <-ctx.Done():
		j.done <- ctx.Err()
		return
	case <-f.closing:
		j.done <- ErrClosed
		return
	}
	select {
	case <-f.gone: // nobody else answers it any more
		f.refuse()
	default: // the committer does, or close after it
	}
}

// refuse answers the jobs that came after the committer had ended.
func (f *file) refuse() {
	for {
		select {
		case j := <-f.jobs:
			j.done <- ErrClosed
		default:
			return
		}
	}
}

// view runs fn in a read transaction. fn must not wait for anybody: a reader
// that stays keeps old pages from being reused, and blocks compaction.
func (f *file) view(fn func(*bbolt.Tx) error) error {
	// Even reads: after a failed fsync they might see what is not on disk.
	if err := f.health.check(); err != nil {
		return err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	err := f.db.View(fn)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// close ends the committer after what it has and closes the file. Calls that
// come later get ErrClosed.
func (f *file) close() error {
	close(f.closing)
	<-f.gone
	f.refuse()
	f.mu.Lock() // readers that are under way end first
	defer f.mu.Unlock()
	return f.db.Close()
}

// next returns the job to begin a batch with, nil when the file is closed and
// nothing is left to do.
func (f *file) next() *job {
	select {
	case j := <-f.jobs:
		return j
	case <-f.closing:
	}
	select {
	case j := <-f.jobs:
		return j
	default:
		return nil
	}
}

func (f *file) run() {
	defer close(f.gone)
	for first := f.next(); first != nil; first = f.next() {
		batch, size := []*job{first}, first.size
	collect:
		for batch[len(batch)-1].alone == nil && size < maxCommitBytes && len(batch) < maxCommitJobs {
			select {
			case j := <-f.jobs:
				batch, size = append(batch, j), size+j.size
			default:
				break collect
			}
		}
		var alone *job
		if last := batch[len(batch)-1]; last.alone != nil {
			alone, batch = last, batch[:len(batch)-1]
		}
		f.commitAll(batch)
		if alone != nil {
			err := f.health.check()
			if err == nil {
				err = alone.alone()
			}
			alone.done <- err
		}
	}
}

// commitAll answers every job of the batch.
func (f *file) commitAll(batch []*job) {
	for len(batch) > 0 {
		if err := f.health.check(); err != nil {
			answer(batch, err)
			return
		}
		tx, err := f.db.Begin(true)
		if err != nil {
			f.health.fail(fmt.Errorf("begin a transaction: %w", err))
			answer(batch, ErrFailed)
			return
		}
		rest, wrote, again := runJobs(tx, batch)
		switch {
		case again:
			tx.Rollback()
			batch = rest
			continue
		case !wrote: // nothing to make durable
			tx.Rollback()
			answer(rest, nil)
		default:
			f.finish(tx, rest)
		}
		return
	}
}

// runJobs runs the batch in tx. Jobs that fail are answered and left out of
// rest. again is true when one of them had written already: bbolt can't undo a
// part of a transaction, so the rest starts again in a new one.
func runJobs(tx *bbolt.Tx, batch []*job) (rest []*job, wrote, again bool) {
	for i, j := range batch {
		c := &change{Tx: tx, by: j.by}
		err := j.fn(c)
		if err == nil {
			rest, wrote = append(rest, j), wrote || c.writes > 0
			continue
		}
		j.done <- err
		if c.writes > 0 {
			return append(rest, batch[i+1:]...), wrote, true
		}
	}
	return rest, wrote, false
}

// finish commits and answers.
func (f *file) finish(tx *bbolt.Tx, batch []*job) {
	err := f.commit(tx)
	if err != nil {
		tx.Rollback() // bbolt has done so mostly; an open one would block the next
	}
	switch {
	case err == nil:
		answer(batch, nil)
	case isFull(err):
		answer(batch, ErrFull)
	default:
		f.health.fail(fmt.Errorf("commit: %w", err))
		answer(batch, ErrFailed)
	}
}

func answer(batch []*job, err error) {
	for _, j := range batch {
		j.done <- err
	}
}
