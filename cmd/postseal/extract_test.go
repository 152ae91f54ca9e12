package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract"
)

// A server's attachments are opened by this program in another process.
func TestExtractor(t *testing.T) {
	pool, err := newExtractor(context.Background(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const page = "<html><body>Visa 4111<b>1111</b>11111111</body></html>"
	var seen strings.Builder
	d := extract.Document{Name: "a.html", Open: func() io.Reader { return strings.NewReader(page) }}
	result, err := pool.Extract(context.Background(), d, func(text *extract.Text) error { seen.Write(text.Data); return nil })
	if err != nil || len(result.Unscannable) > 0 || !strings.Contains(seen.String(), "4111111111111111") {
		t.Errorf("saw %q, %+v, %v", &seen, result, err)
	}
}
