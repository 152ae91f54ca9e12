package milter

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/milter.md promises a list of fields and the replies.
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
}
