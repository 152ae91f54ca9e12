package main

import (
	"context"
	"net/http"

	"github.com/postseal/postseal/store"
)

// accountKeeper is what an administrator may ask of accounts.
type accountKeeper interface {
	ReportAccount(ctx context.Context, address string) (store.AccountReport, error)
	DropFactors(ctx context.Context, address string) error
	SeparateAddress(ctx context.Context, address string) error
}

// accountOrder is the body of the calls about one account.
type accountOrder struct {
	Address string `json:"address"`
}

// serveAccounts adds the calls about accounts.
func serveAccounts(mux *http.ServeMux, k accountKeeper) {
	mux.HandleFunc("POST /account", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[accountOrder](w, r); ok {
			a, err := k.ReportAccount(r.Context(), o.Address)
			answer(w, a, err)
		}
	})
	mux.HandleFunc("POST /account/factors/drop", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[accountOrder](w, r); ok {
			answer(w, nil, k.DropFactors(r.Context(), o.Address))
		}
	})
	mux.HandleFunc("POST /account/separate", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[accountOrder](w, r); ok {
			answer(w, nil, k.SeparateAddress(r.Context(), o.Address))
		}
	})
}

func (c *controlClient) ReportAccount(ctx context.Context, address string) (a store.AccountReport, err error) {
	err = c.call(ctx, http.MethodPost, "/account", accountOrder{address}, &a)
	return a, err
}

func (c *controlClient) DropFactors(ctx context.Context, address string) error {
	return c.call(ctx, http.MethodPost, "/account/factors/drop", accountOrder{address}, nil)
}

func (c *controlClient) SeparateAddress(ctx context.Context, address string) error {
	return c.call(ctx, http.MethodPost, "/account/separate", accountOrder{address}, nil)
}
