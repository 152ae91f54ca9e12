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
	"slices"
	"strings"
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
name = "quiet"
also = { receipt = false }
when.subject.contains = "[quiet]"

[[rule]]
name = "read"
also = { read_receipt = true }
when.subject.contains = "[read]"

[[rule]]
name = "unread"
also = { read_receipt = false }
when.subject.contains = "[unread]"

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
name = "review"
then = "block"
text = "Contracts need a second look."
release = { trust = "recipient", for = "90d" }
when.to = "block*@*.example"

[[rule]]
name = "virus"
then = "block"
release = false
text = "This looks like a virus."
when.to = "virus*@*.example"

[[rule]]
name = "wait"
then = "block"
text = "50% of these are mistakes."
release = { mode = "defer" }
when.to = "wait*@*.example"

[[rule]]
name = "auto"
then = "block"
when.to = "auto*@*.example"

[[rule]]
name = "pin"
then = "pickup"
also = { restrict = "pin" }
when.to = "pin*@*.example"

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
	held      []fakeHeld
	followed  []store.Dispatch
	noticed   []string
	deferred  map[[32]byte]*fakeDeferral
	trusted   map[string]bool   // "rule sender recipient"
	written   map[string]string // Message-IDs of replies, by who wrote them
	askErr    error             // of Trusted, Deferral, Defer and InThread
	race      bool              // another offer commits between Outcome and Commit
}

type fakeHeld struct {
	store.HoldRequest
	content []byte
	store.Held
}

type fakeDeferral struct {
	store.DeferRequest
	store.Deferral
	entries []store.Entry
	offers  int
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

func (f *fakeStore) Deferral(_ context.Context, k [32]byte) (store.Deferral, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.deferred[k]; d != nil {
		return d.Deferral, true, f.askErr
	}
	return store.Deferral{}, false, f.askErr
}

func (f *fakeStore) Defer(_ context.Context, k [32]byte, r store.DeferRequest, entries ...store.Entry) (store.Deferral, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.askErr != nil {
		return store.Deferral{}, f.askErr
	}
	if f.deferred == nil {
		f.deferred = map[[32]byte]*fakeDeferral{}
	}
	d := f.deferred[k]
	if d == nil {
		d = &fakeDeferral{r, store.Deferral{State: store.HoldWaiting, Expires: r.Expires}, entries, 0}
		d.Code = seal.Code(k[:20])
		f.deferred[k] = d
	}
	d.offers++
	return d.Deferral, nil
}

func (f *fakeStore) Trusted(_ context.Context, rule, sender, recipient string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trusted[rule+" "+sender+" "+recipient], f.askErr
}

func (f *fakeStore) InThread(_ context.Context, ids []string, recipient string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(ids, func(id string) bool { return f.written[id] == recipient }), f.askErr
}

func (f *fakeStore) Begin(k store.DepositKey) Deposit { return &fakeDeposit{store: f, key: keyOf(k)} }

// kinds lists what was sent: "notice:guest@a.example copy:...".
func (f *fakeStore) kinds() string {
	var out []string
	for _, m := range f.sent {
		out = append(out, m.Kind+":"+strings.Join(m.To, ","))
	}
	return strings.Join(out, " ")
}

type fakeDeposit struct {
	store   *fakeStore
	key     string
	sealed  []fakeSealed
	sent    []store.Mail
	audit   []store.Entry
	outcome []byte
	done    bool
	held    []fakeHeld
	follow  []store.Dispatch
	noticed []string
}

func (d *fakeDeposit) Hold(ctx context.Context, r store.HoldRequest) (store.Held, error) {
	if d.store.sealErr != nil {
		return store.Held{}, d.store.sealErr
	}
	b, err := io.ReadAll(r.Message)
	if err != nil {
		return store.Held{}, err
	}
	d.store.mu.Lock()
	n := len(d.store.held) + len(d.held) + 1
	d.store.mu.Unlock()
	h := store.Held{ID: fmt.Sprintf("00000000-0000-7000-9000-%012d", n), Expires: r.Expires}
	if r.Link {
		sum := sha256.Sum256([]byte(h.ID))
		copy(h.Code[:], sum[:])
	}
	d.held = append(d.held, fakeHeld{r, b, h})
	return h, ctx.Err()
}

func (d *fakeDeposit) Follow(r store.Dispatch) (seal.Code, error) {
	d.follow = append(d.follow, r)
	return seal.Code(sha256.New().Sum([]byte("status link of this one"))[:20]), nil
}

func (d *fakeDeposit) Noticed(message string) { d.noticed = append(d.noticed, message) }

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
		if r.Restrict.PIN {
			s.PIN = fmt.Sprintf("4711%04d", n)
		}
		s.Account = r.Mode == seal.ModeAccount && strings.HasPrefix(strings.TrimPrefix(to, `"`), "known")
		if s.Account && strings.HasPrefix(strings.TrimPrefix(to, `"`), "known-later") {
			s.Waits = r.Created.Add(12 * time.Hour)
		}
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
	f.held = append(f.held, d.held...)
	f.followed = append(f.followed, d.follow...)
	f.noticed = append(f.noticed, d.noticed...)
	f.commits++
	if f.race {
		// As if this had been the other offer's commit.
		return store.ErrDuplicate
	}
	return nil
}

func newGuard() *guard.Guard { return guard.New(guardKey) }

// envelopeOf is how the outbox submits what is released.
func envelopeOf(h fakeHeld) guard.Envelope {
	return guard.Envelope{From: h.Sender, To: h.Recipients, MessageID: h.MessageID}
}
