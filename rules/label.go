package rules

import (
	"slices"
	"strings"
)

// A labelCondition tests what the sender's mail program says of a message in one
// of several header fields.
type labelCondition struct {
	what   string
	read   func(st *state) string // the label, "" if there is none
	values map[string]bool
}

func (c labelCondition) level() level { return levelHeader }

func (c labelCondition) test(st *state) truth {
	label := c.read(st)
	if !c.values[label] {
		return no
	}
	st.found(Evidence{What: c.what, Part: "header", Name: label, Masked: label})
	return yes
}

// sensitivity reads the Sensitivity field (RFC 4021 section 2.1.55), as Outlook
// writes it.
func sensitivity(st *state) string {
	return strings.ToLower(strings.TrimSpace(st.field("Sensitivity")))
}

// priority reads Importance (RFC 2156 section 5.3.4), X-Priority and Priority,
// in this order, as "high", "normal" or "low".
func priority(st *state) string {
	value := func(name string) string { return strings.ToLower(strings.TrimSpace(st.field(name))) }
	switch v := value("Importance"); v {
	case "high", "low", "normal":
		return v
	}
	if v := value("X-Priority"); v != "" {
		switch v[0] {
		case '1', '2':
			return "high"
		case '3':
			return "normal"
		case '4', '5':
			return "low"
		}
	}
	switch value("Priority") {
	case "urgent":
		return "high"
	case "non-urgent":
		return "low"
	}
	return "normal"
}

// field returns the value of the first field called name, "" if there is none.
func (st *state) field(name string) string {
	i := slices.IndexFunc(st.message.Header, func(f Field) bool { return strings.EqualFold(strings.TrimSpace(f.Name), name) })
	if i < 0 {
		return ""
	}
	return st.value(i)
}

func decodeSensitivity(l *loader, n node, _ scope) condition {
	c := labelCondition{what: "sensitivity", read: sensitivity, values: map[string]bool{}}
	l.choices(n, []string{"personal", "private", "company-confidential"}, func(s string) { c.values[s] = true })
	return l.share(c)
}

func decodePriority(l *loader, n node, _ scope) condition {
	c := labelCondition{what: "priority", read: priority, values: map[string]bool{}}
	l.choices(n, []string{"high", "normal", "low"}, func(s string) { c.values[s] = true })
	return l.share(c)
}
