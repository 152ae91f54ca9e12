package rules

import (
	"strings"

	"golang.org/x/net/idna"
)

// Internal reports whether address belongs to one of domains, written as in
// Options.InternalDomains. Case and a trailing dot don't matter, and a domain in
// Unicode equals its A-label form. The null reverse-path and an address without
// a domain are internal to nobody. An address that an MTA of ours would route
// on, such as "user%guest.example@example.com", belongs where it ends up.
func Internal(address string, domains []string) bool {
	_, domain := resolveAddress(address, domains)
	return internalDomain(domain, domains)
}

func internalDomain(domain string, domains []string) bool {
	if domain == "" {
		return false
	}
	for _, d := range domains {
		if domainMatches(domain, d) {
			return true
		}
	}
	return false
}

// splitAddress returns the local part as it is and the domain normalised. The
// last @ divides them: a quoted local part may hold others (RFC 5321 section
// 4.1.2). A source route is not part of the address.
func splitAddress(address string) (local, domain string) {
	address = strings.TrimSpace(address)
	if strings.HasPrefix(address, "<") && strings.HasSuffix(address, ">") {
		address = address[1 : len(address)-1]
	}
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return address, ""
	}
	local = address[:i]
	// RFC 5321 section 4.1.2: "@one,@two:user@example.com".
	if strings.HasPrefix(local, "@") {
		if j := strings.IndexByte(local, ':'); j >= 0 {
			local = local[j+1:]
		}
	}
	return local, normalDomain(address[i+1:])
}

// resolveAddress returns where an address leads, in lower case: mail for
// "user%other@internal", "other!user@internal" and "user@other@internal" goes to
// user@other, as Postfix (allow_percent_hack, swap_bangpath) and Sendmail do it.
// Without that, a recipient could dress as a colleague and leave.
func resolveAddress(address string, domains []string) (local, domain string) {
	local, domain = splitAddress(address)
	for { // each round takes something off local
		if len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"' {
			local = strings.ReplaceAll(local[1:len(local)-1], `\`, "")
		}
		if !internalDomain(domain, domains) {
			break
		}
		if i := strings.LastIndexAny(local, "@%"); i >= 0 {
			local, domain = local[:i], normalDomain(local[i+1:])
		} else if i := strings.IndexByte(local, '!'); i >= 0 {
			local, domain = local[i+1:], normalDomain(local[:i])
		} else {
			break
		}
	}
	return strings.ToLower(local), domain
}

// normalDomain lower-cases a domain and writes it in A-labels.
func normalDomain(domain string) string {
	domain = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	for i := 0; i < len(domain); i++ {
		if domain[i] >= 0x80 {
			if a, err := idna.Lookup.ToASCII(domain); err == nil {
				return a
			}
			break
		}
	}
	return domain
}

// domainMatches compares a normalised domain with a pattern: "example.com" or
// ".example.com" for its subdomains.
func domainMatches(domain, pattern string) bool {
	if strings.HasPrefix(pattern, ".") {
		suffix := "." + normalDomain(pattern[1:])
		return len(domain) > len(suffix) && strings.HasSuffix(domain, suffix)
	}
	return domain == normalDomain(pattern)
}
