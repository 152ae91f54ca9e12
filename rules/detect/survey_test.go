package detect

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

var surveyDirs = flag.String("survey", "", "folders with ordinary text, comma-separated, to count findings in")

// surveyBytes is how much is enough for a test.
const surveyBytes = 10 << 20

// In ordinary text there is nothing to find, so what is found there is wrong.
// The text at hand everywhere is the source and documentation of Go itself; with
// -survey another body of text is counted and listed.
func TestSurvey(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot := strings.TrimSpace(string(out))
	dirs, list := []string{filepath.Join(goroot, "src"), filepath.Join(goroot, "doc")}, false
	if *surveyDirs != "" {
		dirs, list = strings.Split(*surveyDirs, ","), true
	}
	s := compile(t, func(b *Builder) error {
		for _, name := range Names() {
			if _, err := b.Detector(name, nil); err != nil {
				return err
			}
		}
		return nil
	})
	counts, files, octets := map[string]int{}, 0, 0
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.Contains(path, "testdata") && !list {
				return nil
			}
			if octets > surveyBytes && !list {
				return filepath.SkipAll
			}
			text, err := os.ReadFile(path)
			if err != nil || len(text) > 20<<20 || bytes.IndexByte(text[:min(len(text), 4<<10)], 0) >= 0 {
				return nil
			}
			files++
			octets += len(text)
			seen := map[string]bool{}
			s.Scan(text, func(f Finding) bool {
				if key := f.Name + f.Value; !seen[key] {
					seen[key] = true
					counts[f.Name]++
					if list && counts[f.Name] <= 8 {
						from, to := max(0, f.Start-30), min(len(text), f.End+30)
						fmt.Printf("%s\t%s\t%q\n", f.Name, path, text[from:to])
					}
				}
				return true
			})
			return nil
		})
	}
	if files == 0 {
		t.Fatal("no text to survey")
	}
	mb := float64(octets) / 1e6
	var names []string
	for n := range counts {
		names = append(names, n)
	}
	sort.Strings(names)
	t.Logf("%d files, %.1f MB", files, mb)
	for _, n := range names {
		perMB := float64(counts[n]) / mb
		t.Logf("%-20s %6d  %.3f a MB", n, counts[n], perMB)
		if !list && perMB > 4 {
			t.Errorf("%s finds %.1f values a MB of ordinary text", n, perMB)
		}
	}
}
