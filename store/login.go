package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxNetworks is how many networks of earlier logins an account remembers.
const maxNetworks = 8

// decoyAccount is what an address without an account is treated as: its
// parameters look like anybody's and never change, and no verifier fits.
func (v *vault) decoyAccount(account accountID) accountRecord {
	mac := hmac.New(sha256.New, v.decoy[:])
	mac.Write(account[:])
	sum := mac.Sum(nil)
	kdf := seal.NewKDF()
	kdf.Salt = sum[:16]
	return accountRecord{versioned: current, KDF: kdf, Verifier: tokenHash(sum)}
}

// accountOrDecoy does the same work for both. An account whose holder signs in
// elsewhere has no password and counts as unknown.
func (v *vault) accountOrDecoy(tx *bbolt.Tx, account accountID) (a accountRecord, known bool, err error) {
	decoy := v.decoyAccount(account)
	sealed := v.encode(bucketAccount, account[:], decoy)
	err = v.get(tx, bucketAccount, account[:], &a)
	if err == nil && len(a.Wrapped) > 0 && !a.PeopleOnly {
		return a, true, nil
	}
	if err != nil && !errors.Is(err, errNotFound) {
		return a, false, err
	}
	a = accountRecord{} // of one without a password nothing is told
	b, err := v.box.Open(sealed, place(bucketAccount, account[:]))
	if err != nil {
		return a, false, err
	}
	return a, false, decode(bucketAccount, b, &a)
}

// Challenge implements [socket.Accounts].
func (s *Store) Challenge(ctx context.Context, address string) (seal.KDF, error) {
	if len(address) > maxAddress {
		return seal.KDF{}, socket.ErrInvalid
	}
	var a accountRecord
	err := s.meta.view(func(tx *bbolt.Tx) error {
		account, err := s.resolveAlike(tx, address)
		if err != nil {
			return err
		}
		a, _, err = s.vault.accountOrDecoy(tx, account)
		return err
	})
	if err != nil {
		return seal.KDF{}, err
	}
	return a.KDF, nil
}

// network returns the keyed hash of a client's network, for an account.
func (v *vault) network(account accountID, client string) tokenHash {
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write(account[:])
	mac.Write([]byte("network\x00" + network(client)))
	return tokenHash(mac.Sum(nil))
}

// limits returns what counts an attempt. A network from which the account has
// logged in before has a count of its own, so that strangers' failures don't
// keep the account's holder out.
func (a accountRecord) limits(account accountID, from tokenHash, client string) map[string]limit {
	if slices.Contains(a.Networks, from) {
		return map[string]limit{"pair " + string(account[:]) + string(from[:]): limitPair}
	}
	return map[string]limit{
		"account " + string(account[:]): limitAccount,
		"client " + network(client):     limitClient,
	}
}

// Login implements [socket.Accounts].
func (s *Store) Login(ctx context.Context, l socket.Login) (socket.Session, error) {
	if len(l.Address) > maxAddress || len(l.Verifier) != seal.KeySize {
		return socket.Session{}, socket.ErrInvalid
	}
	var account accountID
	var a accountRecord
	var known bool
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		if account, err = s.resolveAlike(tx, l.Address); err != nil {
			return err
		}
		a, known, err = s.vault.accountOrDecoy(tx, account)
		return err
	})
	if err != nil {
		return socket.Session{}, err
	}
	known = known && !s.method(l.Address).External() && !s.method(a.Address).External()
	from := s.vault.network(account, l.Client)
	counted := a.limits(account, from, l.Client)
	if err := s.guard.try(counted); err != nil {
		return socket.Session{}, err
	}
	given := sha256.Sum256(l.Verifier)
	if subtle.ConstantTimeCompare(given[:], a.Verifier[:]) != 1 || !known {
		// Written for unknown addresses too: the time must not tell.
		entries := s.budget.within(Entry{Event: EventLoginFailed, Address: bounded(l.Address, maxAddress), Client: bounded(l.Client, 64)})
		if err := s.update(ctx, func(c *change) error { return s.audit(c, entries...) }); err != nil {
			return socket.Session{}, err
		}
		return socket.Session{}, socket.ErrLogin
	}
	session, err := s.login(ctx, account, given, visit{l.Client, l.Agent})
	if err == nil {
		s.guard.forget(counted)
	}
	return session, err
}

// login starts the session of whoever gave the right verifier.
func (s *Store) login(ctx context.Context, account accountID, verifier tokenHash, v visit) (socket.Session, error) {
	token := seal.NewToken()
	var out socket.Session
	mailed := false
	err := s.update(ctx, func(c *change) error {
		var a accountRecord
		if err := s.vault.get(c.Tx, bucketAccount, account[:], &a); err != nil {
			return err
		}
		if a.Verifier != verifier || a.PeopleOnly {
			return socket.ErrLogin // the password was changed a moment ago
		}
		r, alert, err := s.enter(c, token, account, a, v, s.now())
		if err != nil {
			return err
		}
		out, mailed = s.begun(token, a, r), alert
		return s.auditLogin(c, a, r, "")
	})
	if err != nil {
		return socket.Session{}, err
	}
	if mailed {
		s.mailAdded()
	}
	return out, nil
}

// auditLogin notes a login. One that waits for a second factor is none yet.
func (s *Store) auditLogin(c *change, a accountRecord, r sessionRecord, how string) error {
	if r.Pending {
		return nil
	}
	return s.audit(c, Entry{Event: EventLogin, Address: a.Address, Client: r.Client, Note: how})
}

// remember adds a network, and forgets the oldest of too many.
func (a *accountRecord) remember(from tokenHash) {
	a.Networks = latest(a.Networks, from)
}

// begun is what the portal is given of a session that begins.
func (s *Store) begun(token seal.Token, a accountRecord, r sessionRecord) socket.Session {
	out := socket.Session{
		Token: token, Address: a.Address, Name: a.Name, Wrapped: a.Wrapped, Expires: r.Expires, Pending: r.Pending,
	}
	out.Addresses, out.Former = s.furtherOf(a)
	return out
}
