package store

import (
	"context"
	"errors"
	"testing"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// What is deleted is still stored, until it ends, and counts.
func TestDeletedDraftsCount(t *testing.T) {
	e := newEnv(t, func(o *Options) { o.MaxOwnItems = 2 })
	ctx := context.Background()
	bob, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	for i, want := range []error{nil, nil, socket.ErrTooLarge} {
		id := newID().String()
		if err := e.draft(bob, id, "x"); !errors.Is(err, want) {
			t.Errorf("draft %d: %v", i, err)
		}
		if err := e.Move(ctx, bob.Token, socket.Selection{IDs: []string{id}}, socket.ToDeleted); err != nil {
			t.Fatal(err)
		}
	}
}

// Messages that were deleted leave room for drafts.
func TestDeletedMessagesDoNotCount(t *testing.T) {
	e := newEnv(t, func(o *Options) { o.MaxOwnItems = 2 })
	ctx := context.Background()
	bob, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	for _, id := range []string{e.threaded("<a@x>", ""), e.threaded("<b@x>", "")} {
		if err := e.Move(ctx, bob.Token, socket.Selection{IDs: []string{id}}, socket.ToDeleted); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := e.draft(bob, newID().String(), "x"); err != nil {
			t.Error(err)
		}
	}
}
