package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// TestStolenFilesTellNothing plants strings wherever one can be planted, and
// looks for them in every file.
func TestStolenFilesTellNothing(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	guest := e.deposit(seal.ModeAccount, strings.Repeat("planted-body ", 50), "bob-planted@guest.test")[0]
	once := e.deposit(seal.ModeOneTime, strings.Repeat("planted-body ", 20000), "carol-planted@guest.test")[0]
	session, _ := e.activate(guest.Code, "planted-password")
	if err := login(e, "bob-planted@guest.test", "planted-password", "192.0.2.77"); err != nil {
		t.Fatal(err)
	}
	if err := e.reply(socket.Caller{Session: session.Token}, guest.Message, "n"); err != nil {
		t.Fatal(err)
	}
	if err := e.RequestReset(ctx, "bob-planted@guest.test", "192.0.2.77"); err != nil {
		t.Fatal(err)
	}
	reset := e.mails.codes["bob-planted@guest.test"]
	planted := [][]byte{
		[]byte("bob-planted"), []byte("carol-planted"), []byte("guest.test"), []byte("alice"), []byte("example.com"),
		[]byte("planted-subject"), []byte("planted-body"), []byte("planted-password"), []byte("192.0.2.77"),
		[]byte("Bob Guest"), []byte("orig@"), []byte("Re: it"), []byte("notice "),
		session.Token[:], []byte(session.Token.Encode()), e.verifier("planted-password"),
	}
	for _, c := range []seal.Code{guest.Code, once.Code, reset} {
		token := c.Token()
		planted = append(planted, c[:], []byte(c.Text()), []byte(c.Fragment()), token[:], []byte(token.Encode()))
	}
	grep := func(when string) {
		t.Helper()
		for name, b := range e.files() {
			lower := asciiLower(b)
			for _, p := range planted {
				if bytes.Contains(b, p) || bytes.Contains(lower, asciiLower(p)) {
					t.Errorf("%s: %s holds %q", when, name, p)
				}
			}
		}
	}
	grep("before compaction")
	if err := e.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	grep("after compaction")
	e.clock.advance(100 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	grep("after the purge")
	// The control: with the store key the same strings are found.
	found := false
	entries, _, err := e.Trail(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range entries {
		found = found || strings.Contains(a.Address, "bob-planted")
	}
	if !found {
		t.Error("nothing was planted")
	}
}

func asciiLower(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// TestDeletedValuesLeave finds a sealed value of a sent mail in meta.db until
// the compaction, and not after.
func TestDeletedValuesLeave(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.deposit(seal.ModeAccount, "x", "bob@guest.test")
	var sealed []byte
	err := e.meta.view(func(tx *bbolt.Tx) error {
		_, v := tx.Bucket([]byte(bucketMail)).Cursor().First()
		sealed = bytes.Clone(v)
		return nil
	})
	if err != nil || len(sealed) < 100 {
		t.Fatal(len(sealed), err)
	}
	i, _ := e.nextMail(KindNotice)
	if err := e.MailSent(ctx, i); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(e.files()[metaFile], sealed[:64]) {
		t.Error("the control: the value was gone before the compaction")
	}
	if err := e.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	for name, b := range e.files() {
		if bytes.Contains(b, sealed[:64]) {
			t.Errorf("%s still holds it", name)
		}
	}
	// The store works on, and what is on disk is what it works on.
	s := e.deposit(seal.ModeAccount, "after", "bob@guest.test")[0]
	e.close()
	e.open()
	if _, err := e.Link(ctx, s.Code.Token()); err != nil {
		t.Error(err)
	}
}

func TestCompactBesideCalls(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := e.Link(ctx, s.Code.Token()); err != nil {
					t.Error(err)
					return
				}
				d := e.Begin(e.key())
				d.Send(Mail{Kind: "dsn", To: []string{"a@example.com"}, Data: []byte("x")})
				if err := d.Commit(ctx); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5 {
		if err := e.Compact(ctx); err != nil {
			t.Error(err)
		}
		if err := e.Purge(ctx); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestBackupIsAStore(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeOneTime, strings.Repeat("b", 200<<10), "bob@guest.test")[0]
	dir := filepath.Join(t.TempDir(), "backup")
	var wg sync.WaitGroup
	wg.Go(func() { // under load
		for range 20 {
			e.deposit(seal.ModeAccount, "later", "carol@guest.test")
		}
	})
	err := e.Backup(ctx, dir)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(ctx, dir); err == nil {
		t.Error("a backup was overwritten")
	}
	copied := newEnv(t, func(o *Options) { o.Dir, o.Keys, o.Recovery = dir, e.opts.Keys, e.opts.Recovery })
	copied.portal = e.portal
	m := must(copied.OpenOneTime(ctx, s.Code.Token()))(t)
	if got := copied.read(m, must(s.Code.Identity())(t), must(copied.OneTimePayload(ctx, s.Code.Token()))(t)); len(got) != 200<<10 {
		t.Error("the message is not what was sealed")
	}
}

func TestOpenRefusals(t *testing.T) {
	e := newEnv(t)
	if _, err := Open(e.opts); err == nil || !strings.Contains(err.Error(), "locked by process ") {
		t.Errorf("a second owner: %v", err)
	}
	e.close()
	other := t.TempDir()
	if _, err := keys.Create(other, true); err != nil {
		t.Fatal(err)
	}
	o := e.opts
	o.Keys = must(keys.LoadOwner(other))(t)
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "store.key does not belong to this store") {
		t.Errorf("another key: %v", err)
	}
	db := must(openFile(filepath.Join(e.opts.Dir, metaFile), testMmap))(t)
	err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketStore)).Put(keyFormat, []byte("2")) })
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(e.opts); err == nil || !strings.Contains(err.Error(), `format "2"`) {
		t.Errorf("a later format: %v", err)
	}
	if _, err := Open(Options{Dir: t.TempDir()}); err == nil {
		t.Error("opened without keys")
	}
}

func TestFullDisk(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	// The files may not grow any more, as if the disk were full.
	err := e.weeks.with(weekOf(s.Expires), true, func(f *file) error { f.db.MaxSize = 1; return nil })
	if err != nil {
		t.Fatal(err)
	}
	d := e.Begin(e.key())
	_, err = d.Seal(ctx, e.request(seal.ModeAccount, strings.Repeat("x", 8<<20), "bob@guest.test"))
	d.Abandon()
	if !errors.Is(err, ErrFull) {
		t.Errorf("seal a large one: %v", err)
	}
	d = e.Begin(e.key())
	for err = nil; err == nil; { // a small one finds out at the end
		if _, err = d.Seal(ctx, e.request(seal.ModeAccount, strings.Repeat("x", 100<<10), "bob@guest.test")); err == nil {
			err = d.Commit(ctx)
			d = e.Begin(e.key())
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Errorf("commit: %v", err)
	}
	if _, err := e.Link(ctx, s.Code.Token()); err != nil {
		t.Errorf("reads stopped: %v", err)
	}
	session, _ := e.activate(s.Code, "password")
	if _, err := e.Payload(ctx, session.Token, s.Message); err != nil {
		t.Errorf("reads stopped: %v", err)
	}
	e.meta.mu.Lock()
	e.meta.db.MaxSize = 1
	e.meta.mu.Unlock()
	for err = nil; err == nil; {
		d := e.Begin(e.key())
		d.Send(Mail{Kind: "dsn", To: []string{"a@example.com"}, Data: make([]byte, 60<<10)})
		err = d.Commit(ctx)
	}
	if !errors.Is(err, ErrFull) {
		t.Errorf("meta.db: %v", err)
	}
	e.meta.mu.Lock()
	e.meta.db.MaxSize = 0
	e.meta.mu.Unlock()
	if err := e.weeks.with(weekOf(s.Expires), false, func(f *file) error { f.db.MaxSize = 0; return nil }); err != nil {
		t.Fatal(err)
	}
	e.deposit(seal.ModeOneTime, "there is room again", "bob@guest.test")
	select {
	case err := <-e.fatal:
		t.Errorf("a full disk is fatal: %v", err)
	default:
	}
}

func TestReservedSpace(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	e.o.MinFree = 1000
	free := int64(999)
	e.freeSpace = func(string) (int64, error) { return free, nil }
	d := e.Begin(e.key())
	if _, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test")); !errors.Is(err, ErrFull) {
		t.Errorf("seal: %v", err)
	}
	if err := d.Commit(ctx); !errors.Is(err, ErrFull) {
		t.Errorf("commit: %v", err)
	}
	if err := e.reply(socket.Caller{Session: session.Token}, s.Message, "n"); !errors.Is(err, ErrFull) {
		t.Errorf("reply: %v", err)
	}
	// What empties the disk, and log-ins, go on.
	i, _ := e.nextMail(KindNotice)
	if err := e.MailSent(ctx, i); err != nil {
		t.Error(err)
	}
	if err := login(e, "bob@guest.test", "password", "192.0.2.1"); err != nil {
		t.Error(err)
	}
	// The disk fills up while a large message comes in.
	asked := 0
	e.freeSpace = func(string) (int64, error) {
		if asked++; asked > 2 {
			return free, nil
		}
		return 1000, nil
	}
	d = e.Begin(e.key())
	_, err := d.Seal(ctx, e.request(seal.ModeAccount, strings.Repeat("x", 10<<20), "bob@guest.test"))
	d.Abandon()
	if !errors.Is(err, ErrFull) || asked != 3 {
		t.Errorf("seal a large one: %v after %d looks", err, asked)
	}
	free = 1000
	if err := e.reply(socket.Caller{Session: session.Token}, s.Message, "n"); err != nil {
		t.Error(err)
	}
}

func TestFailedCommitIsTheEnd(t *testing.T) {
	for name, in := range map[string]func(*env) *file{
		"meta.db": func(e *env) *file { return e.meta },
		"payload": func(e *env) (out *file) {
			e.weeks.with(weekOf(e.clock.now().Add(30*24*time.Hour)), true, func(f *file) error { out = f; return nil })
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, ctx := newEnv(t), context.Background()
			kept := e.deposit(seal.ModeAccount, "kept", "bob@guest.test")[0]
			f := in(e)
			// As bbolt does when the last fdatasync fails: the data may be
			// visible, or not on disk.
			f.commit = func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.EIO) }
			k := e.key()
			d := e.Begin(k)
			_, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test"))
			if err == nil {
				err = d.Commit(ctx)
			}
			if !errors.Is(err, ErrFailed) {
				t.Fatalf("acknowledged after a failed commit: %v", err)
			}
			if err := <-e.fatal; !errors.Is(err, syscall.EIO) {
				t.Errorf("fatal: %v", err)
			}
			for what, err := range map[string]error{
				"outcome": func() error { _, _, err := e.Outcome(ctx, k); return err }(),
				"link":    func() error { _, err := e.Link(ctx, kept.Code.Token()); return err }(),
				"begin":   e.Begin(e.key()).Commit(ctx),
				"claim":   func() error { _, err := e.ClaimMail(ctx, time.Minute); return err }(),
			} {
				if !errors.Is(err, ErrFailed) {
					t.Errorf("%s after the failure: %v", what, err)
				}
			}
			e.close()
			e.open()
			if _, err := e.Link(ctx, kept.Code.Token()); err != nil {
				t.Errorf("after the restart: %v", err)
			}
		})
	}
}

func TestIsFull(t *testing.T) {
	for _, tc := range []struct {
		err  error
		full bool
	}{
		{&fs.PathError{Op: "write", Err: syscall.ENOSPC}, true},
		{&fs.PathError{Op: "truncate", Err: syscall.EDQUOT}, true},
		{&fs.PathError{Op: "write", Err: syscall.EIO}, false},
		{&fs.PathError{Op: "sync", Err: syscall.ENOSPC}, false},
		{syscall.ENOSPC, false}, // as fdatasync returns it
		{berrors.ErrMaxSizeReached, true},
		{os.ErrClosed, false},
	} {
		if got := isFull(tc.err); got != tc.full {
			t.Errorf("%#v: %v", tc.err, got)
		}
	}
}

// TestCheckFindsDamage breaks one thing at a time.
func TestCheckFindsDamage(t *testing.T) {
	ctx := context.Background()
	first := func(c *change, bucket string) []byte {
		k, _ := c.Bucket([]byte(bucket)).Cursor().First()
		return bytes.Clone(k)
	}
	for name, damage := range map[string]func(e *env, c *change) error{
		"record": func(e *env, c *change) error { return c.put(bucketMessage, first(c, bucketMessage), []byte("x")) },
		"moved record": func(e *env, c *change) error {
			return c.put(bucketMail, make([]byte, 16), c.Bucket([]byte(bucketMail)).Get(first(c, bucketMail)))
		},
		"payload":     func(e *env, c *change) error { return c.drop(bucketPayload, first(c, bucketPayload)) },
		"part":        func(e *env, c *change) error { return c.drop(bucketPart, first(c, bucketPart)) },
		"inbox":       func(e *env, c *change) error { return c.drop(bucketInbox, first(c, bucketInbox)) },
		"inbox flags": func(e *env, c *change) error { return c.put(bucketInbox, first(c, bucketInbox), []byte{0xff}) },
		"link":        func(e *env, c *change) error { return c.drop(bucketLink, first(c, bucketLink)) },
		"session":     func(e *env, c *change) error { return c.drop(bucketSession, first(c, bucketSession)) },
		"account":     func(e *env, c *change) error { return c.drop(bucketAccount, first(c, bucketAccount)) },
		"outbox":      func(e *env, c *change) error { return c.drop(bucketOutbox, first(c, bucketOutbox)) },
		"mail":        func(e *env, c *change) error { return c.drop(bucketMail, first(c, bucketMail)) },
		"dedup":       func(e *env, c *change) error { return c.drop(bucketDedup, first(c, bucketDedup)) },
		"expiry":      func(e *env, c *change) error { return c.drop(bucketExpiry, first(c, bucketExpiry)) },
		"audit entry": func(e *env, c *change) error { return c.drop(bucketAudit, first(c, bucketAudit)) },
		"audit tail": func(e *env, c *change) error {
			k, _ := c.Bucket([]byte(bucketAudit)).Cursor().Last()
			return c.drop(bucketAudit, bytes.Clone(k))
		},
		"audit change": func(e *env, c *change) error {
			k := first(c, bucketAudit)
			v := bytes.Clone(c.Bucket([]byte(bucketAudit)).Get(k))
			v[len(v)-1] ^= 1
			return c.put(bucketAudit, k, v)
		},
		"chunk": func(e *env, c *change) error {
			return e.weeks.with(weekOf(e.clock.now().Add(30*24*time.Hour)), false, func(f *file) error {
				return f.update(ctx, 0, func(c *change) error { return c.drop(bucketChunk, first(c, bucketChunk)) })
			})
		},
		"chunk change": func(e *env, c *change) error {
			return e.weeks.with(weekOf(e.clock.now().Add(30*24*time.Hour)), false, func(f *file) error {
				return f.update(ctx, 0, func(c *change) error { return c.put(bucketChunk, first(c, bucketChunk), []byte("x")) })
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
			e.activate(s.Code, "password")
			e.consistent()
			if err := e.update(ctx, func(c *change) error { return damage(e, c) }); err != nil {
				t.Fatal(err)
			}
			problems, err := e.Check(ctx)
			if err != nil || len(problems) == 0 {
				t.Errorf("not found (%v)", err)
			}
			e.close() // no check at the end: it is broken
		})
	}
}
