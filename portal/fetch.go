package portal

import (
	"context"
	"strings"

	"filippo.io/age"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A fetched message is one whose manifest and grant have been verified: who it
// is from and for, and the key to it. Its payload has not been read yet.
type fetched struct {
	socket.Message
	manifest seal.Manifest
	key      seal.MessageKey
	summary  seal.Summary
}

// verify returns a manifest that the milter signed.
func (p *portal) verify(s seal.SignedManifest) (seal.Manifest, error) {
	return s.Verify(p.signingKey)
}

// fetch asks the owner for a message of the user's and verifies it.
func (p *portal) fetch(ctx context.Context, u *user, id string) (*fetched, error) {
	m, err := p.owner.Message(ctx, u.token, id)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(m.ID, id) {
		return nil, errIntegrity
	}
	return p.unlock(m, u.key.Identity(), seal.ModeAccount, u.address)
}

// unlock verifies a message as the owner gave it out: signed by the milter, for
// this recipient ("": whoever it names), of this mode, with the summary it
// names; and opens its grant. The error is one of verification.
func (p *portal) unlock(m socket.Message, by *age.HybridIdentity, mode seal.Mode, recipient string) (*fetched, error) {
	manifest, err := p.verify(m.Manifest)
	if err != nil {
		return nil, err
	}
	if manifest.Message != m.ID || manifest.Mode != mode || (recipient != "" && manifest.Recipient != recipient) ||
		digest(m.Summary) != manifest.Summary {
		return nil, errIntegrity
	}
	key, err := seal.OpenGrant(m.Grant, by, manifest)
	if err != nil {
		return nil, err
	}
	summary, err := key.OpenSummary(m.ID, m.Summary)
	if err != nil {
		return nil, err
	}
	return &fetched{m, manifest, key, summary}, nil
}
