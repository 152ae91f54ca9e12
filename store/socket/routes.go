package socket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// routes is the one table of calls. What is not in it is 404.
func (s *Server) routes() http.Handler {
	o := s.owner
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		pathHello: call(s, maxRequest, func(context.Context, nothing) (nothing, error) { return nothing{}, nil }),
		pathLink: call(s, maxRequest, func(ctx context.Context, q linkRequest) (LinkInfo, error) {
			return o.Link(ctx, q.Link)
		}),
		pathWaiting: call(s, maxRequest, func(ctx context.Context, q linkRequest) (Waiting, error) {
			return o.Waiting(ctx, q.Link)
		}),
		pathActivate: call(s, maxActivate, func(ctx context.Context, q activateRequest) (Session, error) {
			return o.Activate(ctx, q.Link, q.Activation)
		}),
		pathOpenOneTime: call(s, maxRequest, func(ctx context.Context, q linkRequest) (Message, error) {
			return o.OpenOneTime(ctx, q.Link)
		}),
		pathOneTimePayload: stream(s, func(ctx context.Context, q linkRequest) (io.ReadCloser, error) {
			return o.OneTimePayload(ctx, q.Link)
		}),
		pathChallenge: call(s, maxRequest, func(ctx context.Context, q addressRequest) (seal.KDF, error) {
			return o.Challenge(ctx, q.Address)
		}),
		pathLogin: call(s, maxRequest, func(ctx context.Context, q Login) (Session, error) {
			return o.Login(ctx, q)
		}),
		pathKeepKey: call(s, maxRequest, func(ctx context.Context, q aboutRequest[[]byte]) (nothing, error) {
			return nothing{}, o.KeepKey(ctx, q.Session, q.About)
		}),
		pathSessionInfo: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (SessionInfo, error) {
			return o.SessionInfo(ctx, q.Session)
		}),
		pathLogout: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (nothing, error) {
			return nothing{}, o.Logout(ctx, q.Session)
		}),
		pathRequestReset: call(s, maxRequest, func(ctx context.Context, q addressRequest) (nothing, error) {
			return nothing{}, o.RequestReset(ctx, q.Address, q.Client)
		}),
		pathClaim: call(s, maxRequest, func(ctx context.Context, q linkedRequest[[]byte]) (nothing, error) {
			return nothing{}, o.Claim(ctx, q.Session, q.Link, q.About)
		}),
		pathClaimGrant: call(s, maxRequest, func(ctx context.Context, q linkedRequest[[]byte]) (WaitingMessage, error) {
			return o.ClaimGrant(ctx, q.Session, q.Link)
		}),
		pathInbox: call(s, maxRequest, func(ctx context.Context, q inboxRequest) (Page, error) {
			return o.Inbox(ctx, q.Session, q.Cursor, q.Limit)
		}),
		pathMessage: call(s, maxRequest, func(ctx context.Context, q messageRequest) (Message, error) {
			return o.Message(ctx, q.Session, q.Message)
		}),
		pathPayload: stream(s, func(ctx context.Context, q messageRequest) (io.ReadCloser, error) {
			return o.Payload(ctx, q.Session, q.Message)
		}),
		pathMarkOpened: call(s, maxRequest, func(ctx context.Context, q messageRequest) (nothing, error) {
			return nothing{}, o.MarkOpened(ctx, q.Session, q.Message, q.Read)
		}),
		pathReply: upload(s, s.o.MaxReply, func(ctx context.Context, q replyRequest, entity io.Reader) (nothing, error) {
			return nothing{}, o.Reply(ctx, q.By, q.Reply, entity)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
	for path, h := range s.accountRoutes() {
		mux.HandleFunc("POST "+path, h)
	}
	s.senderRoutes(mux)
	s.mailboxRoutes(mux)
	s.peopleRoutes(mux)
	s.addressRoutes(mux)
	return mux
}

// call decodes a request, runs fn and encodes its answer.
func call[Q, A any](s *Server, limit int64, fn func(context.Context, Q) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 || r.ContentLength > maxRequest {
			if err := s.takeTurn(w); err != nil {
				s.fail(w, r, err)
				return
			}
			defer func() { <-s.large }()
		}
		var q Q
		if err := decodeJSON(http.MaxBytesReader(w, r.Body, limit), &q); err != nil {
			s.fail(w, r, err)
			return
		}
		a, err := fn(r.Context(), q)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		b, err := json.Marshal(a)
		if err != nil {
			s.fail(w, r, fmt.Errorf("encode the answer: %w", err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(b)
	}
}

// takeTurn waits until a large request may be read. The time for reading it begins
// then.
func (s *Server) takeTurn(w http.ResponseWriter) error {
	wait := time.NewTimer(callTimeout)
	defer wait.Stop()
	select {
	case s.large <- struct{}{}:
	case <-wait.C:
		return ErrUnavailable
	}
	rc, now := http.NewResponseController(w), time.Now()
	err := errors.Join(rc.SetReadDeadline(now.Add(callTimeout)), rc.SetWriteDeadline(now.Add(2*callTimeout)))
	if err != nil {
		<-s.large
	}
	return err
}

// stream decodes a request and copies what fn opens to the caller, with a
// deadline for each part. Whether all of it came is seen from the chunked
// encoding's end: after an error the connection is cut.
func stream[Q any](s *Server, fn func(context.Context, Q) (io.ReadCloser, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if err := decodeJSON(http.MaxBytesReader(w, r.Body, maxRequest), &q); err != nil {
			s.fail(w, r, err)
			return
		}
		payload, err := fn(r.Context(), q)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer payload.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		rc := http.NewResponseController(w)
		if err := copyParts(w, payload, func() error { return rc.SetWriteDeadline(time.Now().Add(streamTimeout)) }); err != nil {
			s.log.Warn("store socket: stream was cut", "call", r.URL.Path, "error", err)
			panic(http.ErrAbortHandler) // the documented way to cut the connection
		}
	}
}

// copyParts copies, and calls next before each part.
func copyParts(w io.Writer, r io.Reader, next func() error) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := next(); err != nil {
				return err
			}
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// upload takes a line of JSON and what follows it, of at most limit octets.
func upload[Q, A any](s *Server, limit int64, fn func(context.Context, Q, io.Reader) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		next := func() error {
			now := time.Now()
			return errors.Join(rc.SetReadDeadline(now.Add(streamTimeout)), rc.SetWriteDeadline(now.Add(2*streamTimeout)))
		}
		limited := http.MaxBytesReader(w, r.Body, maxRequest+limit)
		body := bufio.NewReaderSize(&timedReader{limited, next}, maxRequest)
		line, err := body.ReadSlice('\n')
		var q Q
		if err == nil {
			err = decodeJSON(bytes.NewReader(line), &q)
		}
		if err != nil {
			s.fail(w, r, ErrInvalid)
			return
		}
		a, err := fn(r.Context(), q, body)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		b, err := json.Marshal(a)
		if err != nil {
			s.fail(w, r, fmt.Errorf("encode the answer: %w", err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(b)
	}
}

// A timedReader moves the deadline before each read, and knows a body that is
// over its limit.
type timedReader struct {
	r    io.Reader
	next func() error
}

func (t *timedReader) Read(b []byte) (int, error) {
	if err := t.next(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(b)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return n, ErrTooLarge
	}
	return n, err
}
