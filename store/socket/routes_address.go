package socket

import (
	"context"
	"net/http"

	"github.com/postseal/postseal/store/seal"
)

// The calls around the addresses of an account.
const (
	pathAskAddress    = "/v1/address/ask"
	pathJoining       = "/v1/address/joining"
	pathJoinAddress   = "/v1/address/join"
	pathRemoveAddress = "/v1/address/remove"
)

// The requests.
type (
	addressProofRequest struct {
		Session seal.Token `json:"session"`
		Proof   Proof      `json:"proof"`
		Address string     `json:"address"`
	}
	joinRequest struct {
		Session seal.Token `json:"session"`
		Link    seal.Token `json:"link"`
		Join    Join       `json:"join"`
	}
)

// addressRoutes is the part of the table around addresses.
func (s *Server) addressRoutes(mux *http.ServeMux) {
	o := s.owner
	for path, h := range map[string]http.HandlerFunc{
		pathAskAddress: call(s, maxRequest, func(ctx context.Context, q addressProofRequest) (nothing, error) {
			return nothing{}, o.AskAddress(ctx, q.Session, q.Proof, q.Address)
		}),
		pathJoining: call(s, maxRequest, func(ctx context.Context, q claimRequest) (Joining, error) {
			return o.Joining(ctx, q.Session, q.Link)
		}),
		pathJoinAddress: call(s, maxActivate, func(ctx context.Context, q joinRequest) (nothing, error) {
			return nothing{}, o.JoinAddress(ctx, q.Session, q.Link, q.Join)
		}),
		pathRemoveAddress: call(s, maxRequest, func(ctx context.Context, q addressProofRequest) (nothing, error) {
			return nothing{}, o.RemoveAddress(ctx, q.Session, q.Proof, q.Address)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
}
