package rules

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/postseal/postseal/rules/mail"
)

// A scope is what a table of conditions passes on to the tables inside it.
type scope struct {
	areas mail.Where
	used  *bool // whether some condition looked at areas
}

// defaultAreas is where detectors and dictionaries look without `in`.
const defaultAreas = mail.InSubject | mail.InBody | mail.InAttachments

// areaNames are the values of `in`.
func areaNames() map[string]mail.Where {
	return map[string]mail.Where{
		"subject": mail.InSubject, "headers": mail.InHeaders,
		"body": mail.InBody, "attachments": mail.InAttachments,
	}
}

// decodeWhen compiles a table of conditions, all of which must hold.
func (l *loader) decodeWhen(n node, s scope) condition {
	fields := n.fields()
	if !n.isTable() {
		return nil
	}
	if len(fields) == 0 {
		n.errorf("has no conditions; for every message write always = true")
		return nil
	}
	used := false
	if in, ok := n.field("in"); ok {
		s.areas, s.used = l.decodeAreas(in), &used
	}
	var all allOf
	complete := true
	for _, f := range fields {
		if f.name() == "in" {
			continue
		}
		c := l.decodeCondition(f, s)
		if c == nil {
			complete = false
			continue
		}
		all = append(all, c)
	}
	if in, ok := n.field("in"); ok && complete && !used {
		in.errorf("nothing in this table looks there; it is for detect and dictionary")
	}
	if len(all) == 0 {
		return nil
	}
	sortByLevel(all)
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func (l *loader) decodeCondition(n node, s scope) condition {
	var names []string
	for _, k := range l.keys {
		name, _, _ := strings.Cut(k.name, ".")
		if name == n.name() {
			return k.decode(l, n, s)
		}
		names = append(names, name)
	}
	n.unknown(names)
	return nil
}

func sortByLevel(cs []condition) {
	slices.SortStableFunc(cs, func(a, b condition) int { return cmp.Compare(a.level(), b.level()) })
}

// share makes a condition that doesn't depend on the recipient be worked out
// once a message.
func (l *loader) share(c condition) condition {
	l.set.shared++
	return shared{c, l.set.shared - 1}
}

func (l *loader) decodeAreas(n node) mail.Where {
	known := areaNames()
	var areas mail.Where
	for _, item := range n.texts() {
		s := item.value.(string)
		if known[s] == 0 {
			item.errorf("%q is no place to look; known are attachments, body, headers, subject", s)
		}
		areas |= known[s]
	}
	return areas
}

func (l *loader) decodeAddresses(n node) *addressSet {
	set := &addressSet{domains: l.options.InternalDomains}
	nodes := n.texts()
	own := map[string]bool{}
	for _, item := range nodes {
		own[item.value.(string)] = true
	}
	for _, e := range l.entries(nodes) {
		if err := set.add(e.text, own[e.text]); err != nil {
			l.problem(e, n.owner, err.Error())
		}
	}
	return set
}

func decodeSender(l *loader, n node, _ scope) condition {
	return l.share(senderCondition{l.decodeAddresses(n)})
}

func decodeHeaderFrom(l *loader, n node, _ scope) condition {
	return l.share(headerFromCondition{l.decodeAddresses(n)})
}

func decodeRecipient(l *loader, n node, _ scope) condition {
	return recipientCondition{l.decodeAddresses(n)}
}

func decodeRecipients(l *loader, n node, _ scope) condition {
	c, ok := l.decodeComparison(n, parseNumber, "> 50")
	if !ok {
		return nil
	}
	if c.never(1) {
		n.errorf("%q can never hold: a message has at least one recipient", n.value)
		return nil
	}
	return l.share(recipientsCondition{c})
}

func decodeSize(l *loader, n node, _ scope) condition {
	c, ok := l.decodeComparison(n, parseSize, "> 20 kB")
	if !ok {
		return nil
	}
	return l.share(sizeCondition{c})
}

func (l *loader) decodeComparison(n node, parse func(string) (int64, error), example string) (comparison, bool) {
	s, ok := n.value.(string)
	if !ok {
		n.errorf("is %s; write a comparison like %q", n.kind(), example)
		return comparison{}, false
	}
	c, err := parseComparison(s, parse)
	if err != nil {
		n.errorf("%v; write a comparison like %q", err, example)
		return comparison{}, false
	}
	if c.never(0) {
		n.errorf("%q can never hold", s)
		return comparison{}, false
	}
	return c, true
}

func decodeAny(l *loader, n node, s scope) condition {
	cs := l.decodeTables(n, s)
	if cs == nil {
		return nil
	}
	sortByLevel(cs)
	return anyOf(cs)
}

func decodeAll(l *loader, n node, s scope) condition {
	cs := l.decodeTables(n, s)
	if cs == nil {
		return nil
	}
	sortByLevel(cs)
	return allOf(cs)
}

func (l *loader) decodeTables(n node, s scope) []condition {
	switch n.value.(type) {
	case []any, []map[string]any:
	default:
		n.errorf("is %s; write a list of tables like [{ ... }, { ... }]", n.kind())
		return nil
	}
	items := n.items()
	if len(items) == 0 {
		n.errorf("is an empty list; write a list of tables like [{ ... }, { ... }]")
	}
	var cs []condition
	for _, item := range items {
		if c := l.decodeWhen(item, s); c != nil {
			cs = append(cs, c)
		}
	}
	return cs
}

func decodeNot(l *loader, n node, s scope) condition {
	c := l.decodeWhen(n, s)
	if c == nil {
		return nil
	}
	return notOf{c}
}

func decodeAlways(_ *loader, n node, _ scope) condition {
	b, ok := n.boolean()
	if ok && !b {
		n.errorf("is false; to switch a rule off write enabled = false in it")
		return nil
	}
	return always(b)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
