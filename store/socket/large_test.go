package socket

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// crowdedOwner keeps those who activate until it is told to let them go.
type crowdedOwner struct {
	Owner
	release chan struct{}

	mu     sync.Mutex
	inside int
	most   int
}

func (o *crowdedOwner) Activate(context.Context, seal.Token, Activation) (Session, error) {
	o.mu.Lock()
	o.inside++
	o.most = max(o.most, o.inside)
	o.mu.Unlock()
	<-o.release
	o.mu.Lock()
	o.inside--
	o.mu.Unlock()
	return Session{}, nil
}

func (o *crowdedOwner) Link(context.Context, seal.Token) (LinkInfo, error) { return LinkInfo{}, nil }

func (o *crowdedOwner) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inside
}

// Large requests wait for their turn; small ones do not wait for them.
func TestFewLargeRequestsAtATime(t *testing.T) {
	o := &crowdedOwner{release: make(chan struct{})}
	client, _ := serve(t, o, own())
	a := Activation{Name: strings.Repeat("x", maxRequest)}
	errs := make(chan error)
	for range 3 * maxLarge {
		go func() {
			_, err := client.Activate(context.Background(), seal.Token{}, a)
			errs <- err
		}()
	}
	for o.count() < maxLarge {
		time.Sleep(time.Millisecond)
	}
	for range 20 { // the others would have come in meanwhile
		if _, err := client.Link(context.Background(), seal.Token{1}); err != nil {
			t.Fatal(err)
		}
	}
	close(o.release)
	for range 3 * maxLarge {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if o.most != maxLarge {
		t.Errorf("%d large requests at a time", o.most)
	}
}
