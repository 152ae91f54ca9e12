package rules

import (
	"maps"
	"slices"
	"strings"
)

// A TLSLevel is how a message must be protected on its way to the next server.
type TLSLevel string

const (
	TLSMay      TLSLevel = "may"      // if the other side offers it
	TLSEncrypt  TLSLevel = "encrypt"  // always, whoever the other side is
	TLSVerified TLSLevel = "verified" // always, and the other side proves its name: certificate, DANE or MTA-STS
)

// rank orders the levels; that of "" is 0.
func (l TLSLevel) rank() int {
	return 1 + slices.Index([]TLSLevel{TLSMay, TLSEncrypt, TLSVerified}, l)
}

// AtLeast reports whether l asks for as much as m. "" asks for nothing.
func (l TLSLevel) AtLeast(m TLSLevel) bool { return l.rank() >= m.rank() }

// A TLSElse is what happens when the way is not as protected as a rule wants.
type TLSElse string

const (
	ElseWait   TLSElse = "wait"   // in the MTA's queue, and back to the sender in the end
	ElsePickup TLSElse = "pickup" // sealed instead
	ElseReturn TLSElse = "return" // back to the sender at once
)

func (e TLSElse) rank() int {
	return slices.Index([]TLSElse{ElseWait, ElsePickup, ElseReturn}, e)
}

// stricterTLS tells whether one demand outdoes another: a higher level does, and
// of the same level the else that lets less out of the sender's hands, return
// before pickup before wait.
func stricterTLS(a TLSLevel, aElse TLSElse, b TLSLevel, bElse TLSElse) bool {
	if a != b {
		return a.rank() > b.rank()
	}
	return a != "" && aElse.rank() > bElse.rank()
}

// TLSPolicy returns the protection that the rules want for all mail to a domain,
// "" if they want none, with the rule that wants it. It is for servers that ask
// by the domain alone, such as Postfix by smtp_tls_policy_maps.
//
// It takes in the rules with `also.tls` that are neither in test mode nor limited
// to a scope or a time, that deliver or only add, and whose `when` and `unless`
// are made of `to`, `always`, `any`, `all` and `not` alone, all entries of `to`
// being domains, internal or external. Of those that hold for the domain the
// strictest counts, also for messages about which a rule further up decides. What
// other rules want depends on the message and has to be seen to with each one.
//
// "*.example.com" stands for the subdomains of example.com that no rule names,
// "*" for the domains that none does. For a domain that begins with a dot, as
// Postfix asks about parents, there is no policy: that of the domain itself
// already took the rules for subdomains in.
func (s *Set) TLSPolicy(domain string) (level TLSLevel, orElse TLSElse, rule string) {
	domain = normalDomain(domain)
	if domain == "" || domain[0] == '.' || strings.Contains(domain, "@") {
		return "", "", ""
	}
	st := &state{set: s, message: &Message{}, recipient: "postmaster@" + domain}
	for _, r := range s.rules {
		if !r.byDomain() || r.when.test(st) != yes || r.unless != nil && r.unless.test(st) != no {
			continue
		}
		if stricterTLS(r.also.TLS, r.also.TLSElse, level, orElse) {
			level, orElse, rule = r.also.TLS, r.also.TLSElse, r.name
		}
	}
	return level, orElse, rule
}

// WantsTLS reports whether any rule in force wants more than "may".
func (s *Set) WantsTLS() bool {
	return slices.ContainsFunc(s.rules, func(r *rule) bool { return !r.test && r.also.TLS.AtLeast(TLSEncrypt) })
}

// A DomainPolicy is the protection that the rules want for mail to some domains.
type DomainPolicy struct {
	// Domain is a domain, ".example.com" for its subdomains at any depth, or "*"
	// for all other domains. The most special entry holds.
	Domain string   `json:"domain"`
	Level  TLSLevel `json:"tls"` // "": nothing is wanted, other than for an entry that takes in this one
	Else   TLSElse  `json:"tls_else,omitempty"`
	Rule   string   `json:"rule,omitempty"`
}

// TLSDomains lists what TLSPolicy says of each domain, for servers that are
// given a table. It is sorted by domain.
func (s *Set) TLSDomains() []DomainPolicy {
	named := map[string]bool{"*": true}
	for _, r := range s.rules {
		if !r.byDomain() {
			continue
		}
		for _, c := range []condition{r.when, r.unless} {
			nameDomains(c, named)
		}
	}
	for _, d := range s.internal {
		named[patternOf(d)] = true
	}
	policies := map[string]DomainPolicy{}
	for pattern := range named {
		sample := pattern
		if strings.HasPrefix(pattern, ".") {
			sample = "*" + pattern
		}
		p := DomainPolicy{Domain: pattern}
		p.Level, p.Else, p.Rule = s.TLSPolicy(sample)
		policies[pattern] = p
	}
	var list []DomainPolicy
	for _, pattern := range slices.Sorted(maps.Keys(policies)) {
		p, above := policies[pattern], DomainPolicy{}
		if pattern != "*" {
			above = policies[wider(pattern, named)]
		}
		if p.Level != above.Level || p.Else != above.Else {
			list = append(list, p)
		}
	}
	return list
}

// wider returns the pattern of named that holds for pattern's domains without
// pattern.
func wider(pattern string, named map[string]bool) string {
	for rest := strings.TrimPrefix(pattern, "."); ; {
		_, parent, ok := strings.Cut(rest, ".")
		if !ok {
			return "*"
		}
		if named["."+parent] {
			return "." + parent
		}
		rest = parent
	}
}

// patternOf writes a domain pattern in the one way.
func patternOf(d string) string {
	if rest, ok := strings.CutPrefix(d, "."); ok {
		return "." + normalDomain(rest)
	}
	return normalDomain(d)
}

// byDomain tells whether the rule wants TLS by the recipient's domain alone.
func (r *rule) byDomain() bool {
	return r.also.TLS != "" && !r.test && r.scope == nil && r.during == (period{}) &&
		(r.then == "" || r.then == Deliver) && domainOnly(r.when) && (r.unless == nil || domainOnly(r.unless))
}

// domainOnly tells whether a condition looks at the recipient's domain and
// nothing else.
func domainOnly(c condition) bool {
	all := func(cs []condition) bool {
		return !slices.ContainsFunc(cs, func(c condition) bool { return !domainOnly(c) })
	}
	switch c := c.(type) {
	case always:
		return true
	case recipientCondition:
		return !c.set.null && len(c.set.addresses) == 0 && len(c.set.globs) == 0
	case notOf:
		return domainOnly(c.condition)
	case allOf:
		return all(c)
	case anyOf:
		return all(c)
	}
	return false
}

// nameDomains adds the domain patterns that a condition for domains names.
func nameDomains(c condition, named map[string]bool) {
	switch c := c.(type) {
	case recipientCondition:
		for d := range c.set.exact {
			named[d] = true
		}
		for d := range c.set.below {
			named["."+d] = true
		}
	case notOf:
		nameDomains(c.condition, named)
	case allOf:
		for _, sub := range c {
			nameDomains(sub, named)
		}
	case anyOf:
		for _, sub := range c {
			nameDomains(sub, named)
		}
	}
}
