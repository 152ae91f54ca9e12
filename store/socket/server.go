package socket

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// maxConnections bounds the connections at a time.
const maxConnections = 512

// maxLarge bounds the requests of more than [maxRequest] in memory at a time. A
// portal that was taken over must not be able to exhaust the owner's memory, and
// with it the mail path. Others wait for their turn, unread.
const maxLarge = 4

// ServerOptions say who may connect, and how much a reply may have.
type ServerOptions struct {
	// UIDs and GIDs are the users and primary groups that may connect. Nobody
	// else may, not even root.
	UIDs, GIDs []int
	MaxReply   int64        // octets of a reply's entity; 0: 50 MiB
	Log        *slog.Logger // nil: nothing is logged
}

// A Server serves an [Owner] on a Unix socket.
type Server struct {
	owner Owner
	o     ServerOptions
	log   *slog.Logger
	http  *http.Server
	large chan struct{} // holds one for each large request in memory
}

// NewServer returns a server for owner.
func NewServer(owner Owner, o ServerOptions) *Server {
	if o.MaxReply == 0 {
		o.MaxReply = 50 << 20
	}
	s := &Server{owner: owner, o: o, log: o.Log, large: make(chan struct{}, maxLarge)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.http = &http.Server{
		Handler:           s.versioned(s.routes()),
		ReadHeaderTimeout: callTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve answers the calls that come in on l, which it closes, until Shutdown;
// then it returns nil. Connections without peer credentials are refused.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(&peerListener{
		Listener: l, uids: s.o.UIDs, gids: s.o.GIDs, slots: make(chan struct{}, maxConnections),
		refused: func(err error) { s.log.Warn("store socket: connection refused", "error", err) },
	})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown takes no new calls and waits for the running ones until ctx ends;
// then it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		s.http.Close()
	}
	return err
}

// versioned refuses callers of another version before anything is read.
func (s *Server) versioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerVersion, Version)
		if r.Header.Get(headerVersion) != Version {
			w.WriteHeader(http.StatusUpgradeRequired)
			return
		}
		rc := http.NewResponseController(w)
		now := time.Now()
		if rc.SetReadDeadline(now.Add(callTimeout)) != nil || rc.SetWriteDeadline(now.Add(2*callTimeout)) != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fail answers with an error's status and, of what ended, how.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	switch {
	case errors.Is(err, context.Canceled):
		s.log.Debug("store socket: caller left", "call", r.URL.Path)
	case status >= http.StatusInternalServerError:
		s.log.Error("store socket: call failed", "call", r.URL.Path, "error", err)
	default:
		s.log.Debug("store socket: call refused", "call", r.URL.Path, "error", err)
	}
	setRetryAfter(w.Header(), err)
	w.WriteHeader(status)
	var end *EndedError
	if errors.As(err, &end) {
		json.NewEncoder(w).Encode(end) // a caller that left is no matter
	}
}
