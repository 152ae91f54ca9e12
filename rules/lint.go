package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postseal/postseal/rules/detect"
)

// LintOptions are what Lint has to know beside the rules.
type LintOptions struct {
	Now         time.Time // for rules whose time is over
	ShowSubject bool      // notices carry the original subject
}

// Lint reports what loads and is yet probably not meant: rules that can never
// match or are never reached, lists that nothing uses, patterns that cost a full
// pass over each text, subjects that show what a rule hides.
func (s *Set) Lint(o LintOptions) []Problem {
	warnings := slices.Clone(s.warnings)
	add := func(r *rule, key, format string, args ...any) {
		n := r.node
		if key != "" {
			if f, ok := n.field(key); ok {
				n = f
			}
		}
		warnings = append(warnings, Problem{File: n.file.name, Line: n.line(), Rule: r.name, Key: key, Text: fmt.Sprintf(format, args...)})
	}
	for i, r := range s.rules {
		if !r.during.end.IsZero() && !o.Now.Before(r.during.end) {
			add(r, "until", "is over; the rule does nothing any more")
		}
		when := factsOf(r.node, "when")
		if why := contradiction(when, factsOf(r.node, "unless")); why != "" {
			add(r, "when", "can never hold: %s", why)
		}
		for _, above := range s.rules[:i] {
			if shadows(above, r) {
				add(r, "", "is never reached: rule %q above decides whenever it would", above.name)
				break
			}
		}
		lintAdditions(r, add)
		if r.release.Mode == Defer && len(when["sent"]) > 0 {
			add(r, "release", "mode = \"defer\" lets the message out without a release when the sender's server tries again once the time of sent is over; write mode = \"hold\"")
		}
		if o.ShowSubject && (r.then == Pickup || r.then == OneTime) && len(r.also.StripSubject) == 0 && r.subject {
			add(r, "when", "finds its secret in the subject too, and notices show the original subject: set notice.show_subject = false, or look in = [\"body\", \"attachments\"] and return what has it in the subject")
		}
	}
	sortProblems(warnings)
	return warnings
}

// lintAdditions reports what a rule adds to no effect.
func lintAdditions(r *rule, add func(r *rule, key, format string, args ...any)) {
	also, _ := r.node.field("also")
	has := func(key string) bool {
		_, ok := also.field(key)
		return ok
	}
	seals := r.then == "" || r.then == Pickup || r.then == OneTime
	for _, key := range []string{"restrict", "read_receipt"} {
		if has(key) && !seals {
			add(r, "also", "%s is for sealed messages, and this rule seals none", key)
		}
	}
	if has("tls") && r.then != "" && r.then != Deliver {
		add(r, "also", "tls is for what goes out in clear, and this rule lets nothing out so")
	}
	if has("tls_else") && r.also.TLS == "" {
		add(r, "also", "tls_else does nothing without tls in the same rule")
	}
	if has("tls_else") && r.also.TLS == TLSMay {
		add(r, "also", "tls_else does nothing with tls = \"may\", which can always be had")
	}
}

// shortTerm is the length from which on a term is hardly found in a megabyte of
// noise.
const shortTerm = 4

// lint records what is suspicious about tables and patterns, once all is decoded.
func (l *loader) lint() {
	warn := func(n node, format string, args ...any) {
		l.set.warnings = append(l.set.warnings, Problem{File: n.file.name, Line: n.line(), Rule: n.owner.rule, Key: n.key, Text: fmt.Sprintf(format, args...)})
	}
	for _, name := range sortedKeys(l.lists) {
		if li := l.lists[name]; !li.used {
			warn(li.node, "nothing uses this list")
		}
	}
	for _, name := range sortedKeys(l.dictionaries) {
		d := l.dictionaries[name]
		if !d.used {
			warn(d.node, "nothing uses this dictionary")
		}
		for _, t := range d.terms {
			if len([]rune(t.Text)) < shortTerm {
				warn(d.node, "%q and other terms of less than %d characters occur by chance in pictures and archives; write more, such as a phrase", t.Text, shortTerm)
				break
			}
		}
	}
	for _, name := range sortedKeys(l.detectors) {
		if d := l.detectors[name]; !d.used {
			warn(d.node, "nothing uses this detector")
		}
	}
	for _, n := range l.patterns {
		expr, _ := n.value.(string)
		if literal, err := detect.RequiredLiteral(expr); err == nil && literal == "" {
			warn(n, "no text of three characters is in every match, so the pattern runs over every text in full; add one if you can")
		}
	}
}

// facts are the conditions of a `when` table, flattened: "attachment.name" with
// its values, written in one way.
type facts map[string][]string

func factsOf(n node, key string) facts {
	f := facts{}
	if table, ok := n.field(key); ok {
		f.add("", table.value)
	}
	return f
}

func (f facts) add(key string, value any) {
	table, isTable := value.(map[string]any)
	first, _, dotted := strings.Cut(key, ".")
	leaf := slices.Contains([]string{"any", "all", "not", "sent"}, first) || dotted && (first == "detect" || first == "dictionary")
	if isTable && !leaf {
		for k, v := range table {
			sub := k
			if key != "" {
				sub = key + "." + k
			}
			f.add(sub, v)
		}
		return
	}
	for _, v := range (node{value: value}).items() {
		f[key] = append(f[key], canonical(v.value))
	}
}

// canonical writes a value so that equal ones are written alike.
func canonical(value any) string {
	if s, ok := value.(string); ok {
		value = strings.ToLower(s)
	}
	b, err := json.Marshal(value) // of a map the keys are sorted
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(b)
}

// implies tells whether a holds whenever f does, as far as that shows.
func (f facts) implies(a facts) bool {
	looks := false
	for key, wide := range a {
		first, _, _ := strings.Cut(key, ".")
		switch first {
		case "always":
			continue
		case "in":
			continue // below
		case "detect", "dictionary", "any", "all", "not":
			looks = true
		}
		narrow, ok := f[key]
		if !ok || !impliesValues(first, narrow, wide) {
			return false
		}
	}
	return !looks || slices.Equal(f["in"], a["in"])
}

func impliesValues(key string, narrow, wide []string) bool {
	contains := func(all, some []string) bool {
		return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
	}
	switch key {
	case "detect", "dictionary":
		var n, w int
		if json.Unmarshal([]byte(narrow[0]), &n) == nil && json.Unmarshal([]byte(wide[0]), &w) == nil {
			return n >= w
		}
		return narrow[0] == wide[0]
	case "not":
		return slices.Equal(narrow, wide)
	case "all":
		return contains(narrow, wide)
	default: // of several values one is enough
		return contains(wide, narrow)
	}
}

// contradiction tells why conditions exclude each other, "" if that isn't seen.
func contradiction(when, unless facts) string {
	if len(unless) > 0 && when.implies(unless) {
		return "unless holds whenever when does"
	}
	for _, text := range when["not"] {
		var table map[string]any
		if json.Unmarshal([]byte(text), &table) != nil {
			continue
		}
		excluded := facts{}
		excluded.add("", table)
		if when.implies(excluded) {
			return "not excludes what the other keys ask for"
		}
	}
	to, direction := when["to"], when["direction"]
	inward := func(d string) bool { return d == `"inbound"` || d == `"internal"` }
	if len(direction) > 0 && len(to) == 1 {
		if to[0] == `"external"` && !slices.ContainsFunc(direction, func(d string) bool { return !inward(d) }) {
			return "no external recipient is in that direction"
		}
		if to[0] == `"internal"` && !slices.ContainsFunc(direction, inward) {
			return "no internal recipient is in that direction"
		}
	}
	return ""
}

// shadows tells whether above decides in every case in which r would match. A
// rule that blocks is passed over by what is released.
func shadows(above, r *rule) bool {
	if above.then == "" || above.then == Block || above.test || above.during != (period{}) {
		return false
	}
	if scope := factsOf(above.node, "scope"); len(scope) > 0 && !factsOf(r.node, "scope").implies(scope) {
		return false
	}
	if exception := factsOf(above.node, "unless"); len(exception) > 0 {
		if own := factsOf(r.node, "unless"); len(own) == 0 || !exception.implies(own) {
			return false
		}
	}
	return factsOf(r.node, "when").implies(factsOf(above.node, "when"))
}
