package detect

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// A pattern is a regular expression with what is known about its matches.
type pattern struct {
	re       *regexp.Regexp
	literals []string // one of them is in each match; none: unknown
	reach    reach
	after    func(rest []byte) bool // what has to follow a literal; nil: nothing
}

func newPattern(fold *folder, expr string) (*pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return &pattern{re: re, literals: requiredLiterals(fold, tree.Simplify()), reach: reachOf(tree)}, nil
}

// find calls found with the matches in text, as regexp gives their indices. Hits are where the literals end, in
// order; they are not looked at when the pattern has none.
func (p *pattern) find(text []byte, hits []int32, found func(m []int) bool) {
	if p.literals == nil || len(hits) > 0 && (p.reach.max < 0 || p.reach.text) {
		p.within(text, 0, len(text), found)
		return
	}
	for i := 0; i < len(hits); {
		from, to := p.window(text, int(hits[i]))
		for i++; i < len(hits); i++ {
			f, t := p.window(text, int(hits[i]))
			if f > to {
				break
			}
			to = t
		}
		if !p.within(text, from, to, found) {
			return
		}
	}
}

// window returns what has to be looked at for a literal that ends at hit: as far
// as a match reaches, and on to where a slice of the text looks to \b, and to
// (?m)^ and $, as the text itself does.
func (p *pattern) window(text []byte, hit int) (from, to int) {
	from, to = max(0, hit-p.reach.max), min(len(text), hit+p.reach.max)
	if p.reach.lines {
		from = bytes.LastIndexByte(text[:from], '\n') + 1
		if i := bytes.IndexByte(text[to:], '\n'); i >= 0 {
			return from, to + i
		}
		return from, len(text)
	}
	for from > 0 && (isASCIIWord(text[from-1]) || !utf8.RuneStart(text[from])) {
		from--
	}
	for to < len(text) && (isASCIIWord(text[to]) || !utf8.RuneStart(text[to])) {
		to++
	}
	return from, to
}

// matchesAtOnce bounds the memory for the matches in one text.
const matchesAtOnce = 50_000

func (p *pattern) within(text []byte, from, to int, found func(m []int) bool) bool {
	for {
		ms := p.re.FindAllSubmatchIndex(text[from:to], matchesAtOnce)
		for _, m := range ms {
			for i := range m {
				if m[i] >= 0 {
					m[i] += from
				}
			}
			if !found(m) {
				return false
			}
		}
		if len(ms) < matchesAtOnce {
			return true
		}
		last := ms[len(ms)-1]
		from = max(last[1], last[0]+1)
		if from >= to {
			return true
		}
	}
}
