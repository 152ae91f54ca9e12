package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/postseal/postseal/store"
)

// A trailLine is one line of the answer to GET /audit: an entry or, on the last
// line, the end or why there is none.
type trailLine struct {
	Entry *store.TrailEntry `json:"entry,omitempty"`
	End   *store.TrailEnd   `json:"end,omitempty"`
	Error string            `json:"error,omitempty"`
}

// serveTrail streams the audit trail as lines of JSON.
func serveTrail(w http.ResponseWriter, r *http.Request, k keeper) {
	v := r.URL.Query()
	q := store.TrailQuery{Message: v.Get("message"), Event: store.Event(v.Get("event"))}
	if s := v.Get("since"); s != "" {
		since, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			http.Error(w, "invalid request", http.StatusBadRequest)
			return
		}
		q.Since = since
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	end, err := k.ReadTrail(r.Context(), q, func(e store.TrailEntry) error { return out.Encode(trailLine{Entry: &e}) })
	// A client that left is no matter.
	if err != nil {
		out.Encode(trailLine{Error: err.Error()})
		return
	}
	out.Encode(trailLine{End: &end})
}

func (c *controlClient) ReadTrail(ctx context.Context, q store.TrailQuery, each func(store.TrailEntry) error) (store.TrailEnd, error) {
	v := url.Values{"message": {q.Message}, "event": {string(q.Event)}}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.Format(time.RFC3339Nano))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://postseal/audit?"+v.Encode(), http.NoBody)
	if err != nil {
		return store.TrailEnd{}, err
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return store.TrailEnd{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return store.TrailEnd{}, fmt.Errorf("audit trail: the running milter answers %s", answer.Status)
	}
	in := json.NewDecoder(bufio.NewReader(answer.Body))
	for {
		var line trailLine
		switch err := in.Decode(&line); {
		case errors.Is(err, io.EOF):
			return store.TrailEnd{}, errors.New("audit trail: the answer was cut off")
		case err != nil:
			return store.TrailEnd{}, fmt.Errorf("audit trail: %w", err)
		case line.Error != "":
			return store.TrailEnd{}, fmt.Errorf("audit trail: %s", line.Error)
		case line.End != nil:
			return *line.End, nil
		case line.Entry != nil:
			if err := each(*line.Entry); err != nil {
				return store.TrailEnd{}, err
			}
		}
	}
}
