package tlspolicy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/miekg/dns"
	"golang.org/x/sync/singleflight"
)

// Options configure [New]. All have defaults.
type Options struct {
	// Resolver is the host:port of the DNS server; "" is the first of
	// /etc/resolv.conf. The AD bit of one that is named here is believed; of the
	// system's only if it is on this machine.
	Resolver string
	// Roots are the authorities whose certificates are good; nil: the system's.
	// Postfix has a list of its own (smtp_tls_CAfile), which should be the same.
	Roots *x509.CertPool
	// Hello is our name in EHLO; "" is the name of the machine.
	Hello string
	// NoDANE is for a Postfix that does not validate (smtp_dns_support_level is not
	// "dnssec"): to want DANE from it would make mail wait for ever.
	NoDANE bool
	// Ports of mail servers and of the web servers with MTA-STS policies; "25" and
	// "443".
	SMTPPort, HTTPSPort string
	// Log gets what went wrong; nil: discarded.
	Log *slog.Logger
	// Now is the clock; nil: [time.Now].
	Now func() time.Time
}

// The bounds of a prober.
const (
	maxKept    = 10_000 // results and policies in memory, each; the oldest go
	maxProbes  = 32     // at once, more wait
	maxWaiting = 1000   // that wait or run; more are not begun
	probeTime  = 40 * time.Second
	maxLife    = time.Hour       // of a result, however long DNS says
	minLife    = time.Minute     // however short
	lesserLife = 5 * time.Minute // of a result that is less than verified
	doubtLife  = 30 * time.Second
)

// A Prober finds out how destinations can be reached. Its methods may be used by
// several goroutines.
type Prober struct {
	options  Options
	resolver *resolver
	web      *http.Client
	results  *lru.Cache[string, Result]
	policies *lru.Cache[string, keptPolicy]
	proofs   *lru.Cache[string, Proof]
	flights  singleflight.Group
	slots    chan struct{}
	waiting  atomic.Int64
}

// New returns a prober. The error says what is wrong with the resolver.
func New(o Options) (*Prober, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SMTPPort == "" {
		o.SMTPPort = "25"
	}
	if o.HTTPSPort == "" {
		o.HTTPSPort = "443"
	}
	if o.Hello == "" {
		o.Hello = "localhost"
		if name, err := os.Hostname(); err == nil && hostname(name) {
			o.Hello = name
		}
	}
	r, err := newResolver(o.Resolver)
	if err != nil {
		return nil, err
	}
	p := &Prober{options: o, resolver: r, slots: make(chan struct{}, maxProbes)}
	for _, err := range []error{
		keep(&p.results), keep(&p.policies), keep(&p.proofs),
	} {
		if err != nil {
			return nil, err
		}
	}
	p.web = &http.Client{
		Transport: &http.Transport{
			DialContext:       p.dialWeb,
			TLSClientConfig:   &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		// RFC 8461 section 3.3: redirects are not followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       fetchTime,
	}
	return p, nil
}

func keep[T any](c **lru.Cache[string, T]) (err error) {
	*c, err = lru.New[string, T](maxKept)
	return err
}

func newResolver(server string) (*resolver, error) {
	if server != "" {
		if _, _, err := net.SplitHostPort(server); err != nil {
			return nil, fmt.Errorf("resolver: %w", err)
		}
		return &resolver{server, true}, nil
	}
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	if len(c.Servers) == 0 {
		return nil, errors.New("resolver: /etc/resolv.conf names none")
	}
	a, err := netip.ParseAddr(c.Servers[0])
	return &resolver{net.JoinHostPort(c.Servers[0], c.Port), err == nil && a.IsLoopback()}, nil
}

// dialWeb connects to a web server by our own resolver and port.
func (p *Prober) dialWeb(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	h := mailHost{name: host}
	if err := p.resolver.locate(ctx, &h); err != nil {
		return nil, err
	}
	err = errNoHost
	for _, a := range h.addresses {
		var d net.Dialer
		var c net.Conn
		if c, err = d.DialContext(ctx, network, net.JoinHostPort(a.String(), p.options.HTTPSPort)); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// Probe says what a destination (a domain, or as [Maps.Lookup]) offers. It waits
// until ctx ends at the most; then the result is unknown, and the probe goes on for
// those who ask later.
func (p *Prober) Probe(ctx context.Context, domain string) Result {
	d := parseDestination(domain)
	key := d.String()
	if r, ok := p.results.Get(key); ok && p.options.Now().Before(r.Until) {
		return r
	}
	done := p.flights.DoChan("probe "+key, func() (any, error) { return p.probeOnce(d, key), nil })
	select {
	case r := <-done:
		if result, ok := r.Val.(Result); ok {
			return result
		}
		return Result{Domain: d.name, Why: "internal error"}
	case <-ctx.Done():
		return Result{Domain: d.name, Why: "not known in time"}
	}
}

// Ahead starts a probe for a Probe that may follow.
func (p *Prober) Ahead(domain string) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.Probe(ctx, domain)
}

// probeOnce probes and keeps the result.
func (p *Prober) probeOnce(d destination, key string) (r Result) {
	defer func() {
		if recover() != nil {
			p.options.Log.Error("panic in the check of a destination", "domain", d.name)
			r = Result{Domain: d.name, Why: "internal error"}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	busy := Result{Domain: d.name, Why: "too much to do"}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > maxWaiting {
		return busy
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return busy
	}
	r = p.probe(ctx, d)
	r.Until = p.options.Now().Add(r.life())
	p.results.Add(key, r)
	p.options.Log.Debug("destination checked", "domain", d.name, "offers", r.Strength.String(), "by", string(r.Proof.Method), "why", r.Why)
	return r
}

// life is how long a result is good.
func (r Result) life() time.Duration {
	most := maxLife
	switch r.Strength {
	case Unknown:
		return doubtLife
	case None, Encrypted:
		most = lesserLife
	}
	return min(max(r.Proof.ttl, minLife), most)
}
