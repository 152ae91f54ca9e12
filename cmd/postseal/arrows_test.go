package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestArrows keeps who may import whom: milter and portal never meet, rules and
// store know nobody, and tests follow the same arrows.
func TestArrows(t *testing.T) {
	const module = "github.com/postseal/postseal/"
	may := map[string][]string{
		"rules":    {"rules"},
		"store":    {"store"},
		"milter":   {"milter", "rules", "store"},
		"portal":   {"portal", "store", "docs"}, // docs for the help that it shows
		"docs":     {"docs"},
		"examples": {"examples", "rules"}, // rules in its test
		"bench":    {"bench", "cmd"},
		"cmd":      {"cmd", "milter", "portal", "rules", "store", "examples"},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from, ours := strings.CutPrefix(fields[0], module)
		if !ours {
			continue
		}
		packages++
		top, _, _ := strings.Cut(from, "/")
		allowed, known := may[top]
		if !known {
			t.Errorf("%s is in no known folder", from)
			continue
		}
		for _, imported := range fields[1:] {
			to, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			toTop, _, _ := strings.Cut(to, "/")
			if !slices.Contains(allowed, toTop) {
				t.Errorf("%s imports %s, and %s may import %s alone", from, to, top, strings.Join(allowed, ", "))
			}
		}
	}
	if packages < 10 {
		t.Errorf("found %d packages", packages)
	}
}
