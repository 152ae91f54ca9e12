// Package guard marks the mail that Postseal itself sends, so that the milter
// lets it pass instead of sealing a notice into a notice.
//
// The mark is the header field
//
//	X-Postseal-Mail: v1 <time, hex seconds> <base64url HMAC-SHA256>
//
// over the envelope sender, the sorted envelope recipients, the Message-ID and
// the time. The milter removes it, genuine or not, so it leaves the site only
// with mail that no milter saw. It is worth nothing for another envelope and
// after [Lifetime].
package guard

import "time"

// Header is the field's name.
const Header = "X-Postseal-Mail"

// Lifetime is how long a mark is genuine: longer than the outbox tries.
const Lifetime = 7 * 24 * time.Hour

// A Guard makes and checks marks.
type Guard struct{ key [32]byte }

// New returns the guard of a key that only the milter process has.
func New(key [32]byte) *Guard { return &Guard{key} }
