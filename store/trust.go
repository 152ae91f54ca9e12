package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// keyed returns 16 octets of a keyed hash for index keys. label keeps what is
// hashed for one purpose apart from any other.
func (v *vault) keyed(label, text string) []byte {
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write([]byte(label + "\x00" + text))
	return mac.Sum(nil)[:16]
}

// trustKey puts together what one sender and one recipient have; recipient ""
// stands for anybody.
func (v *vault) trustKey(sender, recipient, rule string) []byte {
	return slices.Concat(v.keyed("trust sender", normalise(sender)), v.keyed("trust recipient", normalise(recipient)),
		v.keyed("trust rule", rule))
}

func (v *vault) unwantedKey(recipient, sender string) []byte {
	return slices.Concat(v.keyed("unwanted recipient", normalise(recipient)), v.keyed("unwanted sender", normalise(sender)))
}

// Trusted reports whether a release by the sender made the rule let the sender's
// mail to the recipient pass, and the recipient does not mind. Mail without a
// sender is never trusted.
func (s *Store) Trusted(ctx context.Context, rule, sender, recipient string) (bool, error) {
	if err := ctx.Err(); err != nil || sender == "" {
		return false, err
	}
	trusted := false
	err := s.meta.view(func(tx *bbolt.Tx) error {
		trusted = false
		for _, to := range []string{recipient, ""} {
			var r trustRecord
			err := s.vault.get(tx, bucketTrust, s.vault.trustKey(sender, to, rule), &r)
			if errors.Is(err, errNotFound) || err == nil && r.ended(s.now()) {
				continue
			}
			if err != nil {
				return err
			}
			trusted, err = s.wanted(tx, recipient, sender)
			return err
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look up a trusted sender: %w", err)
	}
	return trusted, nil
}

// wanted reports whether a recipient does not mind a sender, under whichever address.
func (s *Store) wanted(tx *bbolt.Tx, recipient, sender string) (bool, error) {
	addresses, err := s.addressesOf(tx, recipient)
	if err != nil {
		return false, err
	}
	for _, address := range append(addresses, recipient) {
		if tx.Bucket([]byte(bucketUnwanted)).Get(s.vault.unwantedKey(address, sender)) != nil {
			return false, nil
		}
	}
	return true, nil
}

func (r trustRecord) ended(now time.Time) bool { return !r.Expires.IsZero() && !now.Before(r.Expires) }

// trust notes what the release of h means for later mail.
func (s *Store) trust(c *change, h holdRecord) error {
	if h.Sender == "" {
		return nil
	}
	var to []string
	switch {
	case h.Trust.Anybody:
		to = []string{""}
	case h.Trust.Recipients:
		to = h.Recipients
	}
	now := s.now().UTC()
	for _, recipient := range to {
		r := trustRecord{versioned: current, Rule: h.Rule, Sender: normalise(h.Sender), Recipient: normalise(recipient), Created: now}
		if h.Trust.For > 0 {
			r.Expires = now.Add(h.Trust.For)
		}
		if err := s.putTrust(c, r); err != nil {
			return err
		}
	}
	return nil
}

// putTrust stores a trust in the place of an older one.
func (s *Store) putTrust(c *change, r trustRecord) error {
	k := s.vault.trustKey(r.Sender, r.Recipient, r.Rule)
	if err := s.dropTrust(c, k); err != nil {
		return err
	}
	if !r.Expires.IsZero() {
		if err := c.put(bucketExpiry, expiryKey(r.Expires, expireTrust, k), nil); err != nil {
			return err
		}
	}
	return s.vault.put(c, bucketTrust, k, r)
}

// dropTrust removes a trust, if it is there.
func (s *Store) dropTrust(c *change, k []byte) error {
	var r trustRecord
	err := s.vault.get(c.Tx, bucketTrust, k, &r)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !r.Expires.IsZero() {
		if err := c.drop(bucketExpiry, expiryKey(r.Expires, expireTrust, k)); err != nil {
			return err
		}
	}
	return c.drop(bucketTrust, k)
}

// MarkUnwanted implements [socket.Unwanted].
func (s *Store) MarkUnwanted(ctx context.Context, session seal.Token, message string, off bool) error {
	return s.update(ctx, func(c *change) error {
		_, m, err := s.ownOrEnded(c.Tx, session, message)
		if err != nil {
			return err
		}
		if m.Sender == "" {
			return fmt.Errorf("%w: mail without a sender", socket.ErrInvalid)
		}
		var r sessionRecord
		if r, err = s.session(c.Tx, session); err != nil {
			return err
		}
		var a accountRecord
		if err := s.vault.get(c.Tx, bucketAccount, r.Account[:], &a); err != nil {
			return err
		}
		k := s.vault.unwantedKey(a.Address, m.Sender)
		entry := Entry{Event: EventUnwanted, Message: message, Address: a.Address, Sender: m.Sender}
		if there := c.Bucket([]byte(bucketUnwanted)).Get(k) != nil; there != off {
			return nil // as it is already
		}
		if off {
			entry.Note = "taken back"
			if err := c.drop(bucketUnwanted, k); err != nil {
				return err
			}
			return s.audit(c, entry)
		}
		u := unwantedRecord{versioned: current, Recipient: a.Address, Sender: normalise(m.Sender), Created: s.now().UTC()}
		if err := s.vault.put(c, bucketUnwanted, k, u); err != nil {
			return err
		}
		// What was granted for this recipient is over, also if he changes his mind.
		for _, address := range s.liveAddresses(a) {
			pair := s.vault.trustKey(m.Sender, address, "")[:32]
			for _, rule := range suffixes(c.Tx, bucketTrust, pair) {
				if err := s.dropTrust(c, append(bytes.Clone(pair), rule...)); err != nil {
					return err
				}
			}
		}
		return s.audit(c, entry)
	})
}

// A Trust is a sender whose mail a rule lets pass since a release.
type Trust struct {
	Rule      string    `json:"rule"`
	Sender    string    `json:"sender"`
	Recipient string    `json:"recipient,omitempty"` // "": anybody
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"` // zero: never
}

// TrustList returns every trust that lasts.
func (s *Store) TrustList(ctx context.Context) ([]Trust, error) {
	out := []Trust{}
	err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketTrust)).ForEach(func(k, _ []byte) error {
			var r trustRecord
			if err := s.vault.get(tx, bucketTrust, k, &r); err != nil {
				return err
			}
			if !r.ended(s.now()) {
				out = append(out, Trust{r.Rule, r.Sender, r.Recipient, r.Created, r.Expires})
			}
			return ctx.Err()
		})
	})
	return out, err
}

// RevokeTrust ends every trust of a sender, or those for one recipient if it is
// not "", and returns how many there were.
func (s *Store) RevokeTrust(ctx context.Context, sender, recipient string) (int, error) {
	n := 0
	err := s.update(ctx, func(c *change) error {
		n = 0
		prefix := s.vault.trustKey(sender, recipient, "")[:32]
		if recipient == "" {
			prefix = prefix[:16]
		}
		for _, rest := range suffixes(c.Tx, bucketTrust, prefix) {
			if err := s.dropTrust(c, append(bytes.Clone(prefix), rest...)); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return s.audit(c, Entry{Event: EventTrustRevoked, Address: recipient, Sender: sender})
	})
	return n, err
}
