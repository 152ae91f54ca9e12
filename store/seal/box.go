package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrOpen is returned when a sealed value can't be opened: wrong key, wrong
// place, or changed. Which of them is not said, and can't be known.
var ErrOpen = errors.New("sealed value does not open")

// A Box seals small values with XChaCha20-Poly1305. The nonce is random (192
// bits, so one key serves any number of values) and stands before the ciphertext.
type Box struct{ aead cipher.AEAD }

// BoxOverhead is what sealing adds to a value, in octets.
const BoxOverhead = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

// NewBox returns the box of a key.
func NewBox(key [KeySize]byte) *Box {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic("seal: " + err.Error()) // only for a wrong key length
	}
	return &Box{aead}
}

// Seal returns value sealed. place is authenticated and not stored: a value
// moved to another place does not open there.
func (b *Box) Seal(value []byte, place string) []byte {
	out := make([]byte, chacha20poly1305.NonceSizeX, len(value)+BoxOverhead)
	rand.Read(out)
	return b.aead.Seal(out, out, value, []byte(place))
}

// Open is the inverse of Seal. The error is [ErrOpen].
func (b *Box) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < BoxOverhead {
		return nil, ErrOpen
	}
	nonce, ct := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	out, err := b.aead.Open(nil, nonce, ct, []byte(place))
	if err != nil {
		return nil, ErrOpen
	}
	return out, nil
}
