package e2e

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/tlspolicy/mailnet"
)

// A tlsWorld is a piece of the mail world with destinations that offer different
// things, on loopback addresses of its own.
type tlsWorld struct {
	dir       string
	net       string // "127.1.2."
	dns       *mailnet.DNS
	ca        *mailnet.CA
	receivers map[string]*mailnet.Receiver // by domain
}

// newTLSWorld starts DNS and an authority.
func newTLSWorld(t *testing.T) *tlsWorld {
	t.Helper()
	w := &tlsWorld{
		net:       fmt.Sprintf("127.%d.%d.", 64+rand.IntN(128), rand.IntN(250)),
		receivers: map[string]*mailnet.Receiver{},
	}
	var err error
	if w.dir, err = os.MkdirTemp("", "postseal-tls-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(w.dir) })
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if w.dns, err = mailnet.NewDNS(w.net + "53:53"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.dns.Close)
	if w.ca, err = mailnet.NewCA(); err != nil {
		t.Fatal(err)
	}
	w.add(t, ". 3600 NS ns.example.") // Postfix tries the resolver with it
	w.dns.Sign(".")
	w.file(t, "ca.pem", string(w.ca.PEM()))
	w.file(t, "resolv.conf", "nameserver "+w.net+"53\noptions trust-ad edns0\n")
	w.file(t, "route", "/^X-Postseal-TLS: *encrypt$/ FILTER postseal-encrypt:\n/^X-Postseal-TLS: *verified$/ FILTER postseal-verified:\n")
	w.file(t, "strip", "/^X-Postseal-TLS:/ IGNORE\n")
	return w
}

func (w *tlsWorld) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (w *tlsWorld) add(t *testing.T, records ...string) {
	t.Helper()
	if err := w.dns.Add(records...); err != nil {
		t.Fatal(err)
	}
}

// destination starts the mail server of a domain, mx.domain, and gives the
// subdomains named to it as well.
func (w *tlsWorld) destination(t *testing.T, domain string, certificate *tls.Certificate, subdomains ...string) {
	t.Helper()
	ip := fmt.Sprintf("%s%d", w.net, 60+len(w.receivers))
	r, err := mailnet.NewReceiver(ip+":25", certificate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w.receivers[domain] = r
	mx := "mx." + domain + "."
	w.add(t, mx+" 300 A "+ip, domain+". 300 MX 10 "+mx)
	for _, s := range subdomains {
		w.add(t, s+"."+domain+". 300 MX 10 "+mx)
	}
}

// issue makes a certificate of the authority's.
func (w *tlsWorld) issue(t *testing.T, until time.Duration, names ...string) *tls.Certificate {
	t.Helper()
	c, err := w.ca.Issue(time.Now().Add(until), names...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func selfSigned(t *testing.T, names ...string) *tls.Certificate {
	t.Helper()
	c, err := mailnet.SelfSigned(time.Now().Add(time.Hour), names...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dane names a server's certificate in a TLSA record, in a signed zone.
func (w *tlsWorld) dane(t *testing.T, domain string, c *tls.Certificate) {
	t.Helper()
	r := &dns.TLSA{Hdr: dns.RR_Header{Name: "_25._tcp.mx." + domain + ".", Rrtype: dns.TypeTLSA, Class: dns.ClassINET, Ttl: 300}}
	if err := r.Sign(3, 1, 1, c.Leaf); err != nil {
		t.Fatal(err)
	}
	w.add(t, r.String())
	w.dns.Sign(domain)
}

// site starts a site that delivers to these destinations, set up as
// postfix.conf.example says.
func (w *tlsWorld) site(t *testing.T, rules string, main map[string]string) *Site {
	t.Helper()
	socket := filepath.Join(w.dir, "tls.sock")
	mapOf := func(name string) string { return "socketmap:unix:" + socket + ":" + name }
	strip := " -o smtp_header_checks=regexp:" + filepath.Join(w.dir, "strip")
	o := SiteOptions{
		Rules:      rules,
		ResolvConf: filepath.Join(w.dir, "resolv.conf"),
		Set: map[string]string{
			"tls.outgoing":      config.Quote("postfix"),
			"tls.policy_socket": config.Quote("unix:" + socket),
			"tls.resolver":      config.Quote(w.dns.Addr()),
			"tls.ca":            config.Quote(filepath.Join(w.dir, "ca.pem")),
			"tls.wait":          config.Quote("20s"), // two processors for all of this
		},
		Main: map[string]string{
			"default_transport":       "smtp",
			"smtp_dns_support_level":  "dnssec",
			"smtp_host_lookup":        "dns",
			"smtp_tls_security_level": "may",
			"smtp_tls_policy_maps":    mapOf("rules"),
			"smtp_tls_CAfile":         filepath.Join(w.dir, "ca.pem"),
			"smtp_tls_loglevel":       "1",
			"milter_header_checks":    "regexp:" + filepath.Join(w.dir, "route"),
		},
		Master: []string{
			"postseal-encrypt unix - - n - - smtp -o smtp_tls_security_level=encrypt -o smtp_tls_policy_maps=" + mapOf("encrypt") + strip,
			"postseal-verified unix - - n - - smtp -o smtp_tls_security_level=secure -o smtp_tls_policy_maps=" + mapOf("verified") + strip,
		},
	}
	for k, v := range main {
		o.Main[k] = v
	}
	return NewSite(t, o)
}
