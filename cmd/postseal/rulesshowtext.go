package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/rules/mail"
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
			seen, err := readTexts(c.Context(), &m)
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
func readTexts(ctx context.Context, m *rules.Message) (*seenText, error) {
	header := make([]mail.Field, len(m.Header))
	for i, f := range m.Header {
		header[i] = mail.Field(f)
	}
	tree, err := mail.Read(ctx, header, m.Body, m.BodySize, mail.Limits{})
	if err != nil {
		return nil, err
	}
	seen := &seenText{Texts: []seenPart{}, Defects: []string{}, Unscannable: []string{}}
	err = tree.Texts(ctx, mail.InSubject|mail.InHeaders|mail.InBody|mail.InAttachments, func(t *mail.Text) error {
		data := bytes.ToValidUTF8(t.Data, []byte("\uFFFD"))
		if n := len(seen.Texts); t.Chunk > 0 && n > 0 {
			seen.Texts[n-1].Text += string(data[min(mail.OverlapBytes, len(data)):])
			return nil
		}
		p := seenPart{Label: t.Label, Text: string(data)}
		if t.Part != nil {
			p.Part = t.Part.Path
		}
		seen.Texts = append(seen.Texts, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, d := range tree.Defects {
		seen.Defects = append(seen.Defects, d.String())
	}
	for _, d := range tree.Unscannable {
		seen.Unscannable = append(seen.Unscannable, d.String())
	}
	return seen, nil
}

func (s *seenText) print(w io.Writer) error {
	var b bytes.Buffer
	for _, t := range s.Texts {
		if t.Part != "" {
			fmt.Fprintf(&b, "--- %s (part %s)\n%s\n", t.Label, t.Part, t.Text)
		} else {
			fmt.Fprintf(&b, "--- %s\n%s\n", t.Label, t.Text)
		}
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
