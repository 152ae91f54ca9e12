package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// link returns what a link is for, while it lasts. Its holder learns how it
// ended; anybody else only ever gets ErrUnknown.
func (s *Store) link(tx *bbolt.Tx, token seal.Token) (linkRecord, error) {
	var l linkRecord
	h := token.Hash()
	err := s.vault.get(tx, bucketLink, h[:], &l)
	switch {
	case errors.Is(err, errNotFound):
		return l, socket.ErrUnknown
	case err != nil:
		return l, err
	case l.Ended != "":
		return l, endError(l.Ended)
	case !s.now().Before(l.Expires):
		return l, socket.ErrExpired
	}
	return l, nil
}

// Link implements [socket.Links].
//
// The link of a notice stays good after the account was made: it then leads its
// holder to the log-in (Account is true).
func (s *Store) Link(ctx context.Context, token seal.Token) (socket.LinkInfo, error) {
	var info socket.LinkInfo
	err := s.meta.view(func(tx *bbolt.Tx) error {
		l, err := s.link(tx, token)
		if err != nil {
			return err
		}
		account := s.vault.account(l.Address)
		public, err := s.vault.publicKey(tx, account)
		if err != nil {
			return err
		}
		info = socket.LinkInfo{
			Kind: l.Kind, Recipient: l.Address, Account: public != "",
			Created: l.Created, Expires: l.Expires,
		}
		if l.Kind == socket.LinkReset {
			return nil
		}
		m, err := s.liveMessage(tx, l.Message)
		if err != nil {
			return err
		}
		if l.Kind == socket.LinkOneTime && s.graceOver(m) {
			return socket.ErrUsed
		}
		info.Message, info.Sender = l.Message.String(), m.Sender
		return nil
	})
	if err != nil {
		return socket.LinkInfo{}, err
	}
	return info, nil
}

// endLink leaves of a link only that it was, and how it ended.
func (s *Store) endLink(c *change, h []byte, end string) error {
	var l linkRecord
	err := s.vault.get(c.Tx, bucketLink, h, &l)
	if errors.Is(err, errNotFound) || err == nil && l.Ended != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if l.Kind == socket.LinkReset {
		account := s.vault.account(l.Address)
		if err := c.drop(bucketReset, accountKey(account, h)); err != nil {
			return err
		}
		if err := c.drop(bucketExpiry, expiryKey(l.Expires, expireLink, h)); err != nil {
			return err
		}
	}
	if err := s.vault.put(c, bucketLink, h, linkRecord{versioned: current, Kind: l.Kind, Ended: end}); err != nil {
		return err
	}
	return c.put(bucketExpiry, expiryKey(s.now().Add(s.o.LinkMemory), expireLinkGone, h), nil)
}

// liveMessage returns a message's record, or how it ended. The caller has shown
// already that it is his to ask about.
func (s *Store) liveMessage(tx *bbolt.Tx, message id) (messageRecord, error) {
	var m messageRecord
	err := s.vault.get(tx, bucketMessage, message[:], &m)
	switch {
	case errors.Is(err, errNotFound):
		return m, socket.ErrUnknown
	case err != nil:
		return m, fmt.Errorf("message %s: %w", message, err)
	case m.Ended != "":
		return m, endError(m.Ended)
	case !s.now().Before(m.Expires):
		return m, socket.ErrExpired
	}
	return m, nil
}

// endMessage deletes a message but for an outline, so that its recipient can be
// told how it ended. It reports the payloads to delete.
func (s *Store) endMessage(c *change, message id, m messageRecord, end string) ([]freedPayload, error) {
	for _, kind := range partKinds {
		if err := c.drop(bucketPart, partKey(message, kind)); err != nil {
			return nil, err
		}
	}
	if m.Mode == seal.ModeAccount {
		if err := c.drop(bucketInbox, inboxKey(m.Account, m.Created, message)); err != nil {
			return nil, err
		}
	}
	if m.Link != nil {
		if err := s.endLink(c, m.Link[:], end); err != nil {
			return nil, err
		}
	}
	if err := c.drop(bucketExpiry, expiryKey(m.Expires, expireMessage, message[:])); err != nil {
		return nil, err
	}
	if m.Mode == seal.ModeOneTime && !m.Opened.IsZero() {
		grace := m.Opened.Add(s.o.OneTimeGrace)
		if err := c.drop(bucketExpiry, expiryKey(grace, expireGrace, message[:])); err != nil {
			return nil, err
		}
	}
	outline := messageRecord{versioned: current, Account: m.Account, Mode: m.Mode, Ended: end}
	if err := s.vault.put(c, bucketMessage, message[:], outline); err != nil {
		return nil, err
	}
	if err := c.put(bucketExpiry, expiryKey(s.now().Add(s.o.LinkMemory), expireOutline, message[:]), nil); err != nil {
		return nil, err
	}
	// An expired payload goes with its week's file, soon; any other goes now.
	return s.release(c, m.Payload, end != endExpired)
}

// RecallMessage ends a message before its time. Ending an ended one is an error of
// package socket.
func (s *Store) RecallMessage(ctx context.Context, message string) error {
	i, err := parseID(message)
	if err != nil {
		return socket.ErrUnknown
	}
	var freed []freedPayload
	err = s.update(ctx, func(c *change) error {
		m, err := s.liveMessage(c.Tx, i)
		if err != nil {
			return err
		}
		if freed, err = s.endMessage(c, i, m, endRecalled); err != nil {
			return err
		}
		return s.audit(c, Entry{Event: EventRecalled, Message: message, Address: m.Recipient, Sender: m.Sender})
	})
	if err != nil {
		return err
	}
	s.discard(ctx, freed)
	return nil
}
