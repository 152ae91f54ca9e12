package socket

import (
	"context"
	"net/http"
)

// senderRoutes adds the calls of senders, and those that a PIN or an unwanted
// sender make.
func (s *Server) senderRoutes(mux *http.ServeMux) {
	o := s.owner
	for path, h := range map[string]http.HandlerFunc{
		pathHeld: call(s, maxRequest, func(ctx context.Context, q linkRequest) (Held, error) {
			return o.Held(ctx, q.Link)
		}),
		pathRelease: call(s, maxRequest, func(ctx context.Context, q releaseRequest) (nothing, error) {
			return nothing{}, o.Release(ctx, q.Link, q.Order)
		}),
		pathWithdraw: call(s, maxRequest, func(ctx context.Context, q releaseRequest) (nothing, error) {
			return nothing{}, o.Withdraw(ctx, q.Link, q.Client)
		}),
		pathStatus: call(s, maxRequest, func(ctx context.Context, q followRequest) (Status, error) {
			return o.Status(ctx, q.By)
		}),
		pathRecall: call(s, maxChosen, func(ctx context.Context, q followRequest) (Status, error) {
			return o.Recall(ctx, q.By, q.Messages)
		}),
		pathExtend: call(s, maxChosen, func(ctx context.Context, q followRequest) (Status, error) {
			return o.Extend(ctx, q.By, q.Messages, q.More)
		}),
		pathRemind: call(s, maxRequest, func(ctx context.Context, q followRequest) (Status, error) {
			if len(q.Messages) != 1 {
				return Status{}, ErrInvalid
			}
			return o.Remind(ctx, q.By, q.Messages[0])
		}),
		pathSent: call(s, maxRequest, func(ctx context.Context, q inboxRequest) (SentPage, error) {
			return o.Sent(ctx, q.Session, q.Cursor, q.Limit)
		}),
		pathMarkUnwanted: call(s, maxRequest, func(ctx context.Context, q unwantedRequest) (nothing, error) {
			return nothing{}, o.MarkUnwanted(ctx, q.Session, q.Message, q.Off)
		}),
		pathTryPIN: call(s, maxRequest, func(ctx context.Context, q pinRequest) (Message, error) {
			return o.TryPIN(ctx, q.By, q.Message, q.Verifier, q.Client)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
}
