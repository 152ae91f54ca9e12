package main

import (
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
)

func TestJudgeLevels(t *testing.T) {
	const (
		main = "queue_directory = /var/spool/postfix\nsmtp_tls_security_level = may\n" +
			"smtp_tls_policy_maps = socketmap:unix:postseal/tls.sock:rules\nsmtp_tls_CAfile = /etc/ssl/ca.pem\n" +
			"smtp_dns_support_level = dnssec\nmilter_header_checks = regexp:/etc/postfix/postseal_route\n"
		master    = "smtp unix - - y - - smtp\npostseal-encrypt unix - - y - - smtp\npostseal-verified unix - - y - - smtp\n"
		overrides = "postseal-encrypt/unix/smtp_tls_security_level = encrypt\n" +
			"postseal-encrypt/unix/smtp_tls_policy_maps = socketmap:unix:/var/spool/postfix/postseal/tls.sock:encrypt\n" +
			"postseal-encrypt/unix/smtp_header_checks = regexp:/etc/postfix/postseal_strip\n" +
			"postseal-verified/unix/smtp_tls_security_level = secure\n" +
			"postseal-verified/unix/smtp_tls_policy_maps = socketmap:unix:postseal/tls.sock:verified\n" +
			"postseal-verified/unix/smtp_header_checks = regexp:/etc/postfix/postseal_strip\n"
	)
	all := tlsWanted{any: true, domains: true}
	for _, test := range []struct {
		name                    string
		main, master, overrides string
		wanted                  tlsWanted
		change                  func(*config.TLS)
		want                    []string
	}{
		{name: "all is well", main: main, master: master, overrides: overrides, wanted: all},
		{name: "nothing is wanted", master: master},
		{
			name: "nothing is there", wanted: all, want: []string{
				"error smtp_tls_policy_maps does not ask Postseal: mail that a rule wants encrypted leaves in clear; want smtp_tls_policy_maps = socketmap:unix:/var/spool/postfix/postseal/tls.sock:rules",
				`warning smtp_tls_security_level is ""`, "error milter_header_checks is empty",
				"error master.cf has no transport postseal-encrypt", "error master.cf has no transport postseal-verified",
				`error smtp_dns_support_level is ""`, "error smtp_tls_CAfile and",
			},
		},
		{
			name: "rules about messages alone", main: strings.Replace(main, "smtp_tls_policy_maps", "x", 1), master: master, overrides: overrides,
			wanted: tlsWanted{any: true},
		},
		{
			name: "another map before, a relay, no DANE", wanted: all, master: master, overrides: overrides,
			main:   strings.Replace(strings.Replace(main, "dnssec", "enabled", 1), "maps = ", "maps = hash:/etc/postfix/tls, ", 1) + "relayhost = [relay.example.net]\n",
			change: func(c *config.TLS) { c.DANE = false },
			want:   []string{"warning smtp_tls_policy_maps asks hash:/etc/postfix/tls before Postseal", "warning relayhost is set"},
		},
		{
			name: "a socket outside of the chroot", wanted: tlsWanted{any: true}, main: main, master: master, overrides: overrides,
			change: func(c *config.TLS) { c.PolicySocket = "unix:/run/tls.sock" },
			want: []string{
				"error smtp runs in a chroot", "error master.cf: postseal-encrypt does not ask", "error master.cf: postseal-verified does not ask",
			},
		},
		{
			name: "transports without a level", wanted: all, main: main, master: master,
			overrides: strings.NewReplacer("security_level = encrypt", "security_level = may", "/smtp_header_checks", "/x").Replace(overrides),
			want: []string{
				`error master.cf: postseal-encrypt has smtp_tls_security_level "may"`, "warning master.cf: postseal-encrypt lets the field",
				"warning master.cf: postseal-verified lets the field",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config.Default()
			c.TLS.PolicySocket = "unix:/var/spool/postfix/postseal/tls.sock"
			if test.change != nil {
				test.change(&c.TLS)
			}
			var r report
			judgeLevels(&r, c, parsePostconf(test.main), test.master, test.overrides, test.wanted)
			for i, f := range r.findings {
				if got := f.Level + " " + f.Text; i >= len(test.want) || !strings.HasPrefix(got, test.want[i]) {
					t.Errorf("finding %d: %s", i, got)
				}
			}
			if len(r.findings) < len(test.want) {
				t.Errorf("%d findings, want %q", len(r.findings), test.want)
			}
		})
	}
}
