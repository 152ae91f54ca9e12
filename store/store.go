package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// metaFile is the file for everything small.
const metaFile = "meta.db"

// formatVersion is the version of the whole store: buckets and keys.
const formatVersion = "1"

// Fixed keys of bucketStore.
var (
	keyFormat    = []byte("format") // formatVersion, in clear
	keyCheck     = []byte("check")  // sealed; opens with the right store key only
	keyAuditHead = []byte("audit")  // sequence and hash of the last audit entry
)

// A Store is an open store. It implements [socket.Owner]. All methods may be
// called at the same time.
type Store struct {
	o      Options
	log    *slog.Logger
	now    func() time.Time
	vault  *vault
	health *health
	meta   *file
	weeks  *weeks
	active activeSet
	// appending holds the files of drafts that somebody writes to.
	appending activeSet
	// telling holds the accounts whose one notice of an hour is under way.
	telling   activeSet
	due       chan struct{}
	guard     *throttle
	shown     *shares            // of the directory
	passkeys  *webauthn.WebAuthn // nil: there are none
	budget    *budget            // of the trail, for what strangers do
	deferrals allowance          // of new deferred messages
	// upkeep is held for writing by what must not see payloads go (a backup) and
	// for reading by what deletes them.
	upkeep    sync.RWMutex
	purging   sync.Mutex // one purge at a time
	swept     time.Time  // last sweep; under purging
	freeSpace func(dir string) (int64, error)
}

var _ socket.Owner = (*Store)(nil)

// Open opens the store in a folder, or makes a new one. It waits one second for
// another process to let go of it, then says which one has it.
func Open(o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the store's folder: %w", err)
	}
	path := filepath.Join(o.Dir, metaFile)
	db, err := openFile(path, o.MmapSize)
	if err != nil {
		return nil, err
	}
	h := &health{fatal: o.Fatal}
	s := &Store{
		o:         o,
		log:       o.Log,
		now:       o.Now,
		vault:     newVault(o.Keys),
		health:    h,
		weeks:     newWeeks(o.Dir, o.MmapSize, h),
		due:       make(chan struct{}, 1),
		freeSpace: freeSpace,
	}
	s.guard, s.budget, s.shown = newThrottle(s.now), newBudget(s.now), newShares(s.now)
	s.deferrals = newAllowance(s.now, deferBurst, deferEvery)
	if o.URL != "" {
		if s.passkeys, err = relyingParty(o.URL); err != nil {
			db.Close()
			return nil, err
		}
	}
	if err := s.prepare(db); err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s.meta = newFile(db, h)
	s.partExternal()
	return s, nil
}

// prepare makes what a new store needs and checks format and key of an old one.
func (s *Store) prepare(db *bbolt.DB) error {
	// What a compaction that did not finish left.
	if err := os.Remove(filepath.Join(s.o.Dir, compactFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := db.Update(func(tx *bbolt.Tx) error {
		counted := tx.Bucket([]byte(bucketCount)) != nil
		for _, b := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
				return err
			}
		}
		b := tx.Bucket([]byte(bucketStore))
		format := b.Get(keyFormat)
		if format == nil {
			if err := b.Put(keyFormat, []byte(formatVersion)); err != nil {
				return err
			}
			return b.Put(keyCheck, s.vault.seal(bucketStore, keyCheck, []byte(formatVersion)))
		}
		if string(format) != formatVersion {
			return fmt.Errorf("format %q, this program knows %q", format, formatVersion)
		}
		if _, err := s.vault.open(tx, bucketStore, keyCheck); err != nil {
			return errors.New("store.key does not belong to this store")
		}
		if !counted {
			return s.indexMailboxes(tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return syncDir(s.o.Dir)
}

// Close ends what is under way and closes the files. Calls after it get
// ErrClosed.
func (s *Store) Close() error {
	return errors.Join(s.weeks.close(), s.meta.close())
}

// get reads one record in a transaction of its own.
func (s *Store) get(bucket string, key []byte, out record) error {
	return s.meta.view(func(tx *bbolt.Tx) error { return s.vault.get(tx, bucket, key, out) })
}

// update changes the metadata.
func (s *Store) update(ctx context.Context, fn func(*change) error) error {
	return s.meta.update(ctx, 4<<10, fn)
}

// space returns ErrFull when the disk is nearly full. What is left is for reads,
// for the outbox and for purging, which need a little room to write.
func (s *Store) space() error {
	if s.o.MinFree < 0 {
		return nil
	}
	free, err := s.freeSpace(s.o.Dir)
	if err != nil {
		return fmt.Errorf("ask for free space: %w", err)
	}
	if free < s.o.MinFree {
		return ErrFull
	}
	return nil
}

// sealPart encrypts a part of a message for its place.
func (v *vault) sealPart(message id, kind byte, b []byte) []byte {
	return v.seal(bucketPart, partKey(message, kind), b)
}

// part returns a part of a message, nil if there is none.
func (v *vault) part(tx *bbolt.Tx, message id, kind byte) ([]byte, error) {
	b, err := v.open(tx, bucketPart, partKey(message, kind))
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	return b, err
}

// manifest returns a message's signed manifest.
func (v *vault) manifest(tx *bbolt.Tx, message id) (seal.SignedManifest, error) {
	b, err := v.part(tx, message, partManifest)
	if err != nil {
		return seal.SignedManifest{}, err
	}
	if len(b) < signatureSize {
		return seal.SignedManifest{}, fmt.Errorf("message %s has no manifest", message)
	}
	return seal.SignedManifest{Signature: b[:signatureSize], JSON: b[signatureSize:]}, nil
}

// activeSet holds the payloads that are being written or waiting for their
// metadata: the sweep must not take them for orphans.
type activeSet struct {
	mu  sync.Mutex
	ids map[id]struct{}
}

func (a *activeSet) add(i id) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ids == nil {
		a.ids = map[id]struct{}{}
	}
	a.ids[i] = struct{}{}
}

// claim adds i unless it is there.
func (a *activeSet) claim(i id) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, there := a.ids[i]; there {
		return false
	}
	if a.ids == nil {
		a.ids = map[id]struct{}{}
	}
	a.ids[i] = struct{}{}
	return true
}

func (a *activeSet) remove(i id) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.ids, i)
}

func (a *activeSet) has(i id) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.ids[i]
	return ok
}
