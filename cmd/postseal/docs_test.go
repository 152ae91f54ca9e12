package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/rules"
)

var update = flag.Bool("update", false, "rewrite generated files")

// root is the repository.
const root = "../.."

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// docs are the Markdown files that people follow.
func docs(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(names) < 4 {
		t.Fatalf("%q, %v", names, err)
	}
	all := make(map[string]string)
	for _, name := range append(names, filepath.Join(root, "README.md"), filepath.Join(root, "SECURITY.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(name, root+"/")] = string(b)
	}
	return all
}

var blockPattern = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")

// TestDocumentedCommands: each postseal command in a code block or between
// backquotes is one that there is, with flags that there are.
func TestDocumentedCommands(t *testing.T) {
	inline := regexp.MustCompile("`postseal ([^`\n]+)`")
	line := regexp.MustCompile(`(?m)^\s*postseal ([^\n#|]+)`)
	found := 0
	for name, text := range docs(t) {
		var commands []string
		for _, block := range blockPattern.FindAllStringSubmatch(text, -1) {
			if block[1] == "" || block[1] == "sh" || block[1] == "console" {
				for _, m := range line.FindAllStringSubmatch(strings.ReplaceAll(block[2], "\\\n", " "), -1) {
					commands = append(commands, m[1])
				}
			}
		}
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			commands = append(commands, m[1])
		}
		for _, command := range commands {
			args := strings.Fields(command)
			if args[0] == "v1" { // the label of a derived key, not a command
				continue
			}
			found++
			cmd, rest, err := newRootCommand(&app{Stdio: Stdio{Out: io.Discard, Err: io.Discard}}).Find(args)
			if err != nil {
				t.Errorf("%s: postseal %s: %v", name, command, err)
				continue
			}
			if cmd.HasParent() && !cmd.HasSubCommands() {
				err = cmd.ParseFlags(rest)
			} else if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				t.Errorf("%s: postseal %s: no such command", name, command)
			}
			if err != nil {
				t.Errorf("%s: postseal %s: %v", name, command, err)
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d commands", found)
	}
}

// TestReadmeIsWhatCIRuns: each make target that the README names is there, and
// CI runs the two that it says CI runs.
func TestReadmeIsWhatCIRuns(t *testing.T) {
	makefile := readDoc(t, "Makefile")
	readme := readDoc(t, "README.md")
	for _, m := range regexp.MustCompile("(?m)(?:^\\s*|`)make ([a-z-]+)").FindAllStringSubmatch(readme, -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(makefile) {
			t.Errorf("README says make %s, the Makefile has no such target", m[1])
		}
	}
	develop := readme[strings.Index(readme, "## Develop"):]
	block := blockPattern.FindStringSubmatch(develop)
	if block == nil {
		t.Fatal("no code block in Develop")
	}
	if ci := readDoc(t, ".ci/run"); !strings.Contains(ci, block[2]) {
		t.Errorf("README says\n%s.ci/run says\n%s", block[2], ci)
	}
}

// documentedRules checks rules.
func documentedRules(t *testing.T, name, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "doc.toml"), []byte("version = 1\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Load(dir, rules.Options{InternalDomains: []string{"example.com"}}); err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
	}
}

// TestDocumentedConfiguration: TOML blocks outside the rules' documents are valid
// parts of postseal.toml, or rules.
func TestDocumentedConfiguration(t *testing.T) {
	found := 0
	for name, text := range docs(t) {
		if strings.HasSuffix(name, "rules.md") || strings.HasSuffix(name, "detectors.md") {
			continue
		}
		for _, block := range blockPattern.FindAllStringSubmatch(text, -1) {
			if block[1] != "toml" {
				continue
			}
			found++
			if strings.Contains(block[2], "[[rule]]") {
				documentedRules(t, name, block[2])
				continue
			}
			// What a part leaves out and every file needs.
			whole := block[2]
			if !strings.Contains(whole, "internal_domains") {
				whole = "internal_domains = [\"example.com\"]\n" + whole
			}
			if !regexp.MustCompile(`(?m)^\s*(portal\.)?url\s*=`).MatchString(whole) {
				if strings.Contains(whole, "[portal]") {
					whole = strings.Replace(whole, "[portal]", "[portal]\nurl = \"https://pickup.example.com\"", 1)
				} else {
					whole = "portal.url = \"https://pickup.example.com\"\n" + whole
				}
			}
			if _, err := config.Parse(name, whole); err != nil {
				t.Errorf("%v\n%s", err, whole)
			}
		}
	}
	if found < 2 {
		t.Errorf("found %d blocks", found)
	}
}

// TestLinks: relative links lead to files.
func TestLinks(t *testing.T) {
	found := 0
	for name, text := range docs(t) {
		text = blockPattern.ReplaceAllString(text, "")
		text = regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
		for _, m := range regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d links", found)
	}
}

// TestManual compares docs/man with what the commands say of themselves.
func TestManual(t *testing.T) {
	fresh, kept := t.TempDir(), filepath.Join(root, "docs", "man")
	if *update {
		if err := errors.Join(os.RemoveAll(kept), os.MkdirAll(kept, 0o755)); err != nil {
			t.Fatal(err)
		}
		fresh = kept
	}
	if err := writeManual(newRootCommand(&app{}), fresh); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(fresh, "*.8"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	old, err := filepath.Glob(filepath.Join(kept, "*"))
	if err != nil || len(old) != len(pages) {
		t.Errorf("docs/man has %d pages, the commands make %d: run this test with -update", len(old), len(pages))
	}
	for _, page := range pages {
		want, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(kept, filepath.Base(page)))
		if err != nil || string(got) != string(want) {
			t.Errorf("docs/man/%s is not what the command says (%v): run this test with -update", filepath.Base(page), err)
		}
	}
}
