package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	// freshLogin is how long ago somebody may have shown who they are, for that to
	// stand for a password that there is not.
	freshLogin = 15 * time.Minute
	// maxPhraseRunes bounds the phrase that an account has shown in its notices.
	maxPhraseRunes = 60
	// maxPreferences bounds what the portal keeps with an account, in octets.
	maxPreferences = 16 << 10
	// sessionIDSize is how much of a hash names a session, in octets.
	sessionIDSize = 12
)

// Account implements [socket.Settings].
func (s *Store) Account(ctx context.Context, token seal.Token) (socket.AccountInfo, error) {
	var out socket.AccountInfo
	err := s.meta.view(func(tx *bbolt.Tx) error {
		r, a, err := s.accountOf(tx, token)
		if err != nil {
			return err
		}
		method, err := s.SignInMethod(ctx, a.Address)
		if err != nil {
			return err
		}
		out = socket.AccountInfo{
			Address: a.Address, Name: a.Name, Method: method, Password: s.hasPassword(a),
			Fresh: s.fresh(r), Created: a.Created, Changed: a.Changed,
			Alerts: !a.Quiet, Phrase: a.Phrase, Roundup: a.Roundup, Preferences: a.Preferences, Factors: a.Factors.list(), Codes: len(a.Factors.Codes),
			Passkeys: s.passkeys != nil,
			Messages: len(suffixes(tx, bucketInbox, r.Account[:])),
		}
		if out.Password {
			out.KDF = a.KDF
		}
		if out.Addresses, err = s.addressInfo(tx, r, a); err != nil {
			return err
		}
		if out.Sessions, err = s.openSessions(tx, r.Account, token.Hash()); err != nil {
			return err
		}
		return s.seatsInfo(tx, r, &out)
	})
	if err != nil {
		return socket.AccountInfo{}, err
	}
	return out, nil
}

// openSessions lists an account's sessions, the latest used first.
func (s *Store) openSessions(tx *bbolt.Tx, account accountID, own tokenHash) ([]socket.OpenSession, error) {
	var out []socket.OpenSession
	for _, h := range suffixes(tx, bucketLogins, account[:]) {
		var r sessionRecord
		if err := s.vault.get(tx, bucketSession, h, &r); err != nil {
			return nil, err
		}
		if r.Pending || !s.now().Before(s.sessionEnd(r)) {
			continue
		}
		out = append(out, socket.OpenSession{
			ID: sessionID(h), Own: tokenHash(h) == own, Created: r.Created, Used: r.Used,
			Client: network(r.Client), Agent: printable(r.Agent),
		})
		if err := s.nameVisit(tx, r, account, &out[len(out)-1]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b socket.OpenSession) int { return b.Used.Compare(a.Used) })
	return out, nil
}

// sessionID names a session to its account. It is part of the token's hash, which
// opens nothing.
func sessionID(h []byte) string { return hex.EncodeToString(h[:sessionIDSize]) }

// EndSession implements [socket.Settings].
func (s *Store) EndSession(ctx context.Context, token seal.Token, id string) error {
	return s.update(ctx, func(c *change) error {
		r, a, err := s.accountOf(c.Tx, token)
		if err != nil {
			return err
		}
		n, own := 0, token.Hash()
		for _, h := range suffixes(c.Tx, bucketLogins, r.Account[:]) {
			if id == "" && tokenHash(h) == own || id != "" && sessionID(h) != id {
				continue
			}
			var other sessionRecord
			if err := s.vault.get(c.Tx, bucketSession, h, &other); err != nil {
				return err
			}
			if r.visit() && other.Actor != r.Actor {
				continue // another person's
			}
			if err := s.endSession(c, h, other); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return s.audit(c, Entry{Event: EventLogout, Address: a.Address, Note: fmt.Sprintf("%d sessions, by the account", n)})
	})
}

// Change implements [socket.Settings].
func (s *Store) Change(ctx context.Context, token seal.Token, n socket.AccountChange) error {
	if n.Name != nil && (strings.TrimSpace(*n.Name) == "" || !plainText(*n.Name, maxName)) ||
		n.Phrase != nil && (!plainText(*n.Phrase, 4*maxPhraseRunes) || utf8.RuneCountInString(*n.Phrase) > maxPhraseRunes) ||
		n.Preferences != nil && (len(n.Preferences) > maxPreferences || !json.Valid(n.Preferences)) {
		return socket.ErrInvalid
	}
	if n.Roundup != nil {
		if err := n.Roundup.Check(); err != nil {
			return err
		}
	}
	return s.update(ctx, func(c *change) error {
		r, a, err := s.accountOf(c.Tx, token)
		if err != nil {
			return err
		}
		if r.visit() {
			if n, err = s.visitorsChange(c, r, n); err != nil {
				return err
			}
		}
		if n.Roundup != nil {
			a.Roundup = *n.Roundup
			if err := s.hasten(c, r.Account, a.Roundup); err != nil {
				return err
			}
		}
		if n.Name != nil {
			a.Name = strings.TrimSpace(*n.Name)
		}
		if n.Phrase != nil {
			a.Phrase = strings.TrimSpace(*n.Phrase)
		}
		if n.Preferences != nil {
			a.Preferences = n.Preferences
		}
		if n.Alerts != nil {
			a.Quiet = !*n.Alerts
		}
		return s.vault.put(c, bucketAccount, r.Account[:], a)
	})
}

// ChangePassword implements [socket.Settings].
func (s *Store) ChangePassword(ctx context.Context, token seal.Token, p socket.Proof, n socket.NewPassword) error {
	if err := checkPassword(n); err != nil {
		return err
	}
	defer s.mailAdded()
	return s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		if !s.hasPassword(a) {
			return socket.ErrConflict // the organisation signs in
		}
		a.KDF, a.Verifier, a.Wrapped, a.Changed = n.KDF, sha256.Sum256(n.Verifier), n.Wrapped, s.now().UTC()
		if err := s.vault.put(c, bucketAccount, r.Account[:], a); err != nil {
			return err
		}
		if err := s.endResets(c, r.Account); err != nil {
			return err
		}
		if err := s.dropInvitationsBy(c, r.Account, a); err != nil {
			return err
		}
		own := token.Hash()
		for _, h := range suffixes(c.Tx, bucketLogins, r.Account[:]) {
			var other sessionRecord
			if tokenHash(h) == own {
				continue
			}
			if err := s.vault.get(c.Tx, bucketSession, h, &other); err != nil {
				return err
			}
			if err := s.endSession(c, h, other); err != nil {
				return err
			}
		}
		if err := s.alert(c, AlertPassword, a, visit{p.Client, r.Agent}); err != nil {
			return err
		}
		return s.audit(c, Entry{Event: EventPassword, Address: a.Address, Client: bounded(p.Client, 64)})
	})
}

// checkPassword refuses what no honest portal sends.
func checkPassword(n socket.NewPassword) error {
	switch {
	case n.KDF.Check() != nil:
		return fmt.Errorf("%w: password parameters", socket.ErrInvalid)
	case len(n.Verifier) != seal.KeySize:
		return fmt.Errorf("%w: verifier", socket.ErrInvalid)
	case len(n.Wrapped) == 0 || len(n.Wrapped) > maxSealed:
		return fmt.Errorf("%w: sealed account key", socket.ErrInvalid)
	}
	return nil
}

// hasPassword reports whether an account is protected by a password of the portal:
// one from before the organisation signed in, or people alone opened the mailbox, is
// worth nothing.
func (s *Store) hasPassword(a accountRecord) bool {
	return len(a.Wrapped) > 0 && !a.PeopleOnly && !s.method(a.Address).External()
}

// fresh reports whether the person of a session has shown a short while ago who they
// are.
func (s *Store) fresh(r sessionRecord) bool { return s.now().Sub(r.Proved) < freshLogin }

// proven runs fn if the account's holder gives the right proof. Nobody who visits the
// mailbox is the holder.
func (s *Store) proven(ctx context.Context, token seal.Token, p socket.Proof, fn func(*change, sessionRecord, accountRecord) error) error {
	var r sessionRecord
	var a accountRecord
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		r, a, err = s.accountOf(tx, token)
		return err
	})
	if err != nil {
		return err
	}
	if r.visit() {
		return socket.ErrUnknown
	}
	if err := s.prove(r.Account, r, a, p); err != nil {
		return err
	}
	return s.update(ctx, func(c *change) error {
		now, b, err := s.accountOf(c.Tx, token)
		if err != nil {
			return err
		}
		if b.Verifier != a.Verifier {
			return socket.ErrConflict // changed a moment ago
		}
		return fn(c, now, b)
	})
}

// prove checks a proof that the person with this account has a session for. A wrong
// password counts as a failed login does.
func (s *Store) prove(account accountID, r sessionRecord, a accountRecord, p socket.Proof) error {
	if !s.hasPassword(a) {
		if !s.fresh(r) {
			return socket.ErrExpired
		}
		return nil
	}
	counted := map[string]limit{"proof " + string(account[:]): limitAccount}
	if err := s.guard.try(counted); err != nil {
		return err
	}
	given := sha256.Sum256(p.Verifier)
	if subtle.ConstantTimeCompare(given[:], a.Verifier[:]) != 1 {
		return socket.ErrLogin
	}
	s.guard.forget(counted)
	return nil
}

// closeBatch is how many messages of a closed account one transaction ends.
const closeBatch = 200

// CloseAccount implements [socket.Settings]. The messages end after the account:
// if that is cut off, what is left expires in its time, and can't be opened
// without the recovery key.
func (s *Store) CloseAccount(ctx context.Context, token seal.Token, p socket.Proof) error {
	var account accountID
	var all []accountID // the account, and what waits under its further addresses
	err := s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		account, all = r.Account, nil
		for _, address := range s.liveAddresses(a) {
			all = append(all, s.vault.account(address))
		}
		if err := s.partAll(c, account, a); err != nil {
			return err
		}
		if err := s.dropPeople(c, account, seatClosed); err != nil {
			return err
		}
		if err := c.drop(bucketAccount, account[:]); err != nil {
			return err
		}
		if err := s.endSessions(c, account); err != nil {
			return err
		}
		if err := s.endResets(c, account); err != nil {
			return err
		}
		if err := s.closeRoundup(c, account); err != nil {
			return err
		}
		return s.audit(c, Entry{Event: EventClosed, Address: a.Address, Client: bounded(p.Client, 64)})
	})
	if err != nil {
		return err
	}
	if err := s.removeAllOwn(context.WithoutCancel(ctx), account); err != nil {
		return err
	}
	for _, account := range all {
		for n := 1; n > 0; {
			if n, err = s.endSome(context.WithoutCancel(ctx), account); err != nil {
				return err
			}
		}
	}
	return nil
}

// endSome ends some messages of an account that is closed, and returns how many.
func (s *Store) endSome(ctx context.Context, account accountID) (int, error) {
	n := 0
	var freed []freedPayload
	err := s.update(ctx, func(c *change) error {
		n, freed = 0, nil
		for _, message := range messagesOf(c.Tx, account) {
			if n == closeBatch {
				return nil
			}
			var m messageRecord
			err := s.vault.get(c.Tx, bucketMessage, message[:], &m)
			if errors.Is(err, errNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if m.Ended != "" { // nobody looks at its line any more
				if err := s.dropEntry(c, s.entryFor(message, m, 0)); err != nil {
					return err
				}
				n++
				continue
			}
			f, err := s.endMessage(c, message, m, endClosed, "")
			if err != nil {
				return err
			}
			freed = append(freed, f...)
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s.discard(ctx, freed)
	return n, nil
}

// endClosed is how a message ends whose recipient closed the account. Its links
// say that it has expired.
const endClosed = "closed"
