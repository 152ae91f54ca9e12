package rules

import (
	"regexp"
	"strings"
)

func decodeSubject(l *loader, n node, _ scope) condition {
	return l.decodeHeader(n, "Subject", "subject")
}

func decodeHeaders(l *loader, n node, _ scope) condition {
	var all allOf
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("names no header field; write one like header.Precedence.equals = \"bulk\"")
	}
	for _, f := range fields {
		name := f.name()
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' || r > '~' }) {
			f.errorf("%q is not the name of a header field", name)
			continue
		}
		if c := l.decodeHeader(f, name, "header."+name); c != nil {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (l *loader) decodeHeader(n node, name, what string) condition {
	if !n.isTable() {
		n.errorf("is %s; write %s.contains, .equals, .matches or .present", n.kind(), what)
		return nil
	}
	c := &headerCondition{what: what, name: name}
	fields := n.fields()
	for _, f := range fields {
		switch f.name() {
		case "present":
			if b, ok := f.boolean(); ok {
				c.present = &b
				if !b && len(fields) > 1 {
					f.errorf("false contradicts the other keys; drop it or them")
				}
			}
		case "equals":
			c.equals = l.folded(f)
		case "contains":
			c.contains = l.folded(f)
		case "matches":
			c.matches = l.decodePatterns(f)
		default:
			f.unknown(keyNames(headerKeys()))
		}
	}
	if len(fields) == 0 {
		n.errorf("has no conditions; write %s.contains, .equals, .matches or .present", what)
	}
	return l.share(c)
}

// folded returns texts and the entries of lists for comparing without case.
func (l *loader) folded(n node) []string {
	var out []string
	for _, e := range l.entries(n.texts()) {
		if s := fold(e.text); s != "" {
			out = append(out, s)
		} else {
			n.errorf("%q is empty without its space and would match everything", e.text)
		}
	}
	return out
}

func (l *loader) decodePatterns(n node) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, item := range n.texts() {
		if re := decodePattern(item, item.value.(string)); re != nil {
			out = append(out, re)
		}
	}
	return out
}

func decodePattern(n node, expr string) *regexp.Regexp {
	re, err := regexp.Compile(expr)
	if err != nil {
		n.errorf("not a regular expression (RE2): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	if re.MatchString("") {
		n.errorf("the pattern matches an empty text and so everything")
		return nil
	}
	return re
}
