package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/postseal/postseal/store"
)

// keeper is what an administrator may ask of the store.
type keeper interface {
	Check(ctx context.Context) ([]store.Problem, error)
	Compact(ctx context.Context) error
	Backup(ctx context.Context, dir string) error
	Stats(ctx context.Context) (store.Stats, error)
	ReadTrail(ctx context.Context, q store.TrailQuery, each func(store.TrailEntry) error) (store.TrailEnd, error)
	holder
	accountKeeper
	peopleKeeper
	recaller
}

// control lets the administrator's commands reach the store of a running
// process, since a bbolt file has one owner: HTTP/1.1 over a Unix socket that
// the process's user and root alone can open (0600). It reads no message.
type control struct {
	server   *http.Server
	listener net.Listener
}

// controlLimit bounds a request.
const controlLimit = 64 << 10

// backupRequest is the body of POST /backup.
type backupRequest struct {
	Dir string `json:"dir"`
}

func newControl(path string, k keeper, log *slog.Logger) (*control, error) {
	l, err := listenUnix(path, 0o600, "")
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		s, err := k.Stats(r.Context())
		answer(w, s, err)
	})
	mux.HandleFunc("GET /check", func(w http.ResponseWriter, r *http.Request) {
		problems, err := k.Check(r.Context())
		answer(w, problems, err)
	})
	mux.HandleFunc("GET /audit", func(w http.ResponseWriter, r *http.Request) { serveTrail(w, r, k) })
	mux.HandleFunc("POST /compact", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, k.Compact(r.Context()))
	})
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		var b backupRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, controlLimit)).Decode(&b); err != nil {
			http.Error(w, "invalid request", http.StatusBadRequest)
			return
		}
		answer(w, nil, k.Backup(r.Context(), b.Dir))
	})
	serveHeld(mux, k)
	serveAccounts(mux, k)
	servePeople(mux, k)
	serveMessages(mux, k)
	return &control{
		listener: l,
		server: &http.Server{
			Handler:           mux,
			ReadHeaderTimeout: 10 * time.Second,
			ConnContext: func(ctx context.Context, c net.Conn) context.Context {
				return store.By(ctx, peer(c))
			},
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
	}, nil
}

// answer writes v, or the error's text: both sides are the administrator.
func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // a client that left is no matter
}

func (c *control) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.server.Close() })
	defer stop()
	if err := c.server.Serve(c.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

func (c *control) close() {
	if c != nil {
		c.listener.Close()
	}
}

// controlClient is a [keeper] in another process.
type controlClient struct{ client *http.Client }

// dialControl returns nil when no process serves the socket.
func dialControl(path string) (*controlClient, error) {
	conn, err := net.Dial("unix", path)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("control socket: %w: run this as root or as the milter's user", err)
	} else if err != nil {
		return nil, nil
	}
	conn.Close()
	return &controlClient{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}}, nil
}

// call sends in (nil: nothing) and reads the answer into out (nil: nothing).
func (c *controlClient) call(ctx context.Context, method, path string, in, out any) error {
	body, w := io.Pipe()
	go func() { w.CloseWithError(json.NewEncoder(w).Encode(in)) }()
	defer body.Close()
	r, err := http.NewRequestWithContext(ctx, method, "http://postseal"+path, body)
	if err != nil {
		return err
	}
	if in == nil {
		r.Body = http.NoBody
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, controlLimit))
		return errors.Join(errors.New(strings.TrimSpace(string(text))), err)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

func (c *controlClient) Check(ctx context.Context) (problems []store.Problem, err error) {
	err = c.call(ctx, http.MethodGet, "/check", nil, &problems)
	return problems, err
}

func (c *controlClient) Stats(ctx context.Context) (s store.Stats, err error) {
	err = c.call(ctx, http.MethodGet, "/stats", nil, &s)
	return s, err
}

func (c *controlClient) Compact(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/compact", nil, nil)
}

func (c *controlClient) Backup(ctx context.Context, dir string) error {
	if err := c.call(ctx, http.MethodPost, "/backup", backupRequest{dir}, nil); err != nil {
		return fmt.Errorf("the running milter, which writes the copy: %w", err)
	}
	return nil
}
