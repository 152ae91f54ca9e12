package milter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// A pass is what a held message brings along when it comes back after its release:
// which rules it was released from, and who submitted it when it came first. The
// connection over which it comes back is our own and says nothing.
type pass struct {
	Version  int        `json:"v"`     // 1
	Rules    []string   `json:"rules"` // as in rules.Release, in the order in which they held it
	AuthUser string     `json:"auth,omitempty"`
	Client   netip.Addr `json:"client,omitzero"`
	TLS      string     `json:"tls,omitempty"`
	// Seal is set of a message that a member wrote in the portal. It was never held.
	Seal *sealOrder `json:"seal,omitempty"`
}

const passVersion = 1

var errPass = errors.New("the mark of a mail of ours is for another envelope or Message-ID, or too old")

// passFor is the pass of the message when rule holds it. It keeps what the message
// brought itself: a message that one rule after the other holds must not come back
// to the first.
func (m *message) passFor(rule string) ([]byte, error) {
	p := pass{Version: passVersion, AuthUser: m.authUser, Client: m.client, TLS: m.tls}
	if m.pass != nil {
		p.Rules, p.Seal = slices.Clone(m.pass.Rules), m.pass.Seal
	}
	p.Rules = append(p.Rules, rule)
	return json.Marshal(p)
}

// bring makes a message what it was before it was held.
func (m *message) bring(b []byte) error {
	var p pass
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("read the pass of a released message: %w", err)
	}
	if p.Version != passVersion {
		return fmt.Errorf("read the pass of a released message: version %d", p.Version)
	}
	m.pass, m.authUser, m.client, m.tls = &p, p.AuthUser, p.Client, p.TLS
	return nil
}

// released answers rules.Message.Released: whether the message may go through a
// rule that would block it. With a body it also looks for a deferral.
func (s *Server) released(ctx context.Context, m *message, body io.ReaderAt, size int64) func(r rules.Release, recipient string) (bool, error) {
	return func(r rules.Release, recipient string) (bool, error) {
		if m.pass != nil && slices.Contains(m.pass.Rules, r.Rule) {
			return true, nil
		}
		if m.from == "" || !r.Offered {
			return false, nil // it is no sender's to release, whatever the rule once said
		}
		if r.Trust != rules.TrustNone {
			if ok, err := s.options.Store.Trusted(ctx, r.Rule, m.from, normalise(recipient)); ok || err != nil {
				return ok, err
			}
		}
		if body == nil || m.pass != nil {
			return false, nil
		}
		key, err := m.deferralKey(r.Rule, body, size)
		if err != nil {
			return false, err
		}
		d, ok, err := s.options.Store.Deferral(ctx, key)
		return ok && d.State == store.HoldReleased, err
	}
}
