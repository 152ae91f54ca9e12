package main

import (
	"context"
	"net/http"
	"net/url"
)

// recaller is what an administrator may ask of sealed messages.
type recaller interface {
	RecallMessage(ctx context.Context, id string) error
}

// serveMessages adds the calls about sealed messages.
func serveMessages(mux *http.ServeMux, k recaller) {
	mux.HandleFunc("POST /message/{id}/recall", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, k.RecallMessage(r.Context(), r.PathValue("id")))
	})
}

func (c *controlClient) RecallMessage(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "/message/"+url.PathEscape(id)+"/recall", nil, nil)
}
