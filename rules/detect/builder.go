package detect

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// An ID names something a Scanner looks for. IDs count from 0 in the order of
// declaration; declaring the same thing twice gives the same ID.
type ID int

// Near asks for context: a finding counts only if one of the words stands
// within so many characters before or after it.
type Near struct {
	Words  []string // whole words or phrases, case- and accent-folded
	Within int      // characters; 0 means 300
}

// defaultWithin is how far context reaches unless told.
const defaultWithin = 300

// A Term is one entry of a dictionary.
type Term struct {
	Text   string // a word or a phrase, matched whole, case- and accent-folded
	Weight int    // 0 means 1
}

// A Custom detector is a site's own.
type Custom struct {
	Name    string
	Pattern string   // RE2
	Check   string   // one of Checks, over the letters and digits of the match; "" is "none"
	Near    []string // context words; empty: none needed
	Within  int      // characters, 0 means 300
	Except  []string // values that never count, compared without spaces, dots and dashes, any case
}

// A Builder collects what is to be found. Its methods fail for what can't be
// found: unknown names, broken patterns, words of nothing but marks.
type Builder struct {
	fold  *folder
	wants []want
	ids   map[string]ID // by a key that says all about the declaration
	sets  []wordSet     // context
	setOf map[string]int
}

// A want is one declaration.
type want struct {
	name     string
	digits   func(*reading) (match, bool)
	token    func(text []byte, start, end int) (match, bool)
	first    uint64
	search   []search
	terms    []Term
	bare     *context  // for matches that are bare
	onlyBare bool      // all are
	near     []context // for all matches; each has to hold
}

// A search is a pattern and what makes a match of it a finding: the canonical
// value, or false for a match that does not count.
type search struct {
	pattern *pattern
	value   func(text []byte, m []int) (value string, ok bool)
}

type context struct {
	set    int // index into Builder.sets
	within int
}

// A wordSet holds folded context words.
type wordSet []string

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{fold: newFolder(), ids: map[string]ID{}, setOf: map[string]int{}}
}

// Detector declares a built-in detector by its name, with additional context if
// near is not nil.
func (b *Builder) Detector(name string, near *Near) (ID, error) {
	d, ok := definition(name)
	if !ok {
		return 0, fmt.Errorf("unknown detector %q", name)
	}
	w := want{name: name, digits: d.digits, token: d.token, first: d.first, onlyBare: d.onlyBare}
	for _, sp := range d.patterns {
		p, err := newPattern(b.fold, sp.expr)
		if err != nil {
			return 0, err
		}
		p.after = sp.after
		if p.reach.max < 0 {
			p.reach.max = secretReach
		}
		w.search = append(w.search, search{p, func(text []byte, m []int) (string, bool) {
			v := sp.secretValue(text, m)
			return v, v != ""
		}})
	}
	if len(d.words) > 0 {
		c, err := b.context(d.words, d.within)
		if err != nil {
			return 0, err
		}
		w.bare = &c
	}
	if err := b.near(&w, near); err != nil {
		return 0, err
	}
	return b.declare("detector\x00"+name+nearKey(near), w), nil
}

// Custom declares a site's own detector; near is additional context.
func (b *Builder) Custom(c Custom, near *Near) (ID, error) {
	p, err := newPattern(b.fold, c.Pattern)
	if err != nil {
		return 0, fmt.Errorf("pattern: %w", err)
	}
	check, err := checkByName(c.Check)
	if err != nil {
		return 0, err
	}
	except := map[string]bool{}
	for _, e := range c.Except {
		except[canonical(e)] = true
	}
	w := want{name: c.Name, search: []search{{p, func(text []byte, m []int) (string, bool) {
		v := canonical(string(text[m[0]:m[1]]))
		return v, v != "" && !except[v] && (check == nil || check(v))
	}}}}
	var own *Near
	if len(c.Near) > 0 {
		own = &Near{Words: c.Near, Within: c.Within}
		if err := b.near(&w, own); err != nil {
			return 0, err
		}
	}
	if err := b.near(&w, near); err != nil {
		return 0, err
	}
	key := strings.Join(append([]string{"custom", c.Name, c.Pattern, c.Check}, c.Except...), "\x00") + nearKey(own) + nearKey(near)
	return b.declare(key, w), nil
}

// Words declares a dictionary. Each distinct term that is found is one value.
func (b *Builder) Words(name string, terms []Term) (ID, error) {
	if len(terms) == 0 {
		return 0, errors.New("no words")
	}
	key := "words\x00" + name
	w := want{name: name}
	for _, t := range terms {
		f, err := b.word(t.Text)
		if err != nil {
			return 0, err
		}
		if t.Weight == 0 {
			t.Weight = 1
		}
		key += fmt.Sprintf("\x00%s\x00%d", f, t.Weight)
		w.terms = append(w.terms, Term{Text: f, Weight: t.Weight})
	}
	return b.declare(key, w), nil
}

// Pattern declares a regular expression (RE2) over the text.
func (b *Builder) Pattern(name, expr string) (ID, error) {
	p, err := newPattern(b.fold, expr)
	if err != nil {
		var se *syntax.Error
		if errors.As(err, &se) {
			return 0, fmt.Errorf("pattern: %s: %q", se.Code, se.Expr)
		}
		return 0, fmt.Errorf("pattern: %w", err)
	}
	return b.declare("pattern\x00"+name+"\x00"+expr, want{name: name, search: []search{{p, func(text []byte, m []int) (string, bool) {
		return strings.TrimSpace(string(text[m[0]:m[1]])), true
	}}}}), nil
}

func (b *Builder) declare(key string, w want) ID {
	if id, ok := b.ids[key]; ok {
		return id
	}
	id := ID(len(b.wants))
	b.ids[key] = id
	b.wants = append(b.wants, w)
	return id
}

func (b *Builder) near(w *want, near *Near) error {
	if near == nil {
		return nil
	}
	if len(near.Words) == 0 {
		return errors.New("near: no words")
	}
	c, err := b.context(near.Words, near.Within)
	if err != nil {
		return fmt.Errorf("near: %w", err)
	}
	w.near = append(w.near, c)
	return nil
}

func (b *Builder) context(words []string, within int) (context, error) {
	if within < 0 {
		return context{}, errors.New("a negative distance")
	}
	if within == 0 {
		within = defaultWithin
	}
	set := make(wordSet, 0, len(words))
	for _, s := range words {
		f, err := b.word(s)
		if err != nil {
			return context{}, err
		}
		set = append(set, f)
	}
	slices.Sort(set)
	set = slices.Compact(set)
	key := strings.Join(set, "\x00")
	i, ok := b.setOf[key]
	if !ok {
		i = len(b.sets)
		b.sets = append(b.sets, set)
		b.setOf[key] = i
	}
	return context{set: i, within: within}, nil
}

// word folds a term and refuses one that can't be found as a whole word.
func (b *Builder) word(s string) (string, error) {
	f := b.fold.text(s)
	if !strings.ContainsFunc(f, isWordRune) {
		return "", fmt.Errorf("%q has no letter or digit", s)
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%q is not UTF-8", s)
	}
	return f, nil
}

func nearKey(n *Near) string {
	if n == nil {
		return "\x01"
	}
	return fmt.Sprintf("\x01%d\x00%s", n.Within, strings.Join(n.Words, "\x00"))
}
