package socket

import (
	"context"
	"errors"
	"log/slog"
	"net"
)

// ServerOptions say who may connect.
type ServerOptions struct {
	UIDs     []int // users that may connect
	GIDs     []int // primary groups that may connect
	MaxReply int64 // octets of a reply's entity; 50 MiB
	Log      *slog.Logger
}

var errStub = errors.New("filled in by the next commits")

// Server serves an Owner.
type Server struct{}

// NewServer returns a server for owner.
func NewServer(owner Owner, o ServerOptions) *Server { return &Server{} }

// Serve answers until Shutdown.
func (s *Server) Serve(l net.Listener) error { return errStub }

// Shutdown drains.
func (s *Server) Shutdown(ctx context.Context) error { return errStub }

// Listen makes the socket, 0660, of group gid (-1: unchanged).
func Listen(path string, gid int) (net.Listener, error) { return nil, errStub }

// Client is an Owner at the other end of a socket.
type Client struct{ Owner }

// NewClient returns a client for the socket at path. It connects when needed.
func NewClient(path string) *Client { return &Client{} }

// Hello says whether the owner answers and is of this version.
func (c *Client) Hello(ctx context.Context) error { return errStub }

// Close closes idle connections.
func (c *Client) Close() error { return errStub }
