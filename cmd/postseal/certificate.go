package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a pair of files that is read again when one of them changed, so
// that a renewal needs no restart. While the new ones can't be read the old
// stays in use.
type certificate struct {
	file, key string
	log       *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	changed [2]time.Time
	looked  time.Time
}

// certificateAge is how old a look at the files may be.
const certificateAge = time.Minute

func newCertificate(file, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{file: file, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("portal certificate: %w", err)
	}
	return c, nil
}

// tlsConfig returns the portal's TLS settings: 1.2 and newer, with Go's choice
// of ciphers.
func (c *certificate) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current(), nil
		},
	}
}

func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > certificateAge {
		if err := c.read(); err != nil {
			c.log.Error("certificate not read again, the old one stays", "error", err)
		}
	}
	return c.pair
}

func (c *certificate) read() error {
	c.looked = time.Now()
	var changed [2]time.Time
	for i, name := range []string{c.file, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	if err != nil {
		return err
	}
	c.pair, c.changed = &pair, changed
	return nil
}
