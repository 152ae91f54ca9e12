package tlspolicy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A Method is how a destination proves that it is the right one.
type Method string

const (
	DANE        Method = "dane"
	MTASTS      Method = "mta-sts"
	Certificate Method = "certificate"
)

// A Proof is what a destination has to show to be verified.
type Proof struct {
	Method Method
	// Names are those of which the certificate must name one; ".example.com" is
	// any below it. Empty for DANE.
	Names []string

	servers []server
	sts     stsPolicy
	ttl     time.Duration
	until   time.Time
}

// server is one mail server with its TLSA records.
type server struct {
	mailHost
	usable []*dns.TLSA
	base   string // the name that they are for
}

// names are Names, or one that no certificate has.
func (p Proof) names() []string {
	if len(p.Names) == 0 {
		return []string{"none.invalid"}
	}
	return p.Names
}

// Proof finds out which proof a destination offers, without a visit to its
// servers. An error means that it is not known at present; there is always some
// proof otherwise, be it one that the destination will fail.
func (p *Prober) Proof(ctx context.Context, to string) (Proof, error) {
	d := parseDestination(to)
	key := d.String()
	if kept, ok := p.proofs.Get(key); ok && p.options.Now().Before(kept.until) {
		return kept, nil
	}
	done := p.flights.DoChan("proof "+key, func() (v any, err error) {
		// What came from outside must not end the process: here nobody else recovers.
		defer func() {
			if recover() != nil {
				p.options.Log.Error("panic in the look-up of a destination", "domain", d.name)
				v, err = nil, errInternal
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), probeTime)
		defer cancel()
		return p.prove(ctx, d, key)
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return Proof{}, r.Err
		}
		return r.Val.(Proof), nil
	case <-ctx.Done():
		return Proof{}, ctx.Err()
	}
}

// String is the destination in one spelling.
func (d destination) String() string {
	s := d.name
	if d.host {
		s = "[" + s + "]"
	}
	if d.port != "" {
		s += ":" + d.port
	}
	return s
}

// prove looks everything up. What it returns beside errNoMail and errNoHost has
// the names for a destination that may be there tomorrow.
func (p *Prober) prove(ctx context.Context, d destination, key string) (Proof, error) {
	out := Proof{Method: Certificate}
	if hostname(d.name) {
		out.Names = []string{d.name, "." + d.name}
	} else if !d.host {
		return out, errName
	}
	found, err := p.resolver.mail(ctx, d)
	out.ttl = found.ttl
	if err != nil {
		return out, err
	}
	port := d.port
	if port == "" {
		port = p.options.SMTPPort
	}
	dane := false
	for _, h := range found.hosts {
		if err := p.resolver.locate(ctx, &h); err != nil {
			return out, err
		}
		s := server{mailHost: h}
		if found.secure && !p.options.NoDANE && hostname(h.name) {
			var ttl time.Duration
			if s.usable, s.base, ttl, err = p.resolver.tlsa(ctx, h, port); err != nil {
				return out, err // RFC 7672 section 2.1.2: not the same as none
			}
			out.ttl = min(out.ttl, ttl)
			dane = dane || len(s.usable) > 0
		}
		if found.secure && !d.host && !slices.Contains(out.Names, h.name) {
			out.Names = append(out.Names, h.name)
		}
		out.servers = append(out.servers, s)
	}
	if !slices.ContainsFunc(out.servers, func(s server) bool { return len(s.addresses) > 0 }) {
		return out, errNoHost
	}
	if dane {
		out.Method, out.Names = DANE, nil
	} else if !d.host {
		policy, ok, err := p.sts(ctx, d.name)
		if err != nil {
			return out, fmt.Errorf("MTA-STS: %w", err)
		}
		if ok {
			out.Method, out.Names, out.sts = MTASTS, nil, policy
			for _, pattern := range policy.mx {
				out.Names = append(out.Names, strings.TrimPrefix(pattern, "*"))
			}
		}
	}
	out.until = p.options.Now().Add(min(max(out.ttl, minLife), maxLife))
	p.proofs.Add(key, out)
	return out, nil
}

var errInternal = errors.New("internal error")

// none reports whether an error of prove means that there is nobody to deliver to.
func none(err error) bool { return errors.Is(err, errNoMail) || errors.Is(err, errNoHost) }
