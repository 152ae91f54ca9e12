package rules

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// pollInterval is how often Watch looks at the files. A change is taken once
// they have stayed the same for one interval, so that a file being written isn't
// read half.
const pollInterval = time.Second

// Live holds the rules in force. A session takes Current once and so sees one
// version throughout. A reload that fails keeps the last good version.
type Live struct {
	dir      string
	options  Options
	log      *slog.Logger
	interval time.Duration // see pollInterval
	set      atomic.Pointer[Set]

	mu   sync.Mutex // one reload at a time; guards seen
	seen view       // the files of the last load, good or bad, as it found them
}

// NewLive loads the rules in dir.
func NewLive(dir string, o Options, log *slog.Logger) (*Live, error) {
	l := &Live{dir: dir, options: o, log: log, interval: pollInterval}
	set, seen, err := load(dir, o)
	if err != nil {
		return nil, err
	}
	l.seen = seen
	l.set.Store(set)
	return l, nil
}

// Current returns the rules in force.
func (l *Live) Current() *Set { return l.set.Load() }

// Reload reads the rules again. On an error, which is logged too, the rules in
// force stay.
func (l *Live) Reload() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	set, seen, err := load(l.dir, l.options)
	l.seen = seen
	if err != nil {
		l.log.Error("rules not reloaded, the last good ones stay in force", "dir", l.dir, "err", err)
		return err
	}
	l.set.Store(set)
	l.log.Info("rules reloaded", "dir", l.dir, "rules", len(set.rules))
	return nil
}

// Watch reloads the rules when one of their files, or a file that one of them
// names, changes, appears or goes. It ends with ctx and returns its error.
func (l *Live) Watch(ctx context.Context) error {
	ticker := time.NewTicker(l.interval)
	defer ticker.Stop()
	var last view
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		now, changed := l.look()
		if changed && now.same(last) {
			l.Reload() // logs its error
		}
		last = now
	}
}

// A view is how the files of a rule set look from outside. One that isn't there
// has a nil entry.
type view map[string]os.FileInfo

func (v view) add(path string) {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	v[path] = info
}

// look tells how the files look now, and whether they differ from those loaded.
func (l *Live) look() (now view, changed bool) {
	l.mu.Lock()
	seen := l.seen
	l.mu.Unlock()
	now = view{}
	for path := range seen {
		now.add(path)
	}
	return now, !now.same(seen)
}

func (v view) same(w view) bool {
	if len(v) != len(w) {
		return false
	}
	for p, a := range v {
		b, ok := w[p]
		if !ok || (a == nil) != (b == nil) {
			return false
		}
		if a != nil && (a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime()) || !os.SameFile(a, b)) {
			return false
		}
	}
	return true
}
