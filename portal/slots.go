package portal

import (
	"context"
	"sync"
)

// slots bound how much is at work at once: in all, and for one client, so that
// one that reads or sends slowly doesn't keep out all others.
type slots struct {
	all chan struct{}
	per int

	mu      sync.Mutex
	clients map[string]*share
}

// A share is one client's part of the slots.
type share struct {
	slots chan struct{}
	users int // that hold or wait for one
}

func newSlots(all int) *slots {
	return &slots{all: make(chan struct{}, all), per: max(all/4, 1), clients: map[string]*share{}}
}

// take waits for a slot until ctx ends; the error is errBusy. The slot is free
// again when release is called.
func (s *slots) take(ctx context.Context, client string) (release func(), err error) {
	key := limitKey(client)
	mine := s.join(key)
	select {
	case mine.slots <- struct{}{}:
	case <-ctx.Done():
		s.leave(key)
		return nil, errBusy
	}
	select {
	case s.all <- struct{}{}:
	case <-ctx.Done():
		<-mine.slots
		s.leave(key)
		return nil, errBusy
	}
	return sync.OnceFunc(func() {
		<-s.all
		<-mine.slots
		s.leave(key)
	}), nil
}

func (s *slots) join(key string) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[key]
	if c == nil {
		c = &share{slots: make(chan struct{}, s.per)}
		s.clients[key] = c
	}
	c.users++
	return c
}

func (s *slots) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[key]
	if c.users--; c.users == 0 {
		delete(s.clients, key)
	}
}
