package store

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
)

// trail reads what a query chooses.
func (e *env) trail(q TrailQuery) ([]TrailEntry, TrailEnd) {
	e.t.Helper()
	var got []TrailEntry
	end, err := e.ReadTrail(context.Background(), q, func(t TrailEntry) error {
		got = append(got, t)
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return got, end
}

// audited appends entries in a transaction of their own.
func (e *env) audited(entries ...Entry) {
	e.t.Helper()
	if err := e.update(context.Background(), func(c *change) error { return e.audit(c, entries...) }); err != nil {
		e.t.Fatal(err)
	}
}

func TestReadTrail(t *testing.T) {
	e := newEnv(t)
	first := e.deposit(seal.ModeAccount, "one", "bob@guest.test")[0].Message
	start := e.clock.now()
	e.clock.advance(time.Hour)
	e.deposit(seal.ModeAccount, "two", "carol@guest.test")
	many := make([]Entry, trailBatch+1)
	for i := range many {
		many[i] = Entry{Event: EventLoginFailed, Address: "mallory@guest.test", Client: "192.0.2.1"}
	}
	e.audited(many...)

	all, end := e.trail(TrailQuery{})
	if int(end.Entries) != len(all) || len(all) <= len(many) || len(end.Problems) > 0 {
		t.Fatalf("%d entries read, %+v", len(all), end)
	}
	for i, a := range all {
		if a.Seq != uint64(i)+1 || a.Time.IsZero() || a.Event == "" {
			t.Fatalf("entry %d: %+v", i, a)
		}
	}
	for name, c := range map[string]struct {
		q    TrailQuery
		want func(TrailEntry) bool
	}{
		"event":   {TrailQuery{Event: EventLoginFailed}, func(a TrailEntry) bool { return a.Event == EventLoginFailed }},
		"message": {TrailQuery{Message: strings.ToUpper(first)}, func(a TrailEntry) bool { return a.Message == first }},
		"since":   {TrailQuery{Since: start.Add(time.Hour)}, func(a TrailEntry) bool { return a.Time.After(start) }},
		"none":    {TrailQuery{Event: EventLoginFailed, Message: first}, func(TrailEntry) bool { return false }},
	} {
		got, end := e.trail(c.q)
		want := slices.DeleteFunc(slices.Clone(all), func(a TrailEntry) bool { return !c.want(a) })
		if !slices.Equal(got, want) || int(end.Entries) != len(all) || name != "none" && (len(got) == 0 || len(got) == len(all)) {
			t.Errorf("%s: %d entries, want %d; %+v", name, len(got), len(want), end)
		}
	}

	stop := errors.New("enough")
	if _, err := e.ReadTrail(t.Context(), TrailQuery{}, func(TrailEntry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error: %v", err)
	}
}

// TestBrokenTrail changes the file behind the store's back.
func TestBrokenTrail(t *testing.T) {
	key := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	for name, c := range map[string]struct {
		change func(b *bbolt.Bucket) error
		want   string
	}{
		"changed": {func(b *bbolt.Bucket) error {
			v := slices.Clone(b.Get(key(2)))
			v[len(v)-1] ^= 1
			return b.Put(key(2), v)
		}, "chain breaks at entry 3"},
		"removed": {func(b *bbolt.Bucket) error { return b.Delete(key(2)) }, "chain breaks at entry 3"},
		"swapped": {func(b *bbolt.Bucket) error {
			two, three := slices.Clone(b.Get(key(2))), slices.Clone(b.Get(key(3)))
			return errors.Join(b.Put(key(2), three), b.Put(key(3), two))
		}, "chain breaks at entry 2"},
		"cut":   {func(b *bbolt.Bucket) error { return b.Delete(key(4)) }, "chain ends at entry 3, the head is 4"},
		"short": {func(b *bbolt.Bucket) error { return b.Put(key(4), []byte("x")) }, "entry 4: audit: broken entry"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			for range 4 {
				e.audited(Entry{Event: EventLogin, Address: "bob@guest.test"})
			}
			if _, end := e.trail(TrailQuery{}); len(end.Problems) > 0 {
				t.Fatal(end)
			}
			err := e.update(t.Context(), func(ch *change) error {
				ch.writes++ // else it is taken for a reader and rolled back
				return c.change(ch.Bucket([]byte(bucketAudit)))
			})
			if err != nil {
				t.Fatal(err)
			}
			_, end := e.trail(TrailQuery{Event: EventSealed})
			e.close() // no check at the end: it is broken
			if !slices.ContainsFunc(end.Problems, func(p Problem) bool { return strings.Contains(p.What, c.want) }) {
				t.Errorf("problems %+v, want one with %q", end.Problems, c.want)
			}
		})
	}
}

// TestEventsAreAll reads the verbs in the source: one that is not listed can't be
// asked for.
func TestEventsAreAll(t *testing.T) {
	source := string(must(os.ReadFile("event.go"))(t))
	found := regexp.MustCompile(`Event = "([a-z-]+)"`).FindAllStringSubmatch(source, -1)
	if len(found) < 20 {
		t.Fatalf("%d verbs found", len(found))
	}
	for _, f := range found {
		if !slices.Contains(Events(), Event(f[1])) {
			t.Errorf("%s is not listed", f[1])
		}
	}
}

// Trail returns at most limit audit entries after the one with that sequence
// number, and the sequence number of the last one returned.
func (e *env) Trail(ctx context.Context, after uint64, limit int) (entries []Entry, last uint64, err error) {
	last = after
	err = e.meta.view(func(tx *bbolt.Tx) error {
		cur := tx.Bucket([]byte(bucketAudit)).Cursor()
		from := binary.BigEndian.AppendUint64(nil, after+1)
		for k, val := cur.Seek(from); k != nil && len(entries) < limit; k, val = cur.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			entry, err := e.auditEntry(k, val)
			if err != nil {
				return err
			}
			entries, last = append(entries, entry), binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return entries, last, err
}
