package store

import (
	"context"
	"io"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// graceOver reports whether a one-time message was opened and can't be any more.
func (s *Store) graceOver(m messageRecord) bool {
	return m.Mode == seal.ModeOneTime && !m.Opened.IsZero() && !s.now().Before(m.Opened.Add(s.o.OneTimeGrace))
}

// usedUp is the error for whoever comes after the grace period.
func (s *Store) usedUp(m messageRecord) error {
	return endError(endUsed, "", m.Opened.Add(s.o.OneTimeGrace))
}

// oneTime returns the message of a one-time link.
func (s *Store) oneTime(tx *bbolt.Tx, token seal.Token) (id, messageRecord, error) {
	l, err := s.link(tx, token)
	if err != nil {
		return id{}, messageRecord{}, err
	}
	if l.Kind != socket.LinkOneTime {
		return id{}, messageRecord{}, socket.ErrUnknown
	}
	m, err := s.liveMessage(tx, l.Message)
	if err == nil && s.graceOver(m) {
		err = s.usedUp(m)
	}
	return l.Message, m, err
}

// OpenOneTime implements [socket.Links].
func (s *Store) OpenOneTime(ctx context.Context, token seal.Token) (socket.Message, error) {
	var out socket.Message
	err := s.update(ctx, func(c *change) error {
		message, m, err := s.oneTime(c.Tx, token)
		if err != nil {
			return err
		}
		if m.Opened.IsZero() && m.PIN == nil {
			if err := s.markOneTime(c, message, &m); err != nil {
				return err
			}
		}
		out, err = s.message(c.Tx, message, m, partCode)
		return err
	})
	if err != nil {
		return socket.Message{}, err
	}
	s.mailAdded() // a read receipt
	return out, nil
}

// markOneTime starts the grace period.
func (s *Store) markOneTime(c *change, message id, m *messageRecord) error {
	if err := s.opened(c, message, m); err != nil {
		return err
	}
	return c.put(bucketExpiry, expiryKey(m.Opened.Add(s.o.OneTimeGrace), expireGrace, message[:]), nil)
}

// OneTimePayload implements [socket.Links].
func (s *Store) OneTimePayload(ctx context.Context, token seal.Token) (io.ReadCloser, error) {
	var r *payloadReader
	err := s.meta.view(func(tx *bbolt.Tx) error {
		_, m, err := s.oneTime(tx, token)
		if err != nil {
			return err
		}
		if m.Opened.IsZero() {
			return socket.ErrUnknown // OpenOneTime comes first
		}
		r, err = s.payload(tx, m.Payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
