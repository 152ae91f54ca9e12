package rules

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the tests got into testdata")

func testOptions() Options {
	return Options{InternalDomains: []string{"example.com", ".example.com"}, Retention: 30 * 24 * time.Hour}
}

// writeArchive makes a folder of the files in an archive, bar the one called want.
func writeArchive(t *testing.T, a *txtar.Archive) (dir, want string) {
	t.Helper()
	dir = t.TempDir()
	for _, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, want
}

// Each archive in testdata/bad is a rules folder and, as "want", the exact error
// that it gives.
func TestBadRules(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d bad rule sets (%v), want at least 40", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir, want := writeArchive(t, a)
			set, err := Load(dir, testOptions())
			if err == nil || set != nil {
				t.Fatalf("loaded: set %v, error %v", set, err)
			}
			got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n"
			got = strings.ReplaceAll(got, dir, "DIR")
			if *update {
				kept := a.Files[:0]
				for _, f := range a.Files {
					if f.Name != "want" {
						kept = append(kept, f)
					}
				}
				a.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// Every problem with a rule file says where it is.
func TestProblemsHavePlaces(t *testing.T) {
	files, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir, _ := writeArchive(t, a)
		_, err = Load(dir, testOptions())
		var list *LoadError
		if !errors.As(err, &list) {
			continue // the folder itself
		}
		for _, p := range list.Problems {
			if p.File == "" || p.Text == "" || p.Line == 0 && !strings.Contains(file, "unreadable") {
				t.Errorf("%s: %q has no place", file, p)
			}
		}
	}
}

// A long list of nonsense is reported in part, and in no time.
func TestManyProblems(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "10.toml"), "[list]\nx = \"file:x.txt\"\n[[rule]]\nname = \"a\"\nthen = \"pickup\"\nwhen = { from = \"@x\", to = \"@x\" }\n")
	writeFile(t, filepath.Join(dir, "x.txt"), strings.Repeat("no address\n", 200_000))
	_, err := Load(dir, testOptions())
	var list *LoadError
	if !errors.As(err, &list) || len(list.Problems) != maxProblems {
		t.Fatalf("%d problems", len(list.Problems))
	}
	if list.Problems[1].Line != 2 {
		t.Errorf("the second is %v", list.Problems[1])
	}
}
