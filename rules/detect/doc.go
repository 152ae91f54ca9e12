// Package detect finds numbers, words and patterns in text.
//
// Whoever needs to find something declares it on a Builder and gets an ID for
// it; Compile makes one Scanner for all. A scan goes over a text once with one
// digit scanner, which feeds all validators of numbers, and once with one
// automaton, which finds all words of dictionaries, all context words and the
// literals that a pattern can't match without. Regular expressions (RE2: linear
// time) run on windows around such literals only; a pattern that has no required
// literal runs over the whole text, and RequiredLiteral tells so beforehand.
//
// Text is expected as mail.Normalise leaves it: valid or not, nothing panics.
//
// A Finding's Value is the secret itself. It is there to count distinct values
// and must not be logged; Masked is made to be shown: "4111...1111".
//
// The package imports nothing of ours and has no state besides its tables.
package detect
