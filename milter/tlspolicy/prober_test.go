package tlspolicy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/postseal/postseal/milter/tlspolicy/mailnet"
)

// world is a private mail world with a prober in it.
type world struct {
	t      *testing.T
	dns    *mailnet.DNS
	ca     *mailnet.CA
	port   string // of all mail servers
	web    string // port of all web servers
	last   int
	now    time.Time
	prober *Prober
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: time.Now()}
	var err error
	if w.dns, err = mailnet.NewDNS("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.dns.Close)
	if w.ca, err = mailnet.NewCA(); err != nil {
		t.Fatal(err)
	}
	w.port, w.web = freePort(t), freePort(t)
	o := Options{
		Resolver: w.dns.Addr(), Roots: w.ca.Pool(), Hello: "mail.test",
		SMTPPort: w.port, HTTPSPort: w.web, Now: func() time.Time { return w.now },
	}
	if change != nil {
		change(&o)
	}
	if w.prober, err = New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (w *world) add(records ...string) {
	w.t.Helper()
	if err := w.dns.Add(records...); err != nil {
		w.t.Fatal(err)
	}
}

// ip is the next address of loopback.
func (w *world) ip() string {
	w.last++
	return fmt.Sprintf("127.0.9.%d", w.last)
}

// server starts a mail server under a name.
func (w *world) server(name string, certificate *tls.Certificate) *mailnet.Receiver {
	w.t.Helper()
	ip := w.ip()
	r, err := mailnet.NewReceiver(net.JoinHostPort(ip, w.port), certificate)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { r.Close() })
	w.add(name + ". 300 A " + ip)
	return r
}

func (w *world) issue(names ...string) *tls.Certificate {
	w.t.Helper()
	c, err := w.ca.Issue(time.Now().Add(time.Hour), names...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) probe(domain string) Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	return w.prober.Probe(ctx, domain)
}

// tlsaRecord is the record that names a certificate.
func tlsaRecord(t *testing.T, name, port string, usage int, c *tls.Certificate) string {
	t.Helper()
	r := &dns.TLSA{Hdr: dns.RR_Header{Name: "_" + port + "._tcp." + name + ".", Rrtype: dns.TypeTLSA, Class: dns.ClassINET, Ttl: 300}}
	if err := r.Sign(usage, 1, 1, c.Leaf); err != nil {
		t.Fatal(err)
	}
	return r.String()
}

// policy serves an MTA-STS policy.
func (w *world) policy(domain, text string) *atomic.Pointer[string] {
	w.t.Helper()
	ip := w.ip()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, w.web))
	if err != nil {
		w.t.Fatal(err)
	}
	var served atomic.Pointer[string]
	served.Store(&text)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/mta-sts.txt", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(rw, *served.Load())
	})
	s := &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{*w.issue("mta-sts." + domain)}}}
	go s.ServeTLS(l, "", "") // returns at Close
	w.t.Cleanup(func() { s.Close() })
	w.add("mta-sts."+domain+". 300 A "+ip, "_mta-sts."+domain+`. 300 TXT "v=STSv1; id=1;"`)
	return &served
}

const enforceMX1 = "version: STSv1\r\nmode: enforce\r\nmx: mx.%s\r\nmax_age: 86400\r\n"

// TestProbe is the table of what destinations offer, and of how Postfix is told to
// deliver to them.
func TestProbe(t *testing.T) {
	w := newWorld(t, nil)
	self, err := mailnet.SelfSigned(time.Now().Add(time.Hour), "mx.self.example")
	if err != nil {
		t.Fatal(err)
	}
	old, err := w.ca.Issue(time.Now().Add(-time.Hour), "mx.expired.example")
	if err != nil {
		t.Fatal(err)
	}
	mx := func(domain string) { w.add(domain + ". 300 MX 10 mx." + domain + ".") }
	for _, d := range []string{
		"none", "self", "valid", "expired", "wrong", "hosted", "signedmx", "dane", "danewrong", "daneta", "daneloose",
		"sts", "stswrong", "ststest", "dead", "lost",
	} {
		mx(d + ".example")
	}
	w.server("mx.none.example", nil)
	w.server("mx.self.example", self)
	w.server("mx.valid.example", w.issue("mx.valid.example"))
	w.server("mx.expired.example", old)
	w.server("mx.wrong.example", w.issue("mx.elsewhere.example"))

	// The servers of a provider: its name is in the MX record alone.
	w.dns.Remove("hosted.example")
	w.add("hosted.example. 300 MX 10 in.provider.example.", "signedmx.example. 300 MX 5 in.provider.example.")
	w.server("in.provider.example", w.issue("in.provider.example"))
	w.dns.Remove("signedmx.example")
	w.add("signedmx.example. 300 MX 5 in.provider.example.")
	w.dns.Sign("signedmx.example")

	for _, d := range []string{"dane.example", "danewrong.example", "daneta.example"} {
		w.dns.Sign(d)
	}
	dane, err := mailnet.SelfSigned(time.Now().Add(-time.Hour), "any.name.example") // neither name nor date count
	if err != nil {
		t.Fatal(err)
	}
	w.server("mx.dane.example", dane)
	w.add(tlsaRecord(t, "mx.dane.example", w.port, 3, dane))
	w.server("mx.danewrong.example", w.issue("mx.danewrong.example")) // good, but not the one named
	w.add(tlsaRecord(t, "mx.danewrong.example", w.port, 3, dane))
	w.server("mx.daneta.example", w.issue("mx.daneta.example"))
	w.add(tlsaRecord(t, "mx.daneta.example", w.port, 2, &tls.Certificate{Leaf: w.ca.Certificate()}))
	w.server("mx.daneloose.example", self) // its zone is not signed
	w.add(tlsaRecord(t, "mx.daneloose.example", w.port, 3, self))

	for _, d := range []string{"sts.example", "stswrong.example", "ststest.example"} {
		w.dns.Remove(d)
		w.add(d + ". 300 MX 10 mx.stshost.example.")
	}
	w.server("mx.stshost.example", w.issue("mx.stshost.example"))
	w.policy("sts.example", "version: STSv1\nmode: enforce\nmx: *.stshost.example\nmax_age: 604800\n")
	w.policy("stswrong.example", fmt.Sprintf(enforceMX1, "other.example"))
	w.policy("ststest.example", "version: STSv1\nmode: testing\nmx: mx.stshost.example\nmax_age: 86400\n")

	w.add("mx.dead.example. 300 A 127.0.9.250") // nobody listens
	w.add("implicit.example. 300 A 127.0.9.251")
	r, err := mailnet.NewReceiver("127.0.9.251:"+w.port, w.issue("implicit.example"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w.add("nomail.example. 300 MX 0 .")
	w.add("broken.example. 300 MX 10 mx.broken.example.")
	w.dns.Break("broken.example")
	// Of two servers the lesser counts; one that is down does not.
	w.add("mixed.example. 300 MX 10 mx.valid.example.", "mixed.example. 300 MX 20 mx.none.example.")
	w.add("half.example. 300 MX 10 mx.dead.example.", "half.example. 300 MX 20 mx2.half.example.")
	w.server("mx2.half.example", w.issue("mx2.half.example"))

	for _, c := range []struct {
		domain   string
		strength Strength
		method   Method
		postfix  string
	}{
		{"none.example", None, Certificate, "secure match=none.example:.none.example servername=hostname"},
		{"self.example", Encrypted, Certificate, "secure match=self.example:.self.example servername=hostname"},
		{"valid.example", Verified, Certificate, "secure match=valid.example:.valid.example servername=hostname"},
		{"expired.example", Encrypted, Certificate, "secure match=expired.example:.expired.example servername=hostname"},
		{"wrong.example", Encrypted, Certificate, "secure match=wrong.example:.wrong.example servername=hostname"},
		{"hosted.example", Encrypted, Certificate, "secure match=hosted.example:.hosted.example servername=hostname"},
		{"signedmx.example", Verified, Certificate, "secure match=signedmx.example:.signedmx.example:in.provider.example servername=hostname"},
		{"dane.example", Verified, DANE, "dane-only"},
		{"danewrong.example", Encrypted, DANE, "dane-only"},
		{"daneta.example", Verified, DANE, "dane-only"},
		{"daneloose.example", Encrypted, Certificate, "secure match=daneloose.example:.daneloose.example servername=hostname"},
		{"sts.example", Verified, MTASTS, "secure match=.stshost.example servername=hostname"},
		{"stswrong.example", Encrypted, MTASTS, "secure match=mx.other.example servername=hostname"},
		{"ststest.example", Encrypted, Certificate, "secure match=ststest.example:.ststest.example servername=hostname"},
		{"implicit.example", Verified, Certificate, "secure match=implicit.example:.implicit.example servername=hostname"},
		{"dead.example", Unknown, Certificate, "secure match=dead.example:.dead.example servername=hostname"},
		{"half.example", Verified, Certificate, "secure match=half.example:.half.example servername=hostname"},
		{"mixed.example", None, Certificate, "secure match=mixed.example:.mixed.example servername=hostname"},
		{"nomail.example", None, "", ""},
		{"lost.example", None, "", ""},    // its server has no address
		{"nowhere.example", None, "", ""}, // no such name
		{"broken.example", Unknown, "", ""},
		{"[mx.valid.example]:" + w.port, Verified, Certificate, "secure match=mx.valid.example:.mx.valid.example servername=hostname"},
		{"mx.valid.example:" + w.port, Verified, Certificate, "secure match=mx.valid.example:.mx.valid.example servername=hostname"},
		{"[127.0.9.1]", None, Certificate, "secure match=127.0.9.1:.127.0.9.1 servername=hostname"},
		{"a b.example", None, "", ""},
	} {
		t.Run(c.domain, func(t *testing.T) {
			r := w.probe(c.domain)
			if r.Strength != c.strength || r.Proof.Method != c.method {
				t.Errorf("%s by %q (%s), want %s by %q", r.Strength, r.Proof.Method, r.Why, c.strength, c.method)
			}
			if (r.Why == "") != (r.Strength == Verified) {
				t.Errorf("%s, why: %q", r.Strength, r.Why)
			}
			maps := Maps{Prober: w.prober}
			value, ok, err := maps.Lookup(t.Context(), MapVerified, c.domain)
			if value != c.postfix || ok != (err == nil) || (err == nil) != (c.postfix != "") {
				t.Errorf("postfix is told %q, %t, %v; want %q", value, ok, err, c.postfix)
			}
		})
	}
}

// Without a resolver whose AD bit is believed there is no DANE; nor where Postfix
// can't do it.
func TestProbeUntrusted(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.NoDANE = true })
	w.dns.Sign("dane.example")
	w.add("dane.example. 300 MX 10 mx.dane.example.")
	c := w.issue("mx.dane.example")
	w.server("mx.dane.example", c)
	w.add(tlsaRecord(t, "mx.dane.example", w.port, 3, c))
	if r := w.probe("dane.example"); r.Strength != Verified || r.Proof.Method != Certificate {
		t.Errorf("%s by %s", r.Strength, r.Proof.Method)
	}
	w.prober.resolver.trusted = false
	w.add("dane.example. 300 MX 20 in.provider.example.", "in.provider.example. 300 A 127.0.9.250")
	w.now = w.now.Add(2 * maxLife)
	p, err := w.prober.Proof(t.Context(), "dane.example")
	if err != nil || p.Method != Certificate || len(p.Names) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A result is kept as long as its records, within bounds, and many who ask at once
// make one probe.
func TestProbeKept(t *testing.T) {
	w := newWorld(t, nil)
	w.add("a.example. 300 MX 10 mx.a.example.")
	w.server("mx.a.example", w.issue("mx.a.example"))
	var strengths [20]Strength
	done := make(chan int)
	for i := range strengths {
		go func() {
			strengths[i] = w.probe("a.example").Strength
			done <- i
		}()
	}
	for range strengths {
		if i := <-done; strengths[i] != Verified {
			t.Errorf("%s", strengths[i])
		}
	}
	if n := w.dns.Asked("a.example. MX"); n != 1 {
		t.Errorf("asked %d times for the MX", n)
	}
	for _, c := range []struct {
		after time.Duration
		asked int
	}{{299 * time.Second, 1}, {2 * time.Second, 2}} {
		w.now = w.now.Add(c.after)
		w.probe("a.example")
		if n := w.dns.Asked("a.example. MX"); n != c.asked {
			t.Errorf("after %s more it was asked %d times, want %d", c.after, n, c.asked)
		}
	}
}

// Who can't wait gets a doubt, and the result is there for the next.
func TestProbeBounded(t *testing.T) {
	w := newWorld(t, nil)
	w.add("a.example. 300 MX 10 mx.a.example.")
	w.server("mx.a.example", w.issue("mx.a.example"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := w.prober.Probe(ctx, "a.example"); r.Strength != Unknown {
		t.Errorf("%s without any time", r.Strength)
	}
	if r := w.probe("a.example"); r.Strength != Verified {
		t.Errorf("%s: %s", r.Strength, r.Why)
	}
	if n := w.dns.Asked("a.example. MX"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// A policy that was seen holds until its time is over, though record and web server
// are gone; a new id is a new policy.
func TestPolicyKept(t *testing.T) {
	w := newWorld(t, nil)
	w.add("s.example. 60 MX 10 mx.provider.example.")
	w.server("mx.provider.example", w.issue("mx.provider.example"))
	served := w.policy("s.example", "version: STSv1\nmode: enforce\nmx: mx.provider.example\nmax_age: 10000\n")
	method := func() Method {
		t.Helper()
		p, err := w.prober.Proof(t.Context(), "s.example")
		if err != nil {
			t.Fatal(err)
		}
		return p.Method
	}
	if m := method(); m != MTASTS {
		t.Fatal(m)
	}
	w.dns.Remove("_mta-sts.s.example")
	w.now = w.now.Add(9000 * time.Second)
	if m := method(); m != MTASTS {
		t.Errorf("%s while the policy is in force", m)
	}
	w.now = w.now.Add(9000 * time.Second)
	if m := method(); m != Certificate {
		t.Errorf("%s after its end", m)
	}
	w.add(`_mta-sts.s.example. 60 TXT "v=STSv1; id=2;"`)
	w.now = w.now.Add(time.Hour)
	if m := method(); m != MTASTS {
		t.Errorf("%s once it is back", m)
	}
	none := "version: STSv1\nmode: none\nmax_age: 10000\n"
	served.Store(&none)
	w.dns.Remove("_mta-sts.s.example")
	w.add(`_mta-sts.s.example. 60 TXT "v=STSv1; id=3;"`)
	w.now = w.now.Add(2 * time.Minute)
	if m := method(); m != Certificate {
		t.Errorf("%s after the policy said none", m)
	}
}

// A fault of ours in what looks things up leaves a destination unknown, and the
// process alive.
func TestProofPanic(t *testing.T) {
	w := newWorld(t, nil)
	w.prober.resolver = nil
	if _, err := w.prober.Proof(t.Context(), "guest.example"); !errors.Is(err, errInternal) {
		t.Errorf("proof: %v", err)
	}
	if r := w.prober.Probe(t.Context(), "guest.example"); r.Strength != Unknown {
		t.Errorf("probe: %+v", r)
	}
}
