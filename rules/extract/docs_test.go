package extract

import (
	"os"
	"strings"
	"testing"
)

// The manual names every reason.
func TestDocumentation(t *testing.T) {
	data, err := os.ReadFile("../../docs/attachments.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reasons() {
		if !strings.Contains(string(data), "| `"+string(r)+"` |") {
			t.Errorf("docs/attachments.md doesn't say %q", r)
		}
	}
	rows := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	if rows != len(reasons()) {
		t.Errorf("%d reasons, %d in docs/attachments.md", len(reasons()), rows)
	}
}
