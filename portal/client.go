package portal

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress returns the browser's IP address as text. X-Forwarded-For is
// read from its right end, as far as each hop is a trusted proxy; what a client
// itself wrote there is never believed.
func (p *portal) clientAddress(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	address := peer.Addr().Unmap()
	var hops []string
	for _, h := range r.Header.Values("X-Forwarded-For") {
		hops = append(hops, strings.Split(h, ",")...)
	}
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-20 && p.trusted(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address.String()
}

func (p *portal) trusted(a netip.Addr) bool {
	for _, n := range p.proxies {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// limitKey is what the limits count by: an IPv4 address, or the /64 of an IPv6
// address, which one subscriber has whole.
func limitKey(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil || a.Is4() {
		return client
	}
	n, err := a.Prefix(64)
	if err != nil {
		return client
	}
	return n.String()
}
