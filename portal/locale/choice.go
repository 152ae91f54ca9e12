package locale

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A Choice says which language speaks to whom when they haven't chosen one.
type Choice struct {
	fallback *Language
	domains  map[string]*Language
}

// NewChoice makes a choice of the catalogues: usual is the code of the language
// for everybody who asks for none that there is, domains are those for the
// addresses of a domain and what is below it. "" and nil mean English, and so
// does a language without a catalogue: mails may be in more languages than pages.
// The error is for what is no language at all.
func (c *Catalogues) NewChoice(usual string, domains map[string]string) (*Choice, error) {
	choice := &Choice{fallback: c.English(), domains: map[string]*Language{}}
	if usual != "" {
		l, err := c.near(usual)
		if err != nil {
			return nil, err
		}
		choice.fallback = l
	}
	for domain, code := range domains {
		l, err := c.near(code)
		if err != nil {
			return nil, fmt.Errorf("%w (for %s)", err, domain)
		}
		choice.domains[strings.ToLower(domain)] = l
	}
	return choice, nil
}

// near returns the language called so (BCP 47), or one whose readers read it too:
// "de" for "de-AT"; else English.
func (c *Catalogues) near(name string) (*Language, error) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no language", name)
	}
	_, i, sure := c.matcher.Match(tag)
	if sure < language.High {
		return c.English(), nil
	}
	return c.languages[i], nil
}

// maxAccept bounds what is read of an Accept-Language header.
const maxAccept = 1000

// Accepted returns the best language for an Accept-Language header (RFC 9110
// section 12.5.4), or nil if it asks for none that there is.
func (c *Catalogues) Accepted(header string) *Language {
	if header == "" || len(header) > maxAccept {
		return nil
	}
	// One by one, so that a language nobody knows doesn't hide the others.
	type wish struct {
		tag    language.Tag
		weight float32
	}
	var wishes []wish
	for part := range strings.SplitSeq(header, ",") {
		if tags, weights, err := language.ParseAcceptLanguage(part); err == nil && len(tags) == 1 {
			wishes = append(wishes, wish{tags[0], weights[0]})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	var tags []language.Tag
	for _, w := range wishes {
		tags = append(tags, w.tag)
	}
	_, i, sure := c.matcher.Match(tags...)
	if sure == language.No {
		return nil
	}
	return c.languages[i]
}

// Domain returns the language for an address by its domain or the closest one
// above it, or nil.
func (c *Choice) Domain(address string) *Language {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	for domain != "" {
		if l := c.domains[domain]; l != nil {
			return l
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return nil
}

// Fallback is the language for everybody else.
func (c *Choice) Fallback() *Language { return c.fallback }
