package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxPasskeyAnswer bounds what a browser sends about a passkey, in octets.
const maxPasskeyAnswer = 32 << 10

// relyingParty returns the verifier of passkeys for the portal's origin; nil where
// that has an IP address in place of a name, for which browsers make no passkeys.
func relyingParty(portal string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(portal)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("passkeys: the portal's address %q is none", portal)
	}
	if net.ParseIP(u.Hostname()) != nil {
		return nil, nil
	}
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: setupLife, TimeoutUVD: setupLife}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: u.Hostname(), RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			// A second factor beside the password: neither has it to be found without
			// the account's name, nor must it ask for a PIN.
			ResidentKey:      protocol.ResidentKeyRequirementDiscouraged,
			UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
}

// webauthnUser is an account as the library wants it.
type webauthnUser struct {
	id accountID
	a  accountRecord
}

func (u webauthnUser) WebAuthnID() []byte          { return u.id[:] }
func (u webauthnUser) WebAuthnName() string        { return u.a.Address }
func (u webauthnUser) WebAuthnDisplayName() string { return u.a.Name }
func (u webauthnUser) WebAuthnCredentials() []webauthn.Credential {
	var all []webauthn.Credential
	for _, p := range u.a.Factors.Passkeys {
		all = append(all, p.Credential)
	}
	return all
}

// BeginPasskey implements [socket.Factors].
func (s *Store) BeginPasskey(ctx context.Context, token seal.Token, p socket.Proof) ([]byte, error) {
	if s.passkeys == nil {
		return nil, socket.ErrConflict
	}
	var out []byte
	err := s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		if len(a.Factors.Passkeys) >= maxFactors {
			return socket.ErrTooLarge
		}
		user := webauthnUser{r.Account, a}
		options, ceremony, err := s.passkeys.BeginRegistration(user,
			webauthn.WithExclusions(webauthn.Credentials(user.WebAuthnCredentials()).CredentialDescriptors()))
		if err != nil {
			return fmt.Errorf("begin a passkey: %w", err)
		}
		if out, err = json.Marshal(options.Response); err != nil {
			return err
		}
		return s.keepSetup(c, token, r, setup{Ceremony: ceremony})
	})
	return out, err
}

// FinishPasskey implements [socket.Factors].
func (s *Store) FinishPasskey(ctx context.Context, token seal.Token, name string, response []byte) (socket.RecoveryCodes, error) {
	defer s.mailAdded() // the account is told
	var out socket.RecoveryCodes
	if s.passkeys == nil || len(response) > maxPasskeyAnswer || !plainText(name, maxName) {
		return out, socket.ErrInvalid
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return out, socket.ErrInvalid
	}
	err = s.update(ctx, func(c *change) error {
		r, a, err := s.accountOf(c.Tx, token)
		if err != nil {
			return err
		}
		n, err := s.setupOf(r)
		if err != nil || n.Ceremony == nil {
			return socket.ErrExpired
		}
		credential, err := s.passkeys.CreateCredential(webauthnUser{r.Account, a}, *n.Ceremony, parsed)
		if err != nil {
			s.log.Warn("a passkey was refused", "error", err)
			return socket.ErrLogin
		}
		credential.Attestation = webauthn.CredentialAttestation{} // none was asked for
		f := a.Factors.clone()
		f.Passkeys = append(f.Passkeys, passkeyFactor{Name: strings.TrimSpace(name), Credential: *credential, Created: s.now().UTC()})
		out.Codes, err = s.addFactor(c, token, r, a, f, "passkey added")
		return err
	})
	return out, err
}

// checkPasskey verifies an answer to a pending session's challenge, and notes the
// use of the passkey.
func (s *Store) checkPasskey(r sessionRecord, a accountRecord, f *factors, response []byte, now time.Time) error {
	n, err := s.setupOf(r)
	if err != nil || n.Ceremony == nil || s.passkeys == nil {
		return socket.ErrExpired
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return socket.ErrInvalid
	}
	used, err := s.passkeys.ValidateLogin(webauthnUser{r.Account, a}, *n.Ceremony, parsed)
	if err != nil || used.Authenticator.CloneWarning {
		s.log.Warn("a passkey's answer was refused", "error", err)
		return socket.ErrLogin
	}
	i := slices.IndexFunc(f.Passkeys, func(p passkeyFactor) bool { return string(p.Credential.ID) == string(used.ID) })
	if i < 0 {
		return socket.ErrLogin
	}
	f.Passkeys[i].Credential, f.Passkeys[i].Used = *used, now
	return nil
}
