package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// memberMethods are the ways to sign in.
var memberMethods = []string{"off", "password", "ldap", "oidc"}

// memberDomain checks one entry of members.domains.
func memberDomain(s string) error {
	d, method, ok := strings.Cut(s, ":")
	if d, method = strings.TrimSpace(d), strings.TrimSpace(method); !ok || domain(d) != nil || !slices.Contains(memberMethods, method) {
		return fmt.Errorf("%q is no domain with a method, want one such as \"sales.example.com: oidc\" (%s)", s, strings.Join(memberMethods, ", "))
	}
	return nil
}

// issuer checks the address of an identity provider.
func issuer(s string) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return nil
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("%q is no issuer, want one such as \"https://login.example.com\"", s)
	case u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())):
		return fmt.Errorf("%q is not https, which a sign-in needs", s)
	}
	return nil
}

var attributePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*$`) // RFC 4512 section 2.5

// attribute checks the name of an attribute of the directory.
func attribute(s string) error {
	if !attributePattern.MatchString(s) {
		return fmt.Errorf("%q is no attribute of a directory, want one such as \"cn\"", s)
	}
	return nil
}

// searchFilter checks the outside of a filter (RFC 4515); the rest is checked when it
// is used.
func searchFilter(s string) error {
	if !strings.HasPrefix(s, "(") || !strings.HasSuffix(s, ")") {
		return fmt.Errorf("%q is no filter, want one such as \"(objectClass=person)\"", s)
	}
	return nil
}

// crossMembers checks what single keys can't know.
func (c *Config) crossMembers(report func(key, format string, args ...any)) {
	m := c.Members
	if m.Uses("ldap") {
		if m.LDAPURL == "" {
			report("members.ldap_url", "is empty, want the directory that members sign in by")
		}
		if m.LDAPDN == "" && m.LDAPBase == "" {
			report("members.ldap_base", "is empty and so is ldap_dn, want where people are found")
		}
	}
	if c.Portal.Directory != "off" {
		if m.LDAPURL == "" || m.LDAPBase == "" {
			report("portal.directory", "is %q, and members.ldap_url or ldap_base is empty: want the directory and where people are in it", c.Portal.Directory)
		}
		if len(m.LDAPSearch) == 0 {
			report("members.ldap_search", "is empty, want at least one attribute, such as \"cn\"")
		}
	}
	if c.Portal.Directory == "members" && m.Method == "off" && len(m.Domains) == 0 {
		report("portal.directory", "is \"members\", and members.method lets none sign in")
	}
	if m.Uses("oidc") {
		if m.OIDCIssuer == "" {
			report("members.oidc_issuer", "is empty, want the provider that members sign in by")
		}
		if m.OIDCClient == "" {
			report("members.oidc_client", "is empty, want the client ID at the provider")
		}
	}
	if (m.Uses("ldap") || m.Uses("oidc")) && c.Keys.Recovery != "online" {
		report("keys.recovery", "is %q, and members sign in without a password of the portal, so nothing would open their messages: want \"online\"", c.Keys.Recovery)
	}
}
