package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
)

// Mode says how a recipient opens a message.
type Mode string

const (
	ModeAccount Mode = "account"  // with a portal account; a recovery grant exists
	ModeOneTime Mode = "one-time" // with the code of one link; no recovery
	// ModeHeld: not delivered yet. Its sender has the code, and it has a recovery
	// grant. The manifest names no recipient.
	ModeHeld Mode = "held"
)

// Digest is a SHA-256 digest. In JSON it is lower-case hex.
type Digest [32]byte

// MarshalText writes lower-case hex.
func (d Digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText reads 64 hex digits.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != 2*len(d) {
		return errors.New("digest: want 64 hex digits")
	}
	_, err := hex.Decode(d[:], b)
	return err
}

// A MessageKey is the key pair of one message. Its zero value is not usable.
type MessageKey struct{ id *age.HybridIdentity }

// NewMessageKey returns a fresh key.
func NewMessageKey() (MessageKey, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return MessageKey{}, fmt.Errorf("make a message key: %w", err)
	}
	return MessageKey{id}, nil
}

// ParseMessageKey reads a key as [MessageKey.Text] writes it. The error is
// [ErrOpen]; it never repeats the text.
func ParseMessageKey(s string) (MessageKey, error) {
	id, err := age.ParseHybridIdentity(s)
	if err != nil {
		return MessageKey{}, ErrOpen
	}
	return MessageKey{id}, nil
}

// Text returns the key as age prints it: for whoever hands it to the store's
// owner to release a held message.
func (k MessageKey) Text() string { return k.id.String() }

// String hides the key, so that no log or error prints it by accident.
func (k MessageKey) String() string { return "[key]" }

// GoString hides the key from %#v.
func (k MessageKey) GoString() string { return "[key]" }

// SealPayload returns a writer that seals the message to dst. The payload is
// complete only after Close returned nil.
func (k MessageKey) SealPayload(dst io.Writer) (io.WriteCloser, error) {
	return age.Encrypt(dst, k.id.Recipient())
}

// OpenPayload returns the message in a sealed payload of size octets, and the
// message's own size. The last chunk is checked first, so a truncated payload
// gives an error and no octet.
func (k MessageKey) OpenPayload(src io.ReaderAt, size int64) (io.ReaderAt, int64, error) {
	r, n, err := age.DecryptReaderAt(src, size, k.id)
	if err != nil {
		return nil, 0, ErrOpen
	}
	return r, n, nil
}

// ReadPayload is [MessageKey.OpenPayload] for a payload that is read once, from
// its start. Each octet it gives is authenticated; that none is missing is known
// at io.EOF. The error is [ErrOpen], also that of reading.
func (k MessageKey) ReadPayload(src io.Reader) (io.Reader, error) {
	r, err := age.Decrypt(src, k.id)
	if err != nil {
		return nil, ErrOpen
	}
	return r, nil
}

// A Summary is what an inbox shows of a message before it is opened. All of it
// comes from the sender's mail and is untrusted text.
type Summary struct {
	From        string       `json:"from"` // header From, decoded; the envelope sender is in the manifest
	To          string       `json:"to,omitempty"`
	Cc          string       `json:"cc,omitempty"`
	Subject     string       `json:"subject"`
	Date        time.Time    `json:"date"`
	Size        int64        `json:"size"` // of the message, in octets
	Attachments []Attachment `json:"attachments,omitempty"`
}

// An Attachment is one attachment's line in a summary.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"` // decoded, in octets
}

func (k MessageKey) summaryBox() *Box {
	return NewBox(Derive([]byte(k.id.String()), labelSummary))
}

// SealSummary seals s for the message with this id.
func (k MessageKey) SealSummary(message string, s Summary) ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return k.summaryBox().Seal(b, message), nil
}

// OpenSummary is the inverse of SealSummary. The error is [ErrOpen].
func (k MessageKey) OpenSummary(message string, sealed []byte) (Summary, error) {
	var s Summary
	b, err := k.summaryBox().Open(sealed, message)
	if err != nil {
		return s, err
	}
	if json.Unmarshal(b, &s) != nil {
		return s, ErrOpen
	}
	return s, nil
}

// A Manifest says, for one recipient, which payload and summary belong to a
// message and whose it is. The milter signs it; the portal shows nothing without
// a valid one. There is one a recipient, so that it names no other recipient.
type Manifest struct {
	Version     int       `json:"v"` // 1
	Message     string    `json:"message"`
	Mode        Mode      `json:"mode"`
	Sender      string    `json:"sender"`    // envelope sender (RFC 5321 reverse-path), "" for the null one
	Recipient   string    `json:"recipient"` // envelope recipient, normalised
	Payload     Digest    `json:"payload"`   // SHA-256 of the sealed payload
	PayloadSize int64     `json:"payload_size"`
	Summary     Digest    `json:"summary"` // SHA-256 of the sealed summary
	Created     time.Time `json:"created"`
	Internal    bool      `json:"internal,omitempty"` // the sender is a member

	Restrict Restriction `json:"restrict,omitzero"`
}

// manifestContext keeps manifest signatures apart from any other use of the key.
const manifestContext = "postseal v1 manifest\n"

// A SignedManifest is a manifest's JSON and the signature over it.
type SignedManifest struct {
	JSON      []byte `json:"json"`
	Signature []byte `json:"signature"`
}

// Sign returns m signed.
func (m Manifest) Sign(key ed25519.PrivateKey) (SignedManifest, error) {
	m.Version = 1
	b, err := json.Marshal(m)
	if err != nil {
		return SignedManifest{}, err
	}
	return SignedManifest{b, ed25519.Sign(key, append([]byte(manifestContext), b...))}, nil
}

// ErrManifest is returned for a manifest that the milter did not sign.
var ErrManifest = errors.New("manifest is not signed by this site")

// Verify returns the manifest if key signed it. The error is [ErrManifest].
func (s SignedManifest) Verify(key ed25519.PublicKey) (Manifest, error) {
	var m Manifest
	if !ed25519.Verify(key, append([]byte(manifestContext), s.JSON...), s.Signature) {
		return m, ErrManifest
	}
	if json.Unmarshal(s.JSON, &m) != nil || m.Version != 1 {
		return Manifest{}, ErrManifest
	}
	return m, nil
}

// grant is the content of a sealed grant.
type grant struct {
	Version   int    `json:"v"` // 1
	Message   string `json:"message"`
	Recipient string `json:"recipient"`
	Payload   Digest `json:"payload"`
	Key       string `json:"key"`              // the message key, as age prints it
	Locked    []byte `json:"locked,omitempty"` // instead of Key: sealed under a PIN
}

// maxGrant bounds a sealed grant: an age header of 1.7 kB and some addresses.
const maxGrant = 8 << 10

// Grant seals the message key to one party, bound to what m says.
func (k MessageKey) Grant(to *age.HybridRecipient, m Manifest) ([]byte, error) {
	return grant{
		Version: 1, Message: m.Message, Recipient: m.Recipient, Payload: m.Payload, Key: k.id.String(),
	}.sealTo(to)
}

func (g grant) sealTo(to *age.HybridRecipient) ([]byte, error) {
	b, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	out, err := encrypt(to, b)
	if err != nil {
		return nil, fmt.Errorf("seal a grant for message %s: %w", g.Message, err)
	}
	return out, nil
}

// OpenGrant returns the message key in a grant, if the grant is for the message,
// the recipient and the payload that m names. The error is [ErrOpen].
func OpenGrant(sealed []byte, by *age.HybridIdentity, m Manifest) (MessageKey, error) {
	g, err := openGrant(sealed, by, m)
	if err != nil {
		return MessageKey{}, err
	}
	return ParseMessageKey(g.Key)
}

func openGrant(sealed []byte, by *age.HybridIdentity, m Manifest) (grant, error) {
	b, err := decrypt(by, sealed, maxGrant)
	if err != nil {
		return grant{}, err
	}
	var g grant
	if json.Unmarshal(b, &g) != nil || g.Version != 1 || g.Message != m.Message ||
		g.Recipient != m.Recipient || subtle.ConstantTimeCompare(g.Payload[:], m.Payload[:]) != 1 {
		return grant{}, ErrOpen
	}
	return g, nil
}

// encrypt returns an age file with b.
func encrypt(to *age.HybridRecipient, b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decrypt returns the content of an age file of at most limit octets.
func decrypt(by *age.HybridIdentity, sealed []byte, limit int) ([]byte, error) {
	if len(sealed) > limit {
		return nil, ErrOpen
	}
	r, n, err := age.DecryptReaderAt(bytes.NewReader(sealed), int64(len(sealed)), by)
	if err != nil {
		return nil, ErrOpen
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, n), b); err != nil {
		return nil, ErrOpen
	}
	return b, nil
}
