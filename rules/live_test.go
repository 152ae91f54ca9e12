package rules

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is a log that a test reads while another goroutine writes it.
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

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const listRules = "[list]\nguests = \"file:guests.txt\"\n[[rule]]\nname = \"guest\"\nthen = \"pickup\"\nwhen.to = \"@guests\"\n"

func verdictOf(t *testing.T, s *Set, to string) string {
	t.Helper()
	d, err := s.Evaluate(context.Background(), newMessage(t, "Subject: x\n\nx\n", "ann@example.com", to))
	if err != nil {
		t.Fatal(err)
	}
	return d.Verdicts[0].String()
}

// A reload takes effect as a whole, and one that fails changes nothing.
func TestLiveReload(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "10.toml"), listRules)
	writeFile(t, filepath.Join(dir, "guests.txt"), "one.example\n")
	var log lockedBuffer
	live, err := NewLive(dir, testOptions(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	before := live.Current()
	writeFile(t, filepath.Join(dir, "guests.txt"), "two.example\n")
	if err := live.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := verdictOf(t, live.Current(), "bob@two.example"); got != "pickup by guest" {
		t.Errorf("after the reload: %s", got)
	}
	if got := verdictOf(t, before, "bob@two.example"); got != "deliver" {
		t.Errorf("a session that began before the reload: %s", got)
	}
	for name, text := range map[string]string{
		"syntax":         "[[rule",
		"failing test":   listRules + "[[test]]\nname = \"t\"\nfrom = \"ann@example.com\"\nto = \"bob@two.example\"\nexpect = \"return\"\n",
		"unreadable":     strings.Replace(listRules, "guests.txt", "gone.txt", 1),
		"unknown action": strings.Replace(listRules, `"pickup"`, `"seal"`, 1),
	} {
		writeFile(t, filepath.Join(dir, "10.toml"), text)
		good := live.Current()
		if err := live.Reload(); err == nil {
			t.Errorf("%s: reloaded", name)
		}
		if live.Current() != good {
			t.Errorf("%s: the good rules are gone", name)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := live.Reload(); err == nil {
		t.Error("reloaded from a folder that is gone")
	}
	if got := verdictOf(t, live.Current(), "bob@two.example"); got != "pickup by guest" {
		t.Errorf("after all: %s", got)
	}
	if n := strings.Count(log.String(), "rules not reloaded"); n != 5 {
		t.Errorf("%d failures logged, want 5: %s", n, &log)
	}
	if _, err := NewLive(dir, testOptions(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("NewLive without rules")
	}
}

// A change to a rule file or to a list that it names is found by itself.
func TestLiveWatch(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "10.toml"), listRules)
	writeFile(t, filepath.Join(dir, "guests.txt"), "one.example\n")
	live, err := NewLive(dir, testOptions(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	live.interval = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- live.Watch(ctx) }()
	waitFor := func(what, to, want string) {
		t.Helper()
		for range 6000 {
			if verdictOf(t, live.Current(), to) == want {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%s: not seen", what)
	}
	writeFile(t, filepath.Join(dir, "guests.txt"), "one.example\ntwo.example\n")
	waitFor("changed list", "bob@two.example", "pickup by guest")
	writeFile(t, filepath.Join(dir, "20.toml"), "[[rule]]\nname = \"rest\"\nthen = \"return\"\nwhen.to = \"external\"\n")
	waitFor("new file", "bob@three.example", "return by rest")
	writeFile(t, filepath.Join(dir, "20.toml"), "[[rule]]\nname = \"rest\"\nthen = \"discard\"\nwhen.to = \"external\"\n# longer\n")
	waitFor("changed file", "bob@three.example", "discard by rest")
	if err := os.Remove(filepath.Join(dir, "20.toml")); err != nil {
		t.Fatal(err)
	}
	waitFor("removed file", "bob@three.example", "deliver")
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("Watch ended with %v", err)
	}
}

// Sessions that evaluate while the rules change see one version or the other,
// never a mixture: in each all rules agree.
func TestLiveIsAtomic(t *testing.T) {
	dir := t.TempDir()
	version := func(action, tag string) {
		writeFile(t, filepath.Join(dir, "10.toml"), "[[rule]]\nname = \"tag\"\nalso.tag = \""+tag+"\"\nwhen.always = true\n[[rule]]\nname = \"all\"\nthen = \""+action+"\"\nwhen.always = true\n")
	}
	version("pickup", "pickup")
	live, err := NewLive(dir, testOptions(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var sessions sync.WaitGroup
	for range 4 {
		sessions.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				m := &Message{From: "ann@example.com", Recipients: []string{"bob@guest.example"}}
				d, err := live.Current().Evaluate(context.Background(), m)
				if err != nil || string(d.Verdicts[0].Action) != d.Verdicts[0].Also.Tags[0] {
					t.Errorf("%v, %v", d, err)
					return
				}
			}
		})
	}
	for i := range 50 {
		action := []string{"return", "pickup"}[i%2]
		version(action, action)
		if err := live.Reload(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	sessions.Wait()
}
