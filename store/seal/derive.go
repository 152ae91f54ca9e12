package seal

import (
	"crypto/hkdf"
	"crypto/sha256"

	"filippo.io/age"
	"github.com/btcsuite/btcd/btcutil/bech32"
)

// The labels that keep keys derived from one secret apart (RFC 5869, "info").
// They are part of the format: portal/web/pickup repeats the two for links.
const (
	labelLinkToken = "postseal v1 link token"
	labelLinkKey   = "postseal v1 link key"
	labelSummary   = "postseal v1 summary"
	labelWrap      = "postseal v1 account wrap"
	labelVerifier  = "postseal v1 account verifier"
	labelSession   = "postseal v1 session key"
	labelIndex     = "postseal v1 mailbox index"
	labelOwn       = "postseal v1 own items"
	labelCodeText  = "postseal v1 link text"

	labelSeat       = "postseal v1 seat " // followed by the mailbox's address
	labelInvitation = "postseal v1 invitation"
	labelVisit      = "postseal v1 visit"

	labelPINSalt     = "postseal v1 pin " // followed by the message id
	labelPINWrap     = "postseal v1 pin wrap"
	labelPINVerifier = "postseal v1 pin verifier"
)

// KeySize is the length in octets of every symmetric key here.
const KeySize = 32

// Derive returns the key that HKDF-SHA256 (RFC 5869, no salt) derives from
// secret for the purpose that label names. secret must already be uniformly
// random: a password goes through [KDF.Derive] first.
func Derive(secret []byte, label string) [KeySize]byte {
	out, err := hkdf.Key(sha256.New, secret, nil, label, KeySize)
	if err != nil {
		panic("seal: " + err.Error()) // only for a length that HKDF can't give
	}
	return [KeySize]byte(out)
}

// identity returns the age identity whose private key is seed. age has no
// constructor for that, only its text form (Bech32, prefix AGE-SECRET-KEY-PQ-).
func identity(seed [KeySize]byte) (*age.HybridIdentity, error) {
	words, err := bech32.ConvertBits(seed[:], 8, 5, true)
	if err != nil {
		return nil, err
	}
	text, err := bech32.Encode("age-secret-key-pq-", words)
	if err != nil {
		return nil, err
	}
	return age.ParseHybridIdentity(upper(text))
}

// upper is strings.ToUpper for Bech32's ASCII.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
