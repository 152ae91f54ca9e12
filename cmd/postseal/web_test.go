package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/socket"
)

// nobody is an owner that is never asked.
type nobody struct{ socket.Owner }

// webConfig is a configuration for a portal on a free port, with keys.
func webConfig(t *testing.T) *config.Config {
	t.Helper()
	c := config.Default()
	c.InternalDomains = []string{"example.com"}
	c.Keys.Dir = filepath.Join(t.TempDir(), "keys")
	c.Portal.URL = "https://pickup.example.com"
	c.Portal.Listen = "127.0.0.1:0"
	if _, err := keys.Create(c.Keys.Dir, false); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWebTLS serves the portal with certificate files of its own, and ends in
// order.
func TestWebTLS(t *testing.T) {
	c := webConfig(t)
	c.Portal.Certificate, c.Portal.Key = writePair(t, t.TempDir(), "pickup.example.com", 1)
	w, err := newWeb(c, nobody{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()

	pem, err := os.ReadFile(c.Portal.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	get := func(version uint16) (*http.Response, error) {
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: pool, ServerName: "pickup.example.com", MaxVersion: version,
		}}}
		defer client.CloseIdleConnections()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+w.listener.Addr().String()+"/code", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "pickup.example.com"
		return client.Do(r)
	}
	answer, err := get(tls.VersionTLS13)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("/code: %v %v", answer, err)
	}
	if _, err := get(tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

// TestRecoveryKeyMissing: online recovery without its key is found at start.
func TestRecoveryKeyMissing(t *testing.T) {
	c := webConfig(t)
	if err := os.Remove(filepath.Join(c.Keys.Dir, keys.RecoveryFile)); err != nil {
		t.Fatal(err)
	}
	_, err := newWeb(c, nobody{}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), `keys.recovery is "online"`) {
		t.Errorf("got %v", err)
	}
	c.Keys.Recovery = "offline"
	w, err := newWeb(c, nobody{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w.listener.Close()
}
