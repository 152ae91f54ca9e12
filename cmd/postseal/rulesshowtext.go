package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules"
)

// seenText is what `rules show-text --json` prints.
type seenText struct {
	Texts       []seenPart `json:"texts"`
	Defects     []string   `json:"defects"`     // what is wrong with the message's form
	Unscannable []string   `json:"unscannable"` // what was not read, and why
}

type seenPart struct {
	Label string `json:"label"`
	Part  string `json:"part"`
	Inner string `json:"inner,omitempty"` // path inside an attachment that holds others
	Text  string `json:"text"`
}

func newRulesShowTextCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show-text MESSAGE.eml",
		Short: "Print the text that the rules see of a message",
		Long: "Print, part by part, the text that the detectors and dictionaries see of a message in a file, - for\n" +
			"standard input: decoded, with the digits of all scripts as 0-9, HTML as what it shows and what it hides.\n" +
			"After a defect in the message's form also what the raw sweep finds. The text is not masked.\n\n" +
			"Exit status: 0 all was read, 1 some of it could not be read, 2 the command line is wrong.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var m rules.Message
			if err := a.readMessage(&m, args[0]); err != nil {
				return &usageError{"rules show-text: " + err.Error()}
			}
			seen, err := readTexts(c.Context(), &m, a.opener())
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(seen)
			} else {
				err = seen.print(a.Out)
			}
			if err == nil && len(seen.Unscannable) > 0 {
				return errReported
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// readTexts reads all that the rules could look at.
func readTexts(ctx context.Context, m *rules.Message, opener rules.Extractor) (*seenText, error) {
	seen := &seenText{Texts: []seenPart{}}
	defects, unread, err := rules.Texts(ctx, m, rules.Options{Extractor: opener}, func(t rules.Text) error {
		text := strings.ToValidUTF8(string(t.Data), "\uFFFD")
		if n := len(seen.Texts); t.Chunk > 0 && n > 0 {
			seen.Texts[n-1].Text += text
			return nil
		}
		seen.Texts = append(seen.Texts, seenPart{Label: t.Label, Part: t.Part, Inner: t.Inner, Text: text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen.Defects, seen.Unscannable = append([]string{}, defects...), append([]string{}, unread...)
	return seen, nil
}

func (s *seenText) print(w io.Writer) error {
	var b bytes.Buffer
	for _, t := range s.Texts {
		fmt.Fprintf(&b, "--- %s", t.Label)
		if t.Inner != "" {
			fmt.Fprintf(&b, ": %s", strings.Map(printable, t.Inner))
		}
		if t.Part != "" {
			fmt.Fprintf(&b, " (part %s)", t.Part)
		}
		fmt.Fprintf(&b, "\n%s\n", strings.Map(printable, t.Text))
	}
	for _, d := range s.Defects {
		fmt.Fprintf(&b, "defect: %s\n", d)
	}
	for _, d := range s.Unscannable {
		fmt.Fprintf(&b, "not read: %s\n", d)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// printable replaces what would control a terminal.
func printable(r rune) rune {
	if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
		return '\uFFFD'
	}
	return r
}
