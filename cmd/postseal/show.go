package main

import (
	"io"

	"github.com/spf13/cobra"
)

func newConfigCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration in force, defaults included",
		Long:  "Print the configuration in force, defaults included. It holds no secrets: those are files of their own.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(cfg.Values())
			}
			_, err = io.WriteString(a.Out, cfg.Effective())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
