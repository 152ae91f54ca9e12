package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/postseal/postseal/store"
)

// holder is what an administrator may ask of held messages. What it gives out of
// them is sealed.
type holder interface {
	HeldMessages(ctx context.Context, all bool) ([]store.HeldMessage, error)
	HeldMessage(ctx context.Context, id string) (store.HeldMessage, error)
	HeldPayload(ctx context.Context, id string) (io.ReadCloser, error)
	ReleaseHeld(ctx context.Context, id, key, why string) error
	RejectHeld(ctx context.Context, id, why string) error
	TrustList(ctx context.Context) ([]store.Trust, error)
	RevokeTrust(ctx context.Context, sender, recipient string) (int, error)
}

// heldOrder is the body of POST /held/{id}/release and /reject. Key is the message
// key: it stands in no path, where a log might keep it.
type heldOrder struct {
	Key string `json:"key,omitempty"`
	Why string `json:"why,omitempty"`
}

// revocation is the body of POST /trust/revoke.
type revocation struct {
	Sender    string `json:"sender"`
	Recipient string `json:"recipient,omitempty"`
}

// serveHeld adds the calls about held messages.
func serveHeld(mux *http.ServeMux, h holder) {
	mux.HandleFunc("GET /held", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.HeldMessages(r.Context(), r.URL.Query().Get("all") != "")
		answer(w, list, err)
	})
	mux.HandleFunc("GET /held/{id}", func(w http.ResponseWriter, r *http.Request) {
		m, err := h.HeldMessage(r.Context(), r.PathValue("id"))
		answer(w, m, err)
	})
	mux.HandleFunc("GET /held/{id}/payload", func(w http.ResponseWriter, r *http.Request) {
		payload, err := h.HeldPayload(r.Context(), r.PathValue("id"))
		if err != nil {
			answer(w, nil, err)
			return
		}
		defer payload.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		if _, err := io.Copy(w, payload); err != nil {
			panic(http.ErrAbortHandler) // the documented way to cut the connection
		}
	})
	mux.HandleFunc("POST /held/{id}/release", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[heldOrder](w, r); ok {
			answer(w, nil, h.ReleaseHeld(r.Context(), r.PathValue("id"), o.Key, o.Why))
		}
	})
	mux.HandleFunc("POST /held/{id}/reject", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[heldOrder](w, r); ok {
			answer(w, nil, h.RejectHeld(r.Context(), r.PathValue("id"), o.Why))
		}
	})
	mux.HandleFunc("GET /trust", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.TrustList(r.Context())
		answer(w, list, err)
	})
	mux.HandleFunc("POST /trust/revoke", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[revocation](w, r); ok {
			n, err := h.RevokeTrust(r.Context(), o.Sender, o.Recipient)
			answer(w, n, err)
		}
	})
}

// controlBody reads a request. Its errors never repeat it.
func controlBody[Q any](w http.ResponseWriter, r *http.Request) (q Q, ok bool) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, controlLimit)).Decode(&q); err != nil {
		http.Error(w, "invalid request", http.StatusBadRequest)
		return q, false
	}
	return q, true
}

func (c *controlClient) HeldMessages(ctx context.Context, all bool) (list []store.HeldMessage, err error) {
	path := "/held"
	if all {
		path += "?all=1"
	}
	err = c.call(ctx, http.MethodGet, path, nil, &list)
	return list, err
}

func (c *controlClient) HeldMessage(ctx context.Context, id string) (m store.HeldMessage, err error) {
	err = c.call(ctx, http.MethodGet, "/held/"+url.PathEscape(id), nil, &m)
	return m, err
}

func (c *controlClient) HeldPayload(ctx context.Context, id string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://postseal/held/"+url.PathEscape(id)+"/payload", http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := c.client.Do(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, fmt.Errorf("held message: the running milter answers %s", res.Status)
	}
	return res.Body, nil
}

func (c *controlClient) ReleaseHeld(ctx context.Context, id, key, why string) error {
	return c.call(ctx, http.MethodPost, "/held/"+url.PathEscape(id)+"/release", heldOrder{key, why}, nil)
}

func (c *controlClient) RejectHeld(ctx context.Context, id, why string) error {
	return c.call(ctx, http.MethodPost, "/held/"+url.PathEscape(id)+"/reject", heldOrder{Why: why}, nil)
}

func (c *controlClient) TrustList(ctx context.Context) (list []store.Trust, err error) {
	err = c.call(ctx, http.MethodGet, "/trust", nil, &list)
	return list, err
}

func (c *controlClient) RevokeTrust(ctx context.Context, sender, recipient string) (n int, err error) {
	err = c.call(ctx, http.MethodPost, "/trust/revoke", revocation{sender, recipient}, &n)
	return n, err
}
