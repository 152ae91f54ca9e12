// Package signin verifies members who sign in by their organisation's directory
// (LDAP, RFC 4511) or identity provider (OpenID Connect Core 1.0). It runs in
// the process that owns the store, because the owner does not trust the portal:
// the portal carries a password or an authorization code here, and only what
// this package has verified becomes a session.
//
// What is verified: that the directory or provider vouches for a person, and that
// this person has the mail address that they sign in as. The address decides
// which messages are theirs, so it comes from the directory or the provider and
// never from what was typed.
//
// A method belongs to a domain ([Service.Method]): whoever controls the directory
// of one domain opens nothing of another's.
//
// No error here holds a password, a code or a token.
package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Method is how the addresses of a domain sign in.
type Method string

const (
	Off      Method = "off"      // as guests do: an account by a link in a notice
	Password Method = "password" // a password of the portal, by a link to the own address
	LDAP     Method = "ldap"     // "domain": the directory checks the password
	OIDC     Method = "oidc"     // "cloud": the provider signs in
)

// External reports whether somebody else verifies the person, so that there is no
// password of the portal.
func (m Method) External() bool { return m == LDAP || m == OIDC }

var (
	// ErrRefused: wrong password, unknown person, not in the group, or not the
	// address. Nothing says which.
	ErrRefused = errors.New("sign-in refused")
	// ErrUnavailable: the directory or provider does not answer as it should.
	ErrUnavailable = errors.New("sign-in service is not available")
)

// timeout bounds every exchange with a directory or provider.
const timeout = 10 * time.Second

// A Person is who was verified.
type Person struct {
	Address string
	Name    string // as the directory has it; may be ""
	// Proved is when the person showed who they are. Zero: just now, to the
	// directory; or the provider does not say.
	Proved time.Time
}

// Options say which method a domain has. A domain as in "example.com" is that one
// alone, ".example.com" are its subdomains at any depth.
type Options struct {
	Domains   []string          // the internal domains
	Default   Method            // of the internal domains; "" is Off
	Methods   map[string]Method // of single ones
	Directory *DirectoryOptions // for LDAP
	Provider  *ProviderOptions  // for OIDC
}

// A Service verifies members. All methods may be called at the same time.
type Service struct {
	o         Options
	directory *directory
	provider  *provider
}

// New returns a Service. It connects to nothing yet.
func New(o Options) (*Service, error) {
	s := &Service{o: o}
	used := map[Method]bool{o.Default: true}
	for _, m := range o.Methods {
		used[m] = true
	}
	var err error
	if used[LDAP] {
		if s.directory, err = newDirectory(o.Directory); err != nil {
			return nil, err
		}
	}
	if used[OIDC] {
		if s.provider, err = newProvider(o.Provider); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Method returns how an address signs in. A guest's is Off.
func (s *Service) Method(address string) Method {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return Off
	}
	domain := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(address[at+1:])), ".")
	internal := false
	for _, d := range s.o.Domains {
		internal = internal || covers(d, domain)
	}
	if !internal {
		return Off
	}
	best, method := "", s.o.Default
	for d, m := range s.o.Methods {
		if covers(d, domain) && len(d) > len(best) {
			best, method = d, m
		}
	}
	if method == "" {
		return Off
	}
	return method
}

// covers reports whether pattern stands for domain.
func covers(pattern, domain string) bool {
	if strings.HasPrefix(pattern, ".") {
		return strings.HasSuffix(domain, pattern)
	}
	return pattern == domain
}

// Password verifies a password by the directory. Before the password is tried, found
// is called with the name of the person's entry: several addresses may lead to one.
// The error is [ErrRefused], [ErrUnavailable] or what found returned.
func (s *Service) Password(ctx context.Context, address, password string, found func(entry string) error) (Person, error) {
	if s.Method(address) != LDAP {
		return Person{}, ErrRefused
	}
	return s.directory.verify(ctx, address, password, found)
}

// Begin returns where the browser goes to sign in. hint is the address that was
// typed. again: the provider is to ask also somebody whom it remembers.
func (s *Service) Begin(ctx context.Context, hint string, f Flow, again bool) (string, error) {
	if s.Method(hint) != OIDC {
		return "", ErrRefused
	}
	return s.provider.begin(ctx, hint, f, again)
}

// Redeem verifies what the provider sent back by the browser. The person's
// address belongs to a domain of the provider's.
func (s *Service) Redeem(ctx context.Context, f Flow, code string) (Person, error) {
	if s.provider == nil {
		return Person{}, ErrRefused
	}
	p, err := s.provider.redeem(ctx, f, code)
	if err != nil {
		return Person{}, err
	}
	if s.Method(p.Address) != OIDC {
		return Person{}, fmt.Errorf("%w: the provider vouches for no address of its domains", ErrRefused)
	}
	return p, nil
}

// Check asks directory and provider whether they answer, and returns what is wrong.
func (s *Service) Check(ctx context.Context) error {
	var errs []error
	if s.directory != nil {
		errs = append(errs, s.directory.check(ctx))
	}
	if s.provider != nil {
		_, err := s.provider.discover(ctx)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
