package milter

import (
	"strings"

	"github.com/postseal/postseal/milter/volume"
	"github.com/postseal/postseal/rules"
)

// offer counts a message that is going to be decided. It counts for good when it
// was decided; otherwise, when the MTA has to offer it again or gave it up, it is
// withdrawn with the message.
//
// What somebody sent under an authenticated name counts apart from what came
// under the same address without: a forger can't use up a member's count. What
// was held and released counted when it came first.
func (s *Server) offer(m *message) *volume.Offer {
	name := normalise(m.from) + "\x00" + strings.ToLower(m.authUser)
	if m.pass != nil {
		return s.volume.Known(name, len(m.recipients), m.received)
	}
	member := m.authUser != "" || rules.Internal(m.from, s.options.InternalDomains)
	identity := ""
	if id := m.get("Message-ID"); id != "" {
		identity = id + "\x00" + strings.Join(m.addresses(), "\x00")
	}
	return s.volume.Offer(name, member, identity, len(m.recipients), m.received)
}
