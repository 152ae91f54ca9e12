package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/postseal/postseal/store"
)

// fakeKeeper answers with what it holds.
type fakeKeeper struct {
	holder // nil: what a test does not expect panics
	accountKeeper
	peopleKeeper
	recaller
	problems []store.Problem
	stats    store.Stats
	err      error
	backup   string
	compacts int
	trail    []store.TrailEntry
	end      store.TrailEnd
	query    store.TrailQuery
}

func (k *fakeKeeper) Check(context.Context) ([]store.Problem, error) { return k.problems, k.err }
func (k *fakeKeeper) Stats(context.Context) (store.Stats, error)     { return k.stats, k.err }
func (k *fakeKeeper) Compact(context.Context) error                  { k.compacts++; return k.err }
func (k *fakeKeeper) Backup(_ context.Context, dir string) error     { k.backup = dir; return k.err }

// shortDir is a temporary folder with room for socket paths (unix(7)).
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// serveKeeper serves a keeper at path, as a running milter does, until the test ends.
func serveKeeper(t *testing.T, path string, k keeper) {
	t.Helper()
	server, err := newControl(path, k, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// dialKeeper serves a keeper and dials it.
func dialKeeper(t *testing.T, k keeper) *controlClient {
	t.Helper()
	path := filepath.Join(shortDir(t), "control.sock")
	serveKeeper(t, path, k)
	c, err := dialControl(path)
	if c == nil || err != nil {
		t.Fatal(c, err)
	}
	return c
}

func TestControl(t *testing.T) {
	path := filepath.Join(shortDir(t), "control.sock")
	if c, err := dialControl(path); c != nil || err != nil {
		t.Fatalf("nobody there: %v %v", c, err)
	}
	k := &fakeKeeper{problems: []store.Problem{{Where: "msg", What: "bad"}}, stats: store.Stats{Messages: 3, MetaBytes: 1 << 40}}
	server, err := newControl(path, k, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.run(ctx) }()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", info, err)
	}
	c, err := dialControl(path)
	if c == nil || err != nil {
		t.Fatal(c, err)
	}
	if got, err := c.Check(ctx); err != nil || !reflect.DeepEqual(got, k.problems) {
		t.Errorf("check: %v %v", got, err)
	}
	if got, err := c.Stats(ctx); err != nil || got != k.stats {
		t.Errorf("stats: %v %v", got, err)
	}
	if err := c.Backup(ctx, "/backup/a b"); err != nil || k.backup != "/backup/a b" {
		t.Errorf("backup: %q %v", k.backup, err)
	}
	if err := c.Compact(ctx); err != nil || k.compacts != 1 {
		t.Errorf("compact: %d %v", k.compacts, err)
	}
	k.err = errors.New("no space")
	if err := c.Compact(ctx); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("a failure: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(shortDir(t), "s.sock")
	first, err := listenUnix(path, 0o660, "")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := listenUnix(path, 0o660, ""); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("somebody answers there: %v", err)
	}
	// A killed process leaves its socket behind.
	if u, ok := first.(interface{ SetUnlinkOnClose(bool) }); ok {
		u.SetUnlinkOnClose(false)
	}
	first.Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	second, err := listenUnix(path, 0o600, "")
	if err != nil {
		t.Fatalf("left behind: %v", err)
	}
	second.Close()
	if err := os.WriteFile(path, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(path, 0o600, ""); err == nil {
		t.Error("replaced an ordinary file")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "a file" {
		t.Errorf("%q %v", text, err)
	}
}
