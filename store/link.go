package store

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	case l.Kind == socket.LinkRelease || l.Kind == socket.LinkStatus:
		return l, socket.ErrUnknown
	case l.Ended != "":
		return l, l.over(l.Ended, l.EndedBy, l.EndedAt)
	case !s.now().Before(l.Expires):
		return l, l.over(endExpired, "", l.Expires)
	}
	return l, nil
}

// over tells the holder of a link how it ended, and whether a message did.
func (l linkRecord) over(how, by string, at time.Time) error {
	message := l.Kind == socket.LinkActivate || l.Kind == socket.LinkOneTime
	return &socket.EndedError{How: how, By: by, At: at, Link: !message}
}

// linkOf returns a sender's link, which tells also after the end of what it is
// for.
func (s *Store) linkOf(tx *bbolt.Tx, token seal.Token, kind socket.LinkKind) (linkRecord, error) {
	var l linkRecord
	h := token.Hash()
	err := s.vault.get(tx, bucketLink, h[:], &l)
	if errors.Is(err, errNotFound) || err == nil && l.Kind != kind {
		return l, socket.ErrUnknown
	}
	return l, err
}

// senderLinkInfo describes a link for a sender; ErrUnknown if it is none.
func (s *Store) senderLinkInfo(tx *bbolt.Tx, token seal.Token) (socket.LinkInfo, error) {
	l, err := s.linkOf(tx, token, socket.LinkRelease)
	if err == nil {
		var h holdRecord
		err = s.vault.get(tx, bucketHold, l.Message[:], &h)
		return socket.LinkInfo{
			Kind: l.Kind, Message: l.Message.String(), Recipient: h.Sender, Sender: h.Sender,
			Created: h.Created, Expires: h.Expires,
		}, err
	}
	if l, err = s.linkOf(tx, token, socket.LinkStatus); err != nil {
		return socket.LinkInfo{}, err
	}
	var d dispatchRecord
	err = s.vault.get(tx, bucketDispatch, l.Message[:], &d)
	return socket.LinkInfo{
		Kind: l.Kind, Message: l.Message.String(), Recipient: d.Sender, Sender: d.Sender,
		Created: d.Created, Expires: d.Forgotten,
	}, err
}

// Link implements [socket.Links].
//
// The link of a notice stays good after the account was made: it then leads its
// holder to the log-in (Account is true).
func (s *Store) Link(ctx context.Context, token seal.Token) (socket.LinkInfo, error) {
	var info socket.LinkInfo
	err := s.meta.view(func(tx *bbolt.Tx) error {
		var err error
		if info, err = s.senderLinkInfo(tx, token); !errors.Is(err, socket.ErrUnknown) {
			return err
		}
		l, err := s.link(tx, token)
		if err != nil {
			return err
		}
		account, err := s.resolve(tx, l.Address)
		if err != nil {
			return err
		}
		public, err := s.vault.publicKey(tx, account)
		if err != nil {
			return err
		}
		info = socket.LinkInfo{
			Kind: l.Kind, Recipient: l.Address, Account: public != "",
			Created: l.Created, Expires: l.Expires,
		}
		if l.Kind == socket.LinkSeat {
			if l.furnishes() {
				return socket.ErrUnknown
			}
			info.Sender = l.Seat.By
			return nil
		}
		if l.Kind == socket.LinkReset || l.Kind == socket.LinkAddress {
			return nil
		}
		m, err := s.liveMessage(tx, l.Message)
		if err != nil {
			return err
		}
		if l.Kind == socket.LinkActivate && s.claimedElsewhere(m, account) {
			return endError(endUsed, "", m.Created)
		}
		if l.Kind == socket.LinkOneTime && s.graceOver(m) {
			return s.usedUp(m)
		}
		info.Message, info.Sender = l.Message.String(), m.Sender
		return nil
	})
	if err != nil {
		return socket.LinkInfo{}, err
	}
	return info, nil
}

// listed is the entry of an account's list that a link has which ends by itself, not
// with a message; nil for any other.
func (v *vault) listed(l linkRecord, h []byte) (bucket string, key []byte) {
	switch {
	case l.Kind == socket.LinkReset:
		return bucketReset, accountKey(v.account(l.Address), h)
	case l.Kind == socket.LinkAddress:
		return bucketAsked, accountKey(l.Account, h)
	case l.Kind == socket.LinkSeat && l.Seat != nil:
		return bucketInvited, accountKey(v.account(l.Seat.Mailbox), h)
	}
	return "", nil
}

// putLink files a link that is listed, and when it ends.
func (s *Store) putLink(c *change, h tokenHash, l linkRecord) error {
	if err := s.vault.put(c, bucketLink, h[:], l); err != nil {
		return err
	}
	bucket, key := s.vault.listed(l, h[:])
	if err := c.put(bucket, key, nil); err != nil {
		return err
	}
	return c.put(bucketExpiry, expiryKey(l.Expires, expireLink, h[:]), nil)
}

// endLink leaves of a link only that it was, and how it ended.
func (s *Store) endLink(c *change, h []byte, how, by string) error {
	var l linkRecord
	err := s.vault.get(c.Tx, bucketLink, h, &l)
	if errors.Is(err, errNotFound) || err == nil && l.Ended != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if bucket, key := s.vault.listed(l, h); key != nil {
		if err := c.drop(bucket, key); err != nil {
			return err
		}
		if err := c.drop(bucketExpiry, expiryKey(l.Expires, expireLink, h)); err != nil {
			return err
		}
	}
	ended := linkRecord{versioned: current, Kind: l.Kind, Ended: how, EndedBy: by, EndedAt: s.now().UTC()}
	if err := s.vault.put(c, bucketLink, h, ended); err != nil {
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
		return m, endError(m.Ended, m.EndedBy, m.EndedAt)
	case !s.now().Before(m.Expires):
		return m, endError(endExpired, "", m.Expires)
	}
	return m, nil
}

// endMessage deletes a message but for an outline, so that its recipient and its
// sender can be told how it ended, and by whom. It reports the payloads to delete.
func (s *Store) endMessage(c *change, message id, m messageRecord, how, by string) ([]freedPayload, error) {
	for _, kind := range partKinds {
		if err := c.drop(bucketPart, partKey(message, kind)); err != nil {
			return nil, err
		}
	}
	if m.Mode == seal.ModeAccount {
		if err := s.endInbox(c, message, m, how); err != nil {
			return nil, err
		}
	}
	if m.Link != nil {
		if err := s.endLink(c, m.Link[:], how, by); err != nil {
			return nil, err
		}
	}
	if err := s.dropEnds(c, message, m); err != nil {
		return nil, err
	}
	if err := c.drop(bucketAwaiting, accountKey(m.Account, message[:])); err != nil {
		return nil, err
	}
	if err := s.vault.put(c, bucketMessage, message[:], m.outline(how, by, s.now().UTC())); err != nil {
		return nil, err
	}
	if err := c.put(bucketExpiry, expiryKey(s.now().Add(s.o.LinkMemory), expireOutline, message[:]), nil); err != nil {
		return nil, err
	}
	// An expired payload goes with its week's file, soon; any other goes now.
	return s.unref(c, m.Payload, how != endExpired)
}

// endInbox leaves a line in the inbox of an account that had the message.
func (s *Store) endInbox(c *change, message id, m messageRecord, how string) error {
	if err := c.drop(bucketIndex, accountKey(m.Account, message[:])); err != nil {
		return err
	}
	e, ok := s.entryOf(c.Tx, message, m)
	if !ok || e.flags&inboxGranted == 0 || e.folder != inInbox || how == endClosed {
		return s.dropEntry(c, e)
	}
	e.flags = e.flags&^(inboxGranted|inboxStar) | inboxEnded
	return s.putEntry(c, e)
}

// dropEnds removes what is due of a message that lives.
func (s *Store) dropEnds(c *change, message id, m messageRecord) error {
	keys := [][]byte{expiryKey(m.Expires, expireMessage, message[:])}
	if m.Mode == seal.ModeOneTime && !m.Opened.IsZero() {
		keys = append(keys, expiryKey(m.Opened.Add(s.o.OneTimeGrace), expireGrace, message[:]))
	}
	for _, k := range append(keys, m.dueKeys(message)...) {
		if err := c.drop(bucketExpiry, k); err != nil {
			return err
		}
	}
	return nil
}

// forgetMessage removes an outline, unless its sender can still follow it.
func (s *Store) forgetMessage(c *change, message id) error {
	var m messageRecord
	err := s.vault.get(c.Tx, bucketMessage, message[:], &m)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	until, followed, err := s.remembered(c.Tx, m.Dispatch)
	if err != nil {
		return err
	}
	if followed && until.After(s.now()) {
		return c.put(bucketExpiry, expiryKey(until, expireOutline, message[:]), nil)
	}
	if err := s.dropEntry(c, s.entryFor(message, m, 0)); err != nil {
		return err
	}
	return c.drop(bucketMessage, message[:])
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
		if freed, err = s.endMessage(c, i, m, endRecalled, ""); err != nil {
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
