package main

import (
	"io"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestServersOutliveHangup(t *testing.T) {
	for _, name := range []string{"milter", "portal", "serve"} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { signal.Reset(syscall.SIGHUP) })
			missing := filepath.Join(t.TempDir(), "postseal.toml")
			if status := Run(t.Context(), []string{name, "--config", missing}, Stdio{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}); status != 1 {
				t.Errorf("status %d without a configuration, want 1", status)
			}
			if !signal.Ignored(syscall.SIGHUP) {
				t.Error("SIGHUP would end it")
			}
		})
	}
}
