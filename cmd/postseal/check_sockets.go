package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store/socket"
)

// checkWait bounds each attempt to reach something.
const checkWait = 3 * time.Second

// checkSockets asks who answers. That nobody does is a warning, unless running,
// since check is also run before the first start; the submission service is the
// MTA's.
func checkSockets(ctx context.Context, r *report, c *config.Config, running bool) {
	silent := levelWarning
	if running {
		silent = levelError
	}
	ctx, cancel := context.WithTimeout(ctx, 4*checkWait)
	defer cancel()
	dial := func(where, address string, greet func(net.Conn) error) {
		network, to := "tcp", strings.TrimPrefix(address, "inet:")
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			network, to = "unix", path
		}
		checkDial(ctx, r, silent, where, network, to, greet)
	}
	for _, address := range c.Milter.Listen {
		dial("milter", address, greetMilter)
	}
	if c.TLS.Outgoing == "postfix" {
		dial("policies", c.TLS.PolicySocket, greetPolicies)
	}
	client := socket.NewClient(c.Store.Socket)
	defer client.Close()
	if _, err := os.Stat(c.Store.Socket); err != nil {
		r.add(silent, "store", "nobody serves %s: is the milter running?", c.Store.Socket)
	} else if err := client.Hello(ctx); err != nil {
		r.error("store", "%s: %v", c.Store.Socket, err)
	} else {
		r.ok("store", "%s answers", c.Store.Socket)
	}
	checkDial(ctx, r, silent, "portal", "tcp", c.Portal.Listen, func(conn net.Conn) error { return greetPortal(conn, c.Portal) })
	checkSubmission(ctx, r, c)
}

// checkDial connects and greets, as whoever is meant to connect does.
func checkDial(ctx context.Context, r *report, silent, where, network, to string, greet func(net.Conn) error) {
	d := net.Dialer{Timeout: checkWait}
	conn, err := d.DialContext(ctx, network, to)
	switch {
	case errors.Is(err, os.ErrPermission):
		r.error(where, "%s: %v", to, err)
	case err != nil:
		r.add(silent, where, "nobody answers on %s: is it running?", to)
	default:
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(checkWait))
		if err := greet(conn); err != nil {
			r.error(where, "somebody listens on %s, but does not answer as the %s does: %v", to, where, err)
			return
		}
		r.ok(where, "%s answers", to)
	}
}

// greetMilter negotiates as an MTA does that offers nothing and asks for nothing:
// SMFIC_OPTNEG with version 6, and a packet of the same kind for an answer.
func greetMilter(conn net.Conn) error {
	const negotiate = 'O'
	hello := []byte{0, 0, 0, 13, negotiate, 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff}
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	if head[4] != negotiate {
		return errors.New("no milter protocol")
	}
	rest := int64(binary.BigEndian.Uint32(head[:4])) - 1
	if _, err := io.CopyN(io.Discard, conn, rest); err != nil {
		return err
	}
	_, err := conn.Write([]byte{0, 0, 0, 1, 'Q'}) // SMFIC_QUIT
	return err
}

// greetPolicies asks for the policy of a destination that no rule is about, as
// Postfix does (socketmap_table(5)).
func greetPolicies(conn net.Conn) error {
	if _, err := io.WriteString(conn, "7:rules .,"); err != nil {
		return err
	}
	const want = "9:NOTFOUND ,"
	answer := make([]byte, len(want))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != want {
		return errors.New("no socketmap protocol")
	}
	return nil
}

// greetPortal asks for the portal's health. The certificate is looked at apart.
func greetPortal(conn net.Conn, p config.Portal) error {
	if p.Certificate != "" {
		conn = tls.Client(conn, &tls.Config{ServerName: portalHost(p.URL), InsecureSkipVerify: true})
	}
	q, err := http.NewRequest(http.MethodGet, "http://"+portalHost(p.URL)+"/healthz", http.NoBody)
	if err != nil {
		return err
	}
	if err := q.Write(conn); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz says %s", answer.Status)
	}
	return nil
}

func checkSubmission(ctx context.Context, r *report, c *config.Config) {
	s := c.Submission
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
	case !starttls && !clearMayEnter(c.TLS, conn.LocalAddr()):
		r.error("submission", "%s offers no STARTTLS, and tls.incoming refuses Postseal's own mail without it: want %s in tls.incoming_exempt",
			s.Address, config.Quote(hostOf(conn.LocalAddr())))
	default:
		r.ok("submission", "%s answers", s.Address)
	}
	client.Quit()
}

// clearMayEnter reports whether mail from a client may come in without TLS.
func clearMayEnter(t config.TLS, client net.Addr) bool {
	ip, err := netip.ParseAddr(hostOf(client))
	exempt, _ := t.Exempt()
	return t.Incoming != "required" || err == nil && slices.ContainsFunc(exempt, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

func hostOf(a net.Addr) string {
	host, _, _ := net.SplitHostPort(a.String())
	return host
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
