package detect

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"
)

// A Scanner finds what was declared on its Builder. It is safe for concurrent
// use.
type Scanner struct {
	wants      []want
	numbers    [64][]int // by the length of the first group of digits: wants that it is fed to
	hasNumbers bool
	searches   []numbered

	words *automaton
	roles [][]role // by term of words
	sets  int
	pool  sync.Pool
}

// A numbered search is one that belongs to a want.
type numbered struct {
	search
	want int
}

// A role is what a term of the automaton stands for.
type role struct {
	kind   roleKind
	index  int // want, context set, or search
	weight int
}

type roleKind uint8

const (
	isTerm    roleKind = iota // of a dictionary
	isContext                 // in a set
	isLiteral                 // of a pattern
)

// A Finding is one match in a text.
type Finding struct {
	ID     ID
	Name   string // of the detector, dictionary or pattern
	Value  string // canonical, for counting distinct values: digits without separators, a term's folded text. Never log it.
	Masked string // fit to be shown: "4111...1111"; the term itself for a dictionary
	Start  int    // octets into the text
	End    int
	Weight int // of the term; 1 otherwise
}

// Compile makes the Scanner. The Builder can't be used afterwards.
func (b *Builder) Compile() (*Scanner, error) {
	s := &Scanner{wants: b.wants, sets: len(b.sets)}
	var terms []string
	index := map[string]int{}
	add := func(term string, r role) {
		i, ok := index[term]
		if !ok {
			i = len(terms)
			index[term] = i
			terms = append(terms, term)
			s.roles = append(s.roles, nil)
		}
		if !slices.Contains(s.roles[i], r) {
			s.roles[i] = append(s.roles[i], r)
		}
	}
	for i, w := range s.wants {
		for _, t := range w.terms {
			add(t.Text, role{isTerm, i, t.Weight})
		}
		if w.digits != nil || w.token != nil {
			for n := range s.numbers {
				if w.first&(1<<n) != 0 {
					s.numbers[n] = append(s.numbers[n], i)
				}
			}
			s.hasNumbers = true
		}
		for _, se := range w.search {
			for _, l := range se.pattern.literals {
				add(l, role{isLiteral, len(s.searches), 0})
			}
			s.searches = append(s.searches, numbered{se, i})
		}
	}
	for i, set := range b.sets {
		for _, t := range set {
			add(t, role{isContext, i, 0})
		}
	}
	if len(terms) > 0 {
		var err error
		if s.words, err = newAutomaton(b.fold, terms); err != nil {
			return nil, fmt.Errorf("compile words: %w", err)
		}
	}
	s.pool.New = func() any {
		return &scan{contexts: make([][]span, s.sets), literals: make([][]int32, len(s.searches)), last: make([]int, len(s.wants))}
	}
	return s, nil
}

type span struct{ start, end int32 }

// A scan is the state of one Scan.
type scan struct {
	*Scanner
	text     []byte
	found    func(Finding) bool
	stopped  bool
	contexts [][]span  // by set, ordered by end
	literals [][]int32 // by search: where literals end
	last     []int     // by want: where its last number ended
	numbers  [64][]int // those of Scanner.numbers whose context is in the text
	reading  reading
}

// Scan finds everything in text and calls found for each, without a fixed order.
// When found returns false the scan ends. A text has less than 2 GiB.
func (s *Scanner) Scan(text []byte, found func(Finding) bool) {
	c := s.pool.Get().(*scan)
	defer s.pool.Put(c)
	c.Scanner, c.text, c.found, c.stopped = s, text, found, false
	for i := range c.contexts {
		c.contexts[i] = c.contexts[i][:0]
	}
	for i := range c.literals {
		c.literals[i] = c.literals[i][:0]
	}
	clear(c.last)
	c.run()
	c.text, c.found, c.reading.text = nil, nil, nil
}

func (c *scan) run() {
	if c.words != nil {
		c.words.scan(c.text, c.word)
	}
	if c.hasNumbers && !c.stopped {
		c.digits()
	}
	for i := range c.searches {
		if c.stopped {
			return
		}
		if c.searches[i].pattern.literals == nil || len(c.literals[i]) > 0 {
			c.look(i)
		}
	}
}

// word takes a term that ends at end in all its roles.
func (c *scan) word(term int32, end int) {
	if c.stopped {
		return
	}
	start, isWhole := -1, false
	for _, r := range c.roles[term] {
		if r.kind == isLiteral {
			if after := c.searches[r.index].pattern.after; after != nil && !after(c.text[end:]) {
				continue
			}
			c.literals[r.index] = append(c.literals[r.index], int32(end))
			continue
		}
		if start < 0 {
			if start = c.words.start(c.text, term, end); start < 0 {
				continue
			}
			isWhole = whole(c.text, start, end)
		}
		if !isWhole {
			continue
		}
		if r.kind == isContext {
			c.contexts[r.index] = append(c.contexts[r.index], span{int32(start), int32(end)})
			continue
		}
		t := c.words.terms[term]
		c.report(r.index, Finding{Value: t, Masked: t, Start: start, End: end, Weight: r.weight})
	}
}

// digits feeds each group of digits to the validators that want its length.
func (c *scan) digits() {
	for n, wants := range c.Scanner.numbers {
		c.numbers[n] = c.numbers[n][:0]
		for _, i := range wants {
			if c.possible(&c.wants[i]) {
				c.numbers[n] = append(c.numbers[n], i)
			}
		}
	}
	text := c.text
	for i := nextDigit(text, 0); i < len(text) && !c.stopped; {
		end := groupEnd(text, i)
		if n := end - i; n < len(c.numbers) && len(c.numbers[n]) > 0 {
			c.number(i, end)
		}
		i = nextDigit(text, end)
	}
}

// possible tells whether the text has the words at all without which w finds
// nothing.
func (c *scan) possible(w *want) bool {
	if w.onlyBare && len(c.contexts[w.bare.set]) == 0 {
		return false
	}
	for _, n := range w.near {
		if len(c.contexts[n.set]) == 0 {
			return false
		}
	}
	return true
}

// number feeds the group text[start:end] to the validators that want it.
func (c *scan) number(start, end int) {
	read := false
	for _, i := range c.numbers[end-start] {
		w := &c.wants[i]
		if start < c.last[i] {
			continue
		}
		var m match
		ok := false
		if w.token != nil {
			m, ok = w.token(c.text, start, end)
		} else {
			if !read && !c.reading.read(c.text, start, end) {
				continue
			}
			read = true
			m, ok = w.digits(&c.reading)
		}
		if !ok || m.bare && w.bare != nil && !c.near(*w.bare, m.start, m.end) {
			continue
		}
		c.last[i] = m.end
		c.report(i, Finding{Value: m.value, Masked: Mask(m.value), Start: m.start, End: m.end, Weight: 1})
	}
}

// look runs one search.
func (c *scan) look(i int) {
	s := &c.searches[i]
	s.pattern.find(c.text, c.literals[i], func(m []int) bool {
		if value, ok := s.value(c.text, m); ok {
			c.report(s.want, Finding{Value: value, Masked: Mask(value), Start: m[0], End: m[1], Weight: 1})
		}
		return !c.stopped
	})
}

// report passes a finding on if its context is right.
func (c *scan) report(i int, f Finding) {
	w := &c.wants[i]
	for _, n := range w.near {
		if !c.near(n, f.Start, f.End) {
			return
		}
	}
	f.ID, f.Name = ID(i), w.name
	if !c.found(f) {
		c.stopped = true
	}
}

// near tells whether a word of the context stands close enough to
// text[start:end], and not just inside it. Only the closest on each side are
// looked at, and characters counted only where octets leave it open.
func (c *scan) near(n context, start, end int) bool {
	hits := c.contexts[n.set]
	i, _ := slices.BinarySearchFunc(hits, start+1, func(s span, at int) int { return int(s.end) - at })
	if i > 0 && c.close(int(hits[i-1].end), start, n.within) {
		return true
	}
	for ; i < len(hits); i++ {
		hs, he := int(hits[i].start), int(hits[i].end)
		if hs >= end {
			return c.close(end, hs, n.within)
		}
		if hs < start || he > end {
			return true
		}
	}
	return false
}

// close tells whether text[from:to] has at most within characters.
func (c *scan) close(from, to, within int) bool {
	if to-from <= within {
		return true
	}
	return (to-from)/utf8.UTFMax <= within && utf8.RuneCount(c.text[from:to]) <= within
}
