package store

import (
	"net/netip"
	"sync"
	"time"

	"github.com/postseal/postseal/store/socket"
)

// A limit says how failures are slowed down: the first ones are free, then each
// doubles the wait.
type limit struct {
	free int           // failures without a wait
	most time.Duration // the longest wait
}

// The limits. There is no lock that needs somebody to open it: whoever fails in
// another's name delays only networks from which that account never logged in.
var (
	limitAccount = limit{free: 5, most: 15 * time.Minute} // one account, from all networks new to it
	limitPair    = limit{free: 5, most: 15 * time.Minute} // one account from one network it knows
	limitClient  = limit{free: 20, most: time.Hour}       // one network, all accounts new to it
	limitReset   = limit{free: 10, most: time.Hour}       // reset mails asked for from one network
	limitReply   = limit{free: 60, most: time.Hour}       // replies of one account
	limitCompose = limit{free: 30, most: time.Hour}       // new messages of one guest
	limitMember  = limit{free: 300, most: time.Hour}      // new messages of one member
)

const (
	throttleForget  = 24 * time.Hour // failures older than that don't count
	throttleEntries = 1 << 16        // bound of the table
)

// A throttle counts attempts in memory. A restart forgets them, which only the
// owner's operator can cause.
type throttle struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]*attempts
}

type attempts struct {
	count int
	last  time.Time
	until time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, entries: map[string]*attempts{}}
}

// try notes an attempt under each key, or returns a ThrottledError and notes
// none. It counts before the outcome is known, so that attempts made at the same
// time can't slip through; a success calls forget.
func (t *throttle) try(keys map[string]limit) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	for k := range keys {
		if a := t.entries[k]; a != nil && a.until.After(now) {
			wait = max(wait, a.until.Sub(now))
		}
	}
	if wait > 0 {
		return &socket.ThrottledError{RetryAfter: wait}
	}
	for k, l := range keys {
		a := t.entries[k]
		if a == nil || now.Sub(a.last) > throttleForget {
			t.shrink(now)
			a = &attempts{}
			t.entries[k] = a
		}
		a.count++
		a.last = now
		if over := a.count - l.free; over > 0 {
			a.until = now.Add(min(l.most, time.Second<<min(over-1, 20)))
		}
	}
	return nil
}

// forget drops what was noted under the keys.
func (t *throttle) forget(keys map[string]limit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range keys {
		delete(t.entries, k)
	}
}

// shrink makes room in a full table: first what is old, then those who are not
// waiting. Only then is somebody forgotten who should wait.
func (t *throttle) shrink(now time.Time) {
	if len(t.entries) < throttleEntries {
		return
	}
	for _, drop := range []func(*attempts) bool{
		func(a *attempts) bool { return now.Sub(a.last) > time.Hour },
		func(a *attempts) bool { return a.until.Before(now) },
		func(a *attempts) bool { return true },
	} {
		for k, a := range t.entries {
			if drop(a) {
				delete(t.entries, k)
			}
			if len(t.entries) < throttleEntries*7/8 {
				return
			}
		}
	}
}

// network returns the part of a client's address that one party controls: all of
// an IPv4 address, the first 64 bits of an IPv6 one. Text that is no address
// stands for itself, in one bucket.
func network(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
