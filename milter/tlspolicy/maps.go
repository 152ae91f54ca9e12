package tlspolicy

import (
	"context"
	"net"
	"strings"

	"golang.org/x/net/idna"

	"github.com/postseal/postseal/rules"
)

// The names of the maps.
const (
	MapRules    = "rules"    // what rules want for a destination as a whole
	MapEncrypt  = "encrypt"  // every destination is to be encrypted, and more if rules want that
	MapVerified = "verified" // every destination is to be verified
)

// Maps are what Postfix's smtp_tls_policy_maps ask.
type Maps struct {
	// Level is what all mail to a domain has to be delivered with, "" for nothing.
	Level  func(domain string) rules.TLSLevel
	Prober *Prober
}

// Lookup answers in the words of smtp_tls_policy_maps (postconf(5)). Postfix asks
// for the destination as it is routed: a domain, "[host]", "host:port" or
// "[host]:port", and after a domain for its parents, as ".example.com".
func (m Maps) Lookup(ctx context.Context, name, key string) (string, bool, error) {
	level := rules.TLSMay
	switch name {
	case MapRules:
		if strings.HasPrefix(key, ".") {
			return "", false, nil // what holds for the domain itself was said before
		}
		level = m.Level(parseDestination(key).name)
	case MapEncrypt:
		level = rules.TLSEncrypt
		if all := m.Level(parseDestination(key).name); all.AtLeast(level) {
			level = all
		}
	case MapVerified:
		level = rules.TLSVerified
	default:
		return "", false, ErrNoTable
	}
	switch level {
	case rules.TLSEncrypt:
		return "encrypt", true, nil
	case rules.TLSVerified:
		p, err := m.Prober.Proof(ctx, strings.TrimPrefix(key, "."))
		if err != nil {
			return "", false, err
		}
		return p.postfix(), true, nil
	}
	return "", false, nil
}

// A destination is where a message goes next.
type destination struct {
	name string // in lower case, without brackets and a final dot
	port string // "" for the usual one
	host bool   // a host: there is no MX lookup
}

func parseDestination(s string) destination {
	d := destination{name: s}
	if rest, ok := strings.CutPrefix(s, "["); ok {
		d.host = true
		d.name, s, _ = strings.Cut(rest, "]")
		d.port = strings.TrimPrefix(s, ":")
	} else if host, port, err := net.SplitHostPort(s); err == nil {
		d.name, d.port = host, port
	}
	d.name = strings.TrimPrefix(d.name, "IPv6:")
	d.name = strings.ToLower(strings.TrimSuffix(d.name, "."))
	if a, err := idna.Lookup.ToASCII(d.name); err == nil {
		d.name = a
	}
	return d
}

// postfix is the proof as smtp_tls_policy_maps want it. The names are spelled
// out, for Postfix would take "hostname" from an MX record that it did not check.
func (p Proof) postfix() string {
	if p.Method == DANE {
		return "dane-only"
	}
	return "secure match=" + strings.Join(p.names(), ":") + " servername=hostname"
}
