package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// Whoever guesses passwords all day does not fill the disk, and what was left out
// is told.
func TestTrailOfStrangersIsBounded(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	guess := func(i int) {
		t.Helper()
		_, err := e.Login(ctx, socket.Login{
			Address: fmt.Sprintf("user%d@guest.test", i), Client: fmt.Sprintf("2001:db8:%x::1", i),
			Verifier: make([]byte, seal.KeySize),
		})
		if !errors.Is(err, socket.ErrLogin) {
			t.Fatal(err)
		}
	}
	e.budget.left = 10
	for i := range 15 {
		guess(i)
	}
	if err := e.RequestReset(ctx, "nobody@guest.test", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	entries, last, err := e.Trail(ctx, 0, 1000)
	if err != nil || len(entries) != 10 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	e.clock.advance(2 * auditEvery)
	for i := range 3 {
		guess(100 + i)
	}
	entries, _, err = e.Trail(ctx, last, 1000)
	if err != nil || len(entries) != 2 || entries[0].Note != "6 more like it before were not written down" || entries[1].Note != "" {
		t.Fatalf("%+v, %v", entries, err)
	}
}
