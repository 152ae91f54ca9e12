package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	// maxWaiting bounds how many messages one activation takes over: the newest.
	// Older ones keep their own links.
	maxWaiting = 2000
	maxName    = 200 // octets of a name
)

// Waiting implements [socket.Links]. For an activation link, or an invitation, it is
// an ErrConflict once the recipient has an account.
func (s *Store) Waiting(ctx context.Context, token seal.Token) (socket.Waiting, error) {
	var out socket.Waiting
	err := s.meta.view(func(tx *bbolt.Tx) error {
		l, err := s.link(tx, token)
		if err != nil {
			return err
		}
		account, err := s.resolve(tx, l.Address)
		if err != nil {
			return err
		}
		if account != s.vault.account(l.Address) {
			return joined(l)
		}
		var a accountRecord
		err = s.vault.get(tx, bucketAccount, account[:], &a)
		if err != nil && !errors.Is(err, errNotFound) {
			return err
		}
		known := err == nil
		switch {
		case l.Kind != socket.LinkActivate && l.Kind != socket.LinkReset && l.Kind != socket.LinkSeat:
			return socket.ErrUnknown
		case l.Kind != socket.LinkReset && known:
			return socket.ErrConflict
		case l.Kind == socket.LinkActivate:
			m, err := s.liveMessage(tx, l.Message)
			if err != nil {
				return err
			}
			if s.claimedElsewhere(m, account) {
				return endError(endUsed, "", m.Created)
			}
		}
		out = socket.Waiting{Recipient: l.Address, Account: known, Name: a.Name, Escrow: a.Escrow}
		out.Messages, err = s.waiting(ctx, tx, account, l.Message)
		return err
	})
	if err != nil {
		return socket.Waiting{}, err
	}
	return out, nil
}

// joined is what is said of a link that would give an address an account which is
// part of another's: a notice's leads to that one, any other is worth nothing.
func joined(l linkRecord) error {
	if l.Kind == socket.LinkActivate {
		return socket.ErrConflict
	}
	return socket.ErrUnknown
}

// waiting lists an account's messages, newest first. own is the one whose link
// was shown: only its grant for a code is given out.
func (s *Store) waiting(ctx context.Context, tx *bbolt.Tx, account accountID, own id) ([]socket.WaitingMessage, error) {
	var out []socket.WaitingMessage
	found := false
	add := func(message id) error {
		m, err := s.liveMessage(tx, message)
		var end *socket.EndedError
		if errors.As(err, &end) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.Account != account {
			return nil // it was claimed by one that the address was part of
		}
		w, err := s.waitingMessage(tx, message, m, message == own)
		found = found || message == own
		out = append(out, w)
		return err
	}
	for _, message := range messagesOf(tx, account) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(out) == maxWaiting {
			break
		}
		if err := add(message); err != nil {
			return nil, err
		}
	}
	if own != (id{}) && !found {
		if err := add(own); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) waitingMessage(tx *bbolt.Tx, message id, m messageRecord, own bool) (w socket.WaitingMessage, err error) {
	if w.Manifest, err = s.vault.manifest(tx, message); err != nil {
		return w, err
	}
	if own {
		if w.Grant, err = s.vault.part(tx, message, partCode); err != nil {
			return w, err
		}
	}
	w.Recovery, err = s.vault.part(tx, message, partRecovery)
	return w, err
}

// checkActivation refuses what no honest portal sends. Without a verifier it is
// that of somebody who signs in elsewhere: then there is no password at all, and
// recovery is what opens the account key.
func checkActivation(a socket.Activation) error {
	_, err := age.ParseHybridRecipient(a.PublicKey)
	password := socket.NewPassword{KDF: a.KDF, Verifier: a.Verifier, Wrapped: a.Wrapped}
	switch {
	case err != nil:
		return fmt.Errorf("%w: public key", socket.ErrInvalid)
	case len(a.Verifier) == 0 && (len(a.Wrapped) > 0 || len(a.Escrow) == 0):
		return fmt.Errorf("%w: neither a password nor recovery", socket.ErrInvalid)
	case len(a.Escrow) > maxSealed:
		return fmt.Errorf("%w: sealed account key", socket.ErrInvalid)
	case strings.TrimSpace(a.Name) == "" || !plainText(a.Name, maxName):
		return fmt.Errorf("%w: name", socket.ErrInvalid)
	}
	if len(a.Verifier) > 0 {
		if err := checkPassword(password); err != nil {
			return err
		}
	}
	return checkWaitingGrants(a.Grants)
}

// checkWaitingGrants refuses what can't be the grants for messages that wait.
func checkWaitingGrants(grants map[string][]byte) error {
	if len(grants) > maxWaiting+1 {
		return fmt.Errorf("%w: %d grants", socket.ErrInvalid, len(grants))
	}
	for message, g := range grants {
		if _, err := parseID(message); err != nil || len(g) == 0 || len(g) > maxSealed {
			return fmt.Errorf("%w: grant", socket.ErrInvalid)
		}
	}
	return nil
}

// plainText reports whether s is UTF-8 of at most limit octets that a header
// field may show: no control characters, nothing that turns text around.
func plainText(s string, limit int) bool {
	if len(s) > limit || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u200d' && r != '\u200c'
	})
}

// Activate implements [socket.Links].
func (s *Store) Activate(ctx context.Context, token seal.Token, a socket.Activation) (socket.Session, error) {
	if err := checkActivation(a); err != nil {
		return socket.Session{}, err
	}
	session := seal.NewToken()
	var out socket.Session
	var account accountID
	mailed := false
	err := s.update(ctx, func(c *change) error {
		l, err := s.link(c.Tx, token)
		if err != nil {
			return err
		}
		if l.furnishes() {
			return socket.ErrUnknown // it starts no session of the mailbox's own
		}
		if account, err = s.resolve(c.Tx, l.Address); err != nil {
			return err
		}
		if account != s.vault.account(l.Address) {
			return joined(l)
		}
		rec, event, err := s.newAccount(c.Tx, account, l, a)
		if err != nil {
			return err
		}
		grants, err := s.checkGrants(c.Tx, account, a.Grants)
		if err != nil {
			return err
		}
		// Nothing was written until here, nothing is refused from here on.
		if err := s.partStale(c, l.Address); err != nil {
			return err
		}
		if err := s.vault.put(c, bucketAccount, account[:], rec); err != nil {
			return err
		}
		if event == EventReset {
			if err := s.dropOldGrants(c, account, grants); err != nil {
				return err
			}
			if err := s.forgetSeatKeys(c, account); err != nil {
				return err
			}
		}
		changed := event != EventActivated
		if changed {
			if err := s.dropInvitationsBy(c, account, rec); err != nil {
				return err
			}
			if err := s.alert(c, AlertPassword, rec, visit{a.Client, a.Agent}); err != nil {
				return err
			}
		}
		for message, g := range grants {
			if err := s.storeGrant(c, message, g.record, g.grant); err != nil {
				return err
			}
		}
		if err := s.endResets(c, account); err != nil {
			return err
		}
		if err := s.endSessions(c, account); err != nil {
			return err
		}
		if err := s.audit(c, Entry{Event: event, Address: l.Address, Client: bounded(a.Client, 64)}); err != nil {
			return err
		}
		proved := s.now()
		if l.Member {
			proved = l.Proved
		}
		r, alert, err := s.enter(c, session, account, rec, visit{a.Client, a.Agent}, proved)
		if err != nil {
			return err
		}
		out, mailed = s.begun(session, rec, r), alert || changed
		return nil
	})
	if err != nil {
		return socket.Session{}, err
	}
	if mailed {
		s.mailAdded()
	}
	s.guard.forget(map[string]limit{"account " + string(account[:]): limitAccount})
	return out, nil
}

// newAccount returns the record that an activation makes.
func (s *Store) newAccount(tx *bbolt.Tx, account accountID, l linkRecord, a socket.Activation) (accountRecord, Event, error) {
	now := s.now().UTC()
	rec := accountRecord{
		versioned: current, Address: l.Address, Name: strings.TrimSpace(a.Name), KDF: a.KDF,
		PublicKey: a.PublicKey, Wrapped: a.Wrapped, Escrow: a.Escrow, Created: now, Changed: now,
	}
	if len(a.Verifier) > 0 {
		rec.Verifier = sha256.Sum256(a.Verifier)
	}
	var old accountRecord
	err := s.vault.get(tx, bucketAccount, account[:], &old)
	known := err == nil
	if err != nil && !errors.Is(err, errNotFound) {
		return rec, "", err
	}
	only, err := s.peopleOnly(tx, account)
	if err != nil {
		return rec, "", err
	}
	switch {
	case only && !l.furnishes():
		return rec, "", socket.ErrConflict // people alone open it
	case l.Member != (len(a.Verifier) == 0):
		return rec, "", fmt.Errorf("%w: a password belongs to one who has no other way to sign in", socket.ErrInvalid)
	case !l.Member && s.method(l.Address).External():
		return rec, "", socket.ErrConflict // the organisation signs in
	case l.Kind != socket.LinkReset && known:
		// An old notice, or an invitation, must not take over an account.
		return rec, "", socket.ErrConflict
	case l.Kind == socket.LinkSeat:
		return rec, EventActivated, nil
	case l.Kind == socket.LinkActivate:
		m, err := s.liveMessage(tx, l.Message)
		if err == nil && s.claimedElsewhere(m, account) {
			err = endError(endUsed, "", m.Created)
		}
		return rec, EventActivated, err
	case l.Kind == socket.LinkReset && known:
		rec.Created, rec.Networks, rec.Agents, rec.Alerted = old.Created, old.Networks, old.Agents, old.Alerted
		rec.Quiet, rec.Phrase, rec.Preferences, rec.Roundup = old.Quiet, old.Phrase, old.Preferences, old.Roundup
		rec.Factors = old.Factors // a mailbox is no second factor
		rec.SecondStep = old.SecondStep
		rec.Aliases, rec.Former = old.Aliases, old.Former
		if old.PublicKey != a.PublicKey {
			return rec, EventReset, nil
		}
		return rec, EventPassword, nil
	case l.Kind == socket.LinkReset:
		return rec, EventActivated, nil
	}
	return rec, "", socket.ErrUnknown
}
