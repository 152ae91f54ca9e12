package milter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// testRules decide by the recipient's name.
const testRules = `
version = 1

[[rule]]
name = "tagged"
also = { tag = ["PHI"], strip_subject = '\[tag\]\s*' }
when.subject.contains = "[tag]"

[[rule]]
name = "watched"
also = { notify = "privacy@example.com" }
when.subject.contains = "[watch]"

[[rule]]
name = "receipt"
also = { receipt = true }
when.subject.contains = "[receipt]"

[[rule]]
name = "short"
also = { expire = "2d" }
when.to = "short@*.example"

[[rule]]
name = "guests"
then = "pickup"
when.to = ["guest*@*.example", "known*@*.example", "short@*.example"]

[[rule]]
name = "once"
then = "one-time"
when.to = "once*@*.example"

[[rule]]
name = "vault"
then = "return"
text = "100% of these go to the vault."
when.to = "return*@*.example"

[[rule]]
name = "drop"
then = "discard"
when.to = "drop*@*.example"

[[rule]]
name = "hold"
then = "quarantine"
when.to = "hold*@*.example"

[[rule]]
name = "card"
then = "pickup"
when = { to = "external", detect.credit-card = 1 }
`

var now = time.Date(2026, 11, 21, 19, 10, 0, 0, time.UTC)

var guardKey = [32]byte{1, 2, 3}

// liveRules are rules that never change.
type liveRules struct{ set *rules.Set }

func (l liveRules) Current() *rules.Set { return l.set }

func loadRules(t testing.TB, text string) liveRules {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "test.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := rules.Load(dir, rules.Options{InternalDomains: []string{"example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return liveRules{set}
}

// newServer returns a server with testRules and the fake store.
func newServer(t testing.TB, f *fakeStore, change func(*Options)) *Server {
	t.Helper()
	notices, err := notice.New(notice.Options{URL: "https://pickup.example.com", Organisation: "Example Ltd", Domain: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Rules: loadRules(t, testRules), Store: f, Notices: notices, Guard: guard.New(guardKey),
		InternalDomains: []string{"example.com"}, SpoolDir: t.TempDir(),
		Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fakeStore keeps deposits in memory and fails on demand.
type fakeStore struct {
	log lockedBuffer

	mu        sync.Mutex
	outcomes  map[string][]byte
	sealed    []fakeSealed
	sent      []store.Mail
	audit     []store.Entry
	commits   int
	abandoned int

	sealErr   error
	commitErr error
	lookErr   error
	during    func() // called by Seal
	race      bool   // another offer commits between Outcome and Commit
}

type fakeSealed struct {
	store.SealRequest
	content []byte
	sealed  []store.Sealed
}

func keyOf(k store.DepositKey) string {
	return fmt.Sprintf("%q %q %q %x", k.From, k.To, k.MessageID, k.Content)
}

func (f *fakeStore) Outcome(_ context.Context, k store.DepositKey) ([]byte, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.outcomes[keyOf(k)]
	return b, ok, f.lookErr
}

func (f *fakeStore) Begin(k store.DepositKey) Deposit { return &fakeDeposit{store: f, key: keyOf(k)} }

type fakeDeposit struct {
	store   *fakeStore
	key     string
	sealed  []fakeSealed
	sent    []store.Mail
	audit   []store.Entry
	outcome []byte
	done    bool
}

func (d *fakeDeposit) Seal(ctx context.Context, r store.SealRequest) ([]store.Sealed, error) {
	if d.store.during != nil {
		d.store.during()
	}
	if d.store.sealErr != nil {
		return nil, d.store.sealErr
	}
	b, err := io.ReadAll(r.Message)
	if err != nil {
		return nil, err
	}
	d.store.mu.Lock()
	n := len(d.store.sealed) + len(d.sealed) + 1
	d.store.mu.Unlock()
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", n)
	var out []store.Sealed
	for i, to := range r.Recipients {
		s := store.Sealed{Message: id, Recipient: to, Mode: r.Mode, Created: r.Created, Expires: r.Expires}
		s.Account = r.Mode == seal.ModeAccount && to[:5] == "known"
		if !s.Account {
			h := sha256.Sum256([]byte(fmt.Sprint(n, i, to)))
			copy(s.Code[:], h[:])
		}
		out = append(out, s)
	}
	d.sealed = append(d.sealed, fakeSealed{r, b, out})
	return out, ctx.Err()
}

func (d *fakeDeposit) Send(m store.Mail) {
	if m.Rest != nil {
		rest, err := io.ReadAll(m.Rest)
		if err != nil {
			panic(err)
		}
		m.Data, m.Rest = append(m.Data, rest...), nil
	}
	d.sent = append(d.sent, m)
}
func (d *fakeDeposit) Audit(e store.Entry) { d.audit = append(d.audit, e) }
func (d *fakeDeposit) SetOutcome(b []byte) { d.outcome = b }
func (d *fakeDeposit) Abandon() {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if !d.done {
		d.store.abandoned++
		d.done = true
	}
}

func (d *fakeDeposit) Commit(context.Context) error {
	f := d.store
	f.mu.Lock()
	defer f.mu.Unlock()
	d.done = true
	if f.commitErr != nil {
		return f.commitErr
	}
	if f.outcomes == nil {
		f.outcomes = map[string][]byte{}
	}
	if _, ok := f.outcomes[d.key]; ok {
		return store.ErrDuplicate
	}
	f.outcomes[d.key] = d.outcome
	f.sealed = append(f.sealed, d.sealed...)
	f.sent = append(f.sent, d.sent...)
	f.audit = append(f.audit, d.audit...)
	f.commits++
	if f.race {
		// As if this had been the other offer's commit.
		return store.ErrDuplicate
	}
	return nil
}
