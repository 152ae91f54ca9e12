package socket

import (
	"context"
	"net/http"
)

// The calls around the addresses of an account.
const (
	pathAskAddress      = "/v1/address/ask"
	pathWithdrawAddress = "/v1/address/withdraw"
	pathJoining         = "/v1/address/joining"
	pathJoinAddress     = "/v1/address/join"
	pathRemoveAddress   = "/v1/address/remove"
)

// addressRoutes is the part of the table around addresses.
func (s *Server) addressRoutes(mux *http.ServeMux) {
	o := s.owner
	for path, h := range map[string]http.HandlerFunc{
		pathAskAddress: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (nothing, error) {
			return nothing{}, o.AskAddress(ctx, q.Session, q.Proof, q.About)
		}),
		pathJoining: call(s, maxRequest, func(ctx context.Context, q linkedRequest[[]byte]) (Joining, error) {
			return o.Joining(ctx, q.Session, q.Link)
		}),
		pathJoinAddress: call(s, maxActivate, func(ctx context.Context, q linkedRequest[Join]) (nothing, error) {
			return nothing{}, o.JoinAddress(ctx, q.Session, q.Link, q.About)
		}),
		pathWithdrawAddress: call(s, maxRequest, func(ctx context.Context, q aboutRequest[string]) (nothing, error) {
			return nothing{}, o.WithdrawAddress(ctx, q.Session, q.About)
		}),
		pathRemoveAddress: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (nothing, error) {
			return nothing{}, o.RemoveAddress(ctx, q.Session, q.Proof, q.About)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
}
