package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/portal"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/socket"
)

// webDrain is how long requests under way may take when the portal ends.
const webDrain = 15 * time.Second

// web is the portal's side of a process.
type web struct {
	server   *http.Server
	listener net.Listener
	log      *slog.Logger
}

// newWeb makes the portal and opens its listener.
func newWeb(c *config.Config, owner socket.Owner, log *slog.Logger) (*web, error) {
	k, err := keys.LoadPortal(c.Keys.Dir)
	if err != nil {
		return nil, err
	}
	o, err := portalOptions(c, k)
	if err != nil {
		return nil, err
	}
	o.Owner, o.Log = owner, log
	handler, err := portal.New(o)
	if err != nil {
		return nil, err
	}
	w := &web{server: portal.NewServer(handler, log), log: log}
	if w.listener, err = net.Listen("tcp", c.Portal.Listen); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if c.Portal.Certificate != "" {
		cert, err := newCertificate(c.Portal.Certificate, c.Portal.Key, log)
		if err != nil {
			w.listener.Close()
			return nil, err
		}
		w.listener = tls.NewListener(w.listener, cert.tlsConfig())
	}
	return w, nil
}

// run serves until ctx ends and then finishes what is under way.
func (w *web) run(ctx context.Context) error {
	w.log.Info("portal listens", "address", w.listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- w.server.Serve(w.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("portal: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), webDrain)
	defer cancel()
	if err := w.server.Shutdown(drain); err != nil {
		w.server.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("portal: %w", err)
		}
		w.log.Warn("portal closed requests that did not end in time")
	}
	return nil
}

func portalOptions(c *config.Config, k *keys.Portal) (portal.Options, error) {
	o := portal.Options{
		Now:               now,
		SigningKey:        k.Signing,
		RecoveryRecipient: k.RecoveryRecipient,
		Pepper:            k.Pepper,
		URL:               c.Portal.URL,
		TrustedProxies:    c.Portal.Proxies(),
		Members:           external(c),
		PasswordLength:    c.Accounts.PasswordLength,
		DeletedLife:       c.Messages.Deleted,
		ResetTTL:          c.Messages.ResetTTL,
		Brand:             portal.Brand{Name: c.Brand.Name, Colour: c.Brand.Colour, Help: c.Brand.Help},
		Language:          c.Languages.Default,
		Languages:         c.Languages.Domains,
		Limits: portal.Limits{
			// age adds 16 octets to 64 KiB, and a header.
			Payload: c.Limits.Message + c.Limits.Message/1024 + 64<<10,
			Reply:   c.Limits.Reply,
		},
	}
	if c.Keys.Recovery == "online" {
		if k.Recovery == nil {
			return o, fmt.Errorf("keys.recovery is \"online\", but %s is not there: restore it, or set \"offline\"", filepath.Join(c.Keys.Dir, keys.RecoveryFile))
		}
		o.Recovery = k.Recovery
	}
	if c.Brand.Logo != "" {
		logo, err := os.ReadFile(c.Brand.Logo)
		if err != nil {
			return o, fmt.Errorf("brand.logo: %w", err)
		}
		o.Brand.Logo = logo
	}
	return o, nil
}
