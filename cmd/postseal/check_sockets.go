package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store/socket"
)

// checkWait bounds each attempt to reach something.
const checkWait = 3 * time.Second

// checkSockets asks who answers. That nobody does is a warning, since check is
// also run before the first start; the submission service is the MTA's.
func checkSockets(ctx context.Context, r *report, c *config.Config) {
	ctx, cancel := context.WithTimeout(ctx, 4*checkWait)
	defer cancel()
	for _, address := range c.Milter.Listen {
		network, to := "tcp", strings.TrimPrefix(address, "inet:")
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			network, to = "unix", path
		}
		checkDial(ctx, r, "milter", network, to)
	}
	client := socket.NewClient(c.Store.Socket)
	defer client.Close()
	if _, err := os.Stat(c.Store.Socket); err != nil {
		r.warning("store", "nobody serves %s: is the milter running?", c.Store.Socket)
	} else if err := client.Hello(ctx); err != nil {
		r.error("store", "%s: %v", c.Store.Socket, err)
	} else {
		r.ok("store", "%s answers", c.Store.Socket)
	}
	checkDial(ctx, r, "portal", "tcp", c.Portal.Listen)
	checkSubmission(ctx, r, c.Submission)
}

func checkDial(ctx context.Context, r *report, where, network, to string) {
	d := net.Dialer{Timeout: checkWait}
	conn, err := d.DialContext(ctx, network, to)
	switch {
	case errors.Is(err, os.ErrPermission):
		r.error(where, "%s: %v", to, err)
	case err != nil:
		r.warning(where, "nobody answers on %s: is it running?", to)
	default:
		conn.Close()
		r.ok(where, "%s answers", to)
	}
}

func checkSubmission(ctx context.Context, r *report, s config.Submission) {
	d := net.Dialer{Timeout: checkWait}
	conn, err := d.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		r.warning("submission", "%s: %v: notices of several recipients and replies wait until it answers", s.Address, err)
		return
	}
	conn.SetDeadline(time.Now().Add(checkWait))
	// A peek, since the SMTP client does not tell a refusal from silence.
	in := bufio.NewReader(conn)
	if line, err := in.Peek(3); err != nil || string(line) != "220" {
		conn.Close()
		r.error("submission", "%s does not greet with 220: is it an SMTP service?", s.Address)
		return
	}
	client := smtp.NewClient(peekedConn{conn, in})
	defer client.Close()
	if err := client.Hello(helloName(s)); err != nil {
		r.error("submission", "%s: %v", s.Address, err)
		return
	}
	starttls, _ := client.Extension("STARTTLS")
	host, _, err := net.SplitHostPort(s.Address)
	switch {
	case s.TLS == "required" && !starttls:
		r.error("submission", "%s offers no STARTTLS, but submission.tls is \"required\"", s.Address)
	case s.TLS != "required" && err == nil && !isLoopback(host):
		r.warning("submission", "%s is on the network and submission.tls is %q: one-time links could be read on the way; want \"required\"", s.Address, s.TLS)
	default:
		r.ok("submission", "%s answers", s.Address)
	}
	client.Quit()
}

func helloName(s config.Submission) string {
	if s.Hello != "" {
		return s.Hello
	}
	return "localhost"
}

// peekedConn is a connection whose first octets were looked at.
type peekedConn struct {
	net.Conn
	in *bufio.Reader
}

func (c peekedConn) Read(b []byte) (int, error) { return c.in.Read(b) }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func portalHost(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
