package detect

import (
	"slices"
	"sort"
)

// A Definition describes a built-in detector: what it finds, by what rules, by
// whose word, with examples that its tests run.
type Definition struct {
	Name     string
	Title    string
	Finds    string   // the rules, in words
	Source   []string // where they come from
	Examples []string // texts in which it finds exactly one value
	Counter  []string // texts in which it finds nothing

	digits   func(*reading) (match, bool)
	token    func(text []byte, start, end int) (match, bool) // text[start:end] is a group of digits
	first    uint64                                          // bit n: the first group of digits may have n digits
	patterns []secretPattern
	words    []string // context: every bare match needs one of them
	within   int      // how near, in characters
	onlyBare bool     // all matches are bare
}

// A match is what a validator saw where a group of digits is.
type match struct {
	start, end int
	value      string // canonical
	bare       bool   // only counts with a context word near
}

// lengths makes a mask for Definition.first.
func lengths(from, to int) uint64 {
	var m uint64
	for n := from; n <= to; n++ {
		m |= 1 << n
	}
	return m
}

// Definitions lists the built-in detectors, sorted by name.
func Definitions() []Definition {
	ds := slices.Concat(cardDefinitions(), usDefinitions(), usHealthDefinitions(), americanDefinitions(), europeanDefinitions(), nordicDefinitions(), asianDefinitions(), secretDefinitions())
	sort.Slice(ds, func(i, j int) bool { return ds[i].Name < ds[j].Name })
	return ds
}

// Names lists the built-in detectors, sorted.
func Names() []string {
	var names []string
	for _, d := range Definitions() {
		names = append(names, d.Name)
	}
	return names
}

func definition(name string) (Definition, bool) {
	ds := Definitions()
	i := slices.IndexFunc(ds, func(d Definition) bool { return d.Name == name })
	if i < 0 {
		return Definition{}, false
	}
	return ds[i], true
}
