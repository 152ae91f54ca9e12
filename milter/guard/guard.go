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
package guard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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

const version = "v1"

// A Guard makes and checks marks.
type Guard struct{ key [32]byte }

// New returns the guard of a key that only the milter process has.
func New(key [32]byte) *Guard { return &Guard{key} }

// An Envelope is what a mark is for. Addresses are without <>.
type Envelope struct {
	From      string
	To        []string
	MessageID string
}

// Mark returns the field's value for a mail that is sent now.
func (g *Guard) Mark(e Envelope, now time.Time) string {
	seconds := now.Unix()
	mac := base64.RawURLEncoding.EncodeToString(g.mac(e, seconds))
	return version + " " + strconv.FormatInt(seconds, 16) + " " + mac
}

// Genuine reports whether value is the mark that Mark made for the envelope, and
// still good.
func (g *Guard) Genuine(value string, e Envelope, now time.Time) bool {
	f := strings.Fields(value)
	if len(f) != 3 || f[0] != version {
		return false
	}
	seconds, err := strconv.ParseInt(f[1], 16, 64)
	if err != nil {
		return false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(f[2])
	if err != nil || !hmac.Equal(mac, g.mac(e, seconds)) {
		return false
	}
	age := now.Sub(time.Unix(seconds, 0))
	return -Lifetime <= age && age <= Lifetime
}

// mac is HMAC-SHA256 over the fields, each with its length in front. An MTA may
// change the case of a domain, so case does not count.
func (g *Guard) mac(e Envelope, seconds int64) []byte {
	h := hmac.New(sha256.New, g.key[:])
	put := func(s string) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	put(version)
	put(strconv.FormatInt(seconds, 16))
	put(strings.ToLower(e.From))
	put(strings.TrimSpace(e.MessageID))
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
