// Package volume counts how many recipients each sender's messages had lately,
// for rules about mass mailings in many small messages.
//
// A message counts from its offer on, so that several at a time see each other,
// and stops to count when it is withdrawn: the MTA was told to offer it again, or
// gave it up. The same message offered again within an hour, because its answer
// was lost on the way, is one. Counts are kept in memory alone, for [Keep], and a new process
// begins with none.
//
// Times are kept roughly, the rougher the longer ago: in steps of 10 seconds for
// ten minutes, of a minute for two hours, of a quarter of an hour for a day, then
// of an hour. A count therefore takes in up to one such step more than was asked
// for, never less.
//
// Memory is bounded by [Limits]. When it is full, outsiders who have been quiet
// for longest are forgotten: they choose their addresses as they like, so nothing
// is lost against them. A member is never forgotten within [Keep]. If there are
// members only, a new one can't be counted, and asking for the count is an error:
// whoever asks must not take it for none.
package volume

import (
	"container/list"
	"errors"
	"hash/maphash"
	"sync"
	"time"
)

// Keep is how long an offer counts.
const Keep = 7 * 24 * time.Hour

// Limits bound a Counter's memory. A zero field means the default.
type Limits struct {
	Senders int // default 100,000, about 20 MB
	Steps   int // of all senders together, default 1,000,000, about 40 MB
}

// ErrFull is returned by [Offer.Others] when something could not be counted.
var ErrFull = errors.New("no room to count what senders send")

// A Counter counts for any number of goroutines.
type Counter struct {
	limits Limits
	seed   maphash.Seed

	mu      sync.Mutex
	senders map[uint64]*sender
	// quiet are the senders, those first who have been quiet for longest.
	members, outsiders *list.List
	steps              int   // of all senders
	lost               int64 // when an offer last found no room, in seconds of Unix time
}

// A sender is known by the hash of its name. Two with the same hash would count
// together, which is on the safe side.
type sender struct {
	key    uint64
	member bool
	place  *list.Element // in the list of its kind
	steps  steps
	recent []*Offer // that count, the last few, to know them again
}

// A message is known again among so many of its sender, for so many seconds.
const (
	maxRecent  = 4
	keepRecent = 3600
)

// New returns a Counter that has counted nothing.
func New(l Limits) *Counter {
	if l.Senders <= 0 {
		l.Senders = 100_000
	}
	if l.Steps <= 0 {
		l.Steps = 1_000_000
	}
	return &Counter{
		limits: l, seed: maphash.MakeSeed(), senders: map[uint64]*sender{},
		members: list.New(), outsiders: list.New(),
	}
}

// An Offer is one message that counts.
type Offer struct {
	counter    *Counter
	key        uint64
	identity   uint64 // 0: it has none
	recipients int64
	at         int64
	counted    bool
	again      bool // it is counted by another Offer
	known      bool // it was counted when it came first, maybe by another process
}

// Offer counts a message of a sender that came at a time for a number of
// recipients. The name has to be the same for all spellings of an address. A
// message is the same as another of that sender if it has the same identity; ""
// is the same as none.
func (c *Counter) Offer(name string, member bool, identity string, recipients int, at time.Time) *Offer {
	o := &Offer{counter: c, key: maphash.String(c.seed, name), recipients: int64(recipients), at: at.Unix()}
	if identity != "" {
		o.identity = maphash.String(c.seed, identity)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(o.at)
	s := c.senders[o.key]
	for s == nil && len(c.senders) >= c.limits.Senders || c.steps >= c.limits.Steps {
		if !c.forget(s) {
			c.lost = o.at
			return o
		}
	}
	switch {
	case s == nil:
		s = &sender{key: o.key, member: member}
		c.senders[o.key] = s
		s.place = c.kind(member).PushBack(s)
	case member && !s.member:
		c.outsiders.Remove(s.place)
		s.member = true
		s.place = c.members.PushBack(s)
	default:
		c.kind(s.member).MoveToBack(s.place)
	}
	o.counted = true
	if first := s.first(o); first != nil {
		o.again, o.recipients = true, first.recipients
		return o
	}
	if o.identity != 0 {
		s.recent = append(s.recent[max(0, len(s.recent)-maxRecent+1):], o)
	}
	before := len(s.steps)
	s.steps = s.steps.add(o.at, o.recipients)
	c.steps += len(s.steps) - before
	return o
}

// Known is a message that counted when it was offered first and comes back from us:
// it counts no second time.
func (c *Counter) Known(name string, recipients int, at time.Time) *Offer {
	return &Offer{
		counter: c, key: maphash.String(c.seed, name), recipients: int64(recipients), at: at.Unix(),
		counted: true, again: true, known: true,
	}
}

// first returns the Offer that counts for the message of o, nil if there is none.
func (s *sender) first(o *Offer) *Offer {
	for _, r := range s.recent {
		if r.counted && o.identity != 0 && r.identity == o.identity && r.at > o.at-keepRecent {
			return r
		}
	}
	return nil
}

// Others returns how many recipients the sender's other messages had since a
// time, as far back as [Keep].
func (o *Offer) Others(since time.Time) (int64, error) {
	c := o.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.senders[o.key]
	if o.known && s == nil {
		return 0, nil
	}
	if !o.counted || s == nil || s.member && since.Unix() <= c.lost {
		return 0, ErrFull
	}
	return max(s.steps.since(since.Unix())-o.recipients, 0), nil
}

// Withdraw makes the message count no longer. It may be called again, and then
// does nothing.
func (o *Offer) Withdraw() {
	c := o.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.senders[o.key]; o.counted && !o.again && s != nil {
		s.steps.take(o.at, o.recipients)
	}
	o.counted = false
}

func (c *Counter) kind(member bool) *list.List {
	if member {
		return c.members
	}
	return c.outsiders
}

// expire drops those who have been quiet for longer than Keep.
func (c *Counter) expire(now int64) {
	for _, kind := range []*list.List{c.members, c.outsiders} {
		for e := kind.Front(); e != nil; e = kind.Front() {
			s := e.Value.(*sender)
			if s.steps[len(s.steps)-1].end > now-int64(Keep/time.Second) {
				break
			}
			c.drop(s)
		}
	}
}

// forget makes room: the outsider goes who has been quiet for longest, but not
// the one that is spared. Without such a one it returns false.
func (c *Counter) forget(spared *sender) bool {
	e := c.outsiders.Front()
	if e != nil && e.Value == spared {
		e = e.Next()
	}
	if e == nil {
		return false
	}
	c.drop(e.Value.(*sender))
	return true
}

func (c *Counter) drop(s *sender) {
	c.kind(s.member).Remove(s.place)
	delete(c.senders, s.key)
	c.steps -= len(s.steps)
}
