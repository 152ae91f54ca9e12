package milter

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/postseal/postseal/milter/tlspolicy"
	"github.com/postseal/postseal/rules"
)

// TLSHeader is the field that tells Postfix by which way a message leaves: its
// value is a [rules.TLSLevel]. milter_header_checks(5) turn it into a FILTER to a
// transport with TLS settings of its own, and that transport's header checks take
// it off. Such checks see what a milter added and nothing that a client wrote; all
// the same the milter takes off what a client wrote.
const TLSHeader = "X-Postseal-TLS"

// Outgoing says how the MTA carries out the TLS levels of rules.
type Outgoing struct {
	// By is who does it; "" is nobody, and then no rule may ask for a level.
	By OutgoingBy
	// Prober says what destinations offer. Without one, and where it does not know
	// in time, no destination offers anything.
	Prober Prober
	// Wait is how long a message waits for the prober at its end; default 5 s.
	Wait time.Duration
	// RouteAll gives messages a way of their own even if the MTA asks for their
	// recipients' domains: for sites where it asks for another name, because mail
	// goes to a relay or by a table of transports.
	RouteAll bool
}

// OutgoingBy names what the MTA looks at.
type OutgoingBy string

const (
	// OutgoingPostfix asks for domains by socketmap, and sends messages their way
	// by [TLSHeader].
	OutgoingPostfix OutgoingBy = "postfix"
	// OutgoingSendmail has a table of domains. Where a level depends on more than
	// the recipient's domain it can't be had; nor can "this way or sealed".
	OutgoingSendmail OutgoingBy = "sendmail"
)

// Prober says what destinations offer ([tlspolicy.Prober]).
type Prober interface {
	Probe(ctx context.Context, domain string) tlspolicy.Result
	Ahead(domain string) // a Probe may follow
}

// errNoWay is the error about a message that should wait for a protected way, at a
// site whose MTA can't be told.
var errNoWay = errors.New("no way for the TLS level that a rule wants")

// level is the TLS level that the MTA has to be told to deliver with, "" for none.
// Inside, mail goes as the site has arranged it.
func (s *Server) level(v *rules.Verdict) rules.TLSLevel {
	if !v.Also.TLS.AtLeast(rules.TLSEncrypt) || rules.Internal(v.Recipient, s.options.InternalDomains) {
		return ""
	}
	return v.Also.TLS
}

// DomainLevel is the TLS level that an MTA has to deliver with to a domain, as it
// is told for all mail, "" for none. A policy that has messages sealed in place of
// an unprotected way is not among them: the notices must get there.
func DomainLevel(set *rules.Set, domain string) rules.TLSLevel {
	level, orElse, _ := set.TLSPolicy(domain)
	if orElse == rules.ElsePickup {
		return ""
	}
	return level
}

// byDomain reports whether the MTA knows of a recipient's level by the domain.
func (s *Server) byDomain(v *rules.Verdict) bool {
	return DomainLevel(s.options.Rules.Current(), domainOf(v.Recipient)).AtLeast(v.Also.TLS)
}

// way is what [TLSHeader] has to say about a recipient, "" for nothing.
func (s *Server) way(v *rules.Verdict) rules.TLSLevel {
	level := s.level(v)
	o := s.options.Outgoing
	if level == "" || o.By != OutgoingPostfix || !o.RouteAll && s.byDomain(v) {
		return ""
	}
	return level
}

// able reports whether the MTA can be told about a recipient's level.
func (s *Server) able(v *rules.Verdict) bool {
	switch s.options.Outgoing.By {
	case OutgoingPostfix:
		return true
	case OutgoingSendmail:
		return s.byDomain(v)
	}
	return false
}

// doubtful reports whether a recipient's copy may have to stay: the MTA can't be
// told to wait, or it is not to wait.
func (s *Server) doubtful(v *rules.Verdict) bool {
	return v.Action == rules.Deliver && s.level(v) != "" && (v.Also.TLSElse != rules.ElseWait || !s.able(v))
}

// asks reports whether a doubtful recipient's copy depends on what the server offers.
func (s *Server) asks(v *rules.Verdict) bool { return s.doubtful(v) && s.able(v) }

// lookAhead starts the check of a recipient's domain if rules want it whatever the
// message is.
func (s *Server) lookAhead(address string) {
	if s.options.Outgoing.Prober == nil || rules.Internal(address, s.options.InternalDomains) {
		return
	}
	name := domainOf(address)
	level, orElse, _ := s.options.Rules.Current().TLSPolicy(name)
	if level.AtLeast(rules.TLSEncrypt) && orElse != rules.ElseWait {
		s.options.Outgoing.Prober.Ahead(name)
	}
}

// lookAheadFor starts the checks that a decision will need.
func (s *Server) lookAheadFor(d *rules.Decision) {
	if s.options.Outgoing.Prober == nil {
		return
	}
	for i := range d.Verdicts {
		if v := &d.Verdicts[i]; s.asks(v) {
			s.options.Outgoing.Prober.Ahead(domainOf(v.Recipient))
		}
	}
}

// settle changes the verdicts of those whose servers don't offer what the rules
// want: their copy is sealed, or returned. What is to wait is left to the MTA.
func (s *Server) settle(ctx context.Context, log *slog.Logger, d *rules.Decision) error {
	var doubtful []*rules.Verdict
	for i := range d.Verdicts {
		if v := &d.Verdicts[i]; s.doubtful(v) {
			doubtful = append(doubtful, v)
		}
	}
	if len(doubtful) == 0 {
		return nil
	}
	offers := s.probe(ctx, doubtful)
	for _, v := range doubtful {
		able, offer := s.able(v), offers[domainOf(v.Recipient)]
		if able && offer.Strength.Meets(v.Also.TLS) {
			continue
		}
		log.Info("the way is not as protected as a rule wants", "event", "tls", "to", short(v.Recipient), "rule", v.Also.TLSRule,
			"level", string(v.Also.TLS), "else", string(v.Also.TLSElse), "offers", offer.Strength.String(), "why", short(offer.Why))
		switch {
		case v.Also.TLSElse == rules.ElsePickup:
			v.Action, v.Text = rules.Pickup, ""
			v.Rule, v.Reason = v.Also.TLSRule, "tls"
		case v.Also.TLSElse == rules.ElseReturn && (!able || offer.Strength != tlspolicy.Unknown):
			v.Action, v.Rule, v.Reason = rules.Return, v.Also.TLSRule, "tls"
			v.Text = "The mail server of " + domainOf(v.Recipient) + " does not offer the encryption (TLS) that this message must have on its way"
		case !able:
			return errNoWay
		}
		// Unknown, to be returned: the MTA finds out, and the message waits there.
	}
	return nil
}

// probe asks for all the domains at once that it has to.
func (s *Server) probe(ctx context.Context, vs []*rules.Verdict) map[string]tlspolicy.Result {
	offers := map[string]tlspolicy.Result{}
	o := s.options.Outgoing
	if o.Prober == nil {
		return offers
	}
	ctx, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	names := map[string]bool{}
	for _, v := range vs {
		name := domainOf(v.Recipient)
		if names[name] || !s.asks(v) || rules.Internal("x@"+name, s.options.InternalDomains) {
			continue // what looks internal and isn't ends up who knows where
		}
		names[name] = true
	}
	var mu sync.Mutex // of offers
	var work sync.WaitGroup
	for name := range names {
		work.Go(func() {
			r := o.Prober.Probe(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			offers[name] = r
		})
	}
	work.Wait()
	return offers
}

// domainOf is the part of an address behind the last @.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// assort is [assort] with the way that each recipient's copy has to go.
func (s *Server) assort(m *message, d *rules.Decision) (*sorted, error) {
	who, err := assort(m, d)
	if err != nil {
		return nil, err
	}
	for _, p := range who.all() {
		p.way = s.way(&p.verdict)
	}
	return who, nil
}

// byWay divides people who get the message in clear: those who get it itself, which
// has one way, and those who get a copy. Most of them share the first.
func byWay(ps []*person) (itself, others []*person) {
	count := map[rules.TLSLevel]int{}
	for _, p := range ps {
		count[p.way]++
	}
	most := rules.TLSLevel("")
	for _, l := range []rules.TLSLevel{rules.TLSEncrypt, rules.TLSVerified} {
		if count[l] > count[most] {
			most = l
		}
	}
	for _, p := range ps {
		if p.way == most {
			itself = append(itself, p)
		} else {
			others = append(others, p)
		}
	}
	return itself, others
}

// oneWay reports whether all of ps can get the message itself.
func oneWay(ps []*person) bool {
	_, others := byWay(ps)
	return len(others) == 0
}

// strictest is the way of a message for ps.
func strictest(ps []*person) (way rules.TLSLevel) {
	for _, p := range ps {
		if p.way.AtLeast(way) {
			way = p.way
		}
	}
	return way
}

// takeWays moves fields that only the milter may add out of the header. Those of
// our own mail say by which way it leaves.
func (m *message) takeWays() {
	kept := m.header[:0]
	for _, f := range m.header {
		if f.is(TLSHeader) {
			m.ways++
			m.way = rules.TLSLevel(strings.TrimSpace(f.value))
		} else {
			kept = append(kept, f)
		}
	}
	m.header = kept
}

// ownPlan is what is done to mail of our own: it keeps its way.
func (m *message) ownPlan() *plan {
	if m.own && (m.way == rules.TLSEncrypt || m.way == rules.TLSVerified) {
		return &plan{Add: []planField{{TLSHeader, string(m.way)}}}
	}
	return &plan{}
}
