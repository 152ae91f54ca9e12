package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// totpPeriod is the time step (RFC 6238 section 5.2), and what every app assumes
// along with six digits and SHA-1.
const totpPeriod = 30 * time.Second

// BeginTOTP implements [socket.Factors].
func (s *Store) BeginTOTP(ctx context.Context, token seal.Token, p socket.Proof) (socket.TOTPSetup, error) {
	b := make([]byte, 20) // RFC 4226 section 4, R6
	rand.Read(b)
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
	var out socket.TOTPSetup
	err := s.proven(ctx, token, p, func(c *change, r sessionRecord, a accountRecord) error {
		if a.Factors.TOTP != nil {
			return socket.ErrConflict
		}
		issuer := "Postseal"
		if u, err := url.Parse(s.o.URL); err == nil && u.Hostname() != "" {
			issuer = u.Hostname()
		}
		out = socket.TOTPSetup{Secret: secret, URL: (&url.URL{
			Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + a.Address,
			RawQuery: url.Values{"secret": {secret}, "issuer": {issuer}}.Encode(),
		}).String()}
		return s.keepSetup(c, token, r, setup{Secret: secret})
	})
	return out, err
}

// FinishTOTP implements [socket.Factors].
func (s *Store) FinishTOTP(ctx context.Context, token seal.Token, code string) (socket.RecoveryCodes, error) {
	defer s.mailAdded() // the account is told
	var out socket.RecoveryCodes
	err := s.update(ctx, func(c *change) error {
		r, a, err := s.accountOf(c.Tx, token)
		if err != nil {
			return err
		}
		n, err := s.setupOf(r)
		if err != nil || n.Secret == "" {
			return socket.ErrExpired
		}
		now := s.now().UTC()
		step, ok := totpStep(n.Secret, code, now, 0)
		if !ok {
			return socket.ErrLogin
		}
		f := a.Factors.clone()
		f.TOTP = &totpFactor{Secret: n.Secret, Step: step, Created: now}
		out.Codes, err = s.addFactor(c, token, r, a, f, "app added")
		return err
	})
	return out, err
}

// totpStep returns the time step whose code was given: this one, or the ones
// before and after it, for clocks that differ (RFC 6238 section 6). A step up to
// last was used.
func totpStep(secret, code string, now time.Time, last int64) (int64, bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	found, ok := int64(0), false
	for _, d := range []time.Duration{-totpPeriod, 0, totpPeriod} {
		at := now.Add(d)
		want, err := totp.GenerateCode(secret, at)
		step := at.Unix() / int64(totpPeriod/time.Second)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			found, ok = step, true
		}
	}
	return found, ok
}
