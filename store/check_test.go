package store

import (
	"context"
	"strings"
	"testing"
)

// What has ended and no entry of bucketExpiry names would stay for ever: the check
// says so.
func TestCheckFindsLeftovers(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	d := e.Begin(e.key())
	held := must(d.Hold(ctx, e.holdRequest("a body")))(t)
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := e.Withdraw(ctx, held.Code.Token(), ""); err != nil {
		t.Fatal(err)
	}
	hold := must(parseID(held.ID))(t)
	gone := expiryKey(e.clock.now().Add(e.o.LinkMemory), expireHoldGone, hold[:])
	forget := func(drop bool) {
		t.Helper()
		err := e.update(ctx, func(c *change) error {
			if drop {
				return c.drop(bucketExpiry, gone)
			}
			return c.put(bucketExpiry, gone, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e.consistent()
	forget(true)
	problems := must(e.Check(ctx))(t)
	if len(problems) != 1 || problems[0].Where != bucketHold || !strings.Contains(problems[0].What, "for ever") {
		t.Errorf("found %+v", problems)
	}
	forget(false)
}
