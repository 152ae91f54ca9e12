package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/milter/tlspolicy"
	"github.com/postseal/postseal/rules"
)

// probePatience is how long "tls probe" waits.
const probePatience = time.Minute

func newTLSCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "tls",
		Short: "What destinations offer, and how the mail server is told",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return &usageError{"tls: which command?"}
		},
	}
	c.AddCommand(newTLSProbeCommand(a), newTLSAccessMapCommand(a))
	return c
}

func newTLSProbeCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "probe DOMAIN",
		Short: "Say how a domain's mail servers can be reached, and what each TLS level would do",
		Long: "Look up the domain's mail servers, its DANE records and its MTA-STS policy, visit the servers, and say\n" +
			"what they offer and what becomes of mail with each TLS level. No mail is sent.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.tlsProbe(c.Context(), args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) tlsProbe(ctx context.Context, domain string, asJSON bool) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	p, err := newProber(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	r := p.Probe(ctx, domain)
	if asJSON {
		return a.printJSON(map[string]any{
			"domain": r.Domain, "offers": r.Strength.String(), "proof": r.Proof.Method, "names": r.Proof.Names,
			"why": r.Why, "hosts": r.Hosts,
		})
	}
	_, err = io.WriteString(a.Out, describeProbe(r))
	return err
}

// describeProbe is what "tls probe" prints.
func describeProbe(r tlspolicy.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s offers: %s\n", r.Domain, r.Strength)
	if r.Why != "" {
		fmt.Fprintf(&b, "  not more, because: %s\n", r.Why)
	}
	switch r.Proof.Method {
	case "":
	case tlspolicy.DANE:
		b.WriteString("  proof: DANE, its TLSA records\n")
	default:
		fmt.Fprintf(&b, "  proof: %s, a certificate for %s\n", r.Proof.Method, strings.Join(r.Proof.Names, " or "))
	}
	for _, h := range r.Hosts {
		fmt.Fprintf(&b, "  %s: %s", h.Name, h.Strength)
		for _, more := range []string{h.TLS, h.Why} {
			if more != "" {
				b.WriteString(", " + more)
			}
		}
		b.WriteByte('\n')
	}
	for _, l := range []rules.TLSLevel{rules.TLSMay, rules.TLSEncrypt, rules.TLSVerified} {
		fmt.Fprintf(&b, "tls = %q: %s\n", l, becomes(r.Strength, l))
	}
	return b.String()
}

// becomes tells what a level does to mail for a destination.
func becomes(s tlspolicy.Strength, l rules.TLSLevel) string {
	switch {
	case l == rules.TLSMay && s == tlspolicy.None:
		return "delivered in clear, if at all"
	case l == rules.TLSMay && s == tlspolicy.Unknown:
		return "delivered, in clear if need be"
	case s.Meets(l):
		return "delivered"
	case s == tlspolicy.Unknown:
		return "waits in the queue, also with tls_else = \"return\"; sealed with tls_else = \"pickup\""
	}
	return "waits in the queue; sealed with tls_else = \"pickup\", returned with tls_else = \"return\""
}

func newTLSAccessMapCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "access-map",
		Short: "Print the rules' TLS levels as lines for Sendmail's access map",
		Long: "Print the TLS levels that the rules want for whole domains as lines for Sendmail's access map. Run it\n" +
			"after each change of the rules and make the map anew (makemap). docs/tls.md says what Sendmail can't do.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.accessMap() },
	}
}

func (a *app) accessMap() error {
	set, err := a.loadRules()
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.Out, accessMap(set.TLSDomains()))
	return err
}

// accessMap is the table for Sendmail (cf/README, "STARTTLS"): TEMP lets mail wait
// where the other side does not offer what is wanted. A domain there takes in its
// subdomains, so of a domain and what is below it the stricter level stands, once
// (makemap takes no key twice): the table is never less strict than the rules.
func accessMap(policies []rules.DomainPolicy) string {
	var notes, lines strings.Builder
	wanted := map[string]rules.TLSLevel{}
	for _, p := range policies {
		domain := strings.TrimPrefix(p.Domain, ".")
		if domain == "*" {
			domain = "" // the default
		}
		switch {
		case p.Else == rules.ElsePickup:
			fmt.Fprintf(&notes, "# %s: sealed (rule %q), its notices go as they can\n", p.Domain, p.Rule)
		case p.Level == rules.TLSEncrypt, p.Level == rules.TLSVerified:
			if wanted[domain] != rules.TLSVerified {
				wanted[domain] = p.Level
			}
		default:
			fmt.Fprintf(&notes, "# %s: nothing is wanted; a line for a domain that takes it in holds for it as well\n", p.Domain)
		}
	}
	for _, domain := range slices.Sorted(maps.Keys(wanted)) {
		level := "ENCR:128"
		if wanted[domain] == rules.TLSVerified {
			level = "VERIFY:128+CN"
		}
		fmt.Fprintf(&lines, "TLS_Rcpt:%s\tTEMP+%s\n", domain, level)
	}
	return "# TLS levels of the rules, made by: postseal tls access-map\n" + notes.String() + lines.String()
}
