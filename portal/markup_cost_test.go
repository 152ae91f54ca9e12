package portal

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A text of any shape is formatted in time that grows as it does: whoever holds a
// link to a message may send one of a megabyte.
func TestMarkupCost(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, unit := range []string{"http://ab ", "[ http://ab ", "[x](h http://ab ", "[[[[ http://ab ", "**a _b ", "[a](http://b) "} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			markedHTML(strings.Repeat(unit, 100_000/len(unit)))
		}()
		select {
		case <-done:
		case <-ctx.Done():
			t.Fatalf("%q: no end", unit)
		}
	}
}
