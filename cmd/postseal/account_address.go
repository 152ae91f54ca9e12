package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newAccountSeparateCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "separate ADDRESS",
		Short: "Take an address out of the account that it was added to",
		Long: "Take an address out of the account that its holder added it to. What has come to it stays in that account; with the\n" +
			"next message the address starts anew, as a stranger's. The account's main address is told by mail.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				if err := k.SeparateAddress(c.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.Out, "%s is no part of an account any more\n", shown(args[0]))
				return err
			})
		},
	}
}
