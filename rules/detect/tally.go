package detect

// MaxDistinct is the number of distinct values of one ID that a Tally tells
// apart; a Count never exceeds it.
const MaxDistinct = 10_000

// A Tally counts the distinct values found in the texts of one message. It is
// not safe for concurrent use.
type Tally struct {
}

// A Hit is the first finding of a distinct value, with where it was.
type Hit struct {
	Finding
	Part  string // label of the text
	Areas uint8  // all areas in which the value was found
}

// NewTally returns an empty Tally for the Scanner.
func (s *Scanner) NewTally() *Tally { return &Tally{} }

// Scan adds what is in text. Area is a bit mask of the caller's meaning (such as
// mail.Where) that Count and Hits select by; label goes into Hit.Part.
func (t *Tally) Scan(text []byte, area uint8, label string) {}

// Count returns the number of distinct values of id found in any of areas.
func (t *Tally) Count(id ID, areas uint8) int { return 0 }

// Weight returns the sum of the weights of the distinct values of id found in
// any of areas.
func (t *Tally) Weight(id ID, areas uint8) int { return 0 }

// Hits returns the distinct values of id found in any of areas, in the order in
// which they were found, at most max of them (0: all).
func (t *Tally) Hits(id ID, areas uint8, max int) []Hit { return nil }
