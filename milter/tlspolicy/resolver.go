package tlspolicy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// How one question to the resolver is bounded.
const (
	askTime  = 4 * time.Second
	askTries = 2
)

// The bounds of what a domain can make us look at.
const (
	maxHosts     = 8 // mail servers, the preferred ones
	maxAddresses = 3 // of one
	maxTLSA      = 16
)

// resolver asks one DNS server, which recurses and validates.
type resolver struct {
	server  string // host:port
	trusted bool   // its AD bit is believed
}

// records are the answer to one question. None is an answer too.
type records struct {
	rrs    []dns.RR // of the type asked for
	exists bool     // the name
	secure bool     // validated, also that there is none
	ttl    time.Duration
	alias  string // the name that the records belong to, behind CNAMEs
}

// ask returns the records of a name. An error means that nothing is known.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) (records, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, true)
	q.AuthenticatedData = true // RFC 6840 section 5.7: we understand the bit
	q.RecursionDesired = true
	var reply *dns.Msg
	var err error
	for range askTries {
		if reply, err = r.exchange(ctx, q); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return records{}, fmt.Errorf("look up %s %s: %w", name, dns.TypeToString[kind], err)
	}
	switch reply.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	default:
		return records{}, fmt.Errorf("look up %s %s: %s", name, dns.TypeToString[kind], dns.RcodeToString[reply.Rcode])
	}
	out := records{
		exists: reply.Rcode == dns.RcodeSuccess,
		secure: r.trusted && reply.AuthenticatedData,
		ttl:    maxLife, alias: dns.CanonicalName(name),
	}
	for _, rr := range reply.Answer {
		h := rr.Header()
		out.ttl = min(out.ttl, time.Duration(h.Ttl)*time.Second)
		if h.Rrtype == kind {
			out.rrs = append(out.rrs, rr)
			out.alias = dns.CanonicalName(h.Name)
		}
	}
	for _, rr := range reply.Ns { // RFC 2308 section 5
		if soa, ok := rr.(*dns.SOA); ok && len(out.rrs) == 0 {
			out.ttl = min(out.ttl, time.Duration(min(soa.Minttl, soa.Hdr.Ttl))*time.Second)
		}
	}
	return out, nil
}

func (r *resolver) exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c := &dns.Client{Net: "udp", Timeout: askTime}
	reply, _, err := c.ExchangeContext(ctx, q, r.server)
	if err == nil && reply.Truncated {
		c.Net = "tcp"
		reply, _, err = c.ExchangeContext(ctx, q, r.server)
	}
	return reply, err
}

// mailHost is one mail server of a domain.
type mailHost struct {
	name      string
	alias     string // behind CNAMEs
	addresses []netip.Addr
	secure    bool // the addresses were validated
}

// mailHosts are the servers of a domain, the preferred ones first.
type mailHosts struct {
	hosts  []mailHost
	secure bool // it was validated that these are the servers
	ttl    time.Duration
}

var (
	errNoMail = errors.New("the domain takes no mail")
	errNoHost = errors.New("no mail server has an address")
	errName   = errors.New("not a domain name")
)

// mail finds the mail servers of a destination (RFC 5321 section 5.1). The
// addresses of hosts are not yet there.
func (r *resolver) mail(ctx context.Context, d destination) (mailHosts, error) {
	if d.host {
		return mailHosts{hosts: []mailHost{{name: d.name}}, secure: true, ttl: maxLife}, nil
	}
	mx, err := r.ask(ctx, d.name, dns.TypeMX)
	if err != nil {
		return mailHosts{}, err
	}
	out := mailHosts{secure: mx.secure, ttl: mx.ttl}
	slices.SortStableFunc(mx.rrs, func(a, b dns.RR) int { return cmp.Compare(a.(*dns.MX).Preference, b.(*dns.MX).Preference) })
	for _, rr := range mx.rrs {
		name := strings.ToLower(strings.TrimSuffix(rr.(*dns.MX).Mx, "."))
		if name == "" {
			return out, errNoMail // RFC 7505
		}
		if hostname(name) && len(out.hosts) < maxHosts {
			out.hosts = append(out.hosts, mailHost{name: name})
		}
	}
	if len(mx.rrs) == 0 && mx.exists {
		out.hosts = []mailHost{{name: d.name}}
	}
	if len(out.hosts) == 0 {
		return out, errNoMail
	}
	return out, nil
}

// locate looks up a host's addresses.
func (r *resolver) locate(ctx context.Context, h *mailHost) error {
	if a, err := netip.ParseAddr(h.name); err == nil {
		h.addresses = []netip.Addr{a}
		return nil
	}
	h.secure = true
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		got, err := r.ask(ctx, h.name, kind)
		if err != nil {
			return err
		}
		h.alias = strings.TrimSuffix(got.alias, ".")
		if len(got.rrs) == 0 {
			continue
		}
		h.secure = h.secure && got.secure
		for _, rr := range got.rrs {
			var ip net.IP
			switch rr := rr.(type) {
			case *dns.A:
				ip = rr.A
			case *dns.AAAA:
				ip = rr.AAAA
			}
			if a, ok := netip.AddrFromSlice(ip); ok && len(h.addresses) < maxAddresses {
				h.addresses = append(h.addresses, a.Unmap())
			}
		}
	}
	h.secure = h.secure && len(h.addresses) > 0
	return nil
}

// hostname reports whether s is a name as hosts have it (RFC 1123 section 2.1,
// with the underscores that are in use).
func hostname(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
		}) {
			return false
		}
	}
	return true
}
