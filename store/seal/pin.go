package seal

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"filippo.io/age"
)

// pinDigits is the length of a PIN. It is told by another way than mail, mostly
// by telephone; the owner lets nobody try more than a few.
const pinDigits = 8

// pinRounds are those of PBKDF2 with HMAC-SHA256, which browsers have without a
// library (WebCrypto). It takes about 0.2 s.
const pinRounds = 600_000

// NewPIN returns a fresh PIN: eight digits.
func NewPIN() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%0*d", pinDigits, binary.BigEndian.Uint64(b[:])%100_000_000)
}

// ErrPIN is returned for text that can't be a PIN.
var ErrPIN = errors.New("not a valid PIN")

// ParsePIN reads a PIN as a person types it, with any spaces and hyphens. The
// error is [ErrPIN]; it never repeats the text.
func ParsePIN(s string) (string, error) {
	if len(s) > 64 {
		return "", ErrPIN
	}
	var out []byte
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			out = append(out, byte(r))
		case r == ' ' || r == '-' || r == '\t' || r == '\u00a0':
		default:
			return "", ErrPIN
		}
	}
	if len(out) != pinDigits {
		return "", ErrPIN
	}
	return string(out), nil
}

// PINKeys are the two halves of a stretched PIN. Wrap opens the message key
// inside a grant; of Verifier the owner keeps a hash.
type PINKeys struct{ Wrap, Verifier [KeySize]byte }

// StretchPIN stretches a PIN for the message with this id, which makes two
// messages with one PIN differ.
func StretchPIN(pin, message string) (PINKeys, error) {
	master, err := pbkdf2.Key(sha256.New, pin, []byte(labelPINSalt+message), pinRounds, KeySize)
	if err != nil {
		return PINKeys{}, fmt.Errorf("stretch a PIN: %w", err)
	}
	return PINKeys{Derive(master, labelPINWrap), Derive(master, labelPINVerifier)}, nil
}

// LockedGrant is [MessageKey.Grant] for a message with a PIN: the message key in
// it is sealed once more, under the PIN's Wrap.
func (k MessageKey) LockedGrant(to *age.HybridRecipient, m Manifest, wrap [KeySize]byte) ([]byte, error) {
	g := grant{Version: 1, Message: m.Message, Recipient: m.Recipient, Payload: m.Payload}
	g.Locked = NewBox(wrap).Seal([]byte(k.id.String()), labelPINWrap+m.Message)
	return g.sealTo(to)
}

// OpenLockedGrant is [OpenGrant] for a grant of [MessageKey.LockedGrant]. The
// error is [ErrOpen].
func OpenLockedGrant(sealed []byte, by *age.HybridIdentity, m Manifest, wrap [KeySize]byte) (MessageKey, error) {
	g, err := openGrant(sealed, by, m)
	if err != nil {
		return MessageKey{}, err
	}
	key, err := NewBox(wrap).Open(g.Locked, labelPINWrap+m.Message)
	if err != nil {
		return MessageKey{}, err
	}
	return ParseMessageKey(string(key))
}

// Regrant opens a grant and seals its content for another party. It works for
// locked grants as well, without the PIN. The error is [ErrOpen].
func Regrant(sealed []byte, by *age.HybridIdentity, m Manifest, to *age.HybridRecipient) ([]byte, error) {
	g, err := openGrant(sealed, by, m)
	if err != nil {
		return nil, err
	}
	return g.sealTo(to)
}
