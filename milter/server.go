package milter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postseal/postseal/milter/volume"
	"github.com/postseal/postseal/rules"
)

// A Server serves any number of listeners. Its methods may be used by several
// goroutines.
type Server struct {
	options  Options
	current  func() evaluator // the rules in force
	slots    chan struct{}    // one a connection
	deciding chan struct{}    // one a message that is decided
	volume   *volume.Counter

	// working ends when work at end of message has to stop: Shutdown was cut off.
	working context.Context
	stop    context.CancelFunc

	mu        sync.Mutex
	closing   bool
	listeners map[*listener]struct{}
	conns     map[*conn]struct{}
	idle      chan struct{} // closed when closing and no connection is left
	once      sync.Once
}

// evaluator is one version of the rules ([rules.Set]).
type evaluator interface {
	Evaluate(ctx context.Context, m *rules.Message) (*rules.Decision, error)
	EvaluateHeader(ctx context.Context, m *rules.Message) (d *rules.Decision, ok bool, err error)
}

// ErrClosed is returned by [Server.Serve] after [Server.Shutdown].
var ErrClosed = errors.New("milter server is closed")

// New returns a server. The error says which option is missing or wrong.
func New(o Options) (*Server, error) {
	switch {
	case o.Rules == nil:
		return nil, errors.New("milter: no rules")
	case o.Store == nil:
		return nil, errors.New("milter: no store")
	case o.Notices == nil:
		return nil, errors.New("milter: no notices")
	case o.Guard == nil:
		return nil, errors.New("milter: no guard")
	}
	if o.Retention <= 0 {
		o.Retention = 30 * 24 * time.Hour
	}
	if o.Hold <= 0 {
		o.Hold = 7 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Outgoing.Wait <= 0 {
		o.Outgoing.Wait = 5 * time.Second
	}
	o.Limits = o.Limits.withDefaults()
	ctx, stop := context.WithCancel(context.Background())
	return &Server{
		options: o, current: func() evaluator { return o.Rules.Current() },
		deciding: make(chan struct{}, o.Limits.Decisions),
		volume:   volume.New(volume.Limits{}),
		slots:    make(chan struct{}, o.Limits.Connections),
		working:  ctx, stop: stop,
		listeners: map[*listener]struct{}{}, conns: map[*conn]struct{}{},
		idle: make(chan struct{}),
	}, nil
}

// Serve answers MTAs that connect to l, until Shutdown. It closes l.
func (s *Server) Serve(l net.Listener) error {
	own := newListener(l, s)
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		l.Close()
		return ErrClosed
	}
	s.listeners[own] = struct{}{}
	s.mu.Unlock()

	m := milter.Server{
		NewMilter: own.backend,
		Actions:   wantedActions,
		Protocol:  s.protocol(),
		SymList:   wantedMacros(),
	}
	err := m.Serve(own)

	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, own)
	if s.closing {
		return ErrClosed
	}
	return fmt.Errorf("serve milter: %w", err)
}

// Shutdown closes the listeners and the idle connections and waits until every
// message that is under way got its answer, or ctx ends; then it closes the rest.
// The SMTP sessions of what it closed get a 451 from the MTA.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		s.checkIdle()
	}
	var errs []error
	for l := range s.listeners {
		errs = append(errs, l.Close())
	}
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()

	for _, c := range conns {
		c.drain()
	}
	select {
	case <-s.idle:
	case <-ctx.Done():
		s.stop()
		for _, c := range conns {
			c.cut()
		}
		errs = append(errs, fmt.Errorf("drain milter connections: %w", ctx.Err()))
	}
	return errors.Join(errs...)
}

// remember tracks a connection; it refuses when the server is closing.
func (s *Server) remember(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	return !s.closing
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.checkIdle()
}

// checkIdle is called with mu held.
func (s *Server) checkIdle() {
	if s.closing && len(s.conns) == 0 {
		s.once.Do(func() { close(s.idle) })
	}
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def64 := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	wait := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def64(&l.Message, 50_000_000)
	def64(&l.Memory, 1<<20)
	def(&l.Header, 1<<20)
	def(&l.Fields, 5000)
	def(&l.Recipients, 5000)
	def(&l.Connections, 500)
	def(&l.Decisions, 4*runtime.GOMAXPROCS(0))
	wait(&l.Idle, 10*time.Minute)
	wait(&l.Frame, 30*time.Second)
	wait(&l.Write, 30*time.Second)
	wait(&l.EndOfMessage, 4*time.Minute)
	wait(&l.Progress, 5*time.Second)
	return l
}

// ended logs why a connection ended, unless the MTA or we closed it in order.
func (s *Server) ended(err error) {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
	case errors.As(err, &timeout) && timeout.Timeout():
		s.options.Log.Info("milter connection timed out", "event", "disconnected")
	default:
		s.options.Log.Warn("milter connection broken", "event", "disconnected", "error", err)
	}
}
