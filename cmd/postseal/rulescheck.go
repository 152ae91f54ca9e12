package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules"
)

// rulesReport is what `rules check --json` prints.
type rulesReport struct {
	OK       bool           `json:"ok"`
	Rules    int            `json:"rules"`
	Tests    int            `json:"tests"`
	Problems []rulesProblem `json:"problems"` // what keeps the rules from loading
	Warnings []rulesProblem `json:"warnings"` // what is probably not meant
}

type rulesProblem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Rule string `json:"rule,omitempty"`
	Test string `json:"test,omitempty"`
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
}

func newRulesCheckCommand(a *app) *cobra.Command {
	var asJSON, strict bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Load the rules, run their tests and look for what is probably not meant",
		Long: "Load the rule files that the configuration names and run the [[test]] cases in them. Everything wrong is\n" +
			"reported at once, each with file and line. Rules that load are looked through for what is probably not\n" +
			"meant: rules that are never reached or can never match, unused lists, patterns that are slow, patterns\n" +
			"that trip on Postseal's own notices, subjects that would show what a rule hides.\n\n" +
			"Exit status: 0 all is well, 1 something is wrong (with --strict a warning is), 2 the command line is wrong.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := a.checkRules(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(report)
			} else {
				err = report.print(a.Out)
			}
			if err == nil && (!report.OK || strict && len(report.Warnings) > 0) {
				return errReported
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&strict, "strict", false, "take warnings for errors")
	return c
}

func (a *app) checkRules(ctx context.Context) (*rulesReport, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	report := &rulesReport{Problems: []rulesProblem{}, Warnings: []rulesProblem{}}
	set, err := rules.Load(cfg.Rules.Dir, rulesOptions(cfg))
	var list *rules.LoadError
	if errors.As(err, &list) {
		for _, p := range list.Problems {
			report.Problems = append(report.Problems, rulesProblem(p))
		}
		return report, nil
	}
	if err != nil {
		return nil, err
	}
	report.OK = true
	report.Rules, report.Tests = set.Len()
	for _, w := range set.Lint(rules.LintOptions{Now: time.Now(), ShowSubject: cfg.Notice.ShowSubject}) {
		report.Warnings = append(report.Warnings, rulesProblem(w))
	}
	tripped, err := tripsOnNotice(ctx, cfg, set)
	if err != nil {
		return nil, err
	}
	if tripped != nil {
		report.Warnings = append(report.Warnings, rulesProblem(*tripped))
	}
	return report, nil
}

func (r *rulesReport) print(w io.Writer) error {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, rules.Problem(p))
	}
	for _, p := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", rules.Problem(p))
	}
	if r.OK {
		fmt.Fprintf(&b, "%s, %s passed\n", plural(r.Rules, "rule"), plural(r.Tests, "test"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
