package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/mail"
)

// maxDetectBytes bounds what `rules detect` takes as one text.
const maxDetectBytes = 256 << 20

// lineFindings is what `rules detect --json` prints for each text.
type lineFindings struct {
	Line     int        `json:"line,omitempty"` // from 1, with --lines
	Findings []detected `json:"findings"`
}

type detected struct {
	Detector string `json:"detector"`
	Masked   string `json:"masked"`
	Value    string `json:"value,omitempty"` // with --unmasked
	Start    int    `json:"start"`           // octets into the text
	End      int    `json:"end"`
}

func newRulesDetectCommand(a *app) *cobra.Command {
	var (
		names                   []string
		lines, asJSON, unmasked bool
	)
	c := &cobra.Command{
		Use:   "detect",
		Short: "Run the detectors over standard input",
		Long: "Run the built-in detectors, all or those named, over standard input as plain text. Values are masked.\n" +
			"With --lines each line is a text of its own, so that no context reaches from one into another; with\n" +
			"--lines --json each line gives one JSON object.\n\n" +
			"Exit status: 0 it ran, whatever it found, 2 the command line is wrong.",
		Example: "  postseal rules detect --detector credit-card --lines --json < numbers.txt",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			scanner, err := newDetectors(names)
			if err != nil {
				return &usageError{"rules detect: " + err.Error()}
			}
			out := bufio.NewWriter(a.Out)
			write := func(r lineFindings) error {
				if !asJSON {
					return r.print(out)
				}
				e := json.NewEncoder(out)
				e.SetEscapeHTML(false)
				return e.Encode(r)
			}
			if lines {
				err = eachLine(a.In, func(number int, text string) error {
					return write(lineFindings{number, findAll(scanner, text, unmasked)})
				})
			} else {
				var text []byte
				if text, err = io.ReadAll(io.LimitReader(a.In, maxDetectBytes+1)); err == nil && len(text) > maxDetectBytes {
					err = fmt.Errorf("more than %d MiB on standard input", maxDetectBytes>>20)
				}
				if err == nil {
					err = write(lineFindings{0, findAll(scanner, string(text), unmasked)})
				}
			}
			return errors.Join(err, out.Flush())
		},
	}
	c.Flags().StringArrayVar(&names, "detector", nil, "detector `name`; may be repeated (default all)")
	c.Flags().BoolVar(&lines, "lines", false, "take each line as a text of its own")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&unmasked, "unmasked", false, "print the values themselves, for tests on own data")
	return c
}

// newDetectors compiles the named detectors, all if names is empty.
func newDetectors(names []string) (*detect.Scanner, error) {
	if len(names) == 0 {
		names = detect.Names()
	}
	b := detect.NewBuilder()
	for _, name := range names {
		if !slices.Contains(detect.Names(), name) {
			return nil, fmt.Errorf("there is no detector %q; known are %s", name, strings.Join(detect.Names(), ", "))
		}
		if _, err := b.Detector(name, nil); err != nil {
			return nil, err
		}
	}
	return b.Compile()
}

func findAll(s *detect.Scanner, text string, unmasked bool) []detected {
	found := []detected{}
	normal, origin := normalise(text)
	s.Scan([]byte(normal), func(f detect.Finding) bool {
		hit := detected{Detector: f.Name, Masked: f.Masked, Start: origin(f.Start), End: origin(f.End)}
		if unmasked {
			hit.Value = f.Value
		}
		found = append(found, hit)
		return true
	})
	slices.SortFunc(found, func(a, b detected) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Detector, b.Detector))
	})
	return found
}

// mapBytes is the length up to which places in a normalised text are led back to
// the text as it was given; in longer ones they stay as they are.
const mapBytes = 1 << 20

// normalise prepares a text for the detectors. origin translates an offset into
// it to one into text.
func normalise(text string) (normal string, origin func(int) int) {
	same := func(i int) int { return i }
	normal = mail.Normalise(text)
	if normal == text || len(text) > mapBytes {
		return normal, same
	}
	// Character by character: right wherever that gives the same as the whole.
	starts := make([]int, 0, len(normal)+1)
	for i, r := range text {
		for range len(mail.Normalise(string(r))) {
			starts = append(starts, i)
		}
	}
	if len(starts) != len(normal) {
		return normal, same
	}
	starts = append(starts, len(text))
	return normal, func(i int) int { return starts[i] }
}

// eachLine calls use for every line of r, numbered from 1.
func eachLine(r io.Reader, use func(number int, text string) error) error {
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		text, err := lines.ReadString('\n')
		if text != "" {
			if err := use(number, strings.TrimRight(text, "\r\n")); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *lineFindings) print(w io.Writer) error {
	for _, f := range r.Findings {
		place := ""
		if r.Line > 0 {
			place = fmt.Sprintf("%d:", r.Line)
		}
		shown := f.Masked
		if f.Value != "" {
			shown = f.Value
		}
		if _, err := fmt.Fprintf(w, "%s%d-%d: %s: %s\n", place, f.Start, f.End, f.Detector, shown); err != nil {
			return err
		}
	}
	return nil
}
