package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// SecondFactor implements [socket.Factors]. With a passkey it makes the challenge.
func (s *Store) SecondFactor(ctx context.Context, token seal.Token) (socket.SecondFactor, error) {
	var out socket.SecondFactor
	err := s.update(ctx, func(c *change) error {
		r, a, err := s.pending(c.Tx, token)
		if err != nil {
			return err
		}
		out = socket.SecondFactor{Address: a.Address, TOTP: a.Factors.TOTP != nil, Codes: len(a.Factors.Codes)}
		if len(a.Factors.Passkeys) == 0 || s.passkeys == nil {
			return nil
		}
		options, ceremony, err := s.passkeys.BeginLogin(webauthnUser{r.Account, a})
		if err != nil {
			return fmt.Errorf("ask for a passkey: %w", err)
		}
		if out.Passkey, err = json.Marshal(options.Response); err != nil {
			return err
		}
		return s.keepSetup(c, token, r, setup{Ceremony: ceremony})
	})
	return out, err
}

// Confirm implements [socket.Factors].
func (s *Store) Confirm(ctx context.Context, token seal.Token, answer socket.FactorAnswer) error {
	if len(answer.Code) > 64 || len(answer.Passkey) > maxPasskeyAnswer || (answer.Code == "") == (len(answer.Passkey) == 0) {
		return socket.ErrInvalid
	}
	var counted map[string]limit
	failed := ""
	v := visit{answer.Client, answer.Agent}
	defer s.mailAdded() // what the account is told
	err := s.update(ctx, func(c *change) error {
		r, a, err := s.pending(c.Tx, token)
		if err != nil {
			return err
		}
		if counted == nil { // once, however often the transaction runs
			counted = map[string]limit{"factor " + string(r.Account[:]): limitFactor}
			if err := s.guard.try(counted); err != nil {
				return err
			}
		}
		now := s.now().UTC()
		f := a.Factors.clone()
		how, err := s.checkAnswer(r, a, &f, answer, now)
		if err != nil {
			failed = a.Address
			return err
		}
		a.Factors, a.Missed = f, 0
		if err := s.vault.put(c, bucketAccount, r.Account[:], a); err != nil {
			return err
		}
		if how == recoveryCode {
			if err := s.alert(c, AlertCodeUsed, a, v); err != nil {
				return err
			}
		}
		return s.confirm(c, token, r, a, v, how)
	})
	if errors.Is(err, socket.ErrLogin) {
		entries := s.budget.within(Entry{Event: EventLoginFailed, Address: failed, Client: bounded(answer.Client, 64), Note: "second factor"})
		err := s.update(ctx, func(c *change) error {
			if err := s.missed(c, token, v); err != nil {
				return err
			}
			return s.audit(c, entries...)
		})
		if err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	s.guard.forget(counted)
	return nil
}

// recoveryCode is what an answer with one is called in the trail.
const recoveryCode = "recovery code"

// checkAnswer compares an answer with an account's factors, notes in f that one was
// used, and says which.
func (s *Store) checkAnswer(r sessionRecord, a accountRecord, f *factors, answer socket.FactorAnswer, now time.Time) (string, error) {
	if len(answer.Passkey) > 0 {
		return socket.FactorPasskey, s.checkPasskey(r, a, f, answer.Passkey, now)
	}
	if f.TOTP != nil {
		if step, ok := totpStep(f.TOTP.Secret, answer.Code, now, f.TOTP.Step); ok {
			f.TOTP.Step, f.TOTP.Used = step, now
			return socket.FactorTOTP, nil
		}
	}
	i := slices.Index(f.Codes, s.vault.codeHash(r.Account, answer.Code))
	if i < 0 {
		return "", socket.ErrLogin
	}
	f.Codes = slices.Delete(f.Codes, i, i+1)
	return recoveryCode, nil
}

// confirm makes a pending session a whole one, of full length.
func (s *Store) confirm(c *change, token seal.Token, r sessionRecord, a accountRecord, v visit, how string) error {
	h, now := token.Hash(), s.now().UTC()
	if err := s.endSession(c, h[:], r); err != nil {
		return err
	}
	r.Pending, r.Setup, r.Created, r.Used, r.Proved, r.Expires = false, nil, now, now, now, now.Add(s.o.SessionMax)
	if err := s.putSession(c, h, r); err != nil {
		return err
	}
	if _, err := s.arrived(c, r.Account, a, v); err != nil {
		return err
	}
	return s.auditLogin(c, a, r, how)
}
