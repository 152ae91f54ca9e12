package detect

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// An automaton finds all of its terms in a text in one pass (Aho and Corasick,
// 1975), as a complete transition table over classes of folded bytes. Two spaces
// in a row are one; any kind of space is a space.
type automaton struct {
	fold   *folder
	class  [256]uint16 // of a folded byte; 0 for a byte that is in no term
	stride uint32
	next   []uint32 // state*stride+class to state*stride, with hasOutput
	out    [][]int32
	terms  []string
}

const (
	hasOutput     = 1 << 31
	maxTableBytes = 256 << 20
	classSpace    = 1
)

var errTooManyWords = errors.New("too many words for one scanner")

// newAutomaton makes an automaton of folded, distinct, non-empty terms.
func newAutomaton(fold *folder, terms []string) (*automaton, error) {
	a := &automaton{fold: fold, terms: terms, stride: 2}
	for _, t := range terms {
		for i := 0; i < len(t); i++ {
			if b := t[i]; b != ' ' && a.class[b] == 0 {
				a.class[b] = uint16(a.stride)
				a.stride++
			}
		}
	}
	for b := byte('a'); b <= 'z'; b++ {
		a.class[b-'a'+'A'] = a.class[b]
	}
	for _, b := range []byte(" \t\n\v\f\r") {
		a.class[b] = classSpace
	}

	// The trie, states numbered in order of creation.
	a.grow()
	spaceEnd := []bool{false}
	for ti, t := range terms {
		s := uint32(0)
		for i := 0; i < len(t); i++ {
			at := s*a.stride + uint32(a.class[t[i]])
			if a.next[at] == 0 {
				if len(a.next)*4 > maxTableBytes {
					return nil, errTooManyWords
				}
				n := a.grow()
				a.next[at] = n
				spaceEnd = append(spaceEnd, t[i] == ' ')
			}
			s = a.next[at]
		}
		a.out[s] = append(a.out[s], int32(ti))
	}

	// Breadth first: complete each row from the row of its longest proper suffix.
	fail := make([]uint32, len(a.out))
	queue := make([]uint32, 0, len(a.out))
	for c := uint32(0); c < a.stride; c++ {
		if n := a.next[c]; n != 0 {
			queue = append(queue, n)
		}
	}
	for head := 0; head < len(queue); head++ {
		s := queue[head]
		f := fail[s]
		a.out[s] = append(a.out[s], a.out[f]...)
		for c := uint32(0); c < a.stride; c++ {
			at := s*a.stride + c
			if n := a.next[at]; n != 0 {
				fail[n] = a.next[f*a.stride+c]
				queue = append(queue, n)
			} else {
				a.next[at] = a.next[f*a.stride+c]
			}
		}
		if spaceEnd[s] {
			a.next[s*a.stride+classSpace] = s
		}
	}
	for i, n := range a.next {
		v := n * a.stride
		if len(a.out[n]) > 0 {
			v |= hasOutput
		}
		a.next[i] = v
	}
	return a, nil
}

func (a *automaton) grow() uint32 {
	a.next = append(a.next, make([]uint32, a.stride)...)
	a.out = append(a.out, nil)
	return uint32(len(a.out) - 1)
}

// scan calls hit with the index of each term found and where it ends in text.
func (a *automaton) scan(text []byte, hit func(term int32, end int)) {
	s := uint32(0)
	next, class := a.next, &a.class
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			i++
			s = next[s+uint32(class[b])]
			if s&hasOutput != 0 {
				s &^= hasOutput
				for _, t := range a.out[s/a.stride] {
					hit(t, i)
				}
			}
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if r == utf8.RuneError && size == 1 {
			s = next[s] &^ hasOutput
			continue
		}
		for _, fb := range []byte(a.fold.rune(r)) {
			s = next[s+uint32(class[fb])]
			if s&hasOutput != 0 {
				s &^= hasOutput
				for _, t := range a.out[s/a.stride] {
					hit(t, i)
				}
			}
		}
	}
}

// start finds where a term that ends at end starts: -1 if it does not stand
// there by itself, as when a ligature covers its end and more.
func (a *automaton) start(text []byte, term int32, end int) int {
	t := a.terms[term]
	p := end
	for len(t) > 0 {
		if p == 0 {
			return -1
		}
		r, size := utf8.DecodeLastRune(text[:p])
		var f string
		if r < utf8.RuneSelf {
			b := byte(r)
			if a.class[b] == classSpace {
				f = " "
			} else {
				if 'A' <= b && b <= 'Z' {
					b |= 0x20
				}
				if t[len(t)-1] != b {
					return -1
				}
				t, p = t[:len(t)-1], p-1
				continue
			}
		} else {
			f = a.fold.rune(r)
		}
		p -= size
		if f == "" {
			continue
		}
		if f == " " {
			for p > 0 && a.class[text[p-1]] == classSpace {
				p--
			}
		}
		if len(f) > len(t) || t[len(t)-len(f):] != f {
			return -1
		}
		t = t[:len(t)-len(f)]
	}
	return p
}

// whole tells whether text[start:end], a term, is not a part of a longer word.
func whole(text []byte, start, end int) bool {
	if r, _ := utf8.DecodeRune(text[start:]); isWordRune(r) && !isUnspaced(r) && wordBefore(text[:start]) {
		return false
	}
	if r, _ := utf8.DecodeLastRune(text[:end]); isWordRune(r) && !isUnspaced(r) && wordAfter(text[end:]) {
		return false
	}
	return true
}

// wordBefore tells whether a text ends in a letter or digit, accents aside.
func wordBefore(text []byte) bool {
	for len(text) > 0 {
		r, size := utf8.DecodeLastRune(text)
		if !unicode.Is(unicode.Mn, r) {
			return isWordRune(r)
		}
		text = text[:len(text)-size]
	}
	return false
}

// wordAfter tells whether a text goes on with a letter or digit, after the
// accents of what stands before it.
func wordAfter(text []byte) bool {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if !unicode.Is(unicode.Mn, r) {
			return isWordRune(r)
		}
		text = text[size:]
	}
	return false
}
