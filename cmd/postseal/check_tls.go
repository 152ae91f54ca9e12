package main

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/rules"
)

// judgeTLS compares what the rules want of Postfix with what it will do. What is
// missing here lets mail leave in clear, or wait for ever.
func judgeTLS(r *report, c *config.Config, s postfixSettings, master, overrides string) {
	if c.TLS.Outgoing != "postfix" {
		return
	}
	set, err := rules.Load(c.Rules.Dir, rulesOptions(c))
	if err != nil {
		return // told before
	}
	w := tlsWanted{any: set.WantsTLS()}
	for _, p := range set.TLSDomains() {
		w.domains = w.domains || p.Level.AtLeast(rules.TLSEncrypt) && p.Else != rules.ElsePickup
	}
	judgeLevels(r, c, s, master, overrides, w)
}

// tlsWanted is what rules want: levels at all, levels by whole domains.
type tlsWanted struct{ any, domains bool }

func judgeLevels(r *report, c *config.Config, s postfixSettings, master, overrides string, w tlsWanted) {
	if !w.any {
		return
	}
	asks := func(value, name string) bool { return asksFor(value, c.TLS.PolicySocket, s["queue_directory"], name) }
	byMap := w.domains && !c.TLS.RouteAll
	if byMap && !asks(s["smtp_tls_policy_maps"], "rules") {
		r.error("mta", "smtp_tls_policy_maps does not ask Postseal: mail that a rule wants encrypted leaves in clear; want smtp_tls_policy_maps = %s", policyMap(c.TLS.PolicySocket, s["queue_directory"], "rules"))
	} else if first := mapPattern.FindString(s["smtp_tls_policy_maps"]); byMap && !asks(first, "rules") {
		r.warning("mta", "smtp_tls_policy_maps asks %s before Postseal: what stands there wins over the rules", first)
	}
	if level := s["smtp_tls_security_level"]; level == "" || level == "none" {
		r.warning("mta", "smtp_tls_security_level is %q: mail that no rule is about is never encrypted; want \"may\"", level)
	}
	if s["milter_header_checks"] == "" {
		r.error("mta", "milter_header_checks is empty: mail that a rule wants encrypted leaves in clear; postfix.conf.example has the lines")
	}
	if path, ok := strings.CutPrefix(asPostfixSees(c.TLS.PolicySocket, s["queue_directory"]), "unix:"); ok && filepath.IsAbs(path) && chrooted(master, "smtp") {
		r.error("mta", "smtp runs in a chroot (master.cf) and can't reach %s: put tls.policy_socket below %s, or use inet", path, s["queue_directory"])
	}
	for _, name := range []string{"encrypt", "verified"} {
		transport := "postseal-" + name
		if !hasService(master, transport) {
			r.error("mta", "master.cf has no transport %s: mail that a rule wants by it waits for ever; postfix.conf.example has the lines", transport)
			continue
		}
		own := serviceOptions(overrides, transport)
		if !asks(own["smtp_tls_policy_maps"], name) {
			r.error("mta", "master.cf: %s does not ask Postseal: want -o smtp_tls_policy_maps=%s", transport, policyMap(c.TLS.PolicySocket, s["queue_directory"], name))
		}
		if want := map[string]string{"encrypt": "encrypt", "verified": "secure"}[name]; own["smtp_tls_security_level"] != want {
			r.error("mta", "master.cf: %s has smtp_tls_security_level %q: want -o smtp_tls_security_level=%s", transport, own["smtp_tls_security_level"], want)
		}
		if own["smtp_header_checks"] == "" && s["smtp_header_checks"] == "" {
			r.warning("mta", "master.cf: %s lets the field X-Postseal-TLS leave: want -o smtp_header_checks=...", transport)
		}
	}
	if dnssec := s["smtp_dns_support_level"]; c.TLS.DANE && dnssec != "dnssec" {
		r.error("mta", "smtp_dns_support_level is %q: mail to a domain with DANE that a rule wants verified waits for ever; want \"dnssec\", or tls.dane = false", dnssec)
	}
	if s["smtp_tls_CAfile"] == "" && s["smtp_tls_CApath"] == "" && s["tls_append_default_CA"] != "yes" {
		r.error("mta", "smtp_tls_CAfile and smtp_tls_CApath are empty: no certificate is good for Postfix; want smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt")
	}
	if byMap {
		for _, name := range []string{"relayhost", "sender_dependent_relayhost_maps", "transport_maps", "sender_dependent_default_transport_maps"} {
			if s[name] != "" {
				r.warning("mta", "%s is set: Postfix asks for the name there and not for the recipient's domain, and rules about whole domains don't reach such mail; want tls.route_all = true, unless that is for your own domains alone", name)
			}
		}
	}
}

// policyMap is a map of Postseal's as it goes into main.cf.
func policyMap(socket, queue, name string) string {
	return "socketmap:" + asPostfixSees(socket, queue) + ":" + name
}

// asksFor tells whether a list of maps has a map of Postseal's.
func asksFor(value, socket, queue, name string) bool {
	for _, m := range mapPattern.FindAllString(value, -1) {
		rest, ok := strings.CutPrefix(m, "socketmap:")
		if !ok || !strings.HasSuffix(rest, ":"+name) {
			continue
		}
		where := strings.TrimSuffix(rest, ":"+name)
		path, isUnix := strings.CutPrefix(where, "unix:")
		if where == socket || isUnix && !filepath.IsAbs(path) && "unix:"+filepath.Join(queue, path) == socket {
			return true
		}
	}
	return false
}

var mapPattern = regexp.MustCompile(`[^\s,]+`)

// hasService tells whether master.cf has a service (postconf -M).
func hasService(master, name string) bool {
	for line := range strings.SplitSeq(master, "\n") {
		if f := strings.Fields(line); len(f) > 0 && f[0] == name {
			return true
		}
	}
	return false
}

// serviceOptions are the -o options of a service (postconf -P).
func serviceOptions(overrides, name string) map[string]string {
	own := map[string]string{}
	for line := range strings.SplitSeq(overrides, "\n") {
		path, value, ok := strings.Cut(line, " =")
		if f := strings.Split(path, "/"); ok && len(f) == 3 && f[0] == name {
			own[f[2]] = strings.TrimSpace(value)
		}
	}
	return own
}
