package store

import (
	"fmt"
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
	allowance
	skipped int
}

func newBudget(now func() time.Time) *budget {
	return &budget{allowance: newAllowance(now, auditBurst, auditEvery)}
}

// within returns e to be written, or nothing when the budget is spent. Whether
// that is so depends on nothing in e.
func (b *budget) within(e Entry) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.takeOne() {
		b.skipped++
		return nil
	}
	if b.skipped > 0 {
		e.Note = fmt.Sprintf("%d more like it before were not written down", b.skipped)
		b.skipped = 0
	}
	return []Entry{e}
}
