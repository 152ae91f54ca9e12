package milter

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/tlspolicy"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// tlsRules ask for levels by the recipient's name, and by domain.
const tlsRules = `
version = 1

[[rule]]
name = "must be verified"
also = { tls = "verified", tls_else = "pickup" }
when.to = ["vp@*.example", "vp@example.com"]

[[rule]]
name = "must be encrypted"
also = { tls = "encrypt", tls_else = "return" }
when.to = "er@*.example"

[[rule]]
name = "wait for it"
also = { tls = "verified" }
when.to = "vw@*.example"

[[rule]]
name = "may be"
also = { tls = "may" }
when.to = "may@*.example"

[[rule]]
name = "partner"
also = { tls = "encrypt" }
when.to = "partner.example"

[[rule]]
name = "customer"
also = { tls = "encrypt", tls_else = "pickup" }
when.to = "customer.example"

[[rule]]
name = "guests"
then = "pickup"
when.to = "guest*@*.example"
`

// fakeProber knows what some domains offer and nothing of others.
type fakeProber struct {
	mu     sync.Mutex
	offers map[string]tlspolicy.Strength
	ahead  []string
	asked  []string
}

func (f *fakeProber) Probe(ctx context.Context, domain string) tlspolicy.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, domain)
	if domain == "slow.example" {
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
	}
	return tlspolicy.Result{Domain: domain, Strength: f.offers[domain]}
}

func (f *fakeProber) Ahead(domain string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead = append(f.ahead, domain)
}

func newTLSServer(t *testing.T, f *fakeStore, by OutgoingBy) (*Server, *fakeProber) {
	t.Helper()
	p := &fakeProber{offers: map[string]tlspolicy.Strength{
		"none.example": tlspolicy.None, "self.example": tlspolicy.Encrypted, "good.example": tlspolicy.Verified,
		"partner.example": tlspolicy.None, "customer.example": tlspolicy.Encrypted,
	}}
	s := newServer(t, f, func(o *Options) {
		o.Rules = loadRules(t, tlsRules)
		o.Outgoing = Outgoing{By: by, Prober: p, Wait: 50 * time.Millisecond}
	})
	return s, p
}

// TestRouting is the table of what becomes of a message to one recipient.
func TestRouting(t *testing.T) {
	for _, c := range []struct {
		by   OutgoingBy
		to   string
		want string // the field's value, "in clear" without it, "sealed", or the reply
	}{
		{OutgoingPostfix, "vp@good.example", "verified"},
		{OutgoingPostfix, "vp@self.example", "sealed"},
		{OutgoingPostfix, "vp@none.example", "sealed"},
		{OutgoingPostfix, "vp@unknown.example", "sealed"},
		{OutgoingPostfix, "vp@slow.example", "sealed"},
		{OutgoingPostfix, "vp@example.com", "in clear"}, // inside
		{OutgoingPostfix, "er@self.example", "encrypt"},
		{OutgoingPostfix, "er@none.example", "550"},
		{OutgoingPostfix, "er@unknown.example", "encrypt"}, // the MTA finds out
		{OutgoingPostfix, "vw@none.example", "verified"},   // and waits there
		{OutgoingPostfix, "may@none.example", "in clear"},
		{OutgoingPostfix, "x@partner.example", "in clear"}, // Postfix asks for the domain
		{OutgoingPostfix, "vw@partner.example", "verified"},
		{OutgoingPostfix, "x@customer.example", "encrypt"}, // a notice must get there, so Postfix is not told
		{OutgoingPostfix, "vp@customer.example", "sealed"},
		{OutgoingPostfix, "er@customer.example", "encrypt"},
		{OutgoingPostfix, "other@none.example", "in clear"},
		{OutgoingPostfix, "guest@partner.example", "sealed"},

		{OutgoingSendmail, "x@partner.example", "in clear"}, // it is in the access map
		{OutgoingSendmail, "x@customer.example", "sealed"},
		{OutgoingSendmail, "vp@good.example", "sealed"},
		{OutgoingSendmail, "er@self.example", "550"},
		{OutgoingSendmail, "vw@good.example", "451"},
		{OutgoingSendmail, "may@none.example", "in clear"},
	} {
		t.Run(string(c.by)+" "+c.to, func(t *testing.T) {
			f := &fakeStore{}
			s, _ := newTLSServer(t, f, c.by)
			m := connect(t, s, true)
			m.connectCmd()
			tm := testMail{from: "<ann@example.com>", to: []string{"<" + c.to + ">"}, header: [][2]string{{"Subject", " lunch"}, {"X-Postseal-TLS", " may"}, {"x-postseal-tls ", " verified"}}, body: "at noon\r\n"}
			d := m.transact(tm)
			got := ""
			switch {
			case d.code == 'y':
				got = d.data[:3]
			case len(f.sealed) > 0:
				got = "sealed"
			default:
				a := tm.apply(t, d)
				if v := a.get("X-Postseal-TLS"); len(v) > 1 {
					t.Errorf("ways %q", v)
				} else if got = "in clear"; len(v) == 1 {
					got = strings.TrimSpace(v[0])
				}
				if len(a.get("X-Postseal-TLS ")) > 0 {
					t.Error("a field of the client's is left")
				}
			}
			if got != c.want {
				t.Errorf("%s, want %s\n%s", got, c.want, f.log.String())
			}
			if len(f.audit) > 0 && c.want == "sealed" && c.to[:5] != "guest" && !slices.Contains([]string{"must be verified", "customer"}, f.audit[0].Rule) {
				t.Errorf("sealed by the rule %q", f.audit[0].Rule)
			}
		})
	}
}

// Recipients whose ways differ are divided: the most of them keep the message, the
// others get copies of their own, which keep their way when they pass again.
func TestRoutingDivides(t *testing.T) {
	f := &fakeStore{}
	s, p := newTLSServer(t, f, OutgoingPostfix)
	m := connect(t, s, true)
	m.connectCmd()
	tm := testMail{
		from:   "<ann@example.com>",
		to:     []string{"<cy@example.com>", "<vw@a.example>", "<vw@b.example>", "<er@self.example>", "<vp@none.example>", "<x@partner.example>", "<vw@c.example>"},
		header: [][2]string{{"Message-ID", " <1@example.com>"}, {"Subject", " lunch"}}, body: "at noon\r\n",
	}
	a := tm.apply(t, m.transact(tm))
	if want := []string{"<vw@a.example>", "<vw@b.example>", "<vw@c.example>"}; !slices.Equal(a.to, want) || !slices.Equal(a.get(TLSHeader), []string{" verified"}) {
		t.Errorf("the message goes to %q, way %q", a.to, a.get(TLSHeader))
	}
	ways := map[string]string{}
	var encrypted store.Mail
	for _, sent := range f.sent {
		head, body, _ := strings.Cut(string(sent.Data), "\r\n\r\n")
		if sent.Kind != store.KindCopy {
			continue
		}
		if body != tm.body {
			t.Errorf("copy with the body %q", body)
		}
		_, way, _ := strings.Cut(head, TLSHeader+": ")
		if ways[sent.To[0]] = way; way != "" {
			encrypted = sent
		}
	}
	if len(ways) != 3 || ways["cy@example.com"] != "" || ways["x@partner.example"] != "" || ways["er@self.example"] != "encrypt" {
		t.Errorf("copies by the ways %q", ways)
	}
	if len(f.sealed) != 1 || f.sealed[0].Recipients[0] != "vp@none.example" {
		t.Errorf("%d sealed", len(f.sealed))
	}
	slices.Sort(p.asked)
	if want := []string{"none.example", "self.example"}; !slices.Equal(p.asked, want) {
		t.Errorf("asked about %q", p.asked)
	}

	// The copy comes back from the outbox.
	mark := guard.New(guardKey).Mark(guard.Envelope{From: encrypted.From, To: encrypted.To, MessageID: encrypted.ID}, nil, now)
	again := testMail{from: "<ann@example.com>", to: []string{"<er@self.example>"}, header: [][2]string{
		{guard.Header, " " + mark}, {"Message-ID", " " + encrypted.ID}, {TLSHeader, " encrypt"},
	}, body: tm.body}
	d := m.transact(again)
	added := 0
	for _, f := range d.frames {
		if f.code == 'h' && strings.HasPrefix(string(f.data), TLSHeader+"\x00 encrypt") {
			added++
		}
	}
	if back := again.apply(t, d); d.code != 'a' || added != 1 || len(back.get(TLSHeader)) != 1 || len(back.get(guard.Header)) != 0 {
		t.Errorf("answer %q, the way was added %d times, header %q", d.code, added, back.header)
	}
}

// The check of a domain begins with its RCPT where rules ask for it whatever the
// message is, and with the end of the header where those of this message do.
func TestRoutingLooksAhead(t *testing.T) {
	s, p := newTLSServer(t, &fakeStore{}, OutgoingPostfix)
	m := connect(t, s, true)
	m.connectCmd()
	m.mail("<ann@example.com>")
	m.rcpt("<x@customer.example>")
	m.rcpt("<x@partner.example>")
	m.rcpt("<vp@good.example>")
	m.rcpt("<cy@example.com>")
	m.header("Subject", " lunch")
	m.eoh()
	m.end()
	if want := []string{"customer.example", "customer.example", "good.example"}; !slices.Equal(p.ahead, want) {
		t.Errorf("ahead %q, want %q", p.ahead, want)
	}
}

// A site may route all, for Postfix to be told although it asks for other names.
func TestRoutingAll(t *testing.T) {
	s, _ := newTLSServer(t, &fakeStore{}, OutgoingPostfix)
	v := &rules.Verdict{Recipient: "x@partner.example", Also: rules.Also{TLS: rules.TLSEncrypt, TLSElse: rules.ElseWait}}
	if way := s.way(v); way != "" {
		t.Errorf("way %q", way)
	}
	s.options.Outgoing.RouteAll = true
	if way := s.way(v); way != rules.TLSEncrypt {
		t.Errorf("way %q", way)
	}
}
