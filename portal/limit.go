package portal

import (
	"sync"
	"time"
)

// A limiter is a token bucket a client: so many requests a minute, all of them
// at once if the client was quiet before.
type limiter struct {
	mu      sync.Mutex
	perMin  float64
	now     func() time.Time
	buckets map[string]bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// maxBuckets bounds the memory of a limiter. When it is reached even after full
// buckets are dropped, unknown clients share one bucket.
const maxBuckets = 50_000

func newLimiter(perMinute int, now func() time.Time) *limiter {
	return &limiter{perMin: float64(perMinute), now: now, buckets: map[string]bucket{}}
}

// take takes a token of the client's and returns 0, or how long to wait for one.
func (l *limiter) take(client string) time.Duration {
	key := limitKey(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= maxBuckets {
			key = "(others)"
			b, ok = l.buckets[key]
		}
		if !ok {
			b = bucket{l.perMin, now}
		}
	}
	b.tokens = min(l.perMin, b.tokens+max(0, now.Sub(b.at).Minutes())*l.perMin)
	b.at = now
	var wait time.Duration
	if b.tokens >= 1 {
		b.tokens--
	} else {
		wait = time.Duration((1 - b.tokens) / l.perMin * float64(time.Minute))
		wait = max(wait, time.Millisecond)
	}
	l.buckets[key] = b
	return wait
}

// give gives a token back.
func (l *limiter) give(client string) {
	key := limitKey(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[key]; ok {
		b.tokens = min(l.perMin, b.tokens+1)
		l.buckets[key] = b
	}
}

// sweep drops buckets that are full again, once a minute.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute && len(l.buckets) < maxBuckets {
		return
	}
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for k, b := range l.buckets {
		if b.tokens+now.Sub(b.at).Minutes()*l.perMin >= l.perMin {
			delete(l.buckets, k)
		}
	}
}
