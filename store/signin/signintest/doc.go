// Package signintest starts what members sign in by, for tests: a real slapd and a
// real OpenID provider (the npm package oidc-provider), each private to the test,
// on a free port of loopback. .ci/install installs them.
package signintest

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long a server may take to start.
const patience = 30 * time.Second

// port returns a free port of loopback.
func port(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// start runs a server until the test ends.
func start(t testing.TB, c *exec.Cmd) io.Reader {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatalf("%v; .ci/install installs it", err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // killed
	})
	return out
}

// waitFor reads lines until one is word, and then drops what follows.
func waitFor(t testing.TB, out io.Reader, word string) {
	t.Helper()
	found := make(chan string, 1)
	go func() {
		var said strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() == word {
				found <- ""
				_, _ = io.Copy(io.Discard, out)
				return
			}
			said.WriteString(lines.Text() + "\n")
		}
		found <- "it ended: " + said.String()
	}()
	select {
	case problem := <-found:
		if problem != "" {
			t.Fatal(problem)
		}
	case <-time.After(patience):
		t.Fatalf("no %q within %s", word, patience)
	}
}

// here is the folder of this package.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
