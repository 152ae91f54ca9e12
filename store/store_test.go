package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// testMmap keeps the address space of test databases small.
const testMmap = 64 << 20

// A testClock stands still until it is moved.
type testClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// testMails renders mails as plainly as possible, and keeps the reset codes.
type testMails struct {
	mu    sync.Mutex
	codes map[string]seal.Code // by address
	given []any                // by the calls of a FollowMailer
	err   error                // what they answer
}

func (m *testMails) Reset(r ResetMail) (Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.codes[r.Address] = r.Code
	return Mail{
		Kind: "reset", ID: "<" + r.ID + "@example.com>",
		Data: []byte("To: " + r.Address + "\r\n\r\n" + r.Code.Text() + "\r\n"),
	}, nil
}

func (m *testMails) ReplyHeader(r ReplyMail) (Mail, error) {
	h := fmt.Sprintf("From: portal@example.com\r\nTo: %s\r\nReply-To: %s\r\nSubject: %s\r\nIn-Reply-To: %s\r\nMIME-Version: 1.0\r\n",
		r.To, r.Guest, r.Subject, r.InReplyTo)
	return Mail{Kind: "reply", From: "portal@example.com", ID: "<" + r.ID + "@example.com>", Data: []byte(h)}, nil
}

// follow renders what the store sends on its own, and keeps what it was given.
func (m *testMails) follow(kind, id string, given any) (Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.given = append(m.given, given)
	return Mail{Kind: kind, ID: "<" + kind + "." + id + "@example.com>", Data: []byte(kind + "\r\n")}, m.err
}

func (m *testMails) Remind(r RemindMail) (Mail, error)   { return m.follow(KindReminder, r.ID, r) }
func (m *testMails) Roundup(r RoundupMail) (Mail, error) { return m.follow(KindRoundup, r.ID, r) }
func (m *testMails) Follow(r FollowMail) (Mail, error)   { return m.follow("status", r.ID, r) }
func (m *testMails) Read(r ReadMail) (Mail, error)       { return m.follow("mdn", r.ID, r) }
func (m *testMails) Expired(r ExpiredMail) (Mail, error) { return m.follow("dsn", r.ID, r) }

// An env is a store with its clock, its keys and what a portal would have.
type env struct {
	*Store
	t      testing.TB
	clock  *testClock
	mails  *testMails
	opts   Options
	portal *keys.Portal
	fatal  chan error
}

// newEnv makes a store in a folder of its own. Whatever the test does, the store
// must be consistent when it ends.
func newEnv(t testing.TB, change ...func(*Options)) *env {
	t.Helper()
	keyDir := t.TempDir()
	if _, err := keys.Create(keyDir, false); err != nil {
		t.Fatal(err)
	}
	owner, err := keys.LoadOwner(keyDir)
	if err != nil {
		t.Fatal(err)
	}
	portal, err := keys.LoadPortal(keyDir)
	if err != nil {
		t.Fatal(err)
	}
	e := &env{
		t: t, portal: portal, fatal: make(chan error, 1),
		clock: &testClock{t: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)},
		mails: &testMails{codes: map[string]seal.Code{}},
	}
	e.opts = Options{
		Dir: filepath.Join(t.TempDir(), "store"), Keys: owner, Recovery: owner.Recovery, Mails: e.mails,
		Now: e.clock.now, MmapSize: testMmap, MinFree: -1, Fatal: func(err error) { e.fatal <- err },
	}
	for _, f := range change {
		f(&e.opts)
	}
	e.open()
	t.Cleanup(func() {
		if e.Store != nil {
			e.consistent()
			e.close()
		}
	})
	return e
}

func (e *env) open() {
	e.t.Helper()
	s, err := Open(e.opts)
	if err != nil {
		e.t.Fatal(err)
	}
	e.Store = s
}

func (e *env) close() {
	e.t.Helper()
	if err := e.Store.Close(); err != nil {
		e.t.Error(err)
	}
	e.Store = nil
}

// consistent fails the test for each problem that the check finds.
func (e *env) consistent() {
	e.t.Helper()
	if e.health.check() != nil {
		return // failed on purpose; the next open checks
	}
	problems, err := e.Check(context.Background())
	if err != nil {
		e.t.Errorf("check: %v", err)
	}
	for _, p := range problems {
		e.t.Errorf("check: %s: %s", p.Where, p.What)
	}
}

// request is a message with a planted subject and body.
func (e *env) request(mode seal.Mode, body string, to ...string) SealRequest {
	return SealRequest{
		Mode: mode, Sender: "alice@example.com", Internal: true, Recipients: to,
		MessageID: "<orig@example.com>", ReplyTo: "alice@example.com",
		Summary: seal.Summary{From: "Alice <alice@example.com>", Subject: "planted-subject", Size: int64(len(body))},
		Message: strings.NewReader(body), Created: e.clock.now(), Expires: e.clock.now().Add(30 * 24 * time.Hour),
	}
}

var depositCount = struct {
	sync.Mutex
	n int
}{}

// key returns a fresh deposit key.
func (e *env) key() DepositKey {
	depositCount.Lock()
	defer depositCount.Unlock()
	depositCount.n++
	return DepositKey{From: "alice@example.com", To: []string{"bob@guest.test"}, MessageID: fmt.Sprintf("<%d@example.com>", depositCount.n)}
}

// deposit seals a message and commits it with one notice a recipient.
func (e *env) deposit(mode seal.Mode, body string, to ...string) []Sealed {
	e.t.Helper()
	ctx := context.Background()
	d := e.Begin(e.key())
	sealed, err := d.Seal(ctx, e.request(mode, body, to...))
	if err != nil {
		e.t.Fatal(err)
	}
	for _, s := range sealed {
		d.Send(Mail{Kind: KindNotice, From: "alice@example.com", To: []string{s.Recipient}, ID: "<" + s.Message + "@example.com>", Data: []byte("notice " + s.Code.Text())})
		d.Audit(Entry{Event: EventSealed, Message: s.Message, Address: s.Recipient})
	}
	d.SetOutcome([]byte("outcome"))
	if err := d.Commit(ctx); err != nil {
		e.t.Fatal(err)
	}
	return sealed
}

// password is cheap to stretch: what argon2id does is tested in package seal.
func (e *env) verifier(password string) []byte {
	v := sha256.Sum256([]byte(password))
	return v[:]
}

// activate does what a portal does with an activation or reset link.
func (e *env) activate(code seal.Code, password string) (socket.Session, seal.AccountKey) {
	e.t.Helper()
	return e.activateAt(e.Store, code, password)
}

func (e *env) activateAt(owner socket.Owner, code seal.Code, password string) (socket.Session, seal.AccountKey) {
	e.t.Helper()
	ctx := context.Background()
	w, err := owner.Waiting(ctx, code.Token())
	if err != nil {
		e.t.Fatal(err)
	}
	key, err := seal.NewAccountKey()
	if err != nil {
		e.t.Fatal(err)
	}
	if len(w.Escrow) > 0 {
		if key, err = seal.OpenEscrow(w.Escrow, e.portal.Recovery); err != nil {
			e.t.Fatal(err)
		}
	}
	to, err := age.ParseHybridRecipient(key.Recipient())
	if err != nil {
		e.t.Fatal(err)
	}
	grants := map[string][]byte{}
	for _, m := range w.Messages {
		man, err := m.Manifest.Verify(e.portal.Signing)
		if err != nil {
			e.t.Fatal(err)
		}
		mk, err := seal.OpenGrant(m.Recovery, e.portal.Recovery, man)
		if err != nil {
			e.t.Fatal(err)
		}
		if grants[man.Message], err = mk.Grant(to, man); err != nil {
			e.t.Fatal(err)
		}
	}
	escrow, err := key.Escrow(e.portal.RecoveryRecipient)
	if err != nil {
		e.t.Fatal(err)
	}
	session, err := owner.Activate(ctx, code.Token(), socket.Activation{
		Name: "Bob Guest", KDF: seal.NewKDF(), Verifier: e.verifier(password), PublicKey: key.Recipient(),
		Wrapped: key.Wrap([seal.KeySize]byte{1}, w.Recipient), Escrow: escrow, Grants: grants, Client: "192.0.2.1",
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return session, key
}

// read opens a message and returns its plaintext.
func (e *env) read(m socket.Message, by *age.HybridIdentity, payload io.ReadCloser) string {
	e.t.Helper()
	defer payload.Close()
	man, err := m.Manifest.Verify(e.portal.Signing)
	if err != nil {
		e.t.Fatal(err)
	}
	mk, err := seal.OpenGrant(m.Grant, by, man)
	if err != nil {
		e.t.Fatal(err)
	}
	if s, err := mk.OpenSummary(m.ID, m.Summary); err != nil || s.Subject != "planted-subject" {
		e.t.Fatalf("summary: %v, %v", s, err)
	}
	ct, err := io.ReadAll(payload)
	if err != nil {
		e.t.Fatal(err)
	}
	if seal.Digest(sha256.Sum256(ct)) != man.Payload || int64(len(ct)) != man.PayloadSize {
		e.t.Fatal("the manifest names another payload")
	}
	r, n, err := mk.OpenPayload(bytes.NewReader(ct), int64(len(ct)))
	if err != nil {
		e.t.Fatal(err)
	}
	out, err := io.ReadAll(io.NewSectionReader(r, 0, n))
	if err != nil {
		e.t.Fatal(err)
	}
	return string(out)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// files returns the content of all files of the store.
func (e *env) files() map[string][]byte {
	e.t.Helper()
	out := map[string][]byte{}
	names, err := os.ReadDir(e.opts.Dir)
	if err != nil || len(names) == 0 {
		e.t.Fatalf("no files: %v", err)
	}
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(e.opts.Dir, n.Name()))
		if err != nil {
			e.t.Fatal(err)
		}
		out[n.Name()] = b
	}
	return out
}
