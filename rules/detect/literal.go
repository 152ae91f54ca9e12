package detect

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// minLiteral is the length in characters from which a literal is worth looking
// for.
const minLiteral = 3

// maxLiterals bounds the alternatives of one pattern.
const maxLiterals = 256

// maxExact bounds the texts that are multiplied out of a pattern's beginning,
// such as api[_ -]?key.
const maxExact = 64

// RequiredLiteral returns a text that each match of the pattern contains, or one
// of a few alternatives; folded to lower case, without accents. It is "" when
// there is none of at least three characters: such a pattern costs a full pass
// over every text.
func RequiredLiteral(expr string) (string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", err
	}
	if ls := requiredLiterals(newFolder(), re.Simplify()); len(ls) > 0 {
		return ls[0], nil
	}
	return "", nil
}

// requiredLiterals returns folded texts of which each match of re contains at
// least one; nil if there are no such texts.
func requiredLiterals(fold *folder, re *syntax.Regexp) []string {
	return literals{fold}.of(re).best(fold)
}

// A literalSet is what is known about the texts that an expression matches.
type literalSet struct {
	exact    []string // all of them, folded; nil if there are too many
	required []string // one of these is in each; nil if none is known
}

// best returns the required texts, those that are exactly known included.
func (s literalSet) best(fold *folder) []string {
	if s.exact == nil {
		return s.required
	}
	out := make([]string, 0, len(s.exact))
	for _, e := range s.exact {
		// As the automaton reads text: no space twice, none at the ends.
		if e = fold.text(e); utf8.RuneCountInString(e) < minLiteral {
			return s.required
		}
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	if better(out, s.required) {
		return out
	}
	return s.required
}

type literals struct{ fold *folder }

func (l literals) of(re *syntax.Regexp) literalSet {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return literalSet{exact: []string{""}}
	case syntax.OpLiteral:
		var b []byte
		for _, r := range re.Rune {
			b = append(b, l.char(r)...)
		}
		return literalSet{exact: []string{string(b)}}
	case syntax.OpCharClass:
		return l.class(re.Rune)
	case syntax.OpCapture:
		return l.of(re.Sub[0])
	case syntax.OpQuest:
		if s := l.of(re.Sub[0]); s.exact != nil {
			return literalSet{exact: union(s.exact, []string{""})}
		}
	case syntax.OpPlus:
		return literalSet{required: l.of(re.Sub[0]).best(l.fold)}
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literalSet{required: l.of(re.Sub[0]).best(l.fold)}
		}
	case syntax.OpConcat:
		return l.concat(re.Sub)
	case syntax.OpAlternate:
		return l.alternate(re.Sub)
	}
	return literalSet{}
}

func (l literals) char(r rune) string {
	if r < utf8.RuneSelf {
		return string(unicode.ToLower(r))
	}
	return l.fold.rune(r)
}

// class multiplies out a class of a few characters.
func (l literals) class(ranges []rune) literalSet {
	var exact []string
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 8 {
			return literalSet{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			exact = union(exact, []string{l.char(r)})
		}
		if len(exact) > 8 {
			return literalSet{}
		}
	}
	return literalSet{exact: exact}
}

func (l literals) concat(subs []*syntax.Regexp) literalSet {
	var required []string
	take := func(s literalSet) {
		if ls := s.best(l.fold); better(ls, required) {
			required = ls
		}
	}
	run, whole := []string{""}, true
	for _, sub := range subs {
		s := l.of(sub)
		if s.exact != nil && len(run)*len(s.exact) <= maxExact {
			run = product(run, s.exact)
			continue
		}
		whole = false
		take(literalSet{exact: run})
		take(s)
		if run = s.exact; run == nil {
			run = []string{""}
		}
	}
	if whole {
		return literalSet{exact: run, required: required}
	}
	take(literalSet{exact: run})
	return literalSet{required: required}
}

func (l literals) alternate(subs []*syntax.Regexp) literalSet {
	var exact, required []string
	isExact, isRequired := true, true
	for _, sub := range subs {
		s := l.of(sub)
		if isExact = isExact && s.exact != nil; isExact {
			exact = union(exact, s.exact)
			isExact = len(exact) <= maxExact
		}
		ls := s.best(l.fold)
		if isRequired = isRequired && ls != nil; isRequired {
			required = union(required, ls)
			isRequired = len(required) <= maxLiterals
		}
	}
	if !isExact {
		exact = nil
	}
	if !isRequired {
		required = nil
	}
	return literalSet{exact: exact, required: required}
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

func product(a, b []string) []string {
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
}

// better prefers the set whose shortest member is longest.
func better(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) > 0
	}
	return shortest(a) > shortest(b)
}

func shortest(ls []string) int {
	n := len(ls[0])
	for _, l := range ls {
		n = min(n, len(l))
	}
	return n
}

// A reach says how far a match can extend and what it needs to see around it.
type reach struct {
	max   int  // octets of the longest match, -1 if there is no bound
	lines bool // has (?m)^ or $: needs whole lines around a match
	text  bool // has \A, \z, ^ or $: needs the whole text
}

// maxReach is the length from which a bound is no better than none.
const maxReach = 1 << 16

func reachOf(re *syntax.Regexp) reach {
	switch re.Op {
	case syntax.OpLiteral:
		return reach{max: len(re.Rune) * utf8.UTFMax}
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return reach{max: utf8.UTFMax}
	case syntax.OpBeginLine, syntax.OpEndLine:
		return reach{lines: true}
	case syntax.OpBeginText, syntax.OpEndText:
		return reach{text: true}
	case syntax.OpStar, syntax.OpPlus:
		r := reachOf(re.Sub[0])
		r.max = -1
		return r
	case syntax.OpRepeat:
		r := reachOf(re.Sub[0])
		if re.Max < 0 || r.max < 0 || re.Max*r.max > maxReach {
			r.max = -1
		} else {
			r.max *= re.Max
		}
		return r
	case syntax.OpConcat, syntax.OpAlternate, syntax.OpCapture, syntax.OpQuest:
		var sum reach
		for _, sub := range re.Sub {
			r := reachOf(sub)
			sum.lines, sum.text = sum.lines || r.lines, sum.text || r.text
			switch {
			case r.max < 0 || sum.max < 0:
				sum.max = -1
			case re.Op == syntax.OpAlternate:
				sum.max = max(sum.max, r.max)
			default:
				sum.max += r.max
			}
		}
		if sum.max > maxReach {
			sum.max = -1
		}
		return sum
	}
	return reach{}
}
