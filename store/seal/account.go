package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"filippo.io/age"
	"golang.org/x/crypto/argon2"
)

// A KDF holds the parameters with which an account's password was stretched
// (argon2id, RFC 9106). They are stored with the account, so that they can be
// raised later.
type KDF struct {
	Salt    []byte `json:"salt"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
}

// NewKDF returns today's parameters (RFC 9106 section 4, second option: 64 MiB,
// 3 passes, 4 lanes) with a fresh salt.
func NewKDF() KDF {
	salt := make([]byte, 16)
	rand.Read(salt)
	return KDF{Salt: salt, Time: 3, Memory: 64 << 10, Threads: 4}
}

// ErrKDF is returned for parameters that no account of ours has: the portal
// takes them from the store's owner and does not let it choose its memory use.
var ErrKDF = errors.New("password parameters out of bounds")

// Check returns [ErrKDF] for parameters that no account of ours has.
func (k KDF) Check() error {
	if len(k.Salt) < 16 || len(k.Salt) > 64 || k.Time < 1 || k.Time > 10 ||
		k.Memory < 8<<10 || k.Memory > 256<<10 || k.Threads < 1 || k.Threads > 8 {
		return ErrKDF
	}
	return nil
}

// PasswordKeys are the two halves of a stretched password. Wrap opens the
// account key and never leaves the portal; of Verifier the owner keeps a hash.
type PasswordKeys struct{ Wrap, Verifier [KeySize]byte }

// Derive stretches a password. pepper is the portal's own secret: whoever has
// the store without it can't even try passwords. It takes about 0.1 s and
// Memory KiB: the caller limits how many run at once.
func (k KDF) Derive(password string, pepper []byte) (PasswordKeys, error) {
	if err := k.Check(); err != nil {
		return PasswordKeys{}, err
	}
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte(password))
	master := argon2.IDKey(mac.Sum(nil), k.Salt, k.Time, k.Memory, k.Threads, KeySize)
	return PasswordKeys{Derive(master, labelWrap), Derive(master, labelVerifier)}, nil
}

// An AccountKey is the key pair of a portal account.
type AccountKey struct{ id *age.HybridIdentity }

// NewAccountKey returns a fresh key pair.
func NewAccountKey() (AccountKey, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return AccountKey{}, fmt.Errorf("make an account key: %w", err)
	}
	return AccountKey{id}, nil
}

// Recipient returns the public half, as age prints it ("age1pq1...").
func (k AccountKey) Recipient() string { return k.id.Recipient().String() }

// Identity returns the key pair for [OpenGrant].
func (k AccountKey) Identity() *age.HybridIdentity { return k.id }

// Wrap seals the private half under the password's [PasswordKeys.Wrap].
// address ties it to the account.
func (k AccountKey) Wrap(key [KeySize]byte, address string) []byte {
	return NewBox(key).Seal([]byte(k.id.String()), labelWrap+address)
}

// UnwrapAccountKey is the inverse of [AccountKey.Wrap].
func UnwrapAccountKey(sealed []byte, key [KeySize]byte, address string) (AccountKey, error) {
	return openAccountKey(sealed, key, labelWrap+address)
}

// ForSession seals the private half under the part of the session cookie that
// the store's owner never sees, to be kept with the session.
func (k AccountKey) ForSession(secret Token) []byte {
	return NewBox(Derive(secret[:], labelSession)).Seal([]byte(k.id.String()), labelSession)
}

// AccountKeyOfSession is the inverse of [AccountKey.ForSession].
func AccountKeyOfSession(sealed []byte, secret Token) (AccountKey, error) {
	return openAccountKey(sealed, Derive(secret[:], labelSession), labelSession)
}

func openAccountKey(sealed []byte, key [KeySize]byte, place string) (AccountKey, error) {
	b, err := NewBox(key).Open(sealed, place)
	if err != nil {
		return AccountKey{}, err
	}
	return parseAccountKey(string(b))
}

// Escrow seals the private half to the recovery key, so that a forgotten
// password loses nothing.
func (k AccountKey) Escrow(recovery *age.HybridRecipient) ([]byte, error) {
	return encrypt(recovery, []byte(k.id.String()))
}

// OpenEscrow is the inverse of [AccountKey.Escrow]. The error is [ErrOpen].
func OpenEscrow(sealed []byte, recovery *age.HybridIdentity) (AccountKey, error) {
	b, err := decrypt(recovery, sealed, maxGrant)
	if err != nil {
		return AccountKey{}, err
	}
	return parseAccountKey(string(b))
}

// IndexBox seals what a portal keeps about messages to list and find them.
func (k AccountKey) IndexBox() *Box { return NewBox(Derive([]byte(k.id.String()), labelIndex)) }

// OwnBox seals drafts and copies of what the account wrote. The key is a secret
// of the account, so whoever has the public key alone can't make any up.
func (k AccountKey) OwnBox() *Box { return NewBox(Derive([]byte(k.id.String()), labelOwn)) }
