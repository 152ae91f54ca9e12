package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// A book is a directory of these addresses.
type book struct {
	addresses []string
	err       error
	asked     chan string // nil: nobody is told
}

func (b book) Find(ctx context.Context, text string, keep func(string) bool) (found []signin.Person, more bool, err error) {
	if b.asked != nil {
		b.asked <- text
		<-ctx.Done()
		return nil, false, fmt.Errorf("%w: silent", signin.ErrUnavailable)
	}
	for _, a := range b.addresses {
		if keep(a) && strings.HasPrefix(a, text) {
			if len(found) == signin.MaxFound {
				return found, true, nil
			}
			found = append(found, signin.Person{Address: a, Name: "Somebody"})
		}
	}
	return found, false, b.err
}

func TestLookUp(t *testing.T) {
	crowd := []string{"ann@example.com", "ann@outside.test", "ann%outside.test@example.com", `"ann@outside.test"@example.com`}
	for n := range 25 {
		crowd = append(crowd, fmt.Sprintf("crowd%d@example.com", n))
	}
	compose := func(d Directory, guests bool) func(*Options) {
		return func(o *Options) {
			o.Compose = Compose{
				Domains: []string{"example.com"}, Directory: d, GuestsLookUp: guests,
				Member: func(a string) bool { return strings.HasSuffix(a, "@example.com") },
				Pass:   func(string, string, socket.SendOptions) ([]byte, error) { return nil, nil },
			}
		}
	}
	for name, tc := range map[string]struct {
		change          func(*Options)
		guest, member   error
		guests, members int // who are found
	}{
		"everybody":          {compose(book{addresses: crowd}, true), nil, nil, 1, 3},
		"members":            {compose(book{addresses: crowd}, false), socket.ErrUnknown, nil, 0, 3},
		"none":               {compose(nil, true), socket.ErrUnknown, socket.ErrUnknown, 0, 0},
		"nobody writes":      {func(o *Options) { o.Compose = Compose{Directory: book{addresses: crowd}, GuestsLookUp: true} }, socket.ErrUnknown, socket.ErrUnknown, 0, 0},
		"away":               {compose(book{err: signin.ErrUnavailable}, true), socket.ErrUnavailable, socket.ErrUnavailable, 0, 0},
		"too little of it":   {compose(book{err: signin.ErrText}, true), socket.ErrInvalid, socket.ErrInvalid, 0, 0},
		"something is wrong": {compose(book{err: errors.New("odd")}, true), socket.ErrUnavailable, socket.ErrUnavailable, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e, ctx := newEnv(t, tc.change), context.Background()
			for _, who := range []struct {
				address string
				err     error
				found   int
			}{{"bob@guest.test", tc.guest, tc.guests}, {"mia@example.com", tc.member, tc.members}} {
				session, _ := e.activate(e.deposit(seal.ModeAccount, "x", who.address)[0].Code, "password")
				info := must(e.SessionInfo(ctx, session.Token))(t)
				if want := !errors.Is(who.err, socket.ErrUnknown); info.LookUp != want {
					t.Errorf("%s is told %v", who.address, info.LookUp)
				}
				found, err := e.LookUp(ctx, session.Token, "ann")
				if !errors.Is(err, who.err) || len(found.People) != who.found {
					t.Errorf("%s: %+v, %v", who.address, found, err)
				}
				if err := e.Logout(ctx, session.Token); err != nil {
					t.Fatal(err)
				}
				if _, err := e.LookUp(ctx, session.Token, "ann"); !errors.Is(err, socket.ErrUnknown) {
					t.Errorf("after the session: %v", err)
				}
			}
			if _, err := e.LookUp(ctx, seal.NewToken(), "ann"); !errors.Is(err, socket.ErrUnknown) {
				t.Errorf("no session: %v", err)
			}
		})
	}
}

// TestHarvest: however a guest asks, and however much at the same time, it is shown
// no more than its share.
func TestHarvest(t *testing.T) {
	var all []string
	for n := range 2000 {
		all = append(all, fmt.Sprintf("p%04d@example.com", n))
	}
	e, ctx := newEnv(t, func(o *Options) {
		o.Compose = Compose{Domains: []string{"example.com"}, Directory: book{addresses: all}, GuestsLookUp: true}
	}), context.Background()
	session, _ := e.activate(e.deposit(seal.ModeAccount, "x", "eve@guest.test")[0].Code, "password")
	harvest := func() int {
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen, refused := map[string]bool{}, 0
		for n := range 200 {
			wg.Go(func() {
				found, err := e.LookUp(ctx, session.Token, fmt.Sprintf("p%03d", n))
				mu.Lock()
				defer mu.Unlock()
				var wait *socket.ThrottledError
				if errors.As(err, &wait) && wait.RetryAfter > 0 && wait.RetryAfter <= 24*time.Hour {
					refused++
				} else if err != nil {
					t.Error(err)
				}
				for _, p := range found.People {
					seen[p.Address] = true
				}
			})
		}
		wg.Wait()
		if refused == 0 {
			t.Error("nothing was refused")
		}
		return len(seen)
	}
	first := harvest()
	if first < 200 {
		t.Errorf("%d at once", first)
	}
	// Of a share that look-ups at the same time held back a part may be left.
	if n := first + harvest(); n > int(shareGuest.burst) {
		t.Errorf("%d in all", n)
	}
	e.clock.advance(3 * time.Hour)
	session = must(e.Login(ctx, socket.Login{Address: "eve@guest.test", Verifier: e.verifier("password")}))(t)
	if n := harvest(); n > 3*int(shareGuest.hourly) || n == 0 {
		t.Errorf("%d in three hours", n)
	}
	// Another's share is its own.
	other, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	if found, err := e.LookUp(ctx, other.Token, "p00"); err != nil || len(found.People) != signin.MaxFound || !found.More {
		t.Errorf("another: %d, %v", len(found.People), err)
	}
}

// TestSilentDirectory: while a directory says nothing, the store answers and sends.
func TestSilentDirectory(t *testing.T) {
	asked := make(chan string)
	e := newEnv(t, func(o *Options) {
		o.Compose = Compose{Domains: []string{"example.com"}, Directory: book{asked: asked}, GuestsLookUp: true}
	})
	session, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	waiting, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := e.LookUp(waiting, session.Token, "clara")
		done <- err
	}()
	<-asked
	ctx := context.Background()
	must(e.SessionInfo(ctx, session.Token))(t)
	err := e.Compose(ctx, session.Token, socket.Composition{To: []string{"ann@example.com"}, Subject: "s", Nonce: "n"}, strings.NewReader(plainEntity))
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, socket.ErrUnavailable) {
		t.Error(err)
	}
}
