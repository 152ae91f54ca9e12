package milter

import (
	"net/netip"

	"github.com/emersion/go-milter"

	"github.com/postseal/postseal/rules"
)

// IncomingTLS says which mail has to come in under TLS. What came in clear is
// refused before its content is sent: at MAIL, or at RCPT if it is about a
// recipient. The zero value takes everything.
type IncomingTLS struct {
	All        bool
	Senders    *rules.Addresses // or mail of these; nil: of nobody
	Recipients *rules.Addresses // or for these; nil: for nobody
	// Authenticated is what holds for clients that gave a name and a password,
	// which came in clear as well.
	Authenticated Authenticated
	// Exempt are clients whose mail may come in clear: this machine, a scanner in
	// front of us. Local does the same for the local command, which has no client.
	Exempt []netip.Prefix
	Local  bool
}

// Authenticated is a rule for clients that authenticated.
type Authenticated string

const (
	AuthenticatedAsOthers Authenticated = "as others"
	AuthenticatedRequired Authenticated = "required" // whoever they are
	AuthenticatedExempt   Authenticated = "exempt"
)

// active reports whether any mail could be refused. Only then the MTA waits for
// answers to MAIL and RCPT.
func (t IncomingTLS) active() bool {
	return t.All || t.Senders != nil || t.Recipients != nil || t.Authenticated == AuthenticatedRequired
}

// RFC 3207 section 4: the reply to whoever has to start TLS first.
var (
	replyClear          = &reply{530, "5.7.10", "Encryption (TLS) is required to send mail here: the connection is not encrypted"}
	replyClearSender    = &reply{530, "5.7.10", "Encryption (TLS) is required for mail from this sender: the connection is not encrypted"}
	replyClearRecipient = &reply{530, "5.7.10", "Encryption (TLS) is required for mail to this recipient: the connection is not encrypted"}
)

// exempt reports whether the message need not have come in under TLS, or did.
func (t IncomingTLS) exempt(m *message) bool {
	if m.tls != "" || m.authUser != "" && t.Authenticated == AuthenticatedExempt {
		return true
	}
	client := m.client.Unmap().WithZone("")
	if !client.IsValid() {
		return t.Local
	}
	for _, p := range t.Exempt {
		if p.Contains(client) {
			return true
		}
	}
	return false
}

// refuseSender returns the reply to a MAIL that came in clear, nil to go on.
func (t IncomingTLS) refuseSender(m *message) *reply {
	switch {
	case !t.active() || t.exempt(m):
		return nil
	case t.All, m.authUser != "" && t.Authenticated == AuthenticatedRequired:
		return replyClear
	case t.Senders != nil && t.Senders.Has(m.from):
		return replyClearSender
	}
	return nil
}

// refuseRecipient returns the reply to a RCPT that came in clear, nil to go on.
func (t IncomingTLS) refuseRecipient(m *message, to string) *reply {
	if t.Recipients == nil || t.exempt(m) || !t.Recipients.Has(to) {
		return nil
	}
	return replyClearRecipient
}

// protocol is what we ask of the protocol. See wantedProtocol.
func (s *Server) protocol() milter.OptProtocol {
	if s.options.Incoming.active() {
		return wantedProtocol &^ (milter.OptNoMailReply | milter.OptNoRcptReply)
	}
	return wantedProtocol
}
