package rules

import (
	"slices"

	"github.com/postseal/postseal/rules/detect"
)

// An ownDetector is a site's own detector, from [detector.NAME].
type ownDetector struct {
	node   node
	custom detect.Custom
	used   bool
}

// detectorKeys are the keys of [detector.NAME], with their documentation.
func detectorKeys() []keyInfo {
	return []keyInfo{
		{name: "pattern", value: "a regular expression", doc: "What to find, in RE2 syntax. Required. One that contains a fixed text of three characters or more is much faster.", example: `pattern = '\bEMP-\d{7}\b'`},
		{name: "check", value: "a check", doc: "A checksum over the digits of the match: `luhn`, `mod97`, `mod11`, `verhoeff` or `none`.", example: `check = "luhn"`},
		{name: "near", value: "words", doc: "Context: one of these words must stand nearby.", example: `near = ["employee", "staff no"]`},
		{name: "within", value: "a number", doc: "How far away the context may be, in characters. 300 unless told.", example: `within = 100`},
		{name: "except", value: "values", doc: "Values that never count, such as examples in forms.", example: `except = ["EMP-0000000"]`},
	}
}

// decodeDetectors decodes one [detector] table.
func (l *loader) decodeDetectors(table node) {
	for _, n := range table.fields() {
		name := n.name()
		if old, ok := l.detectors[name]; ok {
			n.errorf("there is a detector with that name already at %s; rename one", old.node.place())
			continue
		}
		if slices.Contains(detect.Names(), name) {
			n.errorf("a built-in detector has that name; choose another")
			continue
		}
		d := &ownDetector{node: n, custom: detect.Custom{Name: name}}
		l.detectors[name] = d
		before := len(l.problems)
		for _, f := range n.fields() {
			l.decodeDetectorKey(f, &d.custom)
		}
		if _, ok := n.field("pattern"); !ok && n.isTable() {
			n.errorf("has no pattern; write pattern = '...'")
		}
		if within, ok := n.field("within"); ok && len(d.custom.Near) == 0 {
			within.errorf("has no effect without near")
		}
		if len(l.problems) > before {
			continue
		}
		// Into a builder of its own: one that no rule uses is checked too and costs nothing.
		if _, err := detect.NewBuilder().Custom(d.custom, nil); err != nil {
			n.errorf("%v", err)
		}
	}
}

func (l *loader) decodeDetectorKey(f node, c *detect.Custom) {
	switch f.name() {
	case "pattern":
		if s, ok := f.text(); ok && decodePattern(f, s) != nil {
			c.Pattern = s
			l.patterns = append(l.patterns, f)
		}
	case "check":
		l.choices(f, detect.Checks(), func(s string) { c.Check = s })
		if len(f.items()) > 1 {
			f.errorf("is a list; write one check")
		}
	case "near":
		c.Near = l.words(f)
	case "within":
		c.Within = decodeWithin(f)
	case "except":
		for _, e := range l.entries(f.texts()) {
			c.Except = append(c.Except, e.text)
		}
	default:
		f.unknown(keyNames(detectorKeys()))
	}
}

// decodeWithin reads a distance in characters.
func decodeWithin(f node) int {
	count, ok := f.count()
	if ok && count > 2000 {
		f.errorf("is %d; write a number of characters from 1 to 2000", count)
	}
	return count
}
