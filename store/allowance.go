package store

import (
	"sync"
	"time"
)

// An allowance lets so many through at once, and then one in every length of time.
type allowance struct {
	now   func() time.Time
	burst int
	every time.Duration

	mu    sync.Mutex
	left  int
	since time.Time // up to when left was filled
}

func newAllowance(now func() time.Time, burst int, every time.Duration) allowance {
	return allowance{now: now, burst: burst, every: every, left: burst, since: now()}
}

// take reports whether one more is let through.
func (a *allowance) take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.takeOne()
}

// takeOne is take with mu held.
func (a *allowance) takeOne() bool {
	if n := int(a.now().Sub(a.since) / a.every); n > 0 {
		a.left = min(a.burst, a.left+n)
		a.since = a.since.Add(time.Duration(n) * a.every)
	}
	if a.left == 0 {
		return false
	}
	a.left--
	return true
}
