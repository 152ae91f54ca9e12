package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/store"
)

func newAccountPeopleCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "people",
		Short: "Say who may open a mailbox under the own name",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return &usageError{"account people needs a subcommand"} },
	}
	c.AddCommand(newPeopleListCommand(a), newPeopleAddCommand(a), newPeopleRemoveCommand(a))
	return c
}

func newPeopleListCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list MAILBOX",
		Short: "List who may open a mailbox, and who is invited",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				r, err := k.ReportPeople(c.Context(), args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return a.printJSON(r)
				}
				_, err = fmt.Fprint(a.Out, peopleText(r))
				return err
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func peopleText(r store.PeopleReport) string {
	var b strings.Builder
	at := func(t time.Time) string { return t.Local().Format(time.DateTime) }
	role := map[bool]string{true: "manager", false: "opener"}
	own := "by its people, and by its own address and password"
	if r.Access.PeopleOnly {
		own = "by its people alone"
	}
	fmt.Fprintf(&b, "%s  opened %s\n", shown(r.Mailbox), own)
	if !r.Account {
		fmt.Fprint(&b, "no account yet: it is made when somebody opens it\n")
	}
	if r.Access.SecondStep {
		fmt.Fprint(&b, "needs a second step\n")
	}
	for _, p := range r.People {
		by := "by an administrator"
		if p.By != "" {
			by = "invited by " + shown(p.By)
		}
		fmt.Fprintf(&b, "%-8s  %s  %s, since %s, %s\n", role[p.Manager], shown(p.Address), dash(shown(p.Name)), at(p.Since), by)
	}
	for _, p := range r.Invited {
		fmt.Fprintf(&b, "%-8s  %s  invited by %s, until %s\n", role[p.Manager], shown(p.Address), shown(p.By), at(p.Expires))
	}
	return b.String()
}

func newPeopleAddCommand(a *app) *cobra.Command {
	var manager bool
	c := &cobra.Command{
		Use:   "add MAILBOX PERSON",
		Short: "Let somebody open a mailbox, or change whether they manage it",
		Long: "Let the person with the address PERSON open MAILBOX under the own name and with the own log-in. Neither needs\n" +
			"an account yet: a mailbox without one gets it when it is opened for the first time, and has no password of its\n" +
			"own. This needs online recovery (keys.recovery), which the mailbox's key comes from. All managers, the mailbox\n" +
			"and the person are told by mail.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				if err := k.AddPerson(c.Context(), args[0], args[1], manager); err != nil {
					return err
				}
				may := map[bool]string{true: "opens and manages", false: "opens"}[manager]
				_, err := fmt.Fprintf(a.Out, "%s %s %s\n", shown(args[1]), may, shown(args[0]))
				return err
			})
		},
	}
	c.Flags().BoolVar(&manager, "manager", false, "the person may also say who else opens it")
	return c
}

func newPeopleRemoveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove MAILBOX PERSON",
		Short: "Take the mailbox away from somebody, at once",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				if err := k.DropPerson(c.Context(), args[0], args[1]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.Out, "%s does not open %s any more\n", shown(args[1]), shown(args[0]))
				return err
			})
		},
	}
}
