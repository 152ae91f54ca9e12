package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/postseal/postseal/store/socket"
)

func newMilterCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "milter",
		Short: "Run the mail side: milter, store, outbox",
		Long: "Run the mail side: answer the MTA, own the store, send Postseal's own mail, remove what has expired.\n\n" +
			"SIGHUP reads the rules again. SIGTERM finishes the messages under way and ends.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ignoreHangup()
			return a.runMilter(c.Context())
		},
	}
}

func newPortalCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "portal",
		Short: "Run the web portal",
		Long:  "Run the web portal. It reaches the store through the milter process's socket and holds no mail; while that process is down its pages say so.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ignoreHangup()
			return a.runPortal(c.Context())
		},
	}
}

func newServeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run milter and portal in one process",
		Long:  "Run milter and portal in one process: for small sites. Two processes under two users protect sealed mail better, since neither then has both the messages and the keys.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ignoreHangup()
			return a.runServe(c.Context())
		},
	}
}

// ignoreHangup keeps SIGHUP from ending a server: log rotation and closed
// terminals send it, and a service manager takes such an end for a wanted one.
// Who reads the rules again on SIGHUP asks for it afterwards.
func ignoreHangup() { signal.Ignore(syscall.SIGHUP) }

func (a *app) runMilter(ctx context.Context) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	o, err := newOwner(c, a.newLog(c))
	if err != nil {
		return err
	}
	notifySystemd("READY=1")
	defer notifySystemd("STOPPING=1")
	return errors.Join(o.run(ctx), o.close())
}

func (a *app) runPortal(ctx context.Context) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	log := a.newLog(c)
	client := socket.NewClient(c.Store.Socket)
	defer client.Close()
	// The portal comes up without the store and says so until it is there; the
	// one exception is another version, which waiting does not mend.
	if err := client.Hello(ctx); errors.Is(err, socket.ErrUnavailable) {
		log.Warn("store does not answer yet", "error", err)
	} else if err != nil {
		return fmt.Errorf("store socket: %w", err)
	}
	w, err := newWeb(c, client, log)
	if err != nil {
		return err
	}
	notifySystemd("READY=1")
	defer notifySystemd("STOPPING=1")
	return w.run(ctx)
}

func (a *app) runServe(ctx context.Context) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	log := a.newLog(c)
	o, err := newOwner(c, log)
	if err != nil {
		return err
	}
	w, err := newWeb(c, o.store, log)
	if err != nil {
		return errors.Join(err, o.close())
	}
	notifySystemd("READY=1")
	defer notifySystemd("STOPPING=1")
	// The store is closed when nobody asks it any more.
	return errors.Join(both(ctx, w.run, o.run), o.close())
}

// both runs the two until ctx ends or one of them returns an error.
func both(ctx context.Context, first, second func(context.Context) error) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return first(ctx) })
	work.Go(func() error { return second(ctx) })
	return work.Wait()
}
