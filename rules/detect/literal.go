package detect

import (
	"regexp/syntax"
	"unicode/utf8"
)

// minLiteral is the length in characters from which a literal is worth looking
// for.
const minLiteral = 3

// maxLiterals bounds the alternatives of one pattern.
const maxLiterals = 256

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
	switch re.Op {
	case syntax.OpLiteral:
		s := fold.text(string(re.Rune))
		// Folding trims space at the ends, which a match may have; that only
		// makes the literal weaker.
		if utf8.RuneCountInString(s) < minLiteral {
			return nil
		}
		return []string{s}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiterals(fold, re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredLiterals(fold, re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if ls := requiredLiterals(fold, sub); better(ls, best) {
				best = ls
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			ls := requiredLiterals(fold, sub)
			if ls == nil || len(all)+len(ls) > maxLiterals {
				return nil
			}
			all = append(all, ls...)
		}
		return all
	}
	return nil
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
