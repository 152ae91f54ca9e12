package examples_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/postseal/postseal/examples"
	"github.com/postseal/postseal/rules"
)

// TestEachFileLoads compiles every file alone and runs the tests in it.
func TestEachFileLoads(t *testing.T) {
	entries, err := examples.Files.ReadDir(".")
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		text, err := examples.Files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := rules.Load(dir, rules.Options{InternalDomains: []string{"example.com"}}); err != nil {
			t.Errorf("%s:\n%v", e.Name(), err)
		}
	}
}
