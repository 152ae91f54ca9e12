package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules"
)

// replayReport is what `rules replay --json` prints.
type replayReport struct {
	Messages int             `json:"messages"`
	Skipped  []string        `json:"skipped"`  // what is no message, or has no recipient
	Verdicts map[string]int  `json:"verdicts"` // how often each was given, by "action by rule, tls level else what"
	Changes  []replayVerdict `json:"changes"`  // what differs from the rules compared with; without such, what isn't delivered
}

type replayVerdict struct {
	Message   string `json:"message"`
	Recipient string `json:"recipient"`
	Before    string `json:"before,omitempty"`
	After     string `json:"after"`
}

func newRulesReplayCommand(a *app) *cobra.Command {
	var (
		newDir, oldDir string
		to             []string
		asJSON         bool
	)
	c := &cobra.Command{
		Use:   "replay DIR|MBOX",
		Short: "Run old mail through the rules and show what they would do",
		Long: "Evaluate the rules for each message in a folder, subfolders included (a Maildir, or .eml files), or in an\n" +
			"mbox file. With --against the verdicts are compared with those of another rules folder and only the\n" +
			"differences are shown; without, all that would not be delivered. Sender and recipients are taken from\n" +
			"the header: Return-Path or From; X-Original-To, Delivered-To, To, Cc and Bcc. For `sent` each message is\n" +
			"the first of its sender, and none has been released. Nothing is sent or stored.\n\n" +
			"Exit status: 0 it ran, 1 the rules don't load or fail, 2 the command line is wrong.",
		Example: "  postseal rules replay --rules new.d --against /etc/postseal/rules.d ~/Maildir/cur",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			if newDir == "" {
				newDir = cfg.Rules.Dir
			}
			r := replay{to: to, report: replayReport{Skipped: []string{}, Verdicts: map[string]int{}, Changes: []replayVerdict{}}}
			if r.after, err = rules.Load(newDir, a.evaluationOptions(cfg)); err != nil {
				return err
			}
			if oldDir != "" {
				if r.before, err = rules.Load(oldDir, a.evaluationOptions(cfg)); err != nil {
					return err
				}
			}
			if err := r.walk(c.Context(), args[0]); err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(r.report)
			}
			return r.report.print(a.Out)
		},
	}
	c.Flags().StringVar(&newDir, "rules", "", "`folder` of the rules to try (default: that of the configuration)")
	c.Flags().StringVar(&oldDir, "against", "", "`folder` of the rules to compare with")
	c.Flags().StringArrayVar(&to, "to", nil, "`address` to take as the recipient of every message; may be repeated")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type replay struct {
	before, after *rules.Set // before may be nil
	to            []string
	report        replayReport
}

// walk replays a folder or an mbox file.
func (r *replay) walk(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i, text := range splitMbox(data) {
			if err := r.message(ctx, fmt.Sprintf("%s:%d", filepath.Base(name), i+1), text); err != nil {
				return err
			}
		}
		return nil
	}
	return filepath.WalkDir(name, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		shown, _ := filepath.Rel(name, path)
		return r.message(ctx, shown, data)
	})
}

// splitMbox divides an mbox at the lines that begin with "From " after an empty
// line (RFC 4155).
func splitMbox(data []byte) [][]byte {
	if !bytes.HasPrefix(data, []byte("From ")) {
		return [][]byte{data}
	}
	var texts [][]byte
	for {
		end := len(data)
		for _, mark := range []string{"\n\nFrom ", "\r\n\r\nFrom "} {
			if i := bytes.Index(data, []byte(mark)); i >= 0 && i+len(mark)-len("From ") < end {
				end = i + len(mark) - len("From ")
			}
		}
		texts = append(texts, data[:end])
		if end == len(data) {
			return texts
		}
		data = data[end:]
	}
}

func (r *replay) message(ctx context.Context, name string, data []byte) error {
	m := &rules.Message{Time: time.Now(), Sent: rules.SentBefore(0)}
	if err := rules.ParseMessage(m, data); err != nil || len(m.Header) == 0 {
		r.report.Skipped = append(r.report.Skipped, name)
		return nil
	}
	envelope(m)
	if len(r.to) > 0 {
		m.Recipients = r.to
	}
	if len(m.Recipients) == 0 {
		r.report.Skipped = append(r.report.Skipped, name)
		return nil
	}
	r.report.Messages++
	after, err := r.after.Evaluate(ctx, m)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var before *rules.Decision
	if r.before != nil {
		if before, err = r.before.Evaluate(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for i, v := range after.Verdicts {
		change := replayVerdict{Message: name, Recipient: v.Recipient, After: outcome(v)}
		r.report.Verdicts[change.After]++
		if before != nil {
			change.Before = outcome(before.Verdicts[i])
		}
		if before != nil && change.Before != change.After || before == nil && v.Action != rules.Deliver {
			r.report.Changes = append(r.report.Changes, change)
		}
	}
	return nil
}

// outcome is what becomes of a message for a recipient: the verdict, and the TLS
// that what goes out in clear has to have.
func outcome(v rules.Verdict) string {
	if tls := v.Also.ShowTLS(); tls != "" && v.Action == rules.Deliver {
		return v.String() + ", " + tls
	}
	return v.String()
}

// envelope fills sender and recipients of m from its header, as far as that
// tells.
func envelope(m *rules.Message) {
	first := func(names ...string) []string {
		for _, name := range names {
			var found []string
			for _, f := range m.Header {
				if !strings.EqualFold(f.Name, name) {
					continue
				}
				if list, err := netmail.ParseAddressList(f.Value); err == nil {
					for _, a := range list {
						found = append(found, a.Address)
					}
				} else if s := strings.Trim(strings.TrimSpace(f.Value), "<>"); strings.Contains(s, "@") {
					found = append(found, s)
				}
			}
			if len(found) > 0 {
				return found
			}
		}
		return nil
	}
	if from := first("Return-Path", "From"); len(from) > 0 {
		m.From = from[0]
	}
	if to := first("X-Original-To", "Delivered-To"); len(to) > 0 {
		m.Recipients = to[:1]
		return
	}
	for _, name := range []string{"To", "Cc", "Bcc"} {
		for _, to := range first(name) {
			if !slices.Contains(m.Recipients, to) {
				m.Recipients = append(m.Recipients, to)
			}
		}
	}
}

func (r *replayReport) print(w io.Writer) error {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s: %s: ", c.Message, c.Recipient)
		if c.Before != "" {
			fmt.Fprintf(&b, "%s -> ", c.Before)
		}
		fmt.Fprintln(&b, c.After)
	}
	for _, name := range r.Skipped {
		fmt.Fprintf(&b, "%s: skipped, no message with a recipient\n", name)
	}
	names := make([]string, 0, len(r.Verdicts))
	for name := range r.Verdicts {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintln(&b, plural(r.Messages, "message"))
	for _, name := range names {
		fmt.Fprintf(&b, "%8d %s\n", r.Verdicts[name], name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
