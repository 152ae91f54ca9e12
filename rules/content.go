package rules

import (
	"strconv"
	"strings"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/mail"
)

// evidenceMax is how many values a content condition shows.
const evidenceMax = 3

// A textCondition counts what the scanner found in the message's text: distinct
// values of a detector, distinct terms of a dictionary, a word or a pattern.
type textCondition struct {
	what   string // "detect", "dictionary", "body"
	name   string
	id     detect.ID
	areas  mail.Where
	least  int  // how many
	weight bool // of the terms' weights, not of the terms
}

func (c textCondition) level() level { return levelText }

func (c textCondition) test(st *state) truth {
	if st.level < levelText {
		st.want(levelText, "")
		return unknown
	}
	// What the raw sweep finds can stand anywhere.
	areas := uint8(c.areas | mail.InRaw)
	n := 0
	if c.weight {
		n = st.tally.Weight(c.id, areas)
	} else {
		n = st.tally.Count(c.id, areas)
	}
	if n >= c.least {
		for _, h := range st.tally.Hits(c.id, areas, evidenceMax) {
			st.found(Evidence{What: c.what, Part: h.Part, Name: c.name, Masked: h.Masked})
		}
		return yes
	}
	if why := st.unread(c.areas); why != "" {
		st.want(levelText, why)
		return unknown
	}
	return no
}

// An attachmentCondition holds when one attachment satisfies all keys.
type attachmentCondition struct {
	names []string // globs, folded
	types []string // globs, folded
	size  *comparison
}

func (c *attachmentCondition) level() level { return levelStructure }

func (c *attachmentCondition) test(st *state) truth {
	if st.level < levelStructure {
		st.want(levelStructure, "")
		return unknown
	}
	for _, p := range st.mail.Attachments() {
		if c.matches(p) {
			st.found(Evidence{What: "attachment", Part: "attachment " + p.Path, Name: p.Type, Masked: mask(p.Name) + " " + strconv.FormatInt(p.Size, 10) + " B"})
			return yes
		}
	}
	// There may be an attachment among the parts that were not read.
	if st.structural > 0 {
		st.want(levelStructure, st.mail.Unscannable[0].String())
		return unknown
	}
	return no
}

func (c *attachmentCondition) matches(p *mail.Part) bool {
	return anyGlob(c.names, strings.ToLower(p.Name)) && anyGlob(c.types, p.Type) &&
		(c.size == nil || c.size.holds(p.Size))
}

// anyGlob reports whether s fits one of the patterns; no patterns fit all.
func anyGlob(patterns []string, s string) bool {
	for _, p := range patterns {
		if globMatch(p, s) {
			return true
		}
	}
	return len(patterns) == 0
}
