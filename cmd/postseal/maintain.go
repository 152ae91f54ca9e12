package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/postseal/postseal/rules"
)

// purgeEvery is how often expired messages, links and sessions are removed.
const purgeEvery = 5 * time.Minute

// maintain purges every few minutes and compacts at the configured time of day,
// until ctx ends. A failure is logged and tried again: mail goes on.
func (o *owner) maintain(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	compacted := time.Now()
	for {
		if err := o.store.Purge(ctx); err != nil && ctx.Err() == nil {
			o.log.Error("purge", "error", err)
		}
		if now := time.Now(); compactionDue(o.config.Store.CompactAt, compacted, now) {
			compacted = now
			if err := o.store.Compact(ctx); err != nil && ctx.Err() == nil {
				o.log.Error("compact", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// compactionDue tells whether the time of day at ("15:04", "" never) lies
// between last and now.
func compactionDue(at string, last, now time.Time) bool {
	t, err := time.Parse("15:04", at)
	if err != nil {
		return false
	}
	next := time.Date(last.Year(), last.Month(), last.Day(), t.Hour(), t.Minute(), 0, 0, last.Location())
	if !next.After(last) {
		next = next.AddDate(0, 0, 1)
	}
	return !now.Before(next)
}

// reloadOnHangup reads the rules again on SIGHUP until ctx ends. The last good
// rules stay when there is an error, which the log then has.
func reloadOnHangup(ctx context.Context, live *rules.Live) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			_ = live.Reload() // logs what came of it
		case <-ctx.Done():
			return nil
		}
	}
}
