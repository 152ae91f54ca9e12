package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// deferCode returns the code of a deferred message's release link: derived, so
// that each offer of the message names the same link and nothing is stored.
func (s *Store) deferCode(key [32]byte) seal.Code {
	return seal.CodeOf(s.vault.deferral, hex.EncodeToString(key[:]))
}

// Deferral returns what became of a deferred message, if it was offered before.
// key is a digest of what makes the message the same.
func (s *Store) Deferral(ctx context.Context, key [32]byte) (Deferral, bool, error) {
	if err := ctx.Err(); err != nil {
		return Deferral{}, false, err
	}
	var out Deferral
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		out, err = s.deferral(tx, key)
		return err
	})
	if errors.Is(err, socket.ErrUnknown) {
		return Deferral{}, false, nil
	}
	if err != nil {
		return Deferral{}, false, fmt.Errorf("look up a deferred message: %w", err)
	}
	return out, true, nil
}

func (s *Store) deferral(tx *bbolt.Tx, key [32]byte) (Deferral, error) {
	code := s.deferCode(key)
	_, h, err := s.holdOf(tx, code.Token())
	return Deferral{State: h.State, Code: code, Expires: h.Expires}, err
}

// What strangers can make the store grow by: a message that is deferred costs
// them nothing.
const (
	deferBurst = 2000             // new deferrals at once
	deferEvery = 10 * time.Second // then one in this time
)

// ErrManyDeferred is returned when there were too many new deferrals lately. The
// message is to be offered again later; nothing was noted.
var ErrManyDeferred = errors.New("too many messages were deferred lately")

// Defer notes that a message waits at its sender's server, and entries in the
// audit trail. One that was noted before stays as it is, and is returned: the
// code is the same each time. For new ones there is a bound, [ErrManyDeferred].
func (s *Store) Defer(ctx context.Context, key [32]byte, r DeferRequest, entries ...Entry) (Deferral, error) {
	if err := s.checkHold(r.Sender, r.Recipients, r.Pass, r.Expires); err != nil {
		return Deferral{}, fmt.Errorf("defer: %w", err)
	}
	if err := s.space(); err != nil {
		return Deferral{}, err
	}
	code, hold := s.deferCode(key), newID()
	d := s.Begin(DepositKey{}) // only to collect
	h := holdRecord{
		versioned: current, State: HoldWaiting, Deferred: true, Sender: r.Sender, Recipients: r.Recipients,
		Rule: r.Rule, Text: r.Text, MessageID: bounded(r.MessageID, maxMessageID), Pass: r.Pass,
		Subject: code.SealText(cut(r.Subject, maxShown)), Trust: r.Trust,
		Created: r.Created.UTC().Truncate(time.Millisecond), Expires: r.Expires.UTC(),
	}
	h.Link = d.senderLink(code, socket.LinkRelease, hold, r.Sender, h.Created)
	d.putRecord(bucketHold, hold[:], h)
	d.put(bucketExpiry, expiryKey(h.Expires, expireHold, hold[:]), nil)
	var out Deferral
	err := s.update(ctx, func(c *change) error {
		var err error
		if out, err = s.deferral(c.Tx, key); !errors.Is(err, socket.ErrUnknown) {
			return err
		}
		if !s.deferrals.take() {
			return ErrManyDeferred
		}
		out = Deferral{State: HoldWaiting, Code: code, Expires: h.Expires}
		if err := d.putAll(c); err != nil {
			return err
		}
		return s.audit(c, entries...)
	})
	if err != nil {
		return Deferral{}, fmt.Errorf("defer: %w", err)
	}
	return out, nil
}
