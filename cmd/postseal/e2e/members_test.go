package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/signin/signintest"
)

// members starts what members sign in by, and returns the settings that name it.
func (s *Site) members(t *testing.T) map[string]string {
	t.Helper()
	d := signintest.StartDirectory(t)
	issuer := signintest.ProviderAt(t, s.URL+"/signin/return", s.clockFile())
	for name, secret := range map[string]string{keys.LDAPFile: signintest.BindPassword, keys.OIDCFile: signintest.ClientSecret} {
		if err := os.WriteFile(filepath.Join(s.Dir, "etc", "keys", name), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{
		"members.method":       config.Quote("off"),
		"members.domains":      config.QuoteList([]string{"firm.example: ldap", "cloud.example: oidc", "example.com: password"}),
		"members.ldap_url":     config.Quote(d.SecureURL),
		"members.ldap_ca":      config.Quote(d.CAFile),
		"members.ldap_bind_dn": config.Quote(signintest.BindDN),
		"members.ldap_base":    config.Quote(signintest.Base),
		"members.oidc_issuer":  config.Quote(issuer),
		"members.oidc_client":  config.Quote(signintest.ClientID),
		"portal.compose":       "true",
		"portal.directory":     config.Quote("everybody"),
	}
}

// byDirectory signs a member in with the directory's password.
func (s *Site) byDirectory(tb *browsertest.Tab, user string) {
	tb.Open(s.URL + "/")
	typePassword(tb, user+"@firm.example", "right of "+user)
	tb.WaitFor("h1", "Inbox")
}

// atProvider tells the provider who one is.
func atProvider(tb *browsertest.Tab, address string) {
	tb.WaitFor("button", "Sign-in")
	tb.Fill("input[name=login]", address)
	tb.Fill("input[name=password]", "any")
	tb.Press("Sign-in")
}

// byProvider signs a member in at the OpenID provider. Without scripts the pages on
// the way there and back have buttons.
func (s *Site) byProvider(tb *browsertest.Tab, address string, scripts bool) {
	tb.Open(s.URL + "/")
	tb.Fill("#address", address)
	tb.Press("Continue")
	if !scripts {
		tb.Press("Continue to sign-in")
	}
	atProvider(tb, address)
	tb.WaitFor("button", "Continue")
	tb.Press("Continue")
	if !scripts {
		tb.Press("Open my mailbox")
	}
	tb.WaitFor("h1", "Inbox")
}
