package tlspolicy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/smtp"
	"time"
)

// What a visit to one mail server may take: time, and octets that it says.
const (
	visitTime = 8 * time.Second
	maxVisit  = 256 << 10
)

var errCertificateName = errors.New("the certificate is for another name")

// visit is what a mail server showed.
type visit struct {
	version uint16              // of TLS, 0 without
	chain   []*x509.Certificate // its own certificate first
	fault   error               // why there is no TLS: it offers none, or the handshake failed
}

// visit asks a server for STARTTLS (RFC 3207) and leaves. The error says that it
// was not reached, and nothing of what it offers. The certificate is not judged.
func (p *Prober) visit(ctx context.Context, name string, address netip.Addr, port string) (visit, error) {
	ctx, cancel := context.WithTimeout(ctx, visitTime)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(address.String(), port))
	if err != nil {
		return visit{}, err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	client, err := smtp.NewClient(&bounded{c, maxVisit}, name)
	if err != nil {
		return visit{}, fmt.Errorf("greeting: %w", err)
	}
	if err := client.Hello(p.options.Hello); err != nil {
		return visit{}, fmt.Errorf("EHLO: %w", err)
	}
	if ok, _ := client.Extension("STARTTLS"); !ok {
		client.Quit() // how it ends matters no more
		return visit{fault: errors.New("offers no STARTTLS")}, nil
	}
	config := &tls.Config{
		ServerName: name, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // which proof counts is decided with the whole chain at hand
	}
	if _, err := netip.ParseAddr(name); err == nil {
		config.ServerName = ""
	}
	if err := client.StartTLS(config); err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return visit{}, fmt.Errorf("STARTTLS: %w", err)
		}
		return visit{fault: fmt.Errorf("STARTTLS: %w", err)}, nil
	}
	state, _ := client.TLSConnectionState()
	client.Quit()
	return visit{version: state.Version, chain: state.PeerCertificates}, nil
}

// bounded is a connection that takes so many octets and no more: net/smtp reads
// lines of any length.
type bounded struct {
	net.Conn
	left int
}

var errTalkative = errors.New("the server says too much")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
