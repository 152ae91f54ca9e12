package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// BenchmarkDeposit seals and commits messages for a known account, with a notice,
// as the milter does.
func BenchmarkDeposit(b *testing.B) {
	for _, size := range []int{8 << 10, 100 << 10} {
		for _, writers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%dKB/%d", size>>10, writers), func(b *testing.B) {
				e := newEnv(b, func(o *Options) { o.MmapSize = defaultMmap; o.Now = time.Now })
				e.clock.t = time.Now()
				first := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
				e.activate(first.Code, "password")
				body := strings.Repeat("x", size)
				var left atomic.Int64
				left.Store(int64(b.N))
				b.SetBytes(int64(size))
				b.ResetTimer()
				var wg sync.WaitGroup
				for range writers {
					wg.Go(func() {
						for left.Add(-1) >= 0 {
							e.deposit(seal.ModeAccount, body, "bob@guest.test")
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

func BenchmarkInboxPage(b *testing.B) {
	e, ctx := newEnv(b), context.Background()
	first := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	for range 1000 {
		e.deposit(seal.ModeAccount, "x", "bob@guest.test")
	}
	session, _ := e.activate(first.Code, "password")
	for b.Loop() {
		if p, err := e.Inbox(ctx, session.Token, "", 25); err != nil || len(p.Messages) != 25 {
			b.Fatal(err)
		}
	}
}
