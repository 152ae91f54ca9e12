package tlspolicy

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postseal/postseal/rules"
)

// A Strength is how well a destination can be reached. Each includes those before.
type Strength int

const (
	Unknown   Strength = iota // it could not be found out
	None                      // in clear alone, or not at all
	Encrypted                 // encrypted, to whoever is there
	Verified                  // encrypted, and it proved that it is the right one
)

func (s Strength) String() string {
	switch s {
	case None:
		return "none"
	case Encrypted:
		return "encrypt"
	case Verified:
		return "verified"
	}
	return "unknown"
}

// Meets reports whether a level can be had. Unknown meets none.
func (s Strength) Meets(l rules.TLSLevel) bool {
	switch l {
	case rules.TLSEncrypt:
		return s >= Encrypted
	case rules.TLSVerified:
		return s >= Verified
	}
	return true
}

// A Result is what a destination offers. With several servers it is what all those
// offer that answer: whichever of them Postfix takes will do.
type Result struct {
	Domain   string
	Strength Strength
	Proof    Proof  // what it is or would be verified by
	Why      string // why not better, in words; "" if it is verified
	Hosts    []Host // the servers that were visited
	Until    time.Time
}

// A Host is what one mail server offers.
type Host struct {
	Name     string   `json:"name"`
	Strength Strength `json:"-"`
	TLS      string   `json:"tls,omitempty"` // "TLS 1.3"; "" without
	Why      string   `json:"why,omitempty"` // why not better
}

// probe looks up the proof and visits the servers.
func (p *Prober) probe(ctx context.Context, d destination) Result {
	r := Result{Domain: d.name}
	proof, err := p.Proof(ctx, d.String())
	switch {
	case none(err), errors.Is(err, errName):
		r.Strength, r.Why = None, err.Error()
		return r
	case err != nil:
		r.Why = err.Error()
		return r
	}
	r.Proof = proof
	r.Hosts = p.visitAll(ctx, d, proof)
	for i, h := range r.Hosts {
		if i == 0 || h.Strength != Unknown && (r.Strength == Unknown || h.Strength < r.Strength) {
			r.Strength, r.Why = h.Strength, ""
			if h.Why != "" {
				r.Why = h.Name + ": " + h.Why
			}
		}
	}
	return r
}

// visitAll visits a domain's servers, all at once.
func (p *Prober) visitAll(ctx context.Context, d destination, proof Proof) []Host {
	servers := proof.servers
	if proof.Method == DANE {
		// Postfix skips the others, too.
		servers = slices.DeleteFunc(slices.Clone(servers), func(s server) bool { return len(s.usable) == 0 })
	}
	hosts := make([]Host, len(servers))
	var work errgroup.Group
	for i, s := range servers {
		work.Go(func() error {
			hosts[i] = p.judge(ctx, d, proof, s)
			return nil
		})
	}
	work.Wait()
	return hosts
}

// judge visits one server at the first of its addresses that answers.
func (p *Prober) judge(ctx context.Context, d destination, proof Proof, s server) Host {
	h := Host{Name: s.name, Why: "has no address"}
	port := d.port
	if port == "" {
		port = p.options.SMTPPort
	}
	for _, a := range s.addresses {
		v, err := p.visit(ctx, s.name, a, port)
		if err != nil {
			h.Why = "not reached: " + err.Error()
			continue
		}
		if v.fault != nil {
			h.Strength, h.Why = None, v.fault.Error()
			return h
		}
		h.TLS = tls.VersionName(v.version)
		if err := p.verify(d, proof, s, v); err != nil {
			h.Strength, h.Why = Encrypted, err.Error()
		} else {
			h.Strength, h.Why = Verified, ""
		}
		return h
	}
	return h
}

var (
	errTLSA = errors.New("the certificate is none of those in the TLSA records")
	errMX   = errors.New("the MTA-STS policy does not allow this server")
)

// verify judges what a server showed by the domain's proof.
func (p *Prober) verify(d destination, proof Proof, s server, v visit) error {
	now := p.options.Now()
	switch {
	case len(v.chain) == 0:
		return errCertificateName
	case proof.Method == DANE:
		if !matchesTLSA(v.chain, s.usable, []string{s.base, s.name, d.name}, now) {
			return errTLSA
		}
		return nil
	case proof.Method == MTASTS && !proof.sts.allows(s.name):
		return errMX
	}
	return checkChain(v.chain, p.options.Roots, proof.names(), now)
}
