package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store"
)

// auditOptions are the flags of "store audit", as typed.
type auditOptions struct {
	since   string
	message string
	event   string
	limit   int
	json    bool
}

func newStoreAuditCommand(a *app) *cobra.Command {
	var o auditOptions
	c := &cobra.Command{
		Use:   "audit",
		Short: "Print the audit trail and verify its chain of hashes",
		Long: "Print the audit trail, newest last, and verify its chain of hashes: each entry holds the hash of\n" +
			"the one before. All of the chain is followed, whichever entries are printed; what was found is said\n" +
			"on standard error. Exit status 1 when the chain is broken.\n\n" +
			"Events: " + strings.Join(eventNames(), ", ") + ".",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := o.query(time.Now())
			if err != nil {
				return err
			}
			return a.withStore(c.Context(), func(k keeper) error {
				out := trailPrinter{w: bufio.NewWriter(a.Out), json: o.json, keep: o.limit}
				end, err := k.ReadTrail(c.Context(), q, out.add)
				if err = errors.Join(err, out.flush()); err != nil {
					return err
				}
				return a.sayTrailEnd(end)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.since, "since", "", "entries from this `time` on: \"12h\" or \"30d\" ago, \"2026-11-01\", \"2026-11-01 15:04\" (local time) or as in RFC 3339")
	f.StringVar(&o.message, "message", "", "entries of the sealed message with this `id`")
	f.StringVar(&o.event, "event", "", "entries with this `verb`")
	f.IntVar(&o.limit, "limit", 0, "the newest `N` of them (default all)")
	f.BoolVar(&o.json, "json", false, "print JSON, one entry a line")
	return c
}

func eventNames() (names []string) {
	for _, e := range store.Events() {
		names = append(names, string(e))
	}
	return names
}

func (o auditOptions) query(now time.Time) (q store.TrailQuery, err error) {
	q.Message, q.Event = o.message, store.Event(o.event)
	if o.event != "" && !slices.Contains(store.Events(), q.Event) {
		return q, &usageError{fmt.Sprintf("--event %q is not known, want one of %s", o.event, strings.Join(eventNames(), ", "))}
	}
	if o.limit < 0 {
		return q, &usageError{fmt.Sprintf("--limit %d: want a positive number", o.limit)}
	}
	if o.since == "" {
		return q, nil
	}
	if d, err := config.ParseDuration(o.since); err == nil {
		q.Since = now.Add(-d)
		return q, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", time.RFC3339Nano} {
		if q.Since, err = time.ParseInLocation(layout, o.since, now.Location()); err == nil {
			return q, nil
		}
	}
	return q, &usageError{fmt.Sprintf("--since %q: want a duration such as 12h or 30d, or a date such as 2026-11-01", o.since)}
}

// sayTrailEnd says what following the chain showed. It goes to standard error,
// so that standard output holds entries alone.
func (a *app) sayTrailEnd(end store.TrailEnd) error {
	for _, p := range end.Problems {
		fmt.Fprintf(a.Err, "%s: %s\n", p.Where, p.What)
	}
	entries := fmt.Sprintf("%d entries", end.Entries)
	if end.Entries == 1 {
		entries = "1 entry"
	}
	if len(end.Problems) > 0 {
		fmt.Fprintf(a.Err, "the audit trail is BROKEN: somebody changed it, or the file is damaged (%s)\n", entries)
		return errReported
	}
	fmt.Fprintf(a.Err, "the audit trail is whole: %s, each with the hash of the one before\n", entries)
	return nil
}

// trailPrinter prints entries as they come or, with a limit, the last ones.
type trailPrinter struct {
	w    *bufio.Writer
	json bool
	keep int // how many of the last; 0: all
	ring []store.TrailEntry
	next int // where in a full ring the oldest is
}

func (p *trailPrinter) add(e store.TrailEntry) error {
	switch {
	case p.keep == 0:
		return p.print(e)
	case len(p.ring) < p.keep:
		p.ring = append(p.ring, e)
	default:
		p.ring[p.next] = e
		p.next = (p.next + 1) % p.keep
	}
	return nil
}

func (p *trailPrinter) flush() error {
	for i := range p.ring {
		if err := p.print(p.ring[(p.next+i)%len(p.ring)]); err != nil {
			return err
		}
	}
	return p.w.Flush()
}

func (p *trailPrinter) print(e store.TrailEntry) error {
	if p.json {
		j := json.NewEncoder(p.w)
		j.SetEscapeHTML(false)
		return j.Encode(e)
	}
	line := fmt.Sprintf("%s  %-13s %-36s %s", e.Time.Local().Format(time.DateTime), e.Event, dash(e.Message), dash(shown(e.Address)))
	for _, f := range []struct{ name, value string }{
		{"from", e.Sender}, {"client", e.Client}, {"queue", e.Queue}, {"rule", e.Rule}, {"note", e.Note}, {"actor", e.Actor}, {"by", e.By},
	} {
		if f.value != "" {
			line += "  " + f.name + "=" + shown(f.value)
		}
	}
	_, err := io.WriteString(p.w, line+"\n")
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// shown quotes what would not stay one word: whoever fails to log in chooses the
// address that the entry has, escape sequences for terminals included.
func shown(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return r == '"' || unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == unicode.ReplacementChar
	}) {
		return strconv.QuoteToASCII(s)
	}
	return s
}
