package rules

import (
	"time"

	"github.com/postseal/postseal/rules/mail"
)

// Options are what the rules have to know of the configuration.
type Options struct {
	// InternalDomains are the domains of the members: "example.com" is that
	// domain alone, ".example.com" its subdomains at any depth and not itself.
	InternalDomains []string
	// Retention is how long a sealed message is kept at most, the bound of
	// `also.expire`. 0: no bound.
	Retention time.Duration
	// NoTLS is whether the mail server carries out no `also.tls`: a rule that wants
	// more than "may" is an error.
	NoTLS bool
	// Extractor opens attachments; nil: in this process. A server takes one that
	// runs in processes of its own, where a defect in a decoder does no harm.
	Extractor Extractor
	// Limits bound the work on one message's content.
	Limits mail.Limits
}
