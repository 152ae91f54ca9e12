package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	maxFactors    = 10 // passkeys of an account
	recoveryCodes = 10
	setupLife     = 10 * time.Minute
)

// limitFactor slows down answers to the question for a second factor: only who
// has the password comes that far.
var limitFactor = limit{free: 5, most: 15 * time.Minute}

// factors are the second factors of an account.
type factors struct {
	TOTP     *totpFactor     `json:"totp,omitempty"`
	Passkeys []passkeyFactor `json:"passkeys,omitempty"`
	Codes    []tokenHash     `json:"codes,omitempty"` // keyed hashes of the recovery codes that are left
}

// totpFactor is an app's secret (RFC 6238).
type totpFactor struct {
	Secret  string    `json:"secret"` // base 32
	Step    int64     `json:"step"`   // the last time step that was used: no code counts twice
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

// passkeyFactor is a WebAuthn credential.
type passkeyFactor struct {
	Name       string              `json:"name"`
	Credential webauthn.Credential `json:"credential"`
	Created    time.Time           `json:"created"`
	Used       time.Time           `json:"used,omitzero"`
}

// A setup is what a session keeps while a second factor is being added or shown.
type setup struct {
	Secret   string                `json:"secret,omitempty"`   // of an app
	Ceremony *webauthn.SessionData `json:"ceremony,omitempty"` // of a passkey
	Expires  time.Time             `json:"expires"`
}

// any reports whether a login needs a second factor.
func (f factors) any() bool { return f.TOTP != nil || len(f.Passkeys) > 0 }

// IsZero keeps empty factors out of records.
func (f factors) IsZero() bool { return !f.any() && len(f.Codes) == 0 }

func (f factors) list() []socket.Factor {
	out := []socket.Factor{}
	if t := f.TOTP; t != nil {
		out = append(out, socket.Factor{ID: socket.FactorTOTP, Kind: socket.FactorTOTP, Created: t.Created, Used: t.Used})
	}
	for _, p := range f.Passkeys {
		out = append(out, socket.Factor{ID: p.id(), Kind: socket.FactorPasskey, Name: p.Name, Created: p.Created, Used: p.Used})
	}
	return out
}

// id names a passkey to its account.
func (p passkeyFactor) id() string {
	h := sha256.Sum256(p.Credential.ID)
	return hex.EncodeToString(h[:sessionIDSize])
}

// clone lets a record's factors be changed while others read it.
func (f factors) clone() factors {
	f.Passkeys, f.Codes = slices.Clone(f.Passkeys), slices.Clone(f.Codes)
	if f.TOTP != nil {
		t := *f.TOTP
		f.TOTP = &t
	}
	return f
}

// RemoveFactor implements [socket.Factors]. With the last one the recovery codes
// go, too.
func (s *Store) RemoveFactor(ctx context.Context, token seal.Token, p socket.Proof, id string) error {
	defer s.mailAdded()
	return s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		f := a.Factors.clone()
		before := len(f.list())
		if id == socket.FactorTOTP {
			f.TOTP = nil
		}
		f.Passkeys = slices.DeleteFunc(f.Passkeys, func(p passkeyFactor) bool { return p.id() == id })
		if len(f.list()) == before {
			return socket.ErrUnknown
		}
		if !f.any() {
			f.Codes = nil
		}
		return s.saveFactors(c, r, a, f, AlertFactorGone, "removed", visit{p.Client, r.Agent})
	})
}

// NewRecoveryCodes implements [socket.Factors].
func (s *Store) NewRecoveryCodes(ctx context.Context, token seal.Token, p socket.Proof) (socket.RecoveryCodes, error) {
	defer s.mailAdded()
	var out socket.RecoveryCodes
	err := s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		f := a.Factors.clone()
		if !f.any() {
			return socket.ErrConflict
		}
		out.Codes, f.Codes = s.vault.newCodes(r.Account)
		return s.saveFactors(c, r, a, f, AlertNewCodes, "new recovery codes", visit{p.Client, r.Agent})
	})
	return out, err
}

// saveFactors stores an account's factors, notes it in the trail and tells the
// account's holder. The caller calls mailAdded after it.
func (s *Store) saveFactors(c *change, r sessionRecord, a accountRecord, f factors, kind AlertKind, note string, v visit) error {
	a.Factors = f
	if err := s.vault.put(c, bucketAccount, r.Account[:], a); err != nil {
		return err
	}
	if !f.any() { // mailboxes that ask for a second step are to ask again
		if err := s.endVisits(c, r.Account, accountID{}); err != nil {
			return err
		}
	}
	if err := s.alert(c, kind, a, v); err != nil {
		return err
	}
	return s.audit(c, Entry{Event: EventFactor, Address: a.Address, Client: bounded(v.client, 64), Note: note})
}

// addFactor stores a factor that was set up in a session, and makes recovery codes
// with the first one.
func (s *Store) addFactor(c *change, token seal.Token, r sessionRecord, a accountRecord, f factors, note string) ([]string, error) {
	var codes []string
	if !a.Factors.any() {
		codes, f.Codes = s.vault.newCodes(r.Account)
	}
	r.Setup = nil
	h := token.Hash()
	if err := s.vault.put(c, bucketSession, h[:], r); err != nil {
		return nil, err
	}
	return codes, s.saveFactors(c, r, a, f, AlertFactorAdded, note, visit{r.Client, r.Agent})
}

// keepSetup stores what a session needs for the next step.
func (s *Store) keepSetup(c *change, token seal.Token, r sessionRecord, n setup) error {
	n.Expires = s.now().UTC().Add(setupLife)
	r.Setup = &n
	h := token.Hash()
	return s.vault.put(c, bucketSession, h[:], r)
}

// setupOf returns what keepSetup stored, while it lasts.
func (s *Store) setupOf(r sessionRecord) (setup, error) {
	if r.Setup == nil || !s.now().Before(r.Setup.Expires) {
		return setup{}, socket.ErrExpired
	}
	return *r.Setup, nil
}

// codeAlphabet is Crockford's base 32.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newCodes returns recovery codes of 50 bits, and what is kept of them.
func (v *vault) newCodes(account accountID) ([]string, []tokenHash) {
	var codes []string
	var hashes []tokenHash
	for range recoveryCodes {
		b := make([]byte, 10)
		rand.Read(b)
		for i, x := range b {
			b[i] = codeAlphabet[x&31]
		}
		codes = append(codes, string(b[:5])+"-"+string(b[5:]))
		hashes = append(hashes, v.codeHash(account, string(b)))
	}
	return codes, hashes
}

// codeHash reads a recovery code as a person types it.
func (v *vault) codeHash(account accountID, code string) tokenHash {
	code = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write(account[:])
	mac.Write([]byte("recovery code\x00" + code))
	return tokenHash(mac.Sum(nil))
}

// pending returns a session that waits for its second factor, and its account.
func (s *Store) pending(tx *bbolt.Tx, token seal.Token) (sessionRecord, accountRecord, error) {
	var a accountRecord
	r, err := s.anySession(tx, token)
	if err != nil {
		return r, a, err
	}
	if !r.Pending {
		return r, a, socket.ErrUnknown
	}
	return r, a, s.vault.get(tx, bucketAccount, r.Account[:], &a)
}
