package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// What was deleted goes for good after a while, unless it is brought back.
func TestDeletedGoes(t *testing.T) {
	e, ctx := newEnv(t, longSessions, func(o *Options) { o.DeletedLife = 10 * day }), context.Background()
	session := e.holder()
	gone := e.deposit(seal.ModeAccount, "gone", "bob@guest.test")[0].Message
	back := e.deposit(seal.ModeAccount, "back", "bob@guest.test")[0].Message
	again := e.deposit(seal.ModeAccount, "again", "bob@guest.test")[0].Message
	ended, by := e.come(e.request(seal.ModeAccount, "ended", "bob@guest.test"))
	draft := "0199aaaa-0000-7000-8000-000000000001"
	check(t, e.draft(session, draft, "a draft"))
	move := func(to socket.Destination, ids ...string) {
		t.Helper()
		check(t, e.Move(ctx, session.Token, socket.Selection{IDs: ids}, to))
	}
	move(socket.ToDeleted, gone, back, again, ended.Message, draft)
	must(e.Recall(ctx, by, nil))(t)
	e.consistent()
	e.clock.advance(9 * day)
	move(socket.ToFolder, back, again)
	move(socket.ToDeleted, again)
	deleted := func() (ids []string) {
		for _, i := range e.list(session, socket.ListQuery{Folder: socket.FolderDeleted, Flat: true}).Items {
			ids = append(ids, i.ID)
		}
		return ids
	}
	e.purge()
	if ids := deleted(); len(ids) != 3 {
		t.Fatalf("after nine days: %v", ids)
	}
	e.clock.advance(day)
	e.purge()
	if ids := deleted(); len(ids) != 1 || ids[0] != again {
		t.Fatalf("after ten days: %v", ids)
	}
	if _, err := e.Message(ctx, session.Token, gone); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("what went: %v", err)
	}
	e.consistent()
	// The choice of a later configuration counts for what is deleted then.
	e.close()
	e.opts.DeletedLife = time.Hour
	e.open()
	e.purge()
	if ids := deleted(); len(ids) != 1 {
		t.Fatalf("after a shorter time was configured: %v", ids)
	}
	move(socket.ToDeleted, back)
	e.clock.advance(8 * day)
	e.purge()
	if ids := deleted(); len(ids) != 1 || ids[0] != again {
		t.Fatalf("what was deleted under the shorter time stays: %v", ids)
	}
	e.clock.advance(day)
	e.purge()
	if ids := deleted(); len(ids) != 0 {
		t.Fatalf("in the end: %v", ids)
	}
}
