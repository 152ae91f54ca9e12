package rules

import "strings"

// mask hides all of s but a few characters at its ends, so that a match can be
// recognised by who knows it and not be learned by who doesn't.
func mask(s string) string {
	r := []rune(strings.TrimSpace(s))
	keep := min(4, len(r)/6)
	return string(r[:keep]) + "..." + string(r[len(r)-keep:])
}

// maskAddress hides the local part of an address.
func maskAddress(address string) string {
	local, domain := splitAddress(address)
	if address == "" {
		return "<>"
	}
	if domain == "" {
		return mask(local)
	}
	return mask(local) + "@" + domain
}
