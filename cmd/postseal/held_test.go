package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

const heldBody = "Subject: planted\r\n\r\nplanted \x00\xff body"

// heldSite is a site with one message in sealed quarantine and one deferred.
func heldSite(t *testing.T) (file, quarantined, deferred string) {
	t.Helper()
	dir := shortDir(t)
	file = filepath.Join(dir, "site", "postseal.toml")
	mustRun(t, "init", "--dir", filepath.Join(dir, "site"), "--store", filepath.Join(dir, "store"))
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte("[store]\n")) {
		t.Fatalf("no section for the store: %v", err)
	}
	text = bytes.Replace(text, []byte("[store]\n"), []byte("[store]\ncontrol_socket = \"control.sock\"\n"), 1)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	_, s := openSite(t, file)
	defer s.Close()
	ctx, now := t.Context(), time.Now()
	d := s.Begin(store.DepositKey{From: "eve@outside.test"})
	h, err := d.Hold(ctx, store.HoldRequest{
		Sender: "eve@outside.test", Recipients: []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com"},
		Rule: "macro", Text: "A macro.", Summary: seal.Summary{Subject: "planted"}, Message: strings.NewReader(heldBody),
		Quarantine: true, Pass: []byte("pass"), Created: now, Expires: now.Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = s.Defer(ctx, [32]byte{1}, store.DeferRequest{
		Sender: "mass@outside.test", Recipients: []string{"a@example.com"}, Rule: "mass\x1b[2J",
		Trust: store.TrustGrant{Anybody: true}, Created: now, Expires: now.Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.HeldMessages(ctx, false)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, m := range list {
		if m.Deferred {
			deferred = m.ID
		}
	}
	return file, h.ID, deferred
}

// runs a command line and returns what it wrote.
func runs(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = Run(t.Context(), args, Stdio{In: strings.NewReader(""), Out: &o, Err: &e})
	return status, o.String(), e.String()
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errs := runs(t, args...)
	if status != statusOK {
		t.Fatalf("%v: status %d: %s", args, status, errs)
	}
	return out
}

func TestHeldCommands(t *testing.T) {
	for _, how := range []string{"store opened here", "store of a running process"} {
		t.Run(how, func(t *testing.T) {
			file, id, deferred := heldSite(t)
			if strings.Contains(how, "running") {
				serveControl(t, file)
			}
			held := func(args ...string) []string { return append(append([]string{"held"}, args...), "--config", file) }

			out := mustRun(t, held("list")...)
			for _, want := range []string{id, deferred, "quarantine", "deferred", "to=a@example.com,b@example.com,c@example.com and 1 more", `rule="mass\x1b[2J"`} {
				if !strings.Contains(out, want) {
					t.Errorf("list: no %q in\n%s", want, out)
				}
			}
			for _, args := range [][]string{{"show", id}, {"show", id, "--json"}, {"list", "--json", "--all"}} {
				if out := mustRun(t, held(args...)...); !strings.Contains(out, "d@example.com") || strings.Contains(out, "planted") {
					t.Errorf("%v:\n%s", args, out)
				}
			}
			if out := mustRun(t, held("show", id, "--content")...); out != heldBody {
				t.Errorf("content: %q", out)
			}
			if out := mustRun(t, "store", "audit", "--event", "shown", "--config", file); strings.Count(out, id) != 1 {
				t.Errorf("who read it is not in the trail:\n%s", out)
			}
			other := filepath.Join(t.TempDir(), "other.key")
			if err := os.WriteFile(other, []byte("AGE-SECRET-KEY-PQ-1XX\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"show", id, "--content", "--recovery-key", other}, {"release", id, "--recovery-key", other},
				{"show", "none"}, {"reject", "none"}, {"release", "none"}, {"trust", "revoke", "nobody@outside.test"},
			} {
				if status, out, errs := runs(t, held(args...)...); status != statusFailed || out != "" || strings.Contains(errs, "SECRET-KEY-PQ-1XX") {
					t.Errorf("%v: status %d, %q, %s", args, status, out, errs)
				}
			}
			mustRun(t, held("release", id, "--reason", "asked by phone")...)
			mustRun(t, held("release", id)...) // again is no error
			mustRun(t, held("release", deferred)...)
			if status, _, errs := runs(t, held("reject", id)...); status != statusFailed || !strings.Contains(errs, "ended already: released") {
				t.Errorf("rejected after its release: status %d, %s", status, errs)
			}
			if out := mustRun(t, held("list")...); out != "" {
				t.Errorf("still held:\n%s", out)
			}
			if out := mustRun(t, held("trust", "list")...); out != "" { // an administrator's release gives none
				t.Errorf("trust:\n%s", out)
			}
			if out := mustRun(t, "store", "audit", "--event", "released", "--config", file); !strings.Contains(out, `note="by an administrator: asked by phone"`) {
				t.Errorf("trail:\n%s", out)
			}
		})
	}
}

// openSite opens a site's store.
func openSite(t *testing.T, file string) (*config.Config, *store.Store) {
	t.Helper()
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openStore(c, &app{Stdio: Stdio{Err: os.Stderr}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// serveControl serves the site's store as a running milter does.
func serveControl(t *testing.T, file string) {
	t.Helper()
	c, s := openSite(t, file)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	serveKeeper(t, c.Store.Control, s)
}
