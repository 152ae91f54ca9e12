package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// TestEverybodyAtOnce runs what goes on in a busy site at the same time; the
// race detector and the check at the end judge it.
func TestEverybodyAtOnce(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.Now = time.Now }), context.Background()
	e.clock.t = time.Now()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	var wg sync.WaitGroup
	loop := func(n int, fn func(i int) error) {
		wg.Go(func() {
			for i := range n {
				if err := fn(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range 4 {
		loop(20, func(i int) error {
			mode := seal.ModeAccount
			if i%3 == 0 {
				mode = seal.ModeOneTime
			}
			e.deposit(mode, strings.Repeat("x", i*20<<10), "bob@guest.test", fmt.Sprintf("w%d@guest.test", w))
			return nil
		})
	}
	loop(60, func(int) error {
		i, err := e.ClaimMail(ctx, time.Minute)
		if err != nil || i == nil {
			return err
		}
		return e.MailSent(ctx, i)
	})
	loop(30, func(i int) error {
		err := e.reply(socket.Caller{Session: session.Token}, s.Message, fmt.Sprint(i))
		if errors.Is(err, socket.ErrThrottled) {
			return nil
		}
		return err
	})
	loop(30, func(int) error {
		p, err := e.Inbox(ctx, session.Token, "", 50)
		for _, m := range p.Messages {
			if err := e.MarkOpened(ctx, session.Token, m.ID, true); err != nil {
				return err
			}
		}
		return err
	})
	loop(20, func(int) error { return login(e, "bob@guest.test", "password", "192.0.2.1") })
	loop(5, func(int) error { return e.Purge(ctx) })
	loop(3, func(int) error { return e.Compact(ctx) })
	loop(2, func(int) error { return e.Backup(ctx, t.TempDir()+"/b") })
	loop(2, func(int) error { _, err := e.Check(ctx); return err })
	wg.Wait()
}

// TestOneBadJobHarmsNoOther has jobs fail before and after they wrote, among
// others in the same commit.
func TestOneBadJobHarmsNoOther(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	bad := errors.New("bad")
	block, blocked := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // holds the committer, so that the rest is one batch
		if err := e.meta.between(ctx, func() error { close(blocked); <-block; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-blocked
	runs := make([]int, 12)
	for i := range runs {
		wg.Go(func() {
			err := e.update(ctx, func(c *change) error {
				runs[i]++
				if i%3 == 1 {
					return bad
				}
				if err := c.put(bucketNonce, []byte{byte(i)}, []byte{1}); err != nil {
					return err
				}
				if i%3 == 2 {
					return bad
				}
				return nil
			})
			if (i%3 == 0) != (err == nil) || err != nil && err != bad {
				t.Errorf("job %d: %v", i, err)
			}
		})
	}
	for len(e.meta.jobs) < len(runs) {
		time.Sleep(time.Millisecond)
	}
	close(block)
	wg.Wait()
	var got []byte
	err := e.update(ctx, func(c *change) error {
		for _, k := range suffixes(c.Tx, bucketNonce, nil) {
			got = append(got, k...)
			if err := c.drop(bucketNonce, k); err != nil { // no check takes them for nonces
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != "\x00\x03\x06\x09" {
		t.Errorf("stored: %v", got)
	}
	for i, n := range runs {
		if i%3 == 1 && n > 5 || n == 0 {
			t.Errorf("job %d ran %d times", i, n)
		}
	}
}

func TestCanceledContext(t *testing.T) {
	e := newEnv(t)
	ctx, cancel := context.WithCancel(context.Background())
	d := e.Begin(e.key())
	cancel()
	if _, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test")); !errors.Is(err, context.Canceled) {
		t.Errorf("seal: %v", err)
	}
	if err := d.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
}

// TestCloseBesideCalls closes the store under its callers' feet: each gets an
// answer.
func TestCloseBesideCalls(t *testing.T) {
	for range 20 {
		e, ctx := newEnv(t), context.Background()
		s := e.deposit(seal.ModeOneTime, "x", "bob@guest.test")[0]
		must(e.OpenOneTime(ctx, s.Code.Token()))(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					d := e.Begin(e.key())
					_, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "bob@guest.test"))
					if err == nil {
						err = d.Commit(ctx)
					}
					d.Abandon()
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
			wg.Go(func() {
				for {
					r, err := e.Store.OneTimePayload(ctx, s.Code.Token())
					if err == nil {
						_, err = io.Copy(io.Discard, r)
					}
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		store := e.Store
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		e.open()
	}
}
