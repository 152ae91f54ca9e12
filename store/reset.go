package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// maxResets is how many reset links of one address live at a time. More are
// silently not sent: nobody is to be flooded with mail.
const maxResets = 3

// RequestReset implements [socket.Accounts]. An address that gets no mail costs
// the same work: the mail is rendered, and its records are written and deleted
// in the same transaction.
func (s *Store) RequestReset(ctx context.Context, address, client string) error {
	if len(address) > maxAddress {
		return socket.ErrInvalid
	}
	address = normalise(address) // as messages name their recipients
	if !plainText(address, maxAddress) || !strings.Contains(address, "@") {
		return socket.ErrInvalid
	}
	if err := s.guard.try(map[string]limit{"reset " + network(client): limitReset}); err != nil {
		return err
	}
	if err := s.space(); err != nil {
		return err
	}
	var account accountID
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		account, err = s.resolveAlike(tx, address)
		return err
	})
	if err != nil {
		return err
	}
	var a accountRecord
	if err := s.get(bucketAccount, account[:], &a); err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	if a.Address != "" {
		address = a.Address // as it is known to be right
	}
	now := s.now()
	r := ResetMail{
		ID: newID().String(), Address: address, Name: a.Name, Language: a.language(), Code: seal.NewCode(),
		Created: now, Expires: now.Add(s.o.ResetTTL),
	}
	mail, err := s.o.Mails.Reset(r)
	if err != nil {
		return fmt.Errorf("render a reset mail: %w", err)
	}
	if len(mail.Data) > maxInlineMail {
		return fmt.Errorf("render a reset mail: %d octets are more than %d", len(mail.Data), maxInlineMail)
	}
	mail.To = []string{address}
	entries := s.budget.within(Entry{Event: EventResetAsked, Address: address, Client: bounded(client, 64)})
	sent := false
	err = s.update(ctx, func(c *change) error {
		entitled, err := s.resetEntitled(c, account, address)
		if err != nil {
			return err
		}
		sent = entitled
		if err := s.putReset(c, account, r, mail, entitled); err != nil {
			return err
		}
		return s.audit(c, entries...)
	})
	if err == nil && sent {
		s.mailAdded()
	}
	return err
}

// resetEntitled reports whether an address has an account or a message waiting, or
// is a member's who may have an account by a password, and not too many reset
// links. Whom the organisation signs in has no password to forget.
func (s *Store) resetEntitled(c *change, account accountID, address string) (bool, error) {
	method := s.method(address)
	live := len(suffixes(c.Tx, bucketReset, account[:]))
	known := c.Bucket([]byte(bucketAccount)).Get(account[:]) != nil
	if only, err := s.peopleOnly(c.Tx, account); err != nil || only {
		return false, err
	}
	k, _ := c.Bucket([]byte(bucketInbox)).Cursor().Seek(account[:])
	waiting := len(k) > len(account) && accountID(k[:len(account)]) == account
	return live < maxResets && !method.External() && (known || waiting || method == signin.Password), nil
}

// putReset stores link and mail, and takes them back if the address is not
// entitled to them.
func (s *Store) putReset(c *change, account accountID, r ResetMail, m Mail, entitled bool) error {
	h := r.Code.Token().Hash()
	mail := newID()
	d := s.Begin(DepositKey{}) // only to collect
	d.putRecord(bucketLink, h[:], linkRecord{
		versioned: current, Kind: socket.LinkReset, Address: r.Address,
		Created: r.Created.UTC(), Expires: r.Expires.UTC(),
	})
	d.put(bucketReset, accountKey(account, h[:]), nil)
	d.put(bucketExpiry, expiryKey(r.Expires, expireLink, h[:]), nil)
	d.putMail(mail, mailRecord{
		versioned: current, Kind: m.Kind, From: m.From, To: m.To, ID: m.ID,
		// The link in it is worth nothing after its time.
		Queued: r.Created.UTC(), Expires: r.Expires.UTC(), Size: int64(len(m.Data)), Data: m.Data,
	}, r.Created)
	if err := d.putAll(c); err != nil {
		return err
	}
	if !entitled {
		for _, p := range d.puts {
			if err := c.drop(p.bucket, p.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// endResets ends every reset link of an account.
func (s *Store) endResets(c *change, account accountID) error {
	for _, h := range suffixes(c.Tx, bucketReset, account[:]) {
		if err := s.endLink(c, h, endUsed, ""); err != nil {
			return err
		}
	}
	return nil
}
