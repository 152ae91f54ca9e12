package main

import (
	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules/extract"
)

// newExtractChildCommand is what the milter starts to open attachments in: a
// process that gives up its rights first and can be killed.
func newExtractChildCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "extract-child",
		Short:  "Open attachments for the milter, which starts this itself",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE:   func(*cobra.Command, []string) error { return extract.ChildMain(a.In, a.Out) },
	}
}
