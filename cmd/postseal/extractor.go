package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/postseal/postseal/rules/extract"
)

// newExtractor makes the pool of a server and tries it: a system that lets no
// child run is found out at the start and not with the first attachment.
func newExtractor(ctx context.Context, log *slog.Logger) (*extract.Pool, error) {
	pool := extract.NewPool(extract.PoolOptions{Log: log})
	d := extract.Document{Name: "test.txt", DeclaredType: "text/plain", Open: func() io.Reader { return strings.NewReader("test") }}
	result, err := pool.Extract(ctx, d, func(*extract.Text) error { return nil })
	if err == nil && len(result.Unscannable) > 0 {
		err = errors.New(string(result.Unscannable[0]))
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open attachments in a process of its own: %w", err)
	}
	return pool, nil
}

// opener is the pool of a command that reads messages, started with the first
// attachment; Run closes it.
func (a *app) opener() *extract.Pool {
	if a.pool == nil {
		a.pool = extract.NewPool(extract.PoolOptions{})
	}
	return a.pool
}
