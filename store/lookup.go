package store

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// A Directory finds people of the organisation ([signin.People]).
type Directory interface {
	Find(ctx context.Context, text string, keep func(address string) bool) ([]signin.Person, bool, error)
}

// A shareLimit bounds how much of the directory one account is shown: so many
// people at once, and so many more an hour. It is enough to write mail, and too
// little to copy the directory.
type shareLimit struct{ burst, hourly float64 }

var (
	shareGuest  = shareLimit{burst: 400, hourly: 20}
	shareMember = shareLimit{burst: 4000, hourly: 2000}
)

// mayLookUp reports whether an account that may write to these may look people up.
func (s *Store) mayLookUp(compose string) bool {
	switch compose {
	case socket.ComposeAny:
		return s.o.Compose.Directory != nil
	case socket.ComposeInternal:
		return s.o.Compose.Directory != nil && s.o.Compose.GuestsLookUp
	}
	return false
}

// LookUp implements [socket.Directory]. No transaction is open while the directory
// is asked.
func (s *Store) LookUp(ctx context.Context, session seal.Token, text string) (socket.Found, error) {
	out := socket.Found{People: []socket.FoundPerson{}}
	var a accountRecord
	var account accountID
	err := s.meta.view(func(tx *bbolt.Tx) error {
		r, record, err := s.accountOf(tx, session)
		account, a = r.Account, record
		return err
	})
	if err != nil {
		return out, err
	}
	may, domains := s.mayCompose(a.Address)
	if !s.mayLookUp(may) {
		return out, socket.ErrUnknown
	}
	share, keep := shareMember, func(string) bool { return true }
	if may != socket.ComposeAny {
		share, keep = shareGuest, func(address string) bool { return within(address, domains) }
	}
	// It is charged before the answer is known, so that look-ups at the same time
	// can't slip through.
	if err := s.shown.charge(account, signin.MaxFound+1, share); err != nil {
		s.log.Warn("an account looked up all that it may for now", "account", a.Address)
		return out, err
	}
	found, more, err := s.o.Compose.Directory.Find(ctx, text, keep)
	s.shown.giveBack(account, signin.MaxFound-len(found), share)
	switch {
	case errors.Is(err, signin.ErrText):
		return out, socket.ErrInvalid
	case err != nil:
		s.log.Error("people can't be looked up", "error", err)
		return out, socket.ErrUnavailable
	}
	for _, p := range found {
		out.People = append(out.People, socket.FoundPerson{Name: p.Name, Address: p.Address})
	}
	out.More = more
	return out, nil
}

// shares count what accounts were shown, in memory.
type shares struct {
	now func() time.Time

	mu   sync.Mutex
	left map[accountID]share
}

type share struct {
	left float64
	at   time.Time
}

func newShares(now func() time.Time) *shares { return &shares{now: now, left: map[accountID]share{}} }

// charge takes n of an account's share, or says when there is as much.
func (h *shares) charge(account accountID, n int, l shareLimit) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	have := h.of(account, l)
	if short := float64(n) - have.left; short > 0 {
		h.left[account] = have
		return &socket.ThrottledError{RetryAfter: time.Duration(math.Ceil(short / l.hourly * float64(time.Hour)))}
	}
	have.left -= float64(n)
	h.left[account] = have
	return nil
}

func (h *shares) giveBack(account accountID, n int, l shareLimit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	have := h.of(account, l)
	have.left = min(l.burst, have.left+float64(n))
	h.left[account] = have
}

// of is what an account has now. Accounts that have all of it are forgotten when
// there are many.
func (h *shares) of(account accountID, l shareLimit) share {
	now := h.now()
	if len(h.left) >= throttleEntries {
		for a, s := range h.left {
			if now.Sub(s.at) > throttleForget {
				delete(h.left, a)
			}
		}
	}
	have, known := h.left[account]
	if !known {
		return share{l.burst, now}
	}
	have.left = min(l.burst, have.left+max(0, now.Sub(have.at).Hours())*l.hourly)
	have.at = now
	return have
}
