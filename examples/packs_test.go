package examples_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postseal/postseal/examples"
	"github.com/postseal/postseal/rules"
)

// TestFilesTogether loads all files as one set: a site can take any of them
// beside the others. Alone, none of them has anything to complain about.
func TestFilesTogether(t *testing.T) {
	entries, err := examples.Files.ReadDir(".")
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	all := t.TempDir()
	o := rules.Options{InternalDomains: []string{"example.com"}, Retention: 30 * 24 * time.Hour}
	for _, e := range entries {
		text, err := examples.Files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		alone := t.TempDir()
		for _, dir := range []string{all, alone} {
			if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		set, err := rules.Load(alone, o)
		if err != nil {
			t.Errorf("%s: %v", e.Name(), err)
			continue
		}
		if rules, tests := set.Len(); rules == 0 || tests < rules {
			t.Errorf("%s: %d rules and only %d tests", e.Name(), rules, tests)
		}
		for _, w := range set.Lint(rules.LintOptions{Now: time.Now()}) {
			t.Errorf("%s: %s", e.Name(), w)
		}
	}
	if _, err := rules.Load(all, o); err != nil {
		t.Error(err)
	}
}
