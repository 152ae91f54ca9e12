package mailnet

import (
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// A DNS is a server that knows a few names. Like a resolver that validates, it
// sets the AD bit for names in zones that are signed.
type DNS struct {
	addr    string
	servers []*dns.Server

	mu     sync.Mutex
	rrs    map[string][]dns.RR // by name, in lower case
	signed []string            // zones
	broken []string            // zones about which it fails
	asked  map[string]int      // "name TYPE"
}

// NewDNS listens on host:port, by UDP and TCP. With the port 0 it takes a free one.
func NewDNS(address string) (*DNS, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	d := &DNS{addr: l.Addr().String(), rrs: map[string][]dns.RR{}, asked: map[string]int{}}
	p, err := net.ListenPacket("udp", d.addr)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("dns: %w", err)
	}
	d.servers = []*dns.Server{{Listener: l, Handler: d}, {PacketConn: p, Handler: d}}
	for _, s := range d.servers {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe() // returns at Shutdown
		<-started
	}
	return d, nil
}

// Addr is the host:port it listens on.
func (d *DNS) Addr() string { return d.addr }

// Close stops it.
func (d *DNS) Close() {
	for _, s := range d.servers {
		s.Shutdown()
	}
}

// Add takes records in the form of zone files, such as
// "example.com. 60 MX 10 mx.example.com.".
func (d *DNS) Add(records ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			return fmt.Errorf("dns: %q: %w", text, err)
		}
		name := dns.CanonicalName(rr.Header().Name)
		d.rrs[name] = append(d.rrs[name], rr)
	}
	return nil
}

// Remove takes the records of a name away.
func (d *DNS) Remove(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rrs, dns.CanonicalName(name))
}

// Sign makes a zone, with all that is below it, signed.
func (d *DNS) Sign(zone string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.signed = append(d.signed, dns.CanonicalName(zone))
}

// Break makes every answer about a zone SERVFAIL.
func (d *DNS) Break(zone string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = append(d.broken, dns.CanonicalName(zone))
}

// Asked is how often a record was asked for, as "example.com. MX".
func (d *DNS) Asked(question string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[question]
}

// ServeDNS answers one query.
func (d *DNS) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := new(dns.Msg)
	r.SetReply(q)
	r.RecursionAvailable = true
	name := dns.CanonicalName(q.Question[0].Name)
	kind := q.Question[0].Qtype
	d.asked[name+" "+dns.TypeToString[kind]]++
	secure := within(name, d.signed)
	switch {
	case within(name, d.broken):
		r.Rcode = dns.RcodeServerFailure
	case d.rrs[name] == nil && !d.above(name):
		r.Rcode = dns.RcodeNameError
	default:
		for _, rr := range d.rrs[name] {
			if alias, ok := rr.(*dns.CNAME); ok && kind != dns.TypeCNAME {
				target := dns.CanonicalName(alias.Target)
				secure = secure && within(target, d.signed)
				r.Answer = append(r.Answer, rr)
				for _, rr := range d.rrs[target] {
					if rr.Header().Rrtype == kind {
						r.Answer = append(r.Answer, rr)
					}
				}
			} else if rr.Header().Rrtype == kind {
				r.Answer = append(r.Answer, rr)
			}
		}
	}
	edns := q.IsEdns0()
	if edns != nil {
		r.SetEdns0(1232, edns.Do())
	}
	r.AuthenticatedData = secure && r.Rcode != dns.RcodeServerFailure && (q.AuthenticatedData || edns != nil && edns.Do())
	w.WriteMsg(r)
}

// above reports whether there are names below name.
func (d *DNS) above(name string) bool {
	for have := range d.rrs {
		if strings.HasSuffix(have, "."+name) {
			return true
		}
	}
	return false
}

func within(name string, zones []string) bool {
	for _, z := range zones {
		if name == z || strings.HasSuffix(name, "."+z) {
			return true
		}
	}
	return false
}
