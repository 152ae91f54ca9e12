package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// PoolOptions are the settings of a Pool. A zero field means the default.
type PoolOptions struct {
	Command   []string      // runs ChildMain; default: this program with the argument "extract-child"
	Env       []string      // of the children, on top of what the Pool sets; default none
	Children  int           // that run at once, default the number of processors, at least 2
	Documents int           // after which a child is replaced, default 500
	Timeout   time.Duration // for one document, default 60 s
	CPU       time.Duration // processor time for one document, default 30 s
	Memory    int64         // address space for content, default 1 GiB
	Limits    Limits
	Log       *slog.Logger // default: no log
}

func (o PoolOptions) withDefaults() PoolOptions {
	if o.Children <= 0 {
		o.Children = max(2, runtime.NumCPU())
	}
	if o.Documents <= 0 {
		o.Documents = 500
	}
	if o.Timeout <= 0 {
		o.Timeout = 60 * time.Second
	}
	if o.CPU <= 0 {
		o.CPU = 30 * time.Second
	}
	if o.Memory <= 0 {
		o.Memory = 1 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.withDefaults()
	return o
}

// A Pool extracts in child processes. It is safe for concurrent use.
type Pool struct {
	o     PoolOptions
	slots chan struct{} // one for each child that may run

	mu     sync.Mutex
	idle   []*process
	closed bool
}

// ErrClosed is returned by Extract after Close.
var ErrClosed = errors.New("extract: the pool is closed")

// NewPool makes a Pool. No child is started before a document comes.
func NewPool(o PoolOptions) *Pool {
	o = o.withDefaults()
	return &Pool{o: o, slots: make(chan struct{}, o.Children)}
}

// Extract is the package's Extract in a child. It waits for a free child until
// ctx ends. A document on which children died (two of them) or that took too long
// has a Reason; the error is one of d.Open's reader, ctx, visit, or of starting a child.
// After a child's death visit can get the same text again.
func (p *Pool) Extract(ctx context.Context, d Document, visit func(*Text) error) (*Result, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for attempt := 1; ; attempt++ {
		c, err := p.take()
		if err != nil {
			return nil, fmt.Errorf("start a reader of documents: %w", err)
		}
		r, err := c.extract(ctx, d, p.o.Timeout, visit)
		switch {
		case err == nil:
			p.give(c)
			return r, nil
		case errors.Is(err, errTooLarge):
			c.kill() // it waits for the rest
			return tooLarge(), nil
		case errors.Is(err, errTimeout):
			c.kill()
			p.o.Log.Warn("document took too long to read", "timeout", p.o.Timeout)
			return p.gaveUp(ReasonTimeout), nil
		case errors.Is(err, errDied):
			how := c.kill()
			p.o.Log.Warn("reader of documents died", "attempt", attempt, "state", how)
			if c.outOfTime() {
				return p.gaveUp(ReasonTimeout), nil
			}
			if attempt < 2 && ctx.Err() == nil {
				continue // it may have been for what came before, or killed from outside
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return p.gaveUp(ReasonFailed), nil
		default:
			c.kill()
			return nil, err
		}
	}
}

// gaveUp is the result for a document that no child could read; it counts for as
// much work as a document can be.
func (p *Pool) gaveUp(reason Reason) *Result {
	return &Result{Unscannable: []Reason{reason}, Expanded: p.o.Limits.Expanded}
}

// take returns an idle child or starts one.
func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return start(p.o)
}

// give takes a child back.
func (p *Pool) give(c *process) {
	p.mu.Lock()
	if keep := !p.closed && c.served < p.o.Documents; keep {
		p.idle = append(p.idle, c)
		c = nil
	}
	p.mu.Unlock()
	if c != nil {
		c.kill()
	}
}

// Close ends the idle children, and the others when their document is done.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.kill()
	}
	return nil
}

var _ io.Closer = (*Pool)(nil)
