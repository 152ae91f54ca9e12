package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxPINFailures is how many wrong PINs a message takes: then it can't be opened
// until its sender extends it.
const maxPINFailures = 10

// pinWait is what somebody with too many wrong PINs is told to wait; only the
// sender can end it.
const pinWait = 24 * time.Hour

// TryPIN implements [socket.PINs].
func (s *Store) TryPIN(ctx context.Context, by socket.Caller, text string, verifier []byte, client string) (socket.Message, error) {
	if len(verifier) != seal.KeySize || (by.Session == seal.Token{}) == (by.Link == seal.Token{}) {
		return socket.Message{}, socket.ErrInvalid
	}
	given := sha256.Sum256(verifier)
	var out socket.Message
	right := false
	err := s.update(ctx, func(c *change) error {
		out, right = socket.Message{}, false
		message, m, grant, err := s.pinned(c.Tx, by, text)
		if err != nil {
			return err
		}
		if m.PIN.Failures >= maxPINFailures {
			return &socket.ThrottledError{RetryAfter: pinWait}
		}
		right = subtle.ConstantTimeCompare(given[:], m.PIN.Verifier[:]) == 1
		if !right {
			return s.wrongPIN(c, message, m, client)
		}
		if m.PIN.Failures > 0 {
			m.PIN = &pinRecord{Verifier: m.PIN.Verifier}
			if err := s.vault.put(c, bucketMessage, message[:], m); err != nil {
				return err
			}
		}
		if m.Mode == seal.ModeOneTime && m.Opened.IsZero() {
			if err := s.markOneTime(c, message, &m); err != nil {
				return err
			}
		}
		out, err = s.withGrant(c.Tx, message, m, grant)
		return err
	})
	if err == nil && !right {
		err = socket.ErrLogin
	}
	if err != nil {
		return socket.Message{}, err
	}
	s.mailAdded() // a read receipt
	return out, nil
}

// pinned returns a message with a PIN that the caller may open otherwise, and
// which grant is the caller's.
func (s *Store) pinned(tx *bbolt.Tx, by socket.Caller, text string) (message id, m messageRecord, grant byte, err error) {
	grant = partGrant
	if by.Session != (seal.Token{}) {
		message, m, err = s.own(tx, by.Session, text)
	} else {
		grant = partCode
		message, m, err = s.oneTime(tx, by.Link)
		if err == nil && message.String() != text {
			err = socket.ErrUnknown
		}
	}
	if err == nil && m.PIN == nil {
		err = socket.ErrInvalid
	}
	return message, m, grant, err
}

// wrongPIN counts a failure, durably: a restart gives nobody more tries.
func (s *Store) wrongPIN(c *change, message id, m messageRecord, client string) error {
	m.PIN = &pinRecord{Verifier: m.PIN.Verifier, Failures: m.PIN.Failures + 1}
	if err := s.vault.put(c, bucketMessage, message[:], m); err != nil {
		return err
	}
	return s.audit(c, Entry{
		Event: EventPINFailed, Message: message.String(), Address: m.Recipient, Sender: m.Sender, Client: bounded(client, 64),
	})
}
