package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/mail"
)

// text makes a condition on what the scanner finds under id.
func (l *loader) text(c textCondition) condition {
	l.set.areas |= c.areas
	l.subject = l.subject || c.areas&mail.InSubject != 0
	l.content = true
	return l.share(c)
}

func decodeBody(l *loader, n node, _ scope) condition {
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("has no conditions; write body.words, .contains or .matches")
	}
	var all allOf
	for _, f := range fields {
		var any anyOf
		add := func(name string, id detect.ID, err error) {
			if err != nil {
				f.errorf("%v", err)
				return
			}
			any = append(any, l.text(textCondition{what: "body", name: name, id: id, areas: mail.InBody, least: 1}))
		}
		switch f.name() {
		case "words":
			var terms []detect.Term
			for _, e := range l.entries(f.texts()) {
				terms = append(terms, detect.Term{Text: e.text})
			}
			if len(terms) > 0 {
				id, err := l.builder.Words("words", terms)
				add("words", id, err)
			}
		case "contains":
			for _, s := range l.folded(f) {
				id, err := l.builder.Pattern("contains", "(?i)"+regexp.QuoteMeta(s))
				add("contains", id, err)
			}
		case "matches":
			l.patterns = append(l.patterns, f.texts()...)
			for _, re := range l.decodePatterns(f) {
				id, err := l.builder.Pattern("matches", re.String())
				add("matches", id, err)
			}
		default:
			f.unknown(keyNames(bodyKeys()))
		}
		if len(any) > 0 {
			all = append(all, any)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func decodeDetect(l *loader, n node, s scope) condition {
	var all allOf
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("names no detector; write one like detect.credit-card = 1")
	}
	for _, f := range fields {
		c := textCondition{what: "detect", name: f.name(), areas: s.areas, least: 1}
		var near *detect.Near
		if f.isTable() {
			near = l.decodeNear(f, &c.least)
		} else if count, ok := f.count(); ok {
			c.least = count
		}
		var err error
		if c.id, err = l.detector(f, near); err != nil {
			f.errorf("%v", err)
			continue
		}
		if s.used != nil {
			*s.used = true
		}
		all = append(all, l.text(c))
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// detector declares the detector that f is named after, the site's own or one
// that is built in.
func (l *loader) detector(f node, near *detect.Near) (detect.ID, error) {
	if own := l.detectors[f.name()]; own != nil {
		own.used = true
		if own.custom.Pattern == "" {
			return 0, nil // its own problem is recorded
		}
		return l.builder.Custom(own.custom, near)
	}
	names := detect.Names()
	if slices.Contains(names, f.name()) {
		return l.builder.Detector(f.name(), near)
	}
	return 0, unknownName("detector", f.name(), append(names, sortedKeys(l.detectors)...))
}

// decodeNear decodes { min, near, within } of a detector.
func (l *loader) decodeNear(n node, least *int) *detect.Near {
	near := &detect.Near{}
	for _, f := range n.fields() {
		switch f.name() {
		case "min":
			if count, ok := f.count(); ok {
				*least = count
			}
		case "near":
			near.Words = l.words(f)
		case "within":
			near.Within = decodeWithin(f)
		default:
			f.unknown(keyNames(detectKeys()))
		}
	}
	if len(near.Words) == 0 {
		if within, ok := n.field("within"); ok {
			within.errorf("has no effect without near")
		}
		return nil
	}
	return near
}

// words returns the words of n, in which "@name" stands for a list or for the
// terms of a dictionary.
func (l *loader) words(n node) []string {
	var words []string
	for _, item := range n.texts() {
		if name, ok := strings.CutPrefix(item.value.(string), "@"); ok && l.lists[name] == nil {
			if d := l.dictionaries[name]; d != nil {
				d.used = true
				for _, t := range d.terms {
					words = append(words, t.Text)
				}
				continue
			}
		}
		for _, e := range l.entries([]node{item}) {
			words = append(words, e.text)
		}
	}
	return words
}

func decodeDictionary(l *loader, n node, s scope) condition {
	var all allOf
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("names no dictionary; write one like dictionary.health = 2")
	}
	for _, f := range fields {
		c := textCondition{what: "dictionary", name: f.name(), areas: s.areas, least: 1}
		d := l.dictionaries[f.name()]
		if d == nil {
			f.errorf("%v", unknownName("dictionary", f.name(), sortedKeys(l.dictionaries)))
			continue
		}
		d.used = true
		if !f.isTable() {
			if count, ok := f.count(); ok {
				c.least = count
			}
		} else {
			for _, k := range f.fields() {
				switch k.name() {
				case "min", "score":
					if count, ok := k.count(); ok {
						c.least, c.weight = count, k.name() == "score"
					}
				default:
					k.unknown(keyNames(dictionaryConditionKeys()))
				}
			}
			if len(f.fields()) != 1 {
				f.errorf("write either min (distinct terms) or score (the sum of their weights)")
			}
		}
		if s.used != nil {
			*s.used = true
		}
		if !c.weight && c.least > len(d.terms) && len(d.terms) > 0 {
			f.errorf("can never hold: the dictionary has %d terms", len(d.terms))
		}
		var err error
		if c.id, err = l.builder.Words(d.name, d.terms); err != nil {
			f.errorf("%v", err)
			continue
		}
		all = append(all, l.text(c))
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
