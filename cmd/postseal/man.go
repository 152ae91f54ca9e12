package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual pages",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			// Commands of their own: those that run have cobra's completion beside them.
			return writeManual(newRootCommand(a), args[0])
		},
	}
}

// manualDate is the month on the manual pages, fixed so that the same commands
// make the same pages.
var manualDate = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

func writeManual(root *cobra.Command, dir string) error {
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Title: "POSTSEAL", Section: "8", Source: "Postseal", Manual: "Postseal", Date: &manualDate}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return fmt.Errorf("write manual pages: %w", err)
	}
	return nil
}
