package portal

import (
	"errors"
	"slices"
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

// An opener is what opens a grant: the key of an account or of a link, and the PIN
// of a message that has one.
type opener struct {
	id  *age.HybridIdentity
	pin *seal.PINKeys
}

func (o opener) open(grant []byte, m seal.Manifest) (seal.MessageKey, error) {
	switch {
	case !m.Restrict.PIN:
		return seal.OpenGrant(grant, o.id, m)
	case o.pin == nil:
		return seal.MessageKey{}, errPIN
	}
	return seal.OpenLockedGrant(grant, o.id, m, o.pin.Wrap)
}

// fetch asks the owner for a message of the user's and verifies it. One with a PIN
// that this browser hasn't given yet is errPIN.
func (p *portal) fetch(c *call, u *user, id string) (*fetched, error) {
	m, err := p.owner.Message(c.ctx(), u.token, id)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(m.ID, id) {
		return nil, errIntegrity
	}
	o := opener{id: u.key.Identity()}
	if !m.NeedsPIN {
		return p.unlock(m, o, seal.ModeAccount, u.addresses()...)
	}
	keys, ok := p.readPIN(c, m.ID)
	if !ok {
		return nil, errPIN
	}
	o.pin = &keys
	f, err := p.unlockPIN(c, socket.Caller{Session: u.token}, m, o, seal.ModeAccount, u.addresses()...)
	if errors.Is(err, socket.ErrLogin) {
		return nil, errPIN // of another message, or made up
	}
	return f, err
}

// unlock verifies a message as the owner gave it out: signed by the milter, for
// one of these recipients (none: whoever it names), of this mode, with the summary it
// names; and opens its grant. The error is one of verification.
func (p *portal) unlock(m socket.Message, by opener, mode seal.Mode, recipients ...string) (*fetched, error) {
	manifest, err := p.verify(m.Manifest)
	if err != nil {
		return nil, err
	}
	if manifest.Message != m.ID || manifest.Mode != mode || (len(recipients) > 0 && !slices.Contains(recipients, manifest.Recipient)) ||
		digest(m.Summary) != manifest.Summary {
		return nil, errIntegrity
	}
	key, err := by.open(m.Grant, manifest)
	if err != nil {
		return nil, err
	}
	summary, err := key.OpenSummary(m.ID, m.Summary)
	if err != nil {
		return nil, err
	}
	return &fetched{m, manifest, key, summary}, nil
}
