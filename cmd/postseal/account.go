package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/signin"
)

func newAccountCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "account",
		Short: "Look at a portal account, or help its holder",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return &usageError{"account needs a subcommand"} },
	}
	c.AddCommand(newAccountShowCommand(a), newAccountUnlockCommand(a), newAccountSeparateCommand(a), newAccountPeopleCommand(a))
	return c
}

func newAccountShowCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show ADDRESS",
		Short: "Show how an account is protected and where it is logged in",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				r, err := k.ReportAccount(c.Context(), args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return a.printJSON(r)
				}
				_, err = fmt.Fprint(a.Out, accountText(r))
				return err
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func accountText(r store.AccountReport) string {
	var b strings.Builder
	at := func(t time.Time) string { return t.Local().Format(time.DateTime) }
	yes := map[bool]string{true: "yes", false: "no"}
	fmt.Fprintf(&b, "%s  %s\n", shown(r.Address), shown(r.Name))
	for _, address := range r.Further {
		fmt.Fprintf(&b, "also         %s\n", shown(address))
	}
	method := r.Method
	if method == string(signin.Off) { // as guests do
		method = string(signin.Password)
	}
	fmt.Fprintf(&b, "signs in by  %s\n", method)
	fmt.Fprintf(&b, "since        %s\n", at(r.Created))
	fmt.Fprintf(&b, "password     %s", yes[r.Password])
	if r.Password {
		fmt.Fprintf(&b, ", of %s", at(r.Changed))
	}
	fmt.Fprintf(&b, "\nrecovery     %s\n", yes[r.Recovery])
	fmt.Fprintf(&b, "messages     %d\n", r.Messages)
	for _, f := range r.Factors {
		fmt.Fprintf(&b, "second step  %s %s, since %s\n", f.Kind, shown(f.Name), at(f.Created))
	}
	if len(r.Factors) > 0 {
		fmt.Fprintf(&b, "             %s left\n", plural(r.Codes, "recovery code"))
	}
	for _, s := range r.Sessions {
		fmt.Fprintf(&b, "session      since %s, used %s, %s, %s\n", at(s.Created), at(s.Used), shown(s.Client), dash(shown(s.Agent)))
	}
	return b.String()
}

func newAccountUnlockCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "unlock ADDRESS",
		Short: "Take the second step away from an account whose holder lost it",
		Long: "Take the second step (app, passkeys, recovery codes) away from an account whose holder lost it, and log the\n" +
			"account out everywhere. The password is then enough. Make sure first who asks: by telephone, not by mail.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				if err := k.DropFactors(c.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.Out, "%s logs in without a second step now\n", shown(args[0]))
				return err
			})
		},
	}
}
