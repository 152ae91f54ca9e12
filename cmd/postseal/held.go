package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/store"
)

func newHeldCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "held",
		Short: "Release or reject messages that rules hold",
		Long: "Release or reject messages that rules hold: blocked ones, whose senders may release them by a link unless\n" +
			"the rule says otherwise, and those in sealed quarantine. They are sealed: to release one takes the recovery key.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return &usageError{"held needs a subcommand"} },
	}
	c.AddCommand(newHeldListCommand(a), newHeldShowCommand(a), newHeldReleaseCommand(a), newHeldRejectCommand(a), newHeldTrustCommand(a))
	return c
}

func newHeldListCommand(a *app) *cobra.Command {
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List held messages, oldest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				list, err := k.HeldMessages(c.Context(), all)
				if err != nil {
					return err
				}
				if asJSON {
					return a.printJSON(list)
				}
				for _, m := range list {
					_, err := fmt.Fprintf(a.Out, "%s  %-9s %s  until %s  from=%s  to=%s  rule=%s\n", m.ID, heldState(m),
						m.Created.Local().Format(time.DateTime), m.Expires.Local().Format(time.DateTime),
						dash(shown(m.Sender)), heldRecipients(m.Recipients), shown(m.Rule))
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&all, "all", false, "also those that have ended and are remembered")
	return c
}

// heldState says in a word what a held message waits for, or how it ended.
func heldState(m store.HeldMessage) string {
	switch {
	case m.State != store.HoldWaiting:
		return string(m.State)
	case m.Deferred:
		return "deferred"
	case m.Quarantine:
		return "quarantine"
	case m.Link:
		return "blocked"
	}
	return "held" // blocked, and the sender has no link
}

// shownRecipients is how many recipients a line names.
const shownRecipients = 3

func heldRecipients(to []string) string {
	var out []string
	for _, r := range to[:min(len(to), shownRecipients)] {
		out = append(out, shown(r))
	}
	text := strings.Join(out, ",")
	if more := len(to) - shownRecipients; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func newHeldRejectCommand(a *app) *cobra.Command {
	var why string
	c := &cobra.Command{
		Use:   "reject ID",
		Short: "End a held message without sending it",
		Long: "End a held message without sending it. Its content is deleted. The sender of a blocked message is told by a\n" +
			"delivery status notification, without the reason; the sender of one in quarantine is not.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				m, err := k.HeldMessage(c.Context(), args[0])
				if err == nil {
					err = stillWaits(m, store.HoldRejected)
				}
				if err == nil {
					err = k.RejectHeld(c.Context(), args[0], why)
				}
				return held(args[0], err)
			})
		},
	}
	c.Flags().StringVar(&why, "reason", "", "`text` for the audit trail")
	return c
}

// stillWaits is an error for a message that has ended, unless in the way that is
// asked for: to do that twice changes nothing.
func stillWaits(m store.HeldMessage, asked store.HoldState) error {
	if m.State == store.HoldWaiting || m.State == asked {
		return nil
	}
	return fmt.Errorf("it has ended already: %s", heldState(m))
}

// held says of which message an error is.
func held(id string, err error) error {
	if err != nil {
		return fmt.Errorf("held message %s: %w", shown(id), err)
	}
	return nil
}

func newHeldTrustCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "trust",
		Short: "Look after the trust that releases gave",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return &usageError{"held trust needs a subcommand"} },
	}
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List senders whose mail rules let pass since a release",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				list, err := k.TrustList(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return a.printJSON(list)
				}
				for _, t := range list {
					to, until := "anybody", "for ever"
					if t.Recipient != "" {
						to = shown(t.Recipient)
					}
					if !t.Expires.IsZero() {
						until = "until " + t.Expires.Local().Format(time.DateTime)
					}
					if _, err := fmt.Fprintf(a.Out, "from=%s  to=%s  rule=%s  %s\n", shown(t.Sender), to, shown(t.Rule), until); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	var recipient string
	revoke := &cobra.Command{
		Use:   "revoke SENDER",
		Short: "End every trust of a sender",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				n, err := k.RevokeTrust(c.Context(), args[0], recipient)
				if err != nil {
					return err
				}
				if n == 0 {
					return errors.New("there is no such trust")
				}
				_, err = fmt.Fprintf(a.Out, "%s ended\n", plural(n, "trust"))
				return err
			})
		},
	}
	revoke.Flags().StringVar(&recipient, "recipient", "", "only what was given for this `address`")
	c.AddCommand(list, revoke)
	return c
}
