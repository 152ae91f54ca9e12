// Package guard marks the mail that Postseal itself sends, so that the milter
// lets it pass instead of sealing a notice into a notice.
//
// The mark is the header field
//
//	X-Postseal-Mail: v1 <seconds since 1970, hexadecimal> <HMAC-SHA256, base64url>
//
// over the envelope sender, the sorted envelope recipients, the Message-ID and
// the time. The milter removes it, genuine or not, so nobody outside sees one.
// It is worth nothing for another envelope or Message-ID, and after [Lifetime].
//
// A mark can carry a pass, which says what the milter should know when the mail
// comes to it:
//
//	X-Postseal-Mail: v2 <seconds> <HMAC-SHA256> <pass, base64url, with spaces to fold at>
//
// The digest is over the pass too. Whoever sees the mark can read it.
package guard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Header is the field's name.
const Header = "X-Postseal-Mail"

// Lifetime is how long a mark is genuine: the time that a relay between the outbox
// and the milter may keep a mail in its queue (RFC 5321 section 4.5.4.1 gives it
// four to five days). A mark that ended on the way would make a notice ordinary
// mail, to be sealed into another notice.
const Lifetime = 7 * 24 * time.Hour

const (
	version     = "v1"
	versionPass = "v2"
)

// MaxPass is how many octets a pass can have: MTAs cut header fields that are too
// long (Postfix at 60,000 octets).
const MaxPass = 16 << 10

// passLine is how many characters of a pass go on one line.
const passLine = 72

// A Guard makes and checks marks.
type Guard struct{ key [32]byte }

// New returns the guard of a key that only the milter process has.
func New(key [32]byte) *Guard { return &Guard{key} }

// An Envelope is what a mark is for. Addresses are without <>.
type Envelope struct {
	From      string
	To        []string
	MessageID string // whole, or as [ID] gives it
}

// maxID is the longest Message-ID that stands for itself: a line of a header has 998
// octets at most (RFC 5322 section 2.1.1).
const maxID = 500

// ID is what a mail is known by: its Message-ID on one line, or a digest of one that
// is longer than anybody has a reason to make it. ID of an ID is the same.
func ID(messageID string) string {
	id := strings.Join(strings.Fields(messageID), " ")
	if len(id) <= maxID {
		return id
	}
	return fmt.Sprintf("<sha256.%x>", sha256.Sum256([]byte(id)))
}

// Mark returns the field's value for a mail that is sent now. A pass of at most
// [MaxPass] octets goes with it, nil is none. The value has no line ends; it can be
// folded at each space.
func (g *Guard) Mark(e Envelope, pass []byte, now time.Time) string {
	seconds := now.Unix()
	v := version
	if len(pass) > 0 {
		v = versionPass
	}
	f := []string{v, strconv.FormatInt(seconds, 16), base64.RawURLEncoding.EncodeToString(g.mac(e, pass, seconds))}
	for text := range slices.Chunk([]byte(base64.RawURLEncoding.EncodeToString(pass)), passLine) {
		f = append(f, string(text))
	}
	return strings.Join(f, " ")
}

// Genuine reports whether value is the mark that Mark made for the envelope, and
// still good, and returns the pass that it carries.
func (g *Guard) Genuine(value string, e Envelope, now time.Time) (pass []byte, ok bool) {
	f := strings.Fields(value)
	if len(f) < 3 || (f[0] == version) != (len(f) == 3) || f[0] != version && f[0] != versionPass {
		return nil, false
	}
	seconds, err := strconv.ParseInt(f[1], 16, 64)
	if err != nil {
		return nil, false
	}
	if len(f) > 3 {
		text := strings.Join(f[3:], "")
		if len(text) > base64.RawURLEncoding.EncodedLen(MaxPass) {
			return nil, false
		}
		if pass, err = base64.RawURLEncoding.Strict().DecodeString(text); err != nil || len(pass) == 0 {
			return nil, false
		}
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(f[2])
	if err != nil || !hmac.Equal(mac, g.mac(e, pass, seconds)) {
		return nil, false
	}
	if age := now.Sub(time.Unix(seconds, 0)); age < -Lifetime || age > Lifetime {
		return nil, false
	}
	return pass, true
}

// Carries reports whether value looks like a mark with a pass, genuine or not.
func Carries(value string) bool {
	f := strings.Fields(value)
	return len(f) > 3 && f[0] == versionPass
}

// mac is HMAC-SHA256 over the fields, each with its length in front. An MTA may
// change the case of a domain and fold a Message-ID in another way, so neither
// counts.
func (g *Guard) mac(e Envelope, pass []byte, seconds int64) []byte {
	h := hmac.New(sha256.New, g.key[:])
	put := func(s string) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	if len(pass) > 0 {
		put(versionPass)
		put(string(pass))
	} else {
		put(version)
	}
	put(strconv.FormatInt(seconds, 16))
	put(strings.ToLower(e.From))
	put(ID(e.MessageID))
	to := make([]string, len(e.To))
	for i, a := range e.To {
		to[i] = strings.ToLower(a)
	}
	slices.Sort(to)
	for _, a := range to {
		put(a)
	}
	return h.Sum(nil)
}
