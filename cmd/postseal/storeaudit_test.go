package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
)

func (k *fakeKeeper) ReadTrail(_ context.Context, q store.TrailQuery, each func(store.TrailEntry) error) (store.TrailEnd, error) {
	k.query = q
	for _, e := range k.trail {
		if err := each(e); err != nil {
			return store.TrailEnd{}, err
		}
	}
	return k.end, k.err
}

func TestAuditOverControl(t *testing.T) {
	at := time.Date(2026, time.November, 1, 12, 0, 0, 5, time.UTC)
	k := &fakeKeeper{end: store.TrailEnd{Entries: 9, Problems: []store.Problem{{Where: "audit", What: "the chain breaks"}}}}
	for i := range 3000 {
		k.trail = append(k.trail, store.TrailEntry{Seq: uint64(i), Entry: store.Entry{Time: at, Event: store.EventLogin, Address: "<b>&\u2028@guest.test"}})
	}
	c, ctx := dialKeeper(t, k), t.Context()
	q := store.TrailQuery{Since: at, Message: "a&b", Event: store.EventLogin}
	var got []store.TrailEntry
	end, err := c.ReadTrail(ctx, q, func(e store.TrailEntry) error { got = append(got, e); return nil })
	if err != nil || !reflect.DeepEqual(end, k.end) || !reflect.DeepEqual(got, k.trail) {
		t.Errorf("%d entries, %+v, %v", len(got), end, err)
	}
	if !k.query.Since.Equal(q.Since) || k.query.Message != q.Message || k.query.Event != q.Event {
		t.Errorf("query %+v, want %+v", k.query, q)
	}
	k.err = errors.New("no such page")
	if _, err := c.ReadTrail(ctx, q, func(store.TrailEntry) error { return nil }); err == nil || !strings.Contains(err.Error(), "no such page") {
		t.Errorf("a failure on the way: %v", err)
	}
}

func TestAuditQuery(t *testing.T) {
	now := time.Date(2026, time.November, 21, 12, 0, 0, 0, time.FixedZone("here", 3600))
	for since, want := range map[string]time.Time{
		"":                     {},
		"12h":                  now.Add(-12 * time.Hour),
		"1d12h":                now.Add(-36 * time.Hour),
		"2026-11-01":           time.Date(2026, time.November, 1, 0, 0, 0, 0, now.Location()),
		"2026-11-01 15:04":     time.Date(2026, time.November, 1, 15, 4, 0, 0, now.Location()),
		"2026-11-01T15:04:05Z": time.Date(2026, time.November, 1, 15, 4, 5, 0, time.UTC),
	} {
		if q, err := (auditOptions{since: since}).query(now); err != nil || !q.Since.Equal(want) {
			t.Errorf("%q: %v %v, want %v", since, q.Since, err, want)
		}
	}
	for _, o := range []auditOptions{{since: "yesterday"}, {since: "-3h"}, {event: "seald"}, {limit: -1}} {
		var usage *usageError
		if _, err := o.query(now); !errors.As(err, &usage) {
			t.Errorf("%+v: %v, want a usage error", o, err)
		}
	}
}

func TestTrailPrinter(t *testing.T) {
	entries := []store.TrailEntry{
		{Seq: 1, Entry: store.Entry{Event: store.EventSealed, Message: "m1", Address: "bob@guest.test", Sender: "alice@example.com", Rule: "cards"}},
		{Seq: 2, Entry: store.Entry{Event: store.EventLoginFailed, Address: "x\x1b[2J y", Client: "192.0.2.1"}},
		{Seq: 3, Entry: store.Entry{Event: store.EventLogin, Address: "bob@guest.test"}},
	}
	for name, c := range map[string]struct {
		p    trailPrinter
		want []string // the end of each line
	}{
		"all": {trailPrinter{}, []string{
			"sealed        m1                                   bob@guest.test  from=alice@example.com  rule=cards",
			`login-failed  -                                    "x\x1b[2J y"  client=192.0.2.1`,
			"login         -                                    bob@guest.test",
		}},
		"last two": {trailPrinter{keep: 2}, []string{"client=192.0.2.1", "bob@guest.test"}},
		"fewer":    {trailPrinter{keep: 9}, []string{"rule=cards", "client=192.0.2.1", "bob@guest.test"}},
		"JSON":     {trailPrinter{keep: 1, json: true}, []string{`"event":"login","address":"bob@guest.test"}`}},
	} {
		var b bytes.Buffer
		c.p.w = bufio.NewWriter(&b)
		for _, e := range entries {
			if err := c.p.add(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.p.flush(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != len(c.want) {
			t.Errorf("%s: %q", name, lines)
			continue
		}
		for i, l := range lines {
			if !strings.HasSuffix(l, c.want[i]) {
				t.Errorf("%s: %q, want an end %q", name, l, c.want[i])
			}
		}
	}
}
