package tlspolicy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

// A Table answers lookups. ok is false for a key that it knows nothing of; an
// error is answered as a temporary failure.
type Table interface {
	Lookup(ctx context.Context, name, key string) (value string, ok bool, err error)
}

// ErrNoTable is returned by a [Table] that has no map of that name.
var ErrNoTable = errors.New("no such map")

// The bounds of a [Server].
const (
	maxClients  = 256              // connections at once; more wait
	idleTimeout = 10 * time.Minute // between two requests; Postfix closes its side after 10 s
	frameTime   = 30 * time.Second // for the rest of a request, and for an answer
	lookupTime  = 30 * time.Second // for finding the answer; Postfix waits 100 s
)

// A Server serves a table to Postfix (socketmap_table(5)): each request and each
// answer is a netstring.
type Server struct {
	table Table
	log   *slog.Logger
	ctx   context.Context
	stop  context.CancelFunc
	slots chan struct{}

	mu     sync.Mutex
	open   map[io.Closer]struct{}
	closed bool
	work   sync.WaitGroup
}

// NewServer returns a server of t. log gets the failed lookups.
func NewServer(t Table, log *slog.Logger) *Server {
	ctx, stop := context.WithCancel(context.Background())
	return &Server{table: t, log: log, ctx: ctx, stop: stop, slots: make(chan struct{}, maxClients), open: map[io.Closer]struct{}{}}
}

// Serve answers clients of l until Close, and then returns nil. It closes l.
func (s *Server) Serve(l net.Listener) error {
	if !s.remember(l) {
		return nil
	}
	defer s.forget(l)
	for {
		select {
		case s.slots <- struct{}{}:
		case <-s.ctx.Done():
			return nil
		}
		c, err := l.Accept()
		if err != nil {
			<-s.slots
			switch {
			case s.ctx.Err() != nil:
				return nil
			case errors.Is(err, net.ErrClosed):
				return err
			}
			// Out of file descriptors, say: it passes.
			s.log.Warn("socketmap connection not accepted", "error", err)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-s.ctx.Done():
			}
			continue
		}
		if !s.remember(c) {
			<-s.slots
			return nil
		}
		go func() {
			defer func() { <-s.slots }()
			defer s.forget(c)
			if err := s.converse(c); err != nil && s.ctx.Err() == nil {
				s.log.Warn("socketmap connection broken", "error", err)
			}
		}()
	}
}

// Close ends all connections and waits until nothing works any more.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

func (s *Server) remember(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	s.open[c] = struct{}{}
	s.work.Add(1)
	return true
}

func (s *Server) forget(c io.Closer) {
	c.Close()
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.work.Done()
}

// converse answers one client until it goes.
func (s *Server) converse(c net.Conn) error {
	r := bufio.NewReaderSize(c, 2*maxRequest)
	for {
		c.SetDeadline(time.Now().Add(idleTimeout))
		if _, err := r.Peek(1); err != nil {
			return nil // it went, or has nothing to say
		}
		c.SetDeadline(time.Now().Add(frameTime))
		request, err := readNetstring(r, maxRequest)
		if err != nil {
			return err
		}
		answer := s.answer(request)
		c.SetDeadline(time.Now().Add(frameTime))
		if _, err := c.Write(appendNetstring(nil, answer)); err != nil {
			return err
		}
	}
}

// answer finds the answer to "name key".
func (s *Server) answer(request string) (answer string) {
	defer func() {
		if recover() != nil {
			s.log.Error("panic in a socketmap lookup")
			answer = "TEMP internal error"
		}
	}()
	name, key, ok := strings.Cut(request, " ")
	if !ok || name == "" || key == "" {
		return "PERM want: map destination"
	}
	ctx, cancel := context.WithTimeout(s.ctx, lookupTime)
	defer cancel()
	value, ok, err := s.table.Lookup(ctx, name, key)
	switch {
	case errors.Is(err, ErrNoTable):
		return "PERM no such map"
	case err != nil:
		s.log.Warn("no TLS policy for a destination, its mail waits", "map", name, "destination", key, "error", err)
		return "TEMP not known at present"
	case !ok:
		return "NOTFOUND "
	}
	return "OK " + value
}
