package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
)

// codeBytes gives a code 160 bits: 32 characters to type, and 80 bits left
// against a quantum search.
const codeBytes = 20

// A Code is the secret of one link: an activation, a one-time pickup, a reset,
// a release, a status page.
// It stands in the link's fragment and, for typing, as text in the mail. Only
// the mail holds it; the store knows the hash of its [Code.Token] and the
// public half of its [Code.Identity].
type Code [codeBytes]byte

// ErrCode is returned by [ParseCode] for text that can't be a code.
var ErrCode = errors.New("not a valid code")

// codeAlphabet is Crockford's base 32: no I, L, O or U.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewCode returns a fresh random code.
func NewCode() Code {
	var c Code
	rand.Read(c[:]) // never fails (crypto/rand)
	return c
}

// ParseCode reads a code as a person types it or a mail gateway leaves it:
// upper or lower case, with any spaces and hyphens, O for 0, I and L for 1.
// The error is [ErrCode]; it never repeats the text.
func ParseCode(s string) (Code, error) {
	var c Code
	if len(s) > 200 {
		return c, ErrCode
	}
	bits, acc, n := 0, uint(0), 0
	for _, r := range strings.ToUpper(s) {
		switch r {
		case ' ', '-', '\t', '\r', '\n', '\u00a0', '\u2010', '\u2011', '\u2013':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		v := strings.IndexRune(codeAlphabet, r)
		if v < 0 || n == codeBytes {
			return Code{}, ErrCode
		}
		acc, bits = acc<<5|uint(v), bits+5
		if bits >= 8 {
			bits -= 8
			c[n] = byte(acc >> bits)
			acc &= 1<<bits - 1
			n++
		}
	}
	if n != codeBytes || bits != 0 {
		return Code{}, ErrCode
	}
	return c, nil
}

// Fragment returns the code as it stands in a link: 32 characters, no hyphens.
func (c Code) Fragment() string {
	var b strings.Builder
	bits, acc := 0, uint(0)
	for _, v := range c {
		acc, bits = acc<<8|uint(v), bits+8
		for bits >= 5 {
			bits -= 5
			b.WriteByte(codeAlphabet[acc>>bits&31])
		}
	}
	return b.String()
}

// Text returns the code as it is printed for people: eight groups of four.
func (c Code) Text() string {
	f := c.Fragment()
	groups := make([]string, 0, 8)
	for ; f != ""; f = f[4:] {
		groups = append(groups, f[:4])
	}
	return strings.Join(groups, "-")
}

// String hides the code, so that no log or error prints it by accident.
func (c Code) String() string { return "[code]" }

// GoString hides the code from %#v.
func (c Code) GoString() string { return "[code]" }

// Token returns what proves to the store's owner that somebody holds the code.
// It opens nothing.
func (c Code) Token() Token { return Token(Derive(c[:], labelLinkToken)) }

// Identity returns the key pair that grants for this code are sealed to.
func (c Code) Identity() (*age.HybridIdentity, error) {
	id, err := identity(Derive(c[:], labelLinkKey))
	if err != nil {
		return nil, fmt.Errorf("derive the key of a link: %w", err)
	}
	return id, nil
}

// SealText seals a line of text for whoever holds the code.
func (c Code) SealText(text string) []byte {
	return NewBox(Derive(c[:], labelCodeText)).Seal([]byte(text), labelCodeText)
}

// OpenText is the inverse of SealText. The error is [ErrOpen].
func (c Code) OpenText(sealed []byte) (string, error) {
	b, err := NewBox(Derive(c[:], labelCodeText)).Open(sealed, labelCodeText)
	return string(b), err
}

// CodeOf returns a code that is derived from a secret, which must be uniformly
// random, and what it is for: the same one each time.
func CodeOf(secret [KeySize]byte, purpose string) Code {
	k := Derive(secret[:], purpose)
	return Code(k[:codeBytes])
}

// A Token is a bearer credential of 256 bits: of a link ([Code.Token]) or of a
// session (issued by the store's owner). The store keeps only its [Token.Hash].
type Token [KeySize]byte

// NewToken returns a fresh random token.
func NewToken() Token {
	var t Token
	rand.Read(t[:])
	return t
}

// ErrToken is returned by [ParseToken] for text that is not a token.
var ErrToken = errors.New("not a valid token")

// ParseToken reads what [Token.Encode] wrote.
func ParseToken(s string) (Token, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != KeySize {
		return Token{}, ErrToken
	}
	return Token(b), nil
}

// Encode returns the token in base64url without padding (RFC 4648 section 5).
func (t Token) Encode() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// Hash returns SHA-256 of the token, under which the store files it.
func (t Token) Hash() [sha256.Size]byte { return sha256.Sum256(t[:]) }

// String hides the token.
func (t Token) String() string { return "[token]" }

// GoString hides the token from %#v.
func (t Token) GoString() string { return "[token]" }

// MarshalText lets a token travel in JSON between the portal and the owner.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.Encode()), nil }

// UnmarshalText is the inverse of MarshalText.
func (t *Token) UnmarshalText(b []byte) error {
	v, err := ParseToken(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}
