package detect

import "errors"

// An ID names something a Scanner looks for. IDs count from 0 in the order of
// declaration; declaring the same thing twice gives the same ID.
type ID int

// Near asks for context: a finding counts only if one of the words stands
// within so many characters before or after it.
type Near struct {
	Words  []string // whole words or phrases, case- and accent-folded
	Within int      // characters; 0 means 300
}

// A Term is one entry of a dictionary.
type Term struct {
	Text   string // a word or a phrase, matched whole, case- and accent-folded
	Weight int    // 0 means 1
}

// A Custom detector is a site's own.
type Custom struct {
	Name    string
	Pattern string   // RE2
	Check   string   // "", "none", "luhn", "mod97", "mod11", "verhoeff": over the digits (mod97: letters too) of the match
	Near    []string // context words; empty: none needed
	Within  int      // characters, 0 means 300
	Except  []string // values that never count, compared without spaces, dots and dashes, any case
}

// A Builder collects what is to be found.
type Builder struct {
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder { return &Builder{} }

// Detector declares a built-in detector by its name, with additional context if
// near is not nil.
func (b *Builder) Detector(name string, near *Near) (ID, error) {
	return 0, errors.New("detect: not available")
}

// Custom declares a site's own detector; near is additional context.
func (b *Builder) Custom(c Custom, near *Near) (ID, error) {
	return 0, errors.New("detect: not available")
}

// Words declares a dictionary. Each distinct term that is found is one value.
func (b *Builder) Words(name string, terms []Term) (ID, error) {
	return 0, errors.New("detect: not available")
}

// Pattern declares a regular expression (RE2) over the text.
func (b *Builder) Pattern(name, expr string) (ID, error) {
	return 0, errors.New("detect: not available")
}

// Compile makes the Scanner. The Builder can't be used afterwards.
func (b *Builder) Compile() (*Scanner, error) {
	return nil, errors.New("detect: not available")
}

// RequiredLiteral returns a text that each match of the pattern contains, folded
// to lower case, or "" when there is none of at least three characters: such a
// pattern costs a full pass over every text.
func RequiredLiteral(expr string) (string, error) { return "", nil }

// Names lists the built-in detectors, sorted.
func Names() []string { return nil }
