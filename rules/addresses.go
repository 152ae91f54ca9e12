package rules

import "errors"

// Addresses are addresses and domains, written as in a rule's `to`: for settings
// that name people outside the rules. Empty ones match nobody.
type Addresses struct{ set addressSet }

// ParseAddresses takes entries such as "ann@example.com", "*@example.com",
// "example.com", ".example.com", "<>", "internal" or "external". The internal
// domains are those of [Options]. The error names every entry that is wrong.
func ParseAddresses(entries, internalDomains []string) (*Addresses, error) {
	a := &Addresses{addressSet{domains: internalDomains}}
	var errs []error
	for _, e := range entries {
		if err := a.set.add(e, true); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return a, nil
}

// Has reports whether an address, as it came in an envelope, is one of them.
func (a *Addresses) Has(address string) bool {
	_, ok := a.set.match(address)
	return ok
}
