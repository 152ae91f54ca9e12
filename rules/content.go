package rules

import (
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
