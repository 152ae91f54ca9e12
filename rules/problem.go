package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing wrong with the rule files.
type Problem struct {
	File string // as found under the folder given to Load
	Line int    // 0: the file as a whole
	Rule string // name of the rule, "" outside of rules
	Test string // name of the test, "" outside of tests
	Key  string // dotted path of the key inside the rule or file, "" for the whole
	Text string // what is wrong and what would be right
}

// String gives `file:line: rule "name": key: what is wrong`.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Rule != "" {
		fmt.Fprintf(&b, "rule %q: ", p.Rule)
	}
	if p.Test != "" {
		fmt.Fprintf(&b, "test %q: ", p.Test)
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// A LoadError lists all that keeps a rule set from loading, in the order of
// files and lines.
type LoadError struct{ Problems []Problem }

// Error gives one problem a line.
func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}
