package rules

import (
	"fmt"
	"strings"
)

// An addressSet matches addresses against what an admin wrote:
//
//	ann@example.com     that address
//	*@example.com       any address of exactly that domain; * and ? anywhere before the @
//	*@*.example.com     any address of its subdomains
//	example.com         the same as *@example.com
//	.example.com        the same as *@*.example.com
//	<>                  the null reverse-path
//	internal, external  by the internal domains
//
// Long lists cost no time: addresses and domains are looked up, only entries
// with a * or ? before the @ are tried one by one.
type addressSet struct {
	domains            []string // the internal ones
	internal, external bool
	null               bool
	addresses          map[string]bool
	exact              map[string]bool // domains
	below              map[string]bool // domains whose subdomains match
	globs              []addressGlob
}

type addressGlob struct {
	local, domain string
	below         bool
	text          string
}

// add takes one entry. Keywords are only understood where keywords is true:
// inside a list they would be taken for domains.
func (a *addressSet) add(entry string, keywords bool) error {
	switch {
	case entry == "internal" || entry == "external":
		if !keywords {
			return fmt.Errorf("%q does not work inside a list; write it in the rule beside the list", entry)
		}
		a.internal = a.internal || entry == "internal"
		a.external = a.external || entry == "external"
		return nil
	case entry == "<>":
		a.null = true
		return nil
	}
	local, domain, found := cutLast(entry, "@")
	if !found {
		local, domain = "*", entry
	}
	below := false
	if rest, ok := strings.CutPrefix(domain, "*."); ok {
		domain, below = rest, true
	} else if rest, ok := strings.CutPrefix(domain, "."); ok {
		domain, below = rest, true
	}
	domain = normalDomain(domain)
	if local == "" || domain == "" || strings.ContainsAny(domain, "*? \t<>()@,;:\"") || strings.ContainsAny(local, " \t<>,;") {
		return fmt.Errorf(`%q is not an address or domain; write one like "ann@example.com", "*@example.com", "example.com" or ".example.com"`, entry)
	}
	local = strings.ToLower(local)
	switch {
	case local == "*" && below:
		put(&a.below, domain)
	case local == "*":
		put(&a.exact, domain)
	case strings.ContainsAny(local, "*?") || below:
		a.globs = append(a.globs, addressGlob{local, domain, below, entry})
	default:
		put(&a.addresses, local+"@"+domain)
	}
	return nil
}

func put(m *map[string]bool, key string) {
	if *m == nil {
		*m = map[string]bool{}
	}
	(*m)[key] = true
}

// match returns the entry that address fits.
func (a *addressSet) match(address string) (entry string, ok bool) {
	if address == "" {
		return "<>", a.null
	}
	local, domain := resolveAddress(address, a.domains)
	if a.internal && internalDomain(domain, a.domains) {
		return "internal", true
	}
	if a.external && !internalDomain(domain, a.domains) {
		return "external", true
	}
	if a.addresses[local+"@"+domain] {
		return local + "@" + domain, true
	}
	if a.exact[domain] {
		return domain, true
	}
	if len(a.below) > 0 {
		for rest := domain; ; {
			_, parent, ok := strings.Cut(rest, ".")
			if !ok {
				break
			}
			if a.below[parent] {
				return "." + parent, true
			}
			rest = parent
		}
	}
	for _, g := range a.globs {
		if (!g.below && domain == g.domain || g.below && strings.HasSuffix(domain, "."+g.domain)) && globMatch(g.local, local) {
			return g.text, true
		}
	}
	return "", false
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
