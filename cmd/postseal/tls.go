package main

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"strings"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter"
	"github.com/postseal/postseal/milter/tlspolicy"
	"github.com/postseal/postseal/rules"
)

// incomingTLS says which mail has to come in under TLS.
func incomingTLS(c *config.Config) (milter.IncomingTLS, error) {
	t := milter.IncomingTLS{All: c.TLS.Incoming == "required", Authenticated: milter.Authenticated(c.TLS.IncomingAuthenticated)}
	t.Exempt, t.Local = c.TLS.Exempt()
	for _, l := range []struct {
		entries []string
		to      **rules.Addresses
	}{{c.TLS.IncomingSenders, &t.Senders}, {c.TLS.IncomingRecipients, &t.Recipients}} {
		if len(l.entries) == 0 {
			continue
		}
		a, err := rules.ParseAddresses(l.entries, c.InternalDomains)
		if err != nil {
			return t, err
		}
		*l.to = a
	}
	return t, nil
}

// newProber returns what finds out what destinations offer.
func newProber(c *config.Config, log *slog.Logger) (*tlspolicy.Prober, error) {
	roots, err := authorities("tls.ca", c.TLS.CA)
	if err != nil {
		return nil, err
	}
	p, err := tlspolicy.New(tlspolicy.Options{
		Resolver: c.TLS.Resolver, Hello: c.Submission.Hello, NoDANE: !c.TLS.DANE, Roots: roots, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return p, nil
}

// outgoingTLS makes what carries out the TLS levels of rules, if something does.
func (o *owner) outgoingTLS() error {
	if o.config.TLS.Outgoing == "none" {
		return nil
	}
	p, err := newProber(o.config, o.log)
	if err != nil {
		return err
	}
	o.prober = p
	if o.config.TLS.Outgoing == "postfix" {
		o.policies = tlspolicy.NewServer(tlspolicy.Maps{Level: o.levelOf, Prober: p}, o.log)
	}
	return nil
}

// levelOf is the TLS level that Postfix has to deliver with to a domain.
func (o *owner) levelOf(domain string) rules.TLSLevel {
	return milter.DomainLevel(o.rules.Current(), domain)
}

func (o *owner) outgoing() milter.Outgoing {
	if o.prober == nil {
		return milter.Outgoing{}
	}
	return milter.Outgoing{
		By: milter.OutgoingBy(o.config.TLS.Outgoing), Prober: o.prober,
		Wait: o.config.TLS.Wait, RouteAll: o.config.TLS.RouteAll,
	}
}

// listenPolicies opens the socket at which Postfix asks.
func listenPolicies(c *config.Config) (net.Listener, error) {
	var l net.Listener
	var err error
	if path, ok := strings.CutPrefix(c.TLS.PolicySocket, "unix:"); ok {
		l, err = listenUnix(path, fs.FileMode(c.Milter.SocketMode), c.Milter.SocketGroup)
	} else {
		l, err = net.Listen("tcp", strings.TrimPrefix(c.TLS.PolicySocket, "inet:"))
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.TLS.PolicySocket, err)
	}
	return l, nil
}
