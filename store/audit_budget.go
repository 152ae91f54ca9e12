package store

import (
	"fmt"
	"sync"
	"time"
)

// What people without a session can make the trail grow by: about half a kilobyte
// an entry, so 8 MB a day at the most. A disk that an outsider can fill would stop
// the mail.
const (
	auditBurst = 1000             // entries at once
	auditEvery = 10 * time.Second // then one in this time
)

// A budget bounds the audit entries that strangers cause. What it does not let
// through is counted, and told by the next entry that it does.
type budget struct {
	now func() time.Time

	mu      sync.Mutex
	left    int
	since   time.Time // up to when left was filled
	skipped int
}

func newBudget(now func() time.Time) *budget {
	return &budget{now: now, left: auditBurst, since: now()}
}

// within returns e to be written, or nothing when the budget is spent. Whether
// that is so depends on nothing in e.
func (b *budget) within(e Entry) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := int(b.now().Sub(b.since) / auditEvery); n > 0 {
		b.left = min(auditBurst, b.left+n)
		b.since = b.since.Add(time.Duration(n) * auditEvery)
	}
	if b.left == 0 {
		b.skipped++
		return nil
	}
	b.left--
	if b.skipped > 0 {
		e.Note = fmt.Sprintf("%d more like it before were not written down", b.skipped)
		b.skipped = 0
	}
	return []Entry{e}
}
