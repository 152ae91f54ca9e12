package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// fill puts copies of a message's record into its inbox, each in a conversation of
// three, with an index entry of the usual size. Their parts are not there: no list
// looks at them.
func (e *env) fill(b *testing.B, message string, n int) {
	b.Helper()
	first, err := parseID(message)
	if err != nil {
		b.Fatal(err)
	}
	for at := 0; at < n; at += 5000 {
		err := e.meta.update(context.Background(), 4<<20, func(c *change) error {
			var m messageRecord
			if err := e.vault.get(c.Tx, bucketMessage, first[:], &m); err != nil {
				return err
			}
			for i := at; i < min(at+5000, n); i++ {
				k := newID()
				m.MessageID, m.References = fmt.Sprintf("<%d@x>", i), ""
				if i%3 != 0 {
					m.References = fmt.Sprintf("<%d@x>", i-i%3)
				}
				m.Created = m.Created.Add(time.Second)
				if err := e.vault.put(c, bucketMessage, k[:], m); err != nil {
					return err
				}
				if err := e.putEntry(c, e.entryFor(k, m, inboxGranted|byte(i%2))); err != nil {
					return err
				}
				if err := c.put(bucketIndex, accountKey(m.Account, k[:]), make([]byte, 400)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList100k lists pages of 50 conversations in a mailbox of 100,000
// messages: the first, one from the middle, the unread ones, and what a search
// reads at a time.
func BenchmarkList100k(b *testing.B) {
	e := newEnv(b)
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	bob, _ := e.activate(s.Code, "password")
	e.fill(b, s.Message, 100_000)
	middle := e.list(bob, socket.ListQuery{Limit: 200, Until: e.clock.now().Add(50_000 * time.Second)}).Next
	for _, bm := range []struct {
		name string
		q    socket.ListQuery
	}{
		{"first", socket.ListQuery{Limit: 50}},
		{"middle", socket.ListQuery{Limit: 50, Cursor: middle}},
		{"unread", socket.ListQuery{Limit: 50, Unread: true}},
		{"search", socket.ListQuery{Limit: 500, Flat: true}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				if l := e.list(bob, bm.q); len(l.Items) != bm.q.Limit {
					b.Fatalf("%d items", len(l.Items))
				}
			}
		})
	}
	e.close() // made up as it is, it would not pass the check
}
