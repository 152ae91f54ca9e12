package mta

import (
	"os"
	"strings"
	"testing"
)

// What docs/sendmail.md tells an admin to write is what the tests run with.
func TestDocumentedFilterLine(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/sendmail.md")
	if err != nil {
		t.Fatal(err)
	}
	line, err := SendmailFilter("postseal", "unix:/run/postseal/milter.sock")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), "\n   "+line+"\n") {
		t.Errorf("docs/sendmail.md lacks the line\n%s", line)
	}
	if line, err = SendmailFilter("postseal", "inet:127.0.0.1:8891"); err != nil {
		t.Fatal(err)
	}
	if socket := strings.TrimSuffix(strings.SplitAfter(line, "`")[2], ", "+sendmailFilterFlags+"')dnl"); !strings.Contains(string(doc), "`"+socket+"`") {
		t.Errorf("docs/sendmail.md lacks %q", socket)
	}
}
