package main

import (
	"context"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/signin"
)

// newSignIn returns what verifies members.
func newSignIn(c *config.Config) (*signin.Service, error) {
	m := c.Members
	o := signin.Options{Domains: c.InternalDomains, Default: signin.Method(m.Method), Methods: map[string]signin.Method{}}
	for domain, method := range m.Methods() {
		o.Methods[domain] = signin.Method(method)
	}
	if m.Uses("ldap") {
		roots, err := authorities("members.ldap_ca", m.LDAPCA)
		if err != nil {
			return nil, err
		}
		password, err := keys.ReadSecret(c.Keys.Dir, keys.LDAPFile)
		if err != nil {
			return nil, err
		}
		o.Directory = &signin.DirectoryOptions{
			URL: m.LDAPURL, Roots: roots, DN: m.LDAPDN, BindDN: m.LDAPBindDN, BindPassword: password,
			Base: m.LDAPBase, Filter: m.LDAPFilter, Mail: m.LDAPMail, Name: m.LDAPName,
			Group: m.LDAPGroup, GroupFilter: m.LDAPGroupFilter,
		}
	}
	if m.Uses("oidc") {
		roots, err := authorities("members.oidc_ca", m.OIDCCA)
		if err != nil {
			return nil, err
		}
		secret, err := keys.ReadSecret(c.Keys.Dir, keys.OIDCFile)
		if err != nil {
			return nil, err
		}
		o.Provider = &signin.ProviderOptions{
			Issuer: m.OIDCIssuer, ClientID: m.OIDCClient, Secret: secret, Claim: m.OIDCClaim,
			Redirect: c.Portal.URL + "/signin/return", Roots: roots,
		}
	}
	return signin.New(o)
}

// external reports whether some members sign in without a password of the portal.
func external(c *config.Config) bool { return c.Members.Uses("ldap") || c.Members.Uses("oidc") }

// checkMembers asks directory and provider whether they answer.
func checkMembers(ctx context.Context, r *report, c *config.Config) {
	if !external(c) {
		return
	}
	s, err := newSignIn(c)
	if err != nil {
		r.error("members", "%v", err)
		return
	}
	if err := s.Check(ctx); err != nil {
		r.error("members", "%v", err)
		return
	}
	if c.Members.Uses("ldap") {
		r.ok("members", "the directory at %s answers", c.Members.LDAPURL)
	}
	if c.Members.Uses("oidc") {
		r.ok("members", "the provider at %s answers", c.Members.OIDCIssuer)
	}
}
