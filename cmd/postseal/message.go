package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newMessageCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "message",
		Short: "End a sealed message",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return &usageError{"message needs a subcommand"} },
	}
	c.AddCommand(newMessageRecallCommand(a))
	return c
}

func newMessageRecallCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "recall ID",
		Short: "Recall a sealed message: nobody can open it any more",
		Long: "Recall a sealed message: what it holds is removed, and nobody can open it any more. Its id is in the log\n" +
			"and in the audit trail. Its sender's status page shows the recall, and its recipient's page says so.\n" +
			"What somebody read or saved before stays with them.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				if err := k.RecallMessage(c.Context(), args[0]); err != nil {
					return fmt.Errorf("message %q: %w", args[0], err)
				}
				_, err := fmt.Fprintln(a.Out, "recalled")
				return err
			})
		},
	}
}
