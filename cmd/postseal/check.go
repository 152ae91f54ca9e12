package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/config"
)

// The levels of a finding. An error keeps mail from being handled as it should.
const (
	levelOK      = "ok"
	levelWarning = "warning"
	levelError   = "error"
)

// A finding is one line of "postseal check".
type finding struct {
	Level string `json:"level"`
	Where string `json:"where"` // "config", "rules", "keys", "languages", "store", "milter", "portal", "members", "submission", "mta"
	Text  string `json:"text"`
}

// report collects findings, each once.
type report struct{ findings []finding }

func (r *report) add(level, where, format string, args ...any) {
	// What comes from elsewhere may have many lines, each a finding.
	for text := range strings.SplitSeq(strings.TrimSpace(fmt.Sprintf(format, args...)), "\n") {
		if f := (finding{level, where, text}); !slices.Contains(r.findings, f) {
			r.findings = append(r.findings, f)
		}
	}
}
func (r *report) ok(where, format string, args ...any) { r.add(levelOK, where, format, args...) }
func (r *report) warning(where, format string, args ...any) {
	r.add(levelWarning, where, format, args...)
}
func (r *report) error(where, format string, args ...any) { r.add(levelError, where, format, args...) }

func (r *report) count(level string) (n int) {
	for _, f := range r.findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// checkOptions are check's flags.
type checkOptions struct {
	json    bool
	postfix string // folder of Postfix's configuration, "" its default
	noMTA   bool
	running bool // all of it has to run
}

func newCheckCommand(a *app) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check",
		Short: "Say all that is wrong: configuration, rules, keys, permissions, sockets, the MTA's settings",
		Long: "Say all that is wrong: configuration, rules, keys, permissions, sockets and, where there is a\n" +
			"Postfix, its settings. It changes nothing. Exit status 1 when there is an error; warnings are\n" +
			"no errors. Run it as root: it then sees the files of all processes.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.check(c.Context(), o) },
	}
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	c.Flags().StringVar(&o.postfix, "postfix-config", "", "`folder` of Postfix's configuration (default Postfix's own)")
	c.Flags().BoolVar(&o.running, "running", false, "it is an error when milter, store or portal don't answer")
	c.Flags().BoolVar(&o.noMTA, "no-mta", false, "leave out the MTA's settings: it runs on another machine")
	return c
}

func (a *app) check(ctx context.Context, o checkOptions) error {
	var r report
	c, err := a.load()
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			r.error("config", "%s", p)
		}
	case err != nil:
		r.error("config", "%v", err)
	default:
		r.ok("config", "%s", a.configPath)
		checkRules(&r, c)
		checkKeys(&r, c)
		checkFiles(&r, c)
		checkNames(&r, c)
		checkLanguages(&r, c)
		checkAccess(&r, c)
		checkSocketFolders(&r, c)
		checkSocketGroups(&r, c)
		checkSockets(ctx, &r, c, o.running)
		checkMembers(ctx, &r, c)
		if !o.noMTA {
			checkPostfix(ctx, &r, c, o.postfix)
		}
	}
	if o.json {
		err = a.printJSON(map[string]any{"ok": r.count(levelError) == 0, "findings": r.findings})
	} else {
		err = r.print(a.Out)
	}
	if err == nil && r.count(levelError) > 0 {
		err = errReported
	}
	return err
}

func (r *report) print(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.findings {
		fmt.Fprintf(&b, "%-8s%-12s%s\n", f.Level, f.Where, f.Text)
	}
	fmt.Fprintf(&b, "\n%s, %s\n", plural(r.count(levelError), "error"), plural(r.count(levelWarning), "warning"))
	_, err := io.WriteString(w, b.String())
	return err
}
