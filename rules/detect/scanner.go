package detect

// A Scanner finds what was declared on its Builder. It is safe for concurrent
// use.
type Scanner struct {
}

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

// Scan finds everything in text and calls found for each, without a fixed order.
// When found returns false the scan ends.
func (s *Scanner) Scan(text []byte, found func(Finding) bool) {}
