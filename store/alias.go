package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	// maxAliases bounds the further addresses of an account.
	maxAliases = 10
	// maxFormer bounds those that it had once.
	maxFormer = 40
)

// aliasRecord says whose a further address is. The account's own record lists it,
// too.
type aliasRecord struct {
	versioned
	Account accountID `json:"account"`
}

// An alias is a further address of an account.
type alias struct {
	Address string    `json:"address"` // normalised
	Since   time.Time `json:"since"`
}

// resolve returns the account of an address: the one that it was joined to, else
// the address's own, which need not exist. What somebody joined by a code no longer
// counts once the organisation signs the address in: then its word alone does.
func (s *Store) resolve(tx *bbolt.Tx, address string) (accountID, error) {
	own := s.vault.account(address)
	var r aliasRecord
	err := s.vault.get(tx, bucketAlias, own[:], &r)
	if errors.Is(err, errNotFound) || err == nil && s.method(address).External() {
		return own, nil
	}
	return r.Account, err
}

// resolveAlike is resolve, taking as long for an address that was not joined.
func (s *Store) resolveAlike(tx *bbolt.Tx, address string) (accountID, error) {
	own := s.vault.account(address)
	if tx.Bucket([]byte(bucketAlias)).Get(own[:]) == nil {
		sealed := s.vault.encode(bucketAlias, own[:], aliasRecord{versioned: current, Account: own})
		b, err := s.vault.box.Open(sealed, place(bucketAlias, own[:]))
		if err != nil {
			return own, err
		}
		var r aliasRecord
		return own, decode(bucketAlias, b, &r)
	}
	return s.resolve(tx, address)
}

// resolved is resolve in a transaction of its own.
func (s *Store) resolved(address string) (account accountID, err error) {
	err = s.meta.view(func(tx *bbolt.Tx) error {
		account, err = s.resolve(tx, address)
		return err
	})
	return account, err
}

// addresses are all that an account lists, the main one first.
func (a accountRecord) addresses() []string {
	out := []string{a.Address}
	for _, x := range a.Aliases {
		out = append(out, x.Address)
	}
	return out
}

// furtherOf returns an account's further addresses, and those that it had once. One
// that was joined by a code is not the account's any more once the organisation signs
// it in.
func (s *Store) furtherOf(a accountRecord) (further, former []string) {
	former = slices.Clone(a.Former)
	for _, x := range a.Aliases {
		if s.method(x.Address).External() {
			former = append(former, x.Address)
		} else {
			further = append(further, x.Address)
		}
	}
	return further, former
}

// writesFrom is the address that an answer to a message is from: the one that it
// was sent to, while that is the account's.
func (s *Store) writesFrom(a accountRecord, recipient string) string {
	if further, _ := s.furtherOf(a); slices.Contains(further, normalise(recipient)) {
		return normalise(recipient)
	}
	return a.Address
}

// addressesOf returns all addresses of the account that an address is of; without
// an account, that address alone.
func (s *Store) addressesOf(tx *bbolt.Tx, address string) ([]string, error) {
	account, err := s.resolve(tx, address)
	if err != nil {
		return nil, err
	}
	var a accountRecord
	err = s.vault.get(tx, bucketAccount, account[:], &a)
	if errors.Is(err, errNotFound) {
		return []string{address}, nil
	}
	return s.liveAddresses(a), err
}

// liveAddresses are those of an account that mail is for it by, the main one first.
func (s *Store) liveAddresses(a accountRecord) []string {
	further, _ := s.furtherOf(a)
	return append([]string{a.Address}, further...)
}

// join makes an address part of an account. The caller has checked everything.
func (s *Store) join(c *change, account accountID, a *accountRecord, address string) error {
	address = normalise(address)
	own := s.vault.account(address)
	a.Aliases = append(slices.Clone(a.Aliases), alias{Address: address, Since: s.now().UTC()})
	a.Former = slices.DeleteFunc(slices.Clone(a.Former), func(f string) bool { return f == address })
	if err := s.vault.put(c, bucketAlias, own[:], aliasRecord{versioned: current, Account: account}); err != nil {
		return err
	}
	// A link to set a password with would make an account of its own.
	if err := s.endResets(c, own); err != nil {
		return err
	}
	return s.vault.put(c, bucketAccount, account[:], *a)
}

// part takes an address out of an account.
func (s *Store) part(c *change, account accountID, a *accountRecord, address string) error {
	n := slices.IndexFunc(a.Aliases, func(x alias) bool { return x.Address == normalise(address) })
	if n < 0 {
		return socket.ErrUnknown
	}
	// Its messages stay readable: they name it as their recipient.
	a.Former = append(slices.Clone(a.Former), a.Aliases[n].Address)
	own := s.vault.account(a.Aliases[n].Address)
	a.Aliases = slices.Delete(slices.Clone(a.Aliases), n, n+1)
	if err := c.drop(bucketAlias, own[:]); err != nil {
		return err
	}
	return s.vault.put(c, bucketAccount, account[:], *a)
}

// partStale takes an address out of whatever account has it, for one that gets an
// account of its own.
func (s *Store) partStale(c *change, address string) error {
	r, a, err := s.joinedTo(c.Tx, address)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.separate(c, r.Account, a, address, "")
}

// partExternal takes out of accounts the addresses that the organisation has begun to
// sign in: they are not to come back if it ends that. What fails is logged: until it is
// mended, resolve holds such an address back.
func (s *Store) partExternal() {
	if s.o.SignIn == nil {
		return
	}
	var parted []string
	err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketAlias)).ForEach(func(k, _ []byte) error {
			var r aliasRecord
			var a accountRecord
			err := s.vault.get(tx, bucketAlias, k, &r)
			if err == nil {
				err = s.vault.get(tx, bucketAccount, r.Account[:], &a)
			}
			if err != nil {
				s.log.Error("a further address can't be read; 'postseal store check' says more", "error", err)
			}
			for _, x := range a.Aliases {
				if s.vault.account(x.Address) == accountID(k) && s.method(x.Address).External() {
					parted = append(parted, x.Address)
				}
			}
			return nil
		})
	})
	for _, address := range parted {
		err = errors.Join(err, s.SeparateAddress(context.Background(), address))
	}
	if err != nil {
		s.log.Error("addresses that the organisation signs in stay with their accounts", "error", err)
	}
}

// partAll takes all further addresses out of an account that ends.
func (s *Store) partAll(c *change, account accountID, a accountRecord) error {
	for _, x := range a.Aliases {
		own := s.vault.account(x.Address)
		if err := c.drop(bucketAlias, own[:]); err != nil {
			return err
		}
	}
	for _, h := range suffixes(c.Tx, bucketAsked, account[:]) {
		if err := s.endLink(c, h, endUsed, ""); err != nil {
			return err
		}
	}
	return nil
}

// auditAddress notes what becomes of an address of an account.
func (s *Store) auditAddress(c *change, event Event, a accountRecord, address, client string) error {
	return s.audit(c, Entry{Event: event, Address: a.Address, Client: bounded(client, 64), Note: normalise(address)})
}

// refile moves a message that came before its address was joined to the account.
func (s *Store) refile(c *change, account accountID, message id, m messageRecord) (messageRecord, error) {
	if m.Account == account {
		return m, nil
	}
	if err := s.dropEntry(c, s.entryFor(message, m, 0)); err != nil {
		return m, err
	}
	m.Account = account
	if err := s.vault.put(c, bucketMessage, message[:], m); err != nil {
		return m, err
	}
	return m, s.putEntry(c, s.entryFor(message, m, 0))
}

// RemoveAddress implements [socket.Addresses].
func (s *Store) RemoveAddress(ctx context.Context, token seal.Token, p socket.Proof, address string) error {
	err := s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		return s.separate(c, r.Account, a, address, p.Client)
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}

// WithdrawAddress implements [socket.Addresses].
func (s *Store) WithdrawAddress(ctx context.Context, token seal.Token, address string) error {
	if len(address) > maxAddress {
		return socket.ErrInvalid
	}
	return s.update(ctx, func(c *change) error {
		r, a, err := s.accountOf(c.Tx, token)
		if err != nil {
			return err
		}
		if r.visit() {
			return socket.ErrUnknown // what was asked for is the holder's affair
		}
		before := len(suffixes(c.Tx, bucketAsked, r.Account[:]))
		if err := s.endAsked(c, r.Account, address); err != nil || len(suffixes(c.Tx, bucketAsked, r.Account[:])) == before {
			return err
		}
		return s.auditAddress(c, EventAddressWithdrawn, a, address, r.Client)
	})
}

// SeparateAddress takes an address out of the account that it was joined to, for
// an administrator. [ErrNotAdded] if it was not joined to any.
func (s *Store) SeparateAddress(ctx context.Context, address string) error {
	err := s.update(ctx, func(c *change) error {
		r, a, err := s.joinedTo(c.Tx, address)
		if errors.Is(err, errNotFound) {
			return ErrNotAdded
		}
		if err != nil {
			return err
		}
		return s.separate(c, r.Account, a, address, "")
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}

// separate takes an address out of an account, whose holder is told.
func (s *Store) separate(c *change, account accountID, a accountRecord, address, client string) error {
	if err := s.part(c, account, &a, address); err != nil {
		return err
	}
	if err := s.mailAddress(c, a, AddressRemoved, a.Address, normalise(address)); err != nil {
		return err
	}
	return s.auditAddress(c, EventAddressRemoved, a, address, client)
}

// joinedTo returns the account that an address was joined to, or errNotFound.
func (s *Store) joinedTo(tx *bbolt.Tx, address string) (r aliasRecord, a accountRecord, err error) {
	own := s.vault.account(address)
	if err := s.vault.get(tx, bucketAlias, own[:], &r); err != nil {
		return r, a, err
	}
	return r, a, s.vault.get(tx, bucketAccount, r.Account[:], &a)
}

// addressInfo describes an account's addresses to its holder.
func (s *Store) addressInfo(tx *bbolt.Tx, r sessionRecord, a accountRecord) (socket.AddressInfo, error) {
	out := socket.AddressInfo{CanJoin: s.o.Addresses != nil && !s.method(a.Address).External() && !r.visit()}
	for _, x := range a.Aliases {
		if !s.method(x.Address).External() { // see furtherOf
			out.Further = append(out.Further, socket.FurtherAddress{Address: x.Address, Since: x.Since})
		}
	}
	if r.visit() {
		return out, nil // what was asked for is the holder's affair
	}
	for _, h := range suffixes(tx, bucketAsked, r.Account[:]) {
		var l linkRecord
		if err := s.vault.get(tx, bucketLink, h, &l); err != nil {
			return out, err
		}
		if l.Ended == "" && s.now().Before(l.Expires) {
			out.Asked = append(out.Asked, socket.AskedAddress{Address: l.Address, Expires: l.Expires})
		}
	}
	return out, nil
}
