package rules

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLoad feeds the loader with text: nothing panics, and every value of a
// document that is TOML has a line.
func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if filepath.Ext(file.Name) == ".toml" {
				f.Add(string(file.Data))
			}
		}
	}
	f.Add("a.\"b c\".'d' = [1, [2, {x = '''\n'a''''}],\n# c\n\"\"\"\\\"\"\"\"]\n[[t.u]]\n[t.u.v]\nw = 1979-05-27T07:32:00Z\n[[t.u]]\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		var value map[string]any
		at := findPositions(text)
		if _, err := toml.Decode(text, &value); err == nil {
			checkPositions(t, at, "", value)
		}
		if err := os.WriteFile(filepath.Join(dir, "10.toml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := Load(dir, testOptions())
		if (set == nil) == (err == nil) {
			t.Fatalf("set %v, error %v", set, err)
		}
	})
}

func checkPositions(t *testing.T, at positions, path string, value any) {
	if path != "" && at[path] == 0 {
		t.Errorf("%q has no line", path)
	}
	switch v := value.(type) {
	case map[string]any:
		for k, sub := range v {
			checkPositions(t, at, keyPath(path, k), sub)
		}
	case []any:
		for i, sub := range v {
			checkPositions(t, at, indexPath(path, i), sub)
		}
	case []map[string]any:
		for i, sub := range v {
			checkPositions(t, at, indexPath(path, i), sub)
		}
	}
}
