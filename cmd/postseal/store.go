package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/keys"
)

func newStoreCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Look after the store",
		Long:  "Look after the store. While a milter process runs, it does the work; otherwise the store is opened here.",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return &usageError{"store needs a subcommand"} },
	}
	c.AddCommand(newStoreCheckCommand(a), newStoreCompactCommand(a), newStoreBackupCommand(a), newStoreStatsCommand(a), newStoreAuditCommand(a))
	return c
}

// withStore calls f with the store of the running process, or with the opened
// one where none runs.
func (a *app) withStore(ctx context.Context, f func(keeper) error) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	running, err := dialControl(c.Store.Control)
	if err != nil {
		return err
	}
	if running != nil {
		return f(running)
	}
	s, err := openStore(c, a, userName(os.Getuid()))
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// openStore opens the store for a command of operator's.
func openStore(c *config.Config, a *app, operator string) (*store.Store, error) {
	k, err := keys.LoadOwner(c.Keys.Dir)
	if err != nil {
		return nil, err
	}
	mails, err := notice.New(noticeOptions(c))
	if err != nil {
		return nil, err
	}
	o := storeOptions(c, k, mails, a.newLog(c), nil)
	o.Fatal, o.Operator = nil, operator // the command itself ends
	return store.Open(o)
}

func newStoreCheckCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Verify the consistency of the store",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				problems, err := k.Check(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					if problems == nil {
						problems = []store.Problem{}
					}
					if err := a.printJSON(map[string]any{"ok": len(problems) == 0, "problems": problems}); err != nil {
						return err
					}
				} else {
					for _, p := range problems {
						fmt.Fprintf(a.Out, "%s: %s\n", p.Where, p.What)
					}
					fmt.Fprintln(a.Out, plural(len(problems), "problem"))
				}
				if len(problems) > 0 {
					return errReported
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newStoreCompactCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the database without what was deleted",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withStore(c.Context(), func(k keeper) error { return k.Compact(c.Context()) })
		},
	}
}

func newStoreBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy the store into a new folder, also while it is in use",
		Long: "Copy the store into a new folder, also while it is in use: the milter process then writes it, whose user\n" +
			"must be allowed to. Back up the keys folder apart from it: the two together open the metadata.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0]) // the process that copies has another current folder
			if err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			return a.withStore(c.Context(), func(k keeper) error { return k.Backup(c.Context(), dir) })
		},
	}
}

func newStoreStatsCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "stats",
		Short: "Count what the store holds",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				s, err := k.Stats(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return a.printJSON(s)
				}
				for _, n := range []struct {
					name  string
					count int
				}{
					{"messages", s.Messages}, {"held", s.Holds}, {"followed", s.Dispatches}, {"trusted", s.Trusts},
					{"accounts", s.Accounts}, {"sessions", s.Sessions}, {"outbox", s.Outbox}, {"weeks", s.Weeks},
				} {
					fmt.Fprintf(a.Out, "%-8s %d\n", n.name, n.count)
				}
				_, err = fmt.Fprintf(a.Out, "%-8s %d octets\n%-8s %d octets\n", "meta", s.MetaBytes, "payload", s.PayloadBytes)
				return err
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
