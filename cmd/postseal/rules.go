package main

import (
	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/rules"
)

func newRulesCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "Check the rules, and try them on messages",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return &usageError{"rules: which command?"}
		},
	}
	c.AddCommand(
		newRulesCheckCommand(a),
		newRulesTestCommand(a),
		newRulesShowTextCommand(a),
		newRulesDetectCommand(a),
		newRulesReplayCommand(a),
	)
	return c
}

// rulesOptions is what the rules have to know of the configuration.
func rulesOptions(c *config.Config) rules.Options {
	return rules.Options{
		InternalDomains: c.InternalDomains,
		Retention:       c.Messages.Retention,
		NoTLS:           c.TLS.Outgoing == "none",
	}
}

// evaluationOptions are rulesOptions for rules that get messages to see.
func (a *app) evaluationOptions(c *config.Config) rules.Options {
	o := rulesOptions(c)
	o.Extractor = a.opener()
	return o
}

// loadRules loads the rules that the configuration names, for evaluation.
func (a *app) loadRules() (*rules.Set, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	return rules.Load(c.Rules.Dir, a.evaluationOptions(c))
}
