package tlspolicy

import (
	"context"
	"crypto/x509"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// The certificate usages that SMTP knows (RFC 7672 section 3.1).
const (
	usageTA = 2 // an authority
	usageEE = 3 // the server's own certificate
)

// tlsa looks up the usable TLSA records of a host: validated, with a usage that
// SMTP knows. base is the name that they are for (RFC 7672 section 2.2.3): the one
// behind CNAMEs, else the host's own.
func (r *resolver) tlsa(ctx context.Context, h mailHost, port string) (usable []*dns.TLSA, base string, ttl time.Duration, err error) {
	ttl = maxLife
	if !h.secure {
		return nil, "", ttl, nil // RFC 7672 section 2.2.2: nothing to ask for
	}
	names := []string{h.name}
	if h.alias != "" && h.alias != h.name {
		names = []string{h.alias, h.name}
	}
	for _, name := range names {
		got, err := r.ask(ctx, "_"+port+"._tcp."+name, dns.TypeTLSA)
		if err != nil {
			return nil, "", 0, err
		}
		ttl = min(ttl, got.ttl)
		for _, rr := range got.rrs {
			t := rr.(*dns.TLSA)
			if got.secure && (t.Usage == usageTA || t.Usage == usageEE) && t.Selector <= 1 && t.MatchingType <= 2 && len(usable) < maxTLSA {
				usable = append(usable, t)
			}
		}
		if len(usable) > 0 {
			return usable, name, ttl, nil
		}
	}
	return nil, "", ttl, nil
}

// matchesTLSA reports whether a chain, the server's certificate first, is one of
// those that the records name. names are those of which an authority's certificate
// must name one (RFC 7672 section 3.2.3); the server's own needs no name and no date
// (section 3.1.1).
func matchesTLSA(chain []*x509.Certificate, usable []*dns.TLSA, names []string, now time.Time) bool {
	if len(chain) == 0 {
		return false
	}
	for _, t := range usable {
		if t.Usage == usageEE {
			if t.Verify(chain[0]) == nil {
				return true
			}
			continue
		}
		for _, authority := range chain {
			if t.Verify(authority) != nil {
				continue
			}
			roots := x509.NewCertPool()
			roots.AddCert(authority)
			if checkChain(chain, roots, names, now) == nil {
				return true
			}
		}
	}
	return false
}

// checkChain verifies a chain up to roots, for one of names; ".example.com" is any
// name below it.
func checkChain(chain []*x509.Certificate, roots *x509.CertPool, names []string, now time.Time) error {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now}); err != nil {
		return err
	}
	var err error
	for _, name := range names {
		if below, ok := strings.CutPrefix(name, "."); ok {
			for _, have := range chain[0].DNSNames {
				if strings.HasSuffix(strings.ToLower(have), "."+below) {
					return nil
				}
			}
			continue
		}
		if err = chain[0].VerifyHostname(name); err == nil {
			return nil
		}
	}
	if err == nil {
		err = errCertificateName
	}
	return err
}
