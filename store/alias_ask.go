package store

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

var (
	// limitAsk slows down an account that has mails sent to addresses.
	limitAsk = limit{free: 5, most: time.Hour}
	// limitAsked keeps an address from being flooded by several accounts: nobody is
	// told of it.
	limitAsked = limit{free: 3, most: 24 * time.Hour}
)

// maxAsked bounds the addresses that wait for their code, of an account.
const maxAsked = 20

// mayJoin says whether an account can have a further address, whoever it may be of.
func (s *Store) mayJoin(a accountRecord, address string) error {
	parsed, err := mail.ParseAddress(address)
	switch {
	case err != nil || parsed.Name != "" || parsed.Address != address || len(address) > maxAddress || !plainText(address, maxAddress):
		return socket.ErrInvalid
	case s.o.Addresses == nil || s.method(a.Address).External() || s.method(address).External():
		return socket.ErrInvalid // the directory's word alone counts
	case slices.ContainsFunc(a.addresses(), func(own string) bool { return normalise(own) == normalise(address) }):
		return socket.ErrConflict
	case len(a.Aliases) >= maxAliases || len(a.Aliases)+len(a.Former) >= maxAliases+maxFormer:
		return socket.ErrTooLarge
	}
	return nil
}

// taken reports whether an address has an account, be it as a further address, or is
// a mailbox that people wait to open, or waits to open one.
func (s *Store) taken(tx *bbolt.Tx, address string) bool {
	own := s.vault.account(address)
	return hasPeople(tx, own) || len(suffixes(tx, bucketSeated, own[:])) > 0 || tx.Bucket([]byte(bucketAccount)).Get(own[:]) != nil || tx.Bucket([]byte(bucketAlias)).Get(own[:]) != nil
}

// AskAddress implements [socket.Addresses]. An address that has an account gets a
// mail of the same work and a link that nobody is told the code of: neither the
// answer nor the list of what was asked for tells.
func (s *Store) AskAddress(ctx context.Context, token seal.Token, p socket.Proof, address string) error {
	address = normalise(address)
	if err := s.space(); err != nil {
		return err
	}
	counted, flooded := false, false
	err := s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		if err := s.mayJoin(a, address); err != nil {
			return err
		}
		if !counted { // once, however often the transaction runs
			if err := s.guard.try(map[string]limit{"ask " + string(r.Account[:]): limitAsk}); err != nil {
				return err
			}
			own := s.vault.account(address)
			flooded = s.guard.try(map[string]limit{"asked " + string(own[:]): limitAsked}) != nil
			counted = true
		}
		if len(suffixes(c.Tx, bucketAsked, r.Account[:])) >= maxAsked {
			return &socket.ThrottledError{RetryAfter: time.Hour}
		}
		return s.ask(c, r.Account, a, address, p.Client, flooded)
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}

// ask files the link and the mail.
func (s *Store) ask(c *change, account accountID, a accountRecord, address, client string, flooded bool) error {
	now := s.now().UTC()
	code := seal.NewCode()
	h := code.Token().Hash()
	q := AddressMail{
		ID: newID().String(), Kind: AddressConfirm, To: address, Address: address, Main: a.Address, Code: code,
		Language: a.language(), Created: now, Expires: now.Add(s.o.ResetTTL),
	}
	if s.taken(c.Tx, address) {
		q.Kind, q.Code = AddressTaken, seal.Code{}
	}
	m, err := s.o.Addresses.Address(q)
	if err != nil {
		return fmt.Errorf("render a mail about an address: %w", err)
	}
	if len(m.Data) > maxInlineMail {
		return fmt.Errorf("render a mail about an address: %d octets are more than %d", len(m.Data), maxInlineMail)
	}
	d := s.Begin(DepositKey{}) // only to collect
	d.putMail(newID(), mailRecord{
		versioned: current, Kind: m.Kind, From: m.From, To: []string{address}, ID: m.ID,
		Queued: now, Expires: q.Expires, Size: int64(len(m.Data)), Data: m.Data,
	}, now)
	mailed := len(d.puts)
	d.putRecord(bucketLink, h[:], linkRecord{
		versioned: current, Kind: socket.LinkAddress, Address: address, Account: account, Created: now, Expires: q.Expires,
	})
	d.put(bucketAsked, accountKey(account, h[:]), nil)
	d.put(bucketExpiry, expiryKey(q.Expires, expireLink, h[:]), nil)
	if err := d.putAll(c); err != nil {
		return err
	}
	if flooded {
		for _, p := range d.puts[:mailed] {
			if err := c.drop(p.bucket, p.key); err != nil {
				return err
			}
		}
	}
	return s.auditAddress(c, EventAddressAsked, a, address, client)
}

// endAsked ends an account's links about an address.
func (s *Store) endAsked(c *change, account accountID, address string) error {
	for _, h := range suffixes(c.Tx, bucketAsked, account[:]) {
		var l linkRecord
		if err := s.vault.get(c.Tx, bucketLink, h, &l); err != nil {
			return err
		}
		if !strings.EqualFold(l.Address, address) {
			continue
		}
		if err := s.endLink(c, h, endUsed, ""); err != nil {
			return err
		}
	}
	return nil
}
