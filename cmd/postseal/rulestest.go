package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules"
)

// testReport is what `rules test --json` prints.
type testReport struct {
	Recipients []testVerdict `json:"recipients"`
	Defects    []string      `json:"defects"`
}

type testVerdict struct {
	Address  string           `json:"address"`
	Action   rules.Action     `json:"action"`
	Rule     string           `json:"rule"`
	Reason   string           `json:"reason,omitempty"`
	Text     string           `json:"text,omitempty"`
	Release  *rules.Release   `json:"release,omitempty"` // of what is blocked
	Also     rules.Also       `json:"also"`
	Matched  []string         `json:"matched"`
	Passed   []string         `json:"passed,omitempty"`
	Would    []string         `json:"would,omitempty"`
	Evidence []rules.Evidence `json:"evidence"`
}

func newRulesTestCommand(a *app) *cobra.Command {
	var (
		from, user, client, tls, at string
		to, released                []string
		sentBefore                  int64
		asJSON                      bool
	)
	c := &cobra.Command{
		Use:   "test --from ADDR --to ADDR [--to ADDR...] MESSAGE.eml",
		Short: "Show what the rules decide about a message, and why",
		Long: "Evaluate the rules for a message in a file, - for standard input, with the same code as the milter,\n" +
			"and print the verdict for each recipient: the action, the rule that decided, how it is released,\n" +
			"what is added, other rules that matched, and the evidence, masked. Nothing is sent or stored.\n\n" +
			"Exit status: 0 there is a verdict, 1 the rules don't load or fail, 2 the command line is wrong or the\n" +
			"message can't be read.",
		Example: "  postseal rules test --from ann@example.com --to bob@guest.example mail.eml",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("from") || len(to) == 0 {
				return &usageError{"rules test: --from and at least one --to are needed; --from '<>' is the null sender"}
			}
			m := &rules.Message{From: bareAddress(from), Time: time.Now(), Sent: rules.SentBefore(sentBefore)}
			for _, r := range to {
				m.Recipients = append(m.Recipients, bareAddress(r))
			}
			m.Released = func(r rules.Release, _ string) (bool, error) { return slices.Contains(released, r.Rule), nil }
			m.AuthUser, m.TLS = user, tls
			var err error
			if client != "" {
				if m.Client, err = netip.ParseAddr(client); err != nil {
					return &usageError{"rules test: --client is no network address"}
				}
			}
			if at != "" {
				if m.Time, err = time.Parse(time.RFC3339, at); err != nil {
					return &usageError{"rules test: --time is no date and time like 2026-11-02T09:30:00+01:00"}
				}
			}
			if err := a.readMessage(m, args[0]); err != nil {
				return &usageError{"rules test: " + err.Error()}
			}
			set, err := a.loadRules()
			if err != nil {
				return err
			}
			return a.testRules(c.Context(), set, m, asJSON)
		},
	}
	c.Flags().StringVar(&from, "from", "", "envelope sender `address`")
	c.Flags().StringArrayVar(&to, "to", nil, "envelope recipient `address`; may be repeated")
	c.Flags().StringVar(&user, "auth-user", "", "`name` with which the sender authenticated")
	c.Flags().StringVar(&client, "client", "", "`address` of the SMTP client (default: the local command)")
	c.Flags().StringVar(&tls, "tls", "", "`version` of TLS over which the message came, such as TLSv1.3")
	c.Flags().StringVar(&at, "time", "", "`time` at which the message came, as 2026-11-02T09:30:00+01:00 (default: now)")
	c.Flags().Int64Var(&sentBefore, "sent-before", 0, "`number` of recipients of the sender's messages before this one")
	c.Flags().StringArrayVar(&released, "released", nil, "`rule` that blocks and from which the message has been released; may be repeated")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) testRules(ctx context.Context, set *rules.Set, m *rules.Message, asJSON bool) error {
	d, err := set.Evaluate(ctx, m)
	if err != nil {
		return err
	}
	report := testReport{Recipients: []testVerdict{}, Defects: append([]string{}, d.Defects...)}
	for _, v := range d.Verdicts {
		shown := testVerdict{
			Address: v.Recipient, Action: v.Action, Rule: v.Rule, Reason: v.Reason, Text: v.Text, Also: v.Also,
			Matched: append([]string{}, v.Matched...), Passed: v.Passed, Would: v.Would, Evidence: append([]rules.Evidence{}, v.Evidence...),
		}
		if v.Action == rules.Block {
			shown.Release = &v.Release
		}
		report.Recipients = append(report.Recipients, shown)
	}
	if asJSON {
		return a.printJSON(report)
	}
	return report.print(a.Out)
}

// print writes the report for people.
func (r *testReport) print(w io.Writer) error {
	var b strings.Builder
	for _, v := range r.Recipients {
		fmt.Fprintf(&b, "%s: %s", v.Address, v.Action)
		if v.Rule != "" {
			fmt.Fprintf(&b, " by rule %q\n", v.Rule)
		} else {
			fmt.Fprintf(&b, " (%s)\n", v.Reason)
		}
		if v.Text != "" {
			fmt.Fprintf(&b, "  text: %s\n", v.Text)
		}
		if v.Release != nil {
			fmt.Fprintf(&b, "  release: %s\n", v.Release)
		}
		if len(v.Passed) > 0 {
			fmt.Fprintf(&b, "  released from: %s\n", strings.Join(v.Passed, ", "))
		}
		if len(v.Matched) > 0 {
			fmt.Fprintf(&b, "  also matched: %s\n", strings.Join(v.Matched, ", "))
		}
		if len(v.Would) > 0 {
			fmt.Fprintf(&b, "  in test mode: %s\n", strings.Join(v.Would, ", "))
		}
		if also := v.Also.String(); also != "" {
			fmt.Fprintf(&b, "  also: %s\n", also)
		}
		for _, e := range v.Evidence {
			fmt.Fprintf(&b, "  %s\n", e)
		}
	}
	for _, d := range r.Defects {
		fmt.Fprintf(&b, "defect: %s\n", d)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// readMessage fills m from a file, or from standard input for "-".
func (a *app) readMessage(m *rules.Message, name string) error {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(a.In)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	return rules.ParseMessage(m, data)
}

func bareAddress(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") {
		return s[1 : len(s)-1]
	}
	return s
}
