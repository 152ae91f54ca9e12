package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// sessionTick is how precisely the last use of a session is noted: each note is
// a write.
const sessionTick = time.Minute

// maxSealed bounds each sealed key that the portal stores: an age file or a box
// with one key has 2 kB.
const maxSealed = 8 << 10

// session returns a live session. One that waits for a second factor is unknown.
func (s *Store) session(tx *bbolt.Tx, token seal.Token) (sessionRecord, error) {
	r, err := s.anySession(tx, token)
	if err == nil && r.Pending {
		return sessionRecord{}, socket.ErrUnknown
	}
	return r, err
}

// anySession returns a live session, pending or not.
func (s *Store) anySession(tx *bbolt.Tx, token seal.Token) (sessionRecord, error) {
	var r sessionRecord
	h := token.Hash()
	err := s.vault.get(tx, bucketSession, h[:], &r)
	switch {
	case errors.Is(err, errNotFound):
		return r, socket.ErrUnknown
	case err != nil:
		return r, err
	case !s.now().Before(s.sessionEnd(r)):
		return r, socket.ErrUnknown
	case r.visit() && !hasSeat(tx, r.Account, r.Actor):
		return r, socket.ErrUnknown // whatever became of the session
	}
	return r, nil
}

func (s *Store) sessionEnd(r sessionRecord) time.Time {
	if idle := r.Used.Add(s.o.SessionIdle + sessionTick); idle.Before(r.Expires) {
		return idle
	}
	return r.Expires
}

// A visit is where a login came from.
type visit struct{ client, agent string }

// pendingLife is how long a session waits for its second factor.
const pendingLife = 10 * time.Minute

// enter starts the session of whoever has shown to be the account's holder; with
// a second factor to show it is pending. proved is as of a session. alert: a mail
// about it is in the outbox.
func (s *Store) enter(c *change, token seal.Token, account accountID, a accountRecord, v visit, proved time.Time) (r sessionRecord, alert bool, err error) {
	now := s.now().UTC()
	r = sessionRecord{
		versioned: current, Account: account, Created: now, Used: now, Proved: proved.UTC(), Expires: now.Add(s.o.SessionMax),
		Pending: a.Factors.any(), Client: bounded(v.client, 64), Agent: bounded(v.agent, maxAgent),
	}
	if r.Pending {
		r.Expires = now.Add(min(pendingLife, s.o.SessionMax))
		return r, false, s.putSession(c, token.Hash(), r)
	}
	if alert, err = s.arrived(c, account, a, v); err != nil {
		return r, false, err
	}
	return r, alert, s.putSession(c, token.Hash(), r)
}

// putSession files a session. Only the hash of its token is stored.
func (s *Store) putSession(c *change, h tokenHash, r sessionRecord) error {
	if err := s.vault.put(c, bucketSession, h[:], r); err != nil {
		return err
	}
	for _, account := range r.accounts() {
		if err := c.put(bucketLogins, accountKey(account, h[:]), nil); err != nil {
			return err
		}
	}
	return c.put(bucketExpiry, expiryKey(r.Expires, expireSession, h[:]), nil)
}

func (s *Store) endSession(c *change, h []byte, r sessionRecord) error {
	if err := c.drop(bucketSession, h); err != nil {
		return err
	}
	for _, account := range r.accounts() {
		if err := c.drop(bucketLogins, accountKey(account, h)); err != nil {
			return err
		}
	}
	return c.drop(bucketExpiry, expiryKey(r.Expires, expireSession, h))
}

// endSessions ends every session of an account.
func (s *Store) endSessions(c *change, account accountID) error {
	for _, h := range suffixes(c.Tx, bucketLogins, account[:]) {
		var r sessionRecord
		if err := s.vault.get(c.Tx, bucketSession, h, &r); err != nil {
			return err
		}
		if err := s.endSession(c, h, r); err != nil {
			return err
		}
	}
	return nil
}

// KeepKey implements [socket.Accounts].
func (s *Store) KeepKey(ctx context.Context, token seal.Token, sealed []byte) error {
	if len(sealed) > maxSealed {
		return socket.ErrTooLarge
	}
	return s.update(ctx, func(c *change) error {
		r, err := s.anySession(c.Tx, token)
		if err != nil {
			return err
		}
		r.SealedKey = sealed
		if err := s.replace(c, &r); err != nil {
			return err
		}
		h := token.Hash()
		return s.vault.put(c, bucketSession, h[:], r)
	})
}

// SessionInfo implements [socket.Accounts].
func (s *Store) SessionInfo(ctx context.Context, token seal.Token) (socket.SessionInfo, error) {
	var info socket.SessionInfo
	stale := false
	err := s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, token)
		if err != nil {
			return err
		}
		var a accountRecord
		if err := s.vault.get(tx, bucketAccount, r.Account[:], &a); err != nil {
			return err
		}
		if now := s.now().UTC(); now.Sub(r.Used) >= sessionTick {
			stale, r.Used = true, now
		}
		info = socket.SessionInfo{
			Address: a.Address, Name: a.Name, PublicKey: a.PublicKey, SealedKey: r.SealedKey,
			Created: r.Created, Expires: s.sessionEnd(r), Preferences: a.Preferences,
		}
		info.Unproven = r.Proved.IsZero()
		info.Addresses, info.Former = s.furtherOf(a)
		info.Compose, info.Domains = s.mayCompose(a.Address)
		if err := s.visitInfo(tx, r, &info); err != nil {
			return err
		}
		info.LookUp = s.mayLookUp(info.Compose)
		return nil
	})
	if err == nil && stale {
		err = s.touch(ctx, token)
	}
	if errors.Is(err, ErrFull) {
		err = nil // reading goes on while the disk is full; the session ends sooner
	}
	if err != nil {
		return socket.SessionInfo{}, err
	}
	return info, nil
}

func (s *Store) touch(ctx context.Context, token seal.Token) error {
	return s.update(ctx, func(c *change) error {
		r, err := s.session(c.Tx, token)
		if err != nil {
			return err
		}
		r.Used = s.now().UTC()
		h := token.Hash()
		return s.vault.put(c, bucketSession, h[:], r)
	})
}

// Logout implements [socket.Accounts].
func (s *Store) Logout(ctx context.Context, token seal.Token) error {
	return s.update(ctx, func(c *change) error {
		var r sessionRecord
		h := token.Hash()
		err := s.vault.get(c.Tx, bucketSession, h[:], &r)
		if errors.Is(err, errNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var a accountRecord
		if err := s.vault.get(c.Tx, bucketAccount, r.Account[:], &a); err != nil {
			return err
		}
		by, err := s.actorOf(c.Tx, r)
		if err != nil {
			return err
		}
		if err := s.endSession(c, h[:], r); err != nil {
			return err
		}
		return s.audit(c, Entry{Event: EventLogout, Address: a.Address, Actor: by.address()})
	})
}

// suffixes returns copies of what follows prefix in a bucket's keys.
func suffixes(tx *bbolt.Tx, bucket string, prefix []byte) [][]byte {
	var out [][]byte
	cur := tx.Bucket([]byte(bucket)).Cursor()
	for k, _ := cur.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
		out = append(out, append([]byte(nil), k[len(prefix):]...))
	}
	return out
}
