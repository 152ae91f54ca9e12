package volume

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func others(t *testing.T, o *Offer, since time.Time) int64 {
	t.Helper()
	n, err := o.Others(since)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOthers(t *testing.T) {
	tests := []struct {
		name    string
		offers  map[time.Duration]int // age and recipients
		within  time.Duration
		want    int64
		another int // recipients of another sender, now
	}{
		{name: "nothing", within: time.Hour},
		{name: "just now", offers: map[time.Duration]int{0: 3, time.Second: 4}, within: time.Hour, want: 7},
		{name: "only what is within", offers: map[time.Duration]int{3 * time.Hour: 5, 2 * time.Hour: 6, 30 * time.Minute: 7}, within: time.Hour, want: 7},
		{name: "a minute", offers: map[time.Duration]int{75 * time.Second: 5, 50 * time.Second: 6}, within: time.Minute, want: 6},
		{name: "a day", offers: map[time.Duration]int{25*time.Hour + time.Minute: 5, 23 * time.Hour: 6, 5 * time.Minute: 7}, within: 24 * time.Hour, want: 13},
		{name: "a week", offers: map[time.Duration]int{8 * 24 * time.Hour: 5, 6 * 24 * time.Hour: 6}, within: 7 * 24 * time.Hour, want: 6},
		{name: "each sender apart", offers: map[time.Duration]int{0: 3}, another: 100, within: time.Hour, want: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := New(Limits{})
			for age := 8 * 24 * time.Hour; age >= 0; age -= time.Second {
				if n := test.offers[age]; n > 0 {
					c.Offer("ann", true, "", n, noon.Add(-age))
				}
			}
			if test.another > 0 {
				c.Offer("bob", true, "", test.another, noon)
			}
			o := c.Offer("ann", true, "", 50, noon)
			if got := others(t, o, noon.Add(-test.within)); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// Counts are never too low, and too high by one step at most.
func TestRoughness(t *testing.T) {
	c := New(Limits{})
	const every = 7 * time.Second
	const total = 3 * 24 * time.Hour
	var last *Offer
	end := noon.Add(-total % every)
	for age := total; age >= 0; age -= every {
		last = c.Offer("ann", false, "", 1, noon.Add(-age))
	}
	for _, within := range []time.Duration{time.Minute, 10 * time.Minute, 13 * time.Minute, time.Hour, 2 * time.Hour, 5 * time.Hour, 24 * time.Hour, 50 * time.Hour} {
		got := others(t, last, noon.Add(-within))
		exact := int64((within - noon.Sub(end)) / every) // the others
		slack := width(int64(within/time.Second))*int64(time.Second)/int64(every) + 2
		if got < exact || got > exact+slack {
			t.Errorf("within %v: %d, want %d to %d", within, got, exact, exact+slack)
		}
	}
	if n := len(c.senders[last.key].steps); n > 60+110+88+48+4 {
		t.Errorf("%d steps kept", n)
	}
}

// Messages that are decided at once see each other.
func TestOffersSeeEachOther(t *testing.T) {
	c := New(Limits{})
	a := c.Offer("ann", true, "", 60, noon)
	b := c.Offer("ann", true, "", 70, noon)
	since := noon.Add(-time.Hour)
	if x, y := others(t, a, since), others(t, b, since); x != 70 || y != 60 {
		t.Errorf("got %d and %d", x, y)
	}
	a.Withdraw()
	a.Withdraw()
	if n := others(t, b, since); n != 0 {
		t.Errorf("after the other is withdrawn: %d", n)
	}
}

// What is withdrawn late comes out of the step that it was merged into.
func TestWithdrawMerged(t *testing.T) {
	c := New(Limits{})
	a := c.Offer("ann", true, "", 60, noon)
	c.Offer("ann", true, "", 1, noon.Add(20*time.Second))
	b := c.Offer("ann", true, "", 5, noon.Add(30*time.Minute))
	a.Withdraw()
	if n := others(t, b, noon); n != 1 {
		t.Errorf("got %d, want 1", n)
	}
}

// The same message counts once: as long as it is remembered, and not withdrawn.
func TestSameMessage(t *testing.T) {
	c := New(Limits{})
	since := noon.Add(-time.Hour)
	first := c.Offer("ann", true, "1", 10, noon)
	again := c.Offer("ann", true, "1", 10, noon.Add(time.Minute))
	if n := others(t, again, since); n != 0 {
		t.Errorf("offered again: %d others, want 0", n)
	}
	again.Withdraw()
	if n := others(t, c.Offer("ann", true, "2", 3, noon), since); n != 10 {
		t.Errorf("another message: %d others, want 10", n)
	}
	if n := others(t, c.Offer("bob", true, "1", 3, noon), since); n != 0 {
		t.Errorf("another sender: %d others, want 0", n)
	}
	first.Withdraw()
	anew := c.Offer("ann", true, "1", 10, noon)
	if n := others(t, c.Offer("ann", true, "", 1, noon), since); n != 13 {
		t.Errorf("after the first was withdrawn: %d others, want 13", n)
	}
	if n := others(t, anew, since); n != 4 {
		t.Errorf("the one offered anew: %d others, want 4", n)
	}
	for range 5 {
		c.Offer("cy", true, "", 1, noon)
	}
	if n := others(t, c.Offer("cy", true, "", 1, noon), since); n != 5 {
		t.Errorf("without an identity: %d others, want 5", n)
	}
	if n := others(t, c.Offer("ann", true, "2", 3, noon.Add(2*time.Hour)), noon.Add(time.Hour)); n != 0 {
		t.Errorf("much later: %d others, want 0", n)
	}
}

// What comes back from us counted when it came first.
func TestKnown(t *testing.T) {
	c := New(Limits{})
	if n := others(t, c.Known("ann", 3, noon), noon.Add(-time.Hour)); n != 0 {
		t.Errorf("of a sender who was forgotten: %d", n)
	}
	c.Offer("ann", true, "1", 3, noon)
	c.Offer("ann", true, "2", 4, noon)
	k := c.Known("ann", 3, noon.Add(time.Minute))
	if n := others(t, k, noon.Add(-time.Hour)); n != 4 {
		t.Errorf("beside itself: %d, want 4", n)
	}
	k.Withdraw()
	if n := others(t, c.Offer("ann", true, "3", 1, noon.Add(time.Minute)), noon.Add(-time.Hour)); n != 7 {
		t.Errorf("of another: %d, want 7", n)
	}
}

func TestClockSetBack(t *testing.T) {
	c := New(Limits{})
	c.Offer("ann", true, "", 60, noon)
	o := c.Offer("ann", true, "", 5, noon.Add(-time.Hour))
	if n := others(t, o, noon.Add(-2*time.Hour)); n != 60 {
		t.Errorf("got %d, want 60", n)
	}
	o.Withdraw()
	if n := others(t, c.Offer("ann", true, "", 5, noon), noon.Add(-2*time.Hour)); n != 60 {
		t.Errorf("after it is withdrawn: %d, want 60", n)
	}
}

// Outsiders make room, for members and for each other.
func TestOutsidersAreForgotten(t *testing.T) {
	for _, limits := range []Limits{{Senders: 4}, {Steps: 5}} {
		c := New(limits)
		c.Offer("ann", true, "", 10, noon)
		for i := range 100 {
			o := c.Offer(fmt.Sprint("stranger", i), false, "", 1, noon.Add(time.Duration(i)*time.Second))
			others(t, o, noon)
		}
		later := noon.Add(10 * time.Minute)
		if n := others(t, c.Offer("ann", true, "", 1, later), noon.Add(-time.Hour)); n != 10 {
			t.Errorf("%+v: a member is known with %d, want 10", limits, n)
		}
		if len(c.senders) > 5 || c.steps > 5 {
			t.Errorf("%+v: %d senders, %d steps", limits, len(c.senders), c.steps)
		}
	}
}

// When there is no room for a member, a count is an error as long as it could be
// too low.
func TestFullOfMembers(t *testing.T) {
	c := New(Limits{Senders: 2})
	c.Offer("ann", true, "", 10, noon)
	c.Offer("bob", true, "", 10, noon)
	o := c.Offer("cy", true, "", 10, noon)
	if n, err := o.Others(noon.Add(-time.Minute)); !errors.Is(err, ErrFull) {
		t.Errorf("got %d, %v", n, err)
	}
	o.Withdraw()
	if n, err := c.Offer("stranger", false, "", 10, noon).Others(noon); !errors.Is(err, ErrFull) {
		t.Errorf("an outsider: %d, %v", n, err)
	}
	next := noon.Add(Keep + time.Hour)
	o = c.Offer("cy", true, "", 10, next)
	if n, err := o.Others(noon.Add(-time.Minute)); !errors.Is(err, ErrFull) {
		t.Errorf("over the time of the loss: %d, %v", n, err)
	}
	if n := others(t, o, next.Add(-time.Hour)); n != 0 {
		t.Errorf("behind it: %d", n)
	}
	if len(c.senders) != 1 {
		t.Errorf("%d senders after a week, want 1", len(c.senders))
	}
}

// Once a member, always one: an outsider with the same name changes nothing.
func TestBecomesMember(t *testing.T) {
	c := New(Limits{Senders: 1})
	c.Offer("ann", false, "", 3, noon)
	c.Offer("ann", true, "", 4, noon)
	o := c.Offer("ann", false, "", 5, noon)
	if n := others(t, o, noon); n != 7 {
		t.Errorf("got %d", n)
	}
	if c.members.Len() != 1 || c.outsiders.Len() != 0 {
		t.Errorf("%d members, %d outsiders", c.members.Len(), c.outsiders.Len())
	}
}

func TestConcurrentOffers(t *testing.T) {
	c := New(Limits{})
	var work sync.WaitGroup
	for i := range 50 {
		work.Go(func() {
			o := c.Offer("ann", true, "", 2, noon.Add(time.Duration(i)*time.Second))
			if _, err := o.Others(noon); err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				o.Withdraw()
			}
		})
	}
	work.Wait()
	if n := others(t, c.Offer("ann", true, "", 1, noon.Add(time.Minute)), noon.Add(-time.Hour)); n != 50 {
		t.Errorf("got %d, want 50", n)
	}
}

func BenchmarkOffer(b *testing.B) {
	c := New(Limits{})
	at := noon
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(3 * time.Second)
		o := c.Offer("ann", true, "", 1, at)
		if _, err := o.Others(at.Add(-time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
}
