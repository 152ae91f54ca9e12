package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/demo"
)

func newDemoCommand(a *app) *cobra.Command {
	var once bool
	var mails string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try it on this machine: a private Postfix, sample mails, the portal",
		Long: "Start a private Postfix, milter and portal on loopback ports, send sample mails and show what\n" +
			"their recipients get. Nothing of the machine's own mail is touched, nothing leaves it, and\n" +
			"Ctrl-C removes all of it. Postfix has to be installed, and needs root: sudo is used if there.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 {
				return a.asRoot(c.Context(), once, mails)
			}
			// A terminal that is closed ends it as well.
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGHUP)
			defer stop()
			return demo.Run(ctx, demo.Options{
				Once:  once,
				Mails: mails,
				Out:   a.Out,
				Init:  func(dir string) error { return a.quiet().init(initOptions{dir: dir}) },
				Serve: func(ctx context.Context, configFile string, log io.Writer) error {
					b := &app{Stdio: Stdio{Out: io.Discard, Err: log}, configPath: configFile}
					return b.runServe(ctx)
				},
			})
		},
	}
	c.Flags().BoolVar(&once, "once", false, "check that every sample ends as its rule says, and end")
	c.Flags().StringVar(&mails, "mails", "", "`address` of the page with the captured mails (default a free port)")
	return c
}

// quiet is the same app without anybody to ask or to tell.
func (a *app) quiet() *app { return &app{Stdio: Stdio{Out: io.Discard, Err: a.Err}} }

// errNoSudo says what to do without it.
var errNoSudo = errors.New("demo: a private Postfix needs root, since its processes run under users of their own, and there is no sudo here: " +
	"become root (su -) and run postseal demo again")

// asRoot runs the demo again with sudo.
func (a *app) asRoot(ctx context.Context, once bool, mails string) error {
	sudo, err := exec.LookPath("sudo")
	if err != nil {
		return errNoSudo
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintln(a.Out, "A private Postfix needs root, since its processes run under users of their own: using sudo.")
	args := []string{self, "demo", "--mails", mails}
	if once {
		args = append(args, "--once")
	}
	cmd := exec.CommandContext(ctx, sudo, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.In, a.Out, a.Err
	// A Ctrl-C reaches sudo's child by itself; it then ends in order.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return errReported
	} else if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}
