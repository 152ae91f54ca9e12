package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/signin/signintest"
)

// TestMembers signs in at a real slapd with what the configuration says, and sees
// what check makes of servers that answer and of others.
func TestMembers(t *testing.T) {
	d := signintest.StartDirectory(t)
	issuer := signintest.Provider(t, "https://pickup.firm.example/signin/return")
	dir := t.TempDir()
	for name, text := range map[string]string{keys.LDAPFile: signintest.BindPassword + "\n", keys.OIDCFile: signintest.ClientSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func(url, issuer string) *config.Config {
		t.Helper()
		c, err := config.Parse(filepath.Join(dir, "postseal.toml"), fmt.Sprintf(`
internal_domains = ["firm.example", "cloud.example"]
portal.url = "https://pickup.firm.example"
portal.directory = "members"
keys.dir = %q

[members]
method = "ldap"
domains = ["cloud.example: oidc"]
ldap_url = %q
ldap_ca = %q
ldap_bind_dn = %q
ldap_base = %q
ldap_group = %q
oidc_issuer = %q
oidc_client = %q
`, dir, url, d.CAFile, signintest.BindDN, signintest.Base, signintest.Group, issuer, signintest.ClientID))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := load(d.SecureURL, issuer)
	s, err := newSignIn(c)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Password(context.Background(), "clara@firm.example", "right of clara", func(string) error { return nil }); err != nil || p.Name != "Clara Member" {
		t.Errorf("sign-in: %+v, %v", p, err)
	}
	if m := s.Method("dora@cloud.example"); m != signin.OIDC {
		t.Errorf("method %s", m)
	}
	found := func(c *config.Config) string {
		var r report
		checkMembers(context.Background(), &r, c)
		var b strings.Builder
		if err := r.print(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	people, err := newPeople(c)
	if err != nil {
		t.Fatal(err)
	}
	if f, _, err := people.Find(context.Background(), "clara", func(string) bool { return true }); err != nil || len(f) != 2 || f[0].Name != "Clara Member" {
		t.Errorf("looked up: %+v, %v", f, err)
	}
	if text := found(c); strings.Count(text, "ok  ") != 3 || strings.Contains(text, "error ") {
		t.Errorf("check says\n%s", text)
	}
	for _, c := range []*config.Config{load("ldaps://127.0.0.1:1", issuer), load(d.SecureURL, "http://localhost:1")} {
		text := found(c)
		if !strings.Contains(text, "sign-in service is not available") || strings.Contains(text, signintest.BindPassword) || strings.Contains(text, signintest.ClientSecret) {
			t.Errorf("check says\n%s", text)
		}
	}
	if text := found(config.Default()); strings.Contains(text, "members") {
		t.Errorf("without members check says\n%s", text)
	}
	if err := os.WriteFile(filepath.Join(dir, keys.LDAPFile), []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := found(c); !strings.Contains(text, "bind for searching") {
		t.Errorf("with a wrong password check says\n%s", text)
	}
	if err := os.Chmod(filepath.Join(dir, keys.OIDCFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if text := found(c); !strings.Contains(text, "permissions are too open") {
		t.Errorf("with a readable secret check says\n%s", text)
	}
}
