package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxReason is how much of a reason goes into the audit trail, in characters.
const maxReason = 500

// reason returns what somebody typed as a note: bounded and on one line.
func reason(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "") {
		if n == maxReason {
			break
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// hold returns a hold's record, ErrUnknown if there is none.
func (s *Store) hold(tx *bbolt.Tx, hold id) (holdRecord, error) {
	var h holdRecord
	err := s.vault.get(tx, bucketHold, hold[:], &h)
	switch {
	case errors.Is(err, errNotFound):
		return h, socket.ErrUnknown
	case err != nil:
		return h, fmt.Errorf("held message %s: %w", hold, err)
	case h.State == HoldWaiting && !s.now().Before(h.Expires):
		h.State = HoldExpired // the next purge says so too
	}
	return h, nil
}

// holdOf returns the hold of a release link.
func (s *Store) holdOf(tx *bbolt.Tx, link seal.Token) (id, holdRecord, error) {
	l, err := s.linkOf(tx, link, socket.LinkRelease)
	if err != nil {
		return id{}, holdRecord{}, err
	}
	h, err := s.hold(tx, l.Message)
	return l.Message, h, err
}

// Held implements [socket.Releases].
func (s *Store) Held(ctx context.Context, link seal.Token) (socket.Held, error) {
	var out socket.Held
	err := s.meta.view(func(tx *bbolt.Tx) error {
		hold, h, err := s.holdOf(tx, link)
		if err != nil {
			return err
		}
		out = socket.Held{
			ID: hold.String(), State: string(h.State), Deferred: h.Deferred, Sender: h.Sender, Recipients: h.Recipients,
			Rule: h.Rule, Text: h.Text, Subject: h.Subject, TrustFor: h.Trust.For,
			Created: h.Created, Expires: h.Expires, Ended: h.Ended,
		}
		switch {
		case h.Trust.Anybody:
			out.Trust = "sender"
		case h.Trust.Recipients:
			out.Trust = "recipient"
		}
		if h.State != HoldWaiting || h.Deferred {
			return nil
		}
		if out.Manifest, err = s.vault.manifest(tx, hold); err != nil {
			return err
		}
		if out.Summary, err = s.vault.part(tx, hold, partSummary); err != nil {
			return err
		}
		out.Grant, err = s.vault.part(tx, hold, partCode)
		return err
	})
	if err != nil {
		return socket.Held{}, err
	}
	return out, nil
}

// Release implements [socket.Releases].
func (s *Store) Release(ctx context.Context, link seal.Token, r socket.ReleaseOrder) error {
	var hold id
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		hold, _, err = s.holdOf(tx, link)
		return err
	})
	if err != nil {
		return err
	}
	return s.releaseHold(ctx, hold, r.Key, true, Entry{Client: bounded(r.Client, 64), Note: reason(r.Reason)})
}

// releaseHold sends a held message on, or lets a deferred one pass when it is
// offered again. trust: later mail of the sender too, as the rule had it.
func (s *Store) releaseHold(ctx context.Context, hold id, key string, trust bool, e Entry) error {
	if err := s.space(); err != nil {
		return err
	}
	d := s.Begin(DepositKey{}) // only to collect
	defer d.Abandon()
	var h holdRecord
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		h, err = s.waitingHold(tx, hold)
		return err
	})
	if err != nil || h.State == HoldReleased {
		return err
	}
	if !h.Deferred {
		if err := s.queueHeld(ctx, d, hold, h, key); err != nil {
			return s.unlessEnded(hold, err)
		}
	}
	var freed []freedPayload
	err = s.update(ctx, func(c *change) error {
		freed = nil
		now, err := s.waitingHold(c.Tx, hold)
		if err != nil || now.State == HoldReleased {
			return err
		}
		if err := d.putAll(c); err != nil {
			return err
		}
		if trust {
			if err := s.trust(c, now); err != nil {
				return err
			}
		}
		e.Event = EventReleased
		freed, err = s.endHold(c, hold, now, HoldReleased, e)
		return err
	})
	if err != nil {
		return err
	}
	s.mailAdded()
	s.discard(ctx, freed)
	return nil
}

// unlessEnded returns why a message was not released, or what somebody else did
// with it meanwhile: then its parts are gone, and err says nothing.
func (s *Store) unlessEnded(hold id, err error) error {
	var h holdRecord
	now := s.meta.view(func(tx *bbolt.Tx) (err error) {
		h, err = s.waitingHold(tx, hold)
		return err
	})
	if now != nil || h.State == HoldReleased {
		return now
	}
	return err
}

// waitingHold returns a hold that waits or was released; any other end is an
// error.
func (s *Store) waitingHold(tx *bbolt.Tx, hold id) (holdRecord, error) {
	h, err := s.hold(tx, hold)
	switch {
	case err != nil:
	case h.State == HoldExpired:
		err = endError(endExpired, "", h.Expires)
	case h.State != HoldWaiting && h.State != HoldReleased:
		err = socket.ErrConflict
	}
	return h, err
}

// queueHeld decrypts a held message into a mail of the deposit. A key that opens
// nothing, or another payload than the one that was sealed, is ErrInvalid.
func (s *Store) queueHeld(ctx context.Context, d *Deposit, hold id, h holdRecord, text string) error {
	key, err := seal.ParseMessageKey(text)
	if err != nil {
		return fmt.Errorf("%w: not a message key", socket.ErrInvalid)
	}
	var man seal.Manifest
	var payload *payloadReader
	err = s.meta.view(func(tx *bbolt.Tx) error {
		signed, err := s.vault.manifest(tx, hold)
		if err != nil {
			return err
		}
		if man, err = signed.Verify(s.o.Keys.Signing.Public().(ed25519.PublicKey)); err != nil {
			return err
		}
		payload, err = s.payload(tx, h.Payload)
		return err
	})
	if err != nil {
		return fmt.Errorf("release %s: %w", hold, err)
	}
	digest := sha256.New()
	plain, err := key.ReadPayload(io.TeeReader(payload, digest))
	if err != nil {
		return fmt.Errorf("%w: the key does not open the message", socket.ErrInvalid)
	}
	now, mail := s.now(), newID()
	r := mailRecord{
		versioned: current, Kind: KindReleased, From: h.Sender, To: h.Recipients, ID: h.MessageID, Pass: h.Pass,
		Queued: now.UTC(), Expires: now.Add(s.o.MailLife).UTC(),
	}
	if err := d.fill(ctx, mail, &r, plain); err != nil {
		return fmt.Errorf("release %s: %w", hold, err)
	}
	if !bytes.Equal(digest.Sum(nil), man.Payload[:]) {
		return fmt.Errorf("release %s: the payload is not the one that was sealed", hold)
	}
	for _, w := range d.waiting {
		if err := <-w; err != nil {
			d.waiting = nil
			return fmt.Errorf("release %s: %w", hold, err)
		}
	}
	d.waiting = nil
	d.putMail(mail, r, now)
	return nil
}

// Withdraw implements [socket.Releases].
func (s *Store) Withdraw(ctx context.Context, link seal.Token, client string) error {
	return s.dropHold(ctx, HoldWithdrawn, Entry{Event: EventWithdrawn, Client: bounded(client, 64)},
		func(tx *bbolt.Tx) (id, holdRecord, error) { return s.holdOf(tx, link) })
}

// dropHold ends a hold without sending anything. To do it twice is no error.
func (s *Store) dropHold(ctx context.Context, state HoldState, e Entry, find func(*bbolt.Tx) (id, holdRecord, error)) error {
	var freed []freedPayload
	err := s.update(ctx, func(c *change) error {
		freed = nil
		hold, h, err := find(c.Tx)
		switch {
		case err != nil || h.State == state:
			return err
		case h.State == HoldExpired:
			return endError(endExpired, "", h.Expires)
		case h.State != HoldWaiting:
			return socket.ErrConflict
		}
		if err := s.tellEnd(c, hold, h, state); err != nil {
			return err
		}
		freed, err = s.endHold(c, hold, h, state, e)
		return err
	})
	if err != nil {
		return err
	}
	s.discard(ctx, freed)
	return nil
}

// endHold leaves of a hold its state, and audits the end for each recipient.
func (s *Store) endHold(c *change, hold id, h holdRecord, state HoldState, e Entry) ([]freedPayload, error) {
	for _, kind := range partKinds {
		if err := c.drop(bucketPart, partKey(hold, kind)); err != nil {
			return nil, err
		}
	}
	if err := c.drop(bucketExpiry, expiryKey(h.Expires, expireHold, hold[:])); err != nil {
		return nil, err
	}
	now, payload := s.now(), h.Payload
	h.State, h.Ended = state, now.UTC()
	h.Pass, h.Subject, h.MessageID, h.Payload = nil, nil, "", id{}
	if err := s.vault.put(c, bucketHold, hold[:], h); err != nil {
		return nil, err
	}
	if err := c.put(bucketExpiry, expiryKey(now.Add(s.o.LinkMemory), expireHoldGone, hold[:]), nil); err != nil {
		return nil, err
	}
	var entries []Entry
	for _, to := range h.Recipients {
		e.Message, e.Address, e.Sender, e.Rule = hold.String(), to, h.Sender, h.Rule
		entries = append(entries, e)
	}
	if err := s.audit(c, entries...); err != nil {
		return nil, err
	}
	if h.Deferred {
		return nil, nil
	}
	return s.unref(c, payload, state != HoldExpired)
}

// expireHold ends a hold that nobody released.
func (s *Store) expireHold(c *change, hold id) ([]freedPayload, error) {
	var h holdRecord
	err := s.vault.get(c.Tx, bucketHold, hold[:], &h)
	if errors.Is(err, errNotFound) || err == nil && h.State != HoldWaiting {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.tellEnd(c, hold, h, HoldExpired); err != nil {
		return nil, err
	}
	return s.endHold(c, hold, h, HoldExpired, Entry{Event: EventHoldExpired})
}

// tellEnd tells the sender of a blocked message that it ends unsent. Who withdrew
// it knows, and the sender of one in quarantine never heard of it. A deferred one
// was never taken: its server tells the sender.
func (s *Store) tellEnd(c *change, hold id, h holdRecord, state HoldState) error {
	if h.Sender == "" || h.Quarantine || h.Deferred || state == HoldWithdrawn {
		return nil
	}
	now := s.now()
	m, err := s.o.Mails.Expired(ExpiredMail{
		ID: hold.String(), To: h.Sender, Recipients: h.Recipients, Rejected: state == HoldRejected, Text: h.Text,
		MessageID: h.MessageID, Sent: h.Created, Now: now,
	})
	if err != nil {
		return fmt.Errorf("render the end of a held message: %w", err)
	}
	m.To = []string{h.Sender}
	return s.send(c, m, id{}, now.Add(s.o.MailLife))
}

// forgetHold removes what was kept of an ended hold, unless its sender can still
// follow it.
func (s *Store) forgetHold(c *change, hold id) error {
	var h holdRecord
	err := s.vault.get(c.Tx, bucketHold, hold[:], &h)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	until, followed, err := s.remembered(c.Tx, h.Dispatch)
	if err != nil {
		return err
	}
	if followed && until.After(s.now()) {
		return c.put(bucketExpiry, expiryKey(until, expireHoldGone, hold[:]), nil)
	}
	if h.Link != nil {
		if err := c.drop(bucketLink, h.Link[:]); err != nil {
			return err
		}
	}
	return c.drop(bucketHold, hold[:])
}
