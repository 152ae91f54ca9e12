package milter

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postseal/postseal/milter/notice"
)

// docs/milter.md promises a list of fields, the replies and a template.
func TestDocumentation(t *testing.T) {
	b, err := os.ReadFile("../docs/milter.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)

	_, rest, _ := strings.Cut(doc, "<!-- kept -->")
	list, _, ok := strings.Cut(rest, "<!-- /kept -->")
	names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(list, -1)
	if !ok || len(names) != len(keptInNotice()) {
		t.Errorf("%d fields listed as kept, the code keeps %d", len(names), len(keptInNotice()))
	}
	for _, n := range names {
		if !KeptInNotice(n[1]) {
			t.Errorf("%s is listed as kept", n[1])
		}
	}

	for _, r := range []*reply{replyLater, replyFull, replyTooLarge, replyHeader, replyMany, returned("")} {
		code, _, _ := strings.Cut(string(r.answer().data), " ")
		if want := "| " + code + " " + r.enhanced + " |"; !strings.Contains(doc, want) {
			t.Errorf("no line for %s", want)
		}
	}

	parts := strings.Split(doc, "```\n")
	if len(parts) < 3 {
		t.Fatal("no example of a template")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notice.txt"), []byte(parts[len(parts)-2]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := notice.New(notice.Options{URL: "https://p.example", Domain: "example.com", Templates: dir}); err != nil {
		t.Errorf("the example: %v", err)
	}
}
