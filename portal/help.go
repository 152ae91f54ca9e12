package portal

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/postseal/postseal/docs"
	"github.com/postseal/postseal/portal/locale"
)

// A helpView is the page of help for recipients.
type helpView struct {
	Title  string
	Blocks []helpBlock
}

// A helpBlock is a heading, a paragraph or a list.
type helpBlock struct {
	Heading, Text string
	Items         []string
}

// loadHelp reads the help in each language. A language without one is an error.
func loadHelp(languages []*locale.Language) (map[string]helpView, error) {
	all := map[string]helpView{}
	for _, l := range languages {
		name := "recipients." + l.Code + ".md"
		if l.Code == "en" {
			name = "recipients.md"
		}
		b, err := docs.Recipients.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("help: %w", err)
		}
		all[l.Code] = parseHelp(string(b))
	}
	return all, nil
}

// parseHelp reads what there is of Markdown in a page of help: blocks are parted
// by empty lines.
func parseHelp(text string) helpView {
	var v helpView
	for block := range strings.SplitSeq(text, "\n\n") {
		block = strings.TrimSpace(block)
		switch {
		case strings.HasPrefix(block, "# "):
			v.Title = block[2:]
		case strings.HasPrefix(block, "## "):
			v.Blocks = append(v.Blocks, helpBlock{Heading: block[3:]})
		case strings.HasPrefix(block, "- "):
			v.Blocks = append(v.Blocks, helpBlock{Items: strings.Split(block[2:], "\n- ")})
		case block != "":
			v.Blocks = append(v.Blocks, helpBlock{Text: block})
		}
	}
	return v
}

func (p *portal) help(c *call) error {
	return p.render(c, http.StatusOK, "help", c.text("help.title"), p.guide[c.viewer.Code])
}
