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
		d, err := directoryOptions(c)
		if err != nil {
			return nil, err
		}
		o.Directory = &d
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

func directoryOptions(c *config.Config) (signin.DirectoryOptions, error) {
	m := c.Members
	roots, err := authorities("members.ldap_ca", m.LDAPCA)
	if err != nil {
		return signin.DirectoryOptions{}, err
	}
	password, err := keys.ReadSecret(c.Keys.Dir, keys.LDAPFile)
	if err != nil {
		return signin.DirectoryOptions{}, err
	}
	return signin.DirectoryOptions{
		URL: m.LDAPURL, Roots: roots, DN: m.LDAPDN, BindDN: m.LDAPBindDN, BindPassword: password,
		Base: m.LDAPBase, Filter: m.LDAPFilter, Mail: m.LDAPMail, Name: m.LDAPName,
		Group: m.LDAPGroup, GroupFilter: m.LDAPGroupFilter,
	}, nil
}

// newPeople returns the directory that people are looked up in; nil: nobody may.
func newPeople(c *config.Config) (*signin.People, error) {
	if c.Portal.Directory == "off" {
		return nil, nil
	}
	d, err := directoryOptions(c)
	if err != nil {
		return nil, err
	}
	return signin.NewPeople(d, signin.PeopleOptions{Attributes: c.Members.LDAPSearch, Filter: c.Members.LDAPPeople})
}

// external reports whether some members sign in without a password of the portal.
func external(c *config.Config) bool { return c.Members.Uses("ldap") || c.Members.Uses("oidc") }

// checkMembers asks directory and provider whether they answer.
func checkMembers(ctx context.Context, r *report, c *config.Config) {
	checkPeople(ctx, r, c)
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

// checkPeople looks whether anybody can be looked up.
func checkPeople(ctx context.Context, r *report, c *config.Config) {
	people, err := newPeople(c)
	if err == nil && people != nil {
		err = people.Check(ctx)
	}
	switch {
	case err != nil:
		r.error("members", "portal.directory: %v", err)
	case people != nil:
		r.ok("members", "people are found in the directory at %s", c.Members.LDAPURL)
	}
}
