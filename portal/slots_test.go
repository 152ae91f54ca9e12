package portal

import (
	"context"
	"errors"
	"testing"
)

func TestSlots(t *testing.T) {
	s := newSlots(8)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	take := func(ctx context.Context, client string) func() {
		t.Helper()
		release, err := s.take(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		return release
	}
	a, b := take(context.Background(), "192.0.2.1"), take(context.Background(), "192.0.2.1")
	if _, err := s.take(over, "192.0.2.1"); !errors.Is(err, errBusy) {
		t.Fatalf("a third slot for one client: %v", err)
	}
	take(context.Background(), "192.0.2.2")()
	got := make(chan func())
	go func() { got <- take(context.Background(), "192.0.2.1") }()
	a()
	a() // releasing twice frees one
	c := <-got
	b()
	c()
	if len(s.clients) != 0 || len(s.all) != 0 {
		t.Errorf("%d clients and %d slots are kept", len(s.clients), len(s.all))
	}
	for i := range 8 {
		take(context.Background(), string(rune('a'+i)))
	}
	if _, err := s.take(over, "z"); !errors.Is(err, errBusy) {
		t.Fatalf("a ninth slot: %v", err)
	}
}
