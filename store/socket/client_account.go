package socket

import (
	"context"

	"github.com/postseal/postseal/store/seal"
)

// SignInMethod implements [SignIns].
func (c *Client) SignInMethod(ctx context.Context, address string) (string, error) {
	a, err := get[methodAnswer](ctx, c, pathSignInMethod, again, addressRequest{Address: address})
	return a.Method, err
}

// DomainLogin implements [SignIns].
func (c *Client) DomainLogin(ctx context.Context, l DomainLogin) (SignedIn, error) {
	return get[SignedIn](ctx, c, pathDomainLogin, once, l)
}

// BeginCloud implements [SignIns].
func (c *Client) BeginCloud(ctx context.Context, address, client string, anew bool) (CloudStart, error) {
	return get[CloudStart](ctx, c, pathBeginCloud, again, cloudRequest{address, client, anew})
}

// FinishCloud implements [SignIns].
func (c *Client) FinishCloud(ctx context.Context, f CloudFinish) (SignedIn, error) {
	return get[SignedIn](ctx, c, pathFinishCloud, once, f)
}

// SecondFactor implements [Factors].
func (c *Client) SecondFactor(ctx context.Context, session seal.Token) (SecondFactor, error) {
	return get[SecondFactor](ctx, c, pathSecondFactor, again, sessionRequest{session})
}

// Confirm implements [Factors].
func (c *Client) Confirm(ctx context.Context, session seal.Token, a FactorAnswer) error {
	return c.ask(ctx, pathConfirm, once, aboutRequest[FactorAnswer]{session, a}, nil)
}

// BeginTOTP implements [Factors].
func (c *Client) BeginTOTP(ctx context.Context, session seal.Token, p Proof) (TOTPSetup, error) {
	return get[TOTPSetup](ctx, c, pathBeginTOTP, again, provenRequest[string]{Session: session, Proof: p})
}

// FinishTOTP implements [Factors].
func (c *Client) FinishTOTP(ctx context.Context, session seal.Token, code string) (RecoveryCodes, error) {
	return get[RecoveryCodes](ctx, c, pathFinishTOTP, once, aboutRequest[string]{session, code})
}

// BeginPasskey implements [Factors].
func (c *Client) BeginPasskey(ctx context.Context, session seal.Token, p Proof) ([]byte, error) {
	a, err := get[optionsAnswer](ctx, c, pathBeginPasskey, again, provenRequest[string]{Session: session, Proof: p})
	return a.Options, err
}

// FinishPasskey implements [Factors].
func (c *Client) FinishPasskey(ctx context.Context, session seal.Token, name string, response []byte) (RecoveryCodes, error) {
	return get[RecoveryCodes](ctx, c, pathFinishPasskey, once, passkeyRequest{session, name, response})
}

// RemoveFactor implements [Factors].
func (c *Client) RemoveFactor(ctx context.Context, session seal.Token, p Proof, id string) error {
	return c.ask(ctx, pathRemoveFactor, once, provenRequest[string]{session, p, id}, nil)
}

// NewRecoveryCodes implements [Factors].
func (c *Client) NewRecoveryCodes(ctx context.Context, session seal.Token, p Proof) (RecoveryCodes, error) {
	return get[RecoveryCodes](ctx, c, pathRecoveryCodes, once, provenRequest[string]{Session: session, Proof: p})
}

// Account implements [Settings].
func (c *Client) Account(ctx context.Context, session seal.Token) (AccountInfo, error) {
	return get[AccountInfo](ctx, c, pathAccount, again, sessionRequest{session})
}

// ChangePassword implements [Settings].
func (c *Client) ChangePassword(ctx context.Context, session seal.Token, p Proof, n NewPassword) error {
	return c.ask(ctx, pathPassword, once, provenRequest[NewPassword]{session, p, n}, nil)
}

// EndSession implements [Settings].
func (c *Client) EndSession(ctx context.Context, session seal.Token, id string) error {
	return c.ask(ctx, pathEndSession, again, aboutRequest[string]{session, id}, nil)
}

// Change implements [Settings].
func (c *Client) Change(ctx context.Context, session seal.Token, n AccountChange) error {
	return c.ask(ctx, pathChangeAccount, again, aboutRequest[AccountChange]{session, n}, nil)
}

// CloseAccount implements [Settings].
func (c *Client) CloseAccount(ctx context.Context, session seal.Token, p Proof) error {
	return c.ask(ctx, pathCloseAccount, once, provenRequest[string]{Session: session, Proof: p}, nil)
}

// Genuine implements [Notices].
func (c *Client) Genuine(ctx context.Context, code, client string) (GenuineNotice, error) {
	return get[GenuineNotice](ctx, c, pathGenuine, again, genuineRequest{code, client})
}
