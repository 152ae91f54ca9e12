package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
)

// quietConfig names sockets and ports where nobody is.
func quietConfig(t *testing.T) *config.Config {
	dir := shortDir(t)
	c := config.Default()
	c.Milter.Listen = []string{"unix:" + filepath.Join(dir, "m.sock")}
	c.Store.Socket, c.Portal.Listen, c.Submission.Address = filepath.Join(dir, "s.sock"), "127.0.0.1:2", "127.0.0.1:1"
	return c
}

func TestCheckRunning(t *testing.T) {
	for running, want := range map[bool]int{false: 0, true: 3} {
		var r report
		checkSockets(t.Context(), &r, quietConfig(t), running)
		if got := r.count(levelError); got != want {
			t.Errorf("running %v: %d errors, want %d: %+v", running, got, want, r.findings)
		}
	}
}

// serveOnce answers the first connection and closes it.
func serveOnce(t *testing.T, serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		if c, err := l.Accept(); err == nil {
			serve(c)
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestCheckGreets(t *testing.T) {
	healthy := func(status int) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				status = http.StatusNotFound
			}
			w.WriteHeader(status)
		}
	}
	good := httptest.NewServer(http.HandlerFunc(healthy(200)))
	defer good.Close()
	bad := httptest.NewServer(http.HandlerFunc(healthy(502)))
	defer bad.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(healthy(200)))
	defer secure.Close()
	plain := config.Portal{URL: "http://127.0.0.1"}
	portal := func(p config.Portal) func(net.Conn) error {
		return func(c net.Conn) error { return greetPortal(c, p) }
	}
	milter := serveOnce(t, func(c net.Conn) {
		io.ReadFull(c, make([]byte, 17))
		c.Write([]byte{0, 0, 0, 13, 'O', 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0})
		io.ReadFull(c, make([]byte, 5))
	})
	other := serveOnce(t, func(c net.Conn) { c.Write([]byte("220 mx.example.com ESMTP\r\n")) })
	for _, test := range []struct {
		name, to string
		greet    func(net.Conn) error
		level    string
	}{
		{"a portal", good.Listener.Addr().String(), portal(plain), levelOK},
		{"a portal with TLS", secure.Listener.Addr().String(), portal(config.Portal{URL: "https://127.0.0.1", Certificate: "x"}), levelOK},
		{"a portal that is ill", bad.Listener.Addr().String(), portal(plain), levelError},
		{"a milter", milter, greetMilter, levelOK},
		{"no milter", other, greetMilter, levelError},
		{"nobody", "127.0.0.1:2", greetMilter, levelWarning},
	} {
		var r report
		checkDial(context.Background(), &r, levelWarning, "part", "tcp", test.to, test.greet)
		if len(r.findings) != 1 || r.findings[0].Level != test.level {
			t.Errorf("%s: %+v, want %s", test.name, r.findings, test.level)
		}
	}
}

// TestCheckOwnMail: where mail has to come in under TLS, Postseal's own is refused
// unless its service offers that or its address is exempt.
func TestCheckOwnMail(t *testing.T) {
	for _, test := range []struct {
		incoming, exempt, offers, level string
	}{
		{"automatic", "192.0.2.1", "250 OK\r\n", levelOK},
		{"required", "192.0.2.1", "250 OK\r\n", levelError},
		{"required", "192.0.2.1", "250-OK\r\n250 STARTTLS\r\n", levelOK},
		{"required", "127.0.0.0/8", "250 OK\r\n", levelOK},
	} {
		c, r := config.Default(), report{}
		c.TLS.Incoming, c.TLS.IncomingExempt = test.incoming, []string{test.exempt}
		c.Submission.Address = serveOnce(t, func(c net.Conn) {
			c.Write([]byte("220 mx.example.com ESMTP\r\n"))
			in := bufio.NewReader(c)
			in.ReadString('\n')
			c.Write([]byte(test.offers))
			in.ReadString('\n')
			c.Write([]byte("221 bye\r\n"))
		})
		checkSubmission(t.Context(), &r, c)
		if len(r.findings) != 1 || r.findings[0].Level != test.level {
			t.Errorf("%+v: %+v", test, r.findings)
		}
	}
}
