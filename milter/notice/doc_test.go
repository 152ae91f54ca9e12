package notice

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/notices.md lists the templates and their fields, and has an example of a
// template and of a catalogue.
func TestDocumentation(t *testing.T) {
	b, err := os.ReadFile("../../docs/notices.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, name := range append(layoutFiles, templateFiles...) {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("%s is not named", name)
		}
	}

	// Each field of a mail's data is one that its templates or texts use.
	var used strings.Builder
	for _, pattern := range []string{"templates/*", "locale/en.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s (%v)", pattern, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			used.Write(b)
		}
	}
	for _, m := range regexp.MustCompile(`(?:\s|\()(\.[A-Z][A-Za-z]+(?:\.[A-Z][a-z]+)?)`).FindAllStringSubmatch(used.String(), -1) {
		if name := m[1]; !strings.Contains(doc, "`"+name) {
			t.Errorf("%s is not documented", name)
		}
	}

	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(doc, -1) {
		if m[1] == "" {
			blocks = append(blocks, m[2])
		}
	}
	if len(blocks) != 2 {
		t.Fatalf("%d examples, want a catalogue and a template", len(blocks))
	}
	dir := t.TempDir()
	for i, name := range []string{"en.toml", "notice.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(blocks[i]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(Options{URL: "https://p.example", Domain: "example.com", Templates: dir}); err != nil {
		t.Errorf("the examples: %v", err)
	}
}
