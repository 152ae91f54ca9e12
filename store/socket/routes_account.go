package socket

import (
	"context"
	"net/http"

	"github.com/postseal/postseal/store/seal"
)

// The calls around sign-in and an account's own settings.
const (
	pathSignInMethod  = "/v1/sign-in/method"
	pathDomainLogin   = "/v1/sign-in/domain"
	pathBeginCloud    = "/v1/sign-in/cloud"
	pathFinishCloud   = "/v1/sign-in/cloud/finish"
	pathSecondFactor  = "/v1/factor"
	pathConfirm       = "/v1/factor/confirm"
	pathBeginTOTP     = "/v1/factor/totp"
	pathFinishTOTP    = "/v1/factor/totp/finish"
	pathBeginPasskey  = "/v1/factor/passkey"
	pathFinishPasskey = "/v1/factor/passkey/finish"
	pathRemoveFactor  = "/v1/factor/remove"
	pathRecoveryCodes = "/v1/factor/codes"
	pathAccount       = "/v1/account"
	pathPassword      = "/v1/account/password"
	pathEndSession    = "/v1/account/session/end"
	pathChangeAccount = "/v1/account/change"
	pathCloseAccount  = "/v1/account/close"
	pathGenuine       = "/v1/genuine"
)

// The requests.
type (
	cloudRequest struct {
		Address string `json:"address"`
		Client  string `json:"client"`
		Again   bool   `json:"again,omitempty"`
	}
	passkeyRequest struct {
		Session  seal.Token `json:"session"`
		Name     string     `json:"name"`
		Response []byte     `json:"response"`
	}
	genuineRequest struct {
		Code   string `json:"code"`
		Client string `json:"client"`
	}
	methodAnswer struct {
		Method string `json:"method"`
	}
	optionsAnswer struct {
		Options []byte `json:"options"`
	}
)

// accountRoutes is the part of the table around accounts.
func (s *Server) accountRoutes() map[string]http.HandlerFunc {
	o := s.owner
	return map[string]http.HandlerFunc{
		pathSignInMethod: call(s, maxRequest, func(ctx context.Context, q addressRequest) (methodAnswer, error) {
			m, err := o.SignInMethod(ctx, q.Address)
			return methodAnswer{m}, err
		}),
		pathDomainLogin: call(s, maxRequest, func(ctx context.Context, q DomainLogin) (SignedIn, error) {
			return o.DomainLogin(ctx, q)
		}),
		pathBeginCloud: call(s, maxRequest, func(ctx context.Context, q cloudRequest) (CloudStart, error) {
			return o.BeginCloud(ctx, q.Address, q.Client, q.Again)
		}),
		pathFinishCloud: call(s, maxRequest, func(ctx context.Context, q CloudFinish) (SignedIn, error) {
			return o.FinishCloud(ctx, q)
		}),
		pathSecondFactor: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (SecondFactor, error) {
			return o.SecondFactor(ctx, q.Session)
		}),
		pathConfirm: call(s, maxRequest, func(ctx context.Context, q aboutRequest[FactorAnswer]) (nothing, error) {
			return nothing{}, o.Confirm(ctx, q.Session, q.About)
		}),
		pathBeginTOTP: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (TOTPSetup, error) {
			return o.BeginTOTP(ctx, q.Session, q.Proof)
		}),
		pathFinishTOTP: call(s, maxRequest, func(ctx context.Context, q aboutRequest[string]) (RecoveryCodes, error) {
			return o.FinishTOTP(ctx, q.Session, q.About)
		}),
		pathBeginPasskey: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (optionsAnswer, error) {
			b, err := o.BeginPasskey(ctx, q.Session, q.Proof)
			return optionsAnswer{b}, err
		}),
		pathFinishPasskey: call(s, maxRequest, func(ctx context.Context, q passkeyRequest) (RecoveryCodes, error) {
			return o.FinishPasskey(ctx, q.Session, q.Name, q.Response)
		}),
		pathRemoveFactor: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (nothing, error) {
			return nothing{}, o.RemoveFactor(ctx, q.Session, q.Proof, q.About)
		}),
		pathRecoveryCodes: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (RecoveryCodes, error) {
			return o.NewRecoveryCodes(ctx, q.Session, q.Proof)
		}),
		pathAccount: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (AccountInfo, error) {
			return o.Account(ctx, q.Session)
		}),
		pathPassword: call(s, maxRequest, func(ctx context.Context, q provenRequest[NewPassword]) (nothing, error) {
			return nothing{}, o.ChangePassword(ctx, q.Session, q.Proof, q.About)
		}),
		pathEndSession: call(s, maxRequest, func(ctx context.Context, q aboutRequest[string]) (nothing, error) {
			return nothing{}, o.EndSession(ctx, q.Session, q.About)
		}),
		pathChangeAccount: call(s, maxRequest, func(ctx context.Context, q aboutRequest[AccountChange]) (nothing, error) {
			return nothing{}, o.Change(ctx, q.Session, q.About)
		}),
		pathGenuine: call(s, maxRequest, func(ctx context.Context, q genuineRequest) (GenuineNotice, error) {
			return o.Genuine(ctx, q.Code, q.Client)
		}),
		pathCloseAccount: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (nothing, error) {
			return nothing{}, o.CloseAccount(ctx, q.Session, q.Proof)
		}),
	}
}
