package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules"
)

// rulesReport is what `rules check --json` prints.
type rulesReport struct {
	OK       bool           `json:"ok"`
	Rules    int            `json:"rules"`
	Tests    int            `json:"tests"`
	Problems []rulesProblem `json:"problems"` // what keeps the rules from loading
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
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Load the rules and run their tests",
		Long: "Load the rule files that the configuration names and run the [[test]] cases in them.\n" +
			"Everything wrong is reported at once, each with file and line.\n\n" +
			"Exit status: 0 all is well, 1 something is wrong, 2 the command line is wrong.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			set, err := a.loadRules()
			var list *rules.LoadError
			if err != nil && !errors.As(err, &list) {
				return err
			}
			report := rulesReport{OK: err == nil, Problems: []rulesProblem{}}
			if list != nil {
				for _, p := range list.Problems {
					report.Problems = append(report.Problems, rulesProblem(p))
				}
			} else {
				report.Rules, report.Tests = set.Len()
			}
			if asJSON {
				if err := a.printJSON(report); err != nil {
					return err
				}
			} else if list != nil {
				fmt.Fprintln(a.Out, list)
			} else {
				fmt.Fprintf(a.Out, "%d rules, %d tests passed\n", report.Rules, report.Tests)
			}
			if !report.OK {
				return errReported
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
