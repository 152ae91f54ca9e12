package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/rules/extract"
)

// The exit status of every command.
const (
	statusOK     = 0
	statusFailed = 1 // it did not work, or what was checked is not in order
	statusUsage  = 2 // the command line is wrong; nothing was done
)

// Stdio are a process's standard streams.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run executes a command line (without the program's name) and returns the exit
// status. When ctx ends, a server drains and returns.
func Run(ctx context.Context, args []string, std Stdio) int {
	a := &app{Stdio: std}
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	needsSubcommand(root, "completion")
	command, err := root.ExecuteContextC(ctx)
	if a.pool != nil {
		a.pool.Close()
	}
	var usage *usageError
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, errReported):
		return statusFailed
	case !a.started || errors.As(err, &usage):
		fmt.Fprintf(std.Err, "postseal: %v\nUsage: %s\nSee '%s --help'.\n", err, command.UseLine(), command.CommandPath())
		return statusUsage
	default:
		fmt.Fprintf(std.Err, "postseal: %v\n", err)
		return statusFailed
	}
}

// app is what the commands share.
type app struct {
	Stdio
	configPath string
	started    bool          // the command line was in order
	pool       *extract.Pool // nil until opener is asked for it
}

// errReported ends a command whose output said all that is wrong.
var errReported = errors.New("reported")

// usageError is a wrong command line that cobra could not know of.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "postseal",
		Short: "Seal mail that must not leave in clear, and let its recipients pick it up",
		Long: "Postseal is a milter for Postfix and Sendmail. Rules decide for each recipient of each\n" +
			"message whether it is delivered, sealed for pickup in the web portal, returned or held.\n\n" +
			"Exit status: 0 it worked, 1 it did not or something is not in order, 2 the command line is wrong.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRun:  func(*cobra.Command, []string) { a.started = true },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.PersistentFlags().StringVar(&a.configPath, "config", config.DefaultPath, "configuration `file`")
	root.AddCommand(
		newInitCommand(a),
		newCheckCommand(a),
		newConfigCommand(a),
		newMilterCommand(a),
		newPortalCommand(a),
		newServeCommand(a),
		newRulesCommand(a),
		newExtractChildCommand(a),
		newDemoCommand(a),
		newStoreCommand(a),
		newTLSCommand(a),
		newHeldCommand(a),
		newAccountCommand(a),
		newMessageCommand(a),
		newVersionCommand(a),
		newManCommand(a),
	)
	return root
}

// needsSubcommand makes cobra's own command, which prints its help whatever
// follows it, refuse what it does not know.
func needsSubcommand(root *cobra.Command, name string) {
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{name}); err == nil && c.Name() == name {
		c.RunE = func(*cobra.Command, []string) error { return &usageError{name + " needs a subcommand"} }
	}
}

// load reads the configuration file.
func (a *app) load() (*config.Config, error) { return config.Load(a.configPath) }

// printJSON writes v, indented, for programs to read.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// newLog returns the log of a server, on standard error.
func (a *app) newLog(c *config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo // the configuration allows known levels alone
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(a.Err, o))
	}
	return slog.New(slog.NewTextHandler(a.Err, o))
}
