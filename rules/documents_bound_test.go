package rules

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract"
)

// costlyExtractor finds nothing in documents that are large when expanded.
type costlyExtractor struct{ calls int }

func (e *costlyExtractor) Extract(context.Context, extract.Document, func(*extract.Text) error) (*extract.Result, error) {
	e.calls++
	return &extract.Result{Expanded: expandedBytes/2 + 1}, nil
}

// The work on all attachments of a message is bounded, not only on each.
func TestDocumentsBound(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/10.toml", "[[rule]]\nname = \"r\"\nthen = \"pickup\"\nwhen.detect.credit-card = 1\n")
	for attachments, want := range map[int]string{2: "default", 3: `unscannable: rule "r": 4: too much content when expanded`} {
		e := &costlyExtractor{}
		o := testOptions()
		o.Extractor = e
		set, err := Load(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		b.WriteString("Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n")
		for i := range attachments {
			fmt.Fprintf(&b, "--b\nContent-Type: application/zip\nContent-Disposition: attachment; filename=\"%d.zip\"\nContent-Transfer-Encoding: base64\n\nUEsDBA==\n", i)
		}
		b.WriteString("--b--\n")
		d, err := set.Evaluate(context.Background(), newMessage(t, b.String(), "ann@example.com", "bob@guest.example"))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Verdicts[0].Reason; got != want || e.calls != 2 {
			t.Errorf("%d attachments: %q after %d calls, want %q after 2", attachments, got, e.calls, want)
		}
	}
}
