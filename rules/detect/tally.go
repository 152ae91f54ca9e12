package detect

// MaxDistinct is the number of distinct values of one ID that a Tally tells
// apart; a Count never exceeds it.
const MaxDistinct = 10_000

// A Tally counts the distinct values found in the texts of one message. It is
// not safe for concurrent use.
type Tally struct {
	scanner *Scanner
	hits    [][]Hit
	index   []map[string]int
}

// A Hit is the first finding of a distinct value, with where it was.
type Hit struct {
	Finding
	Part  string // label of the text
	Areas uint8  // all areas in which the value was found
}

// NewTally returns an empty Tally for the Scanner.
func (s *Scanner) NewTally() *Tally {
	return &Tally{scanner: s, hits: make([][]Hit, len(s.wants)), index: make([]map[string]int, len(s.wants))}
}

// Scan adds what is in text. Area is a bit mask of the caller's meaning (such as
// mail.Where) that Count and Hits select by; label goes into Hit.Part.
func (t *Tally) Scan(text []byte, area uint8, label string) {
	t.scanner.Scan(text, func(f Finding) bool {
		if i, ok := t.index[f.ID][f.Value]; ok {
			t.hits[f.ID][i].Areas |= area
			return true
		}
		n := len(t.hits[f.ID])
		if n >= MaxDistinct {
			// Full: some known value stands for the new one in its area.
			t.hits[f.ID][n-1].Areas |= area
			return true
		}
		if t.index[f.ID] == nil {
			t.index[f.ID] = map[string]int{}
		}
		t.index[f.ID][f.Value] = n
		t.hits[f.ID] = append(t.hits[f.ID], Hit{Finding: f, Part: label, Areas: area})
		return true
	})
}

// Count returns the number of distinct values of id found in any of areas.
func (t *Tally) Count(id ID, areas uint8) int {
	n := 0
	for i := range t.hits[id] {
		if t.hits[id][i].Areas&areas != 0 {
			n++
		}
	}
	return n
}

// Weight returns the sum of the weights of the distinct values of id found in
// any of areas.
func (t *Tally) Weight(id ID, areas uint8) int {
	n := 0
	for i := range t.hits[id] {
		if t.hits[id][i].Areas&areas != 0 {
			n += t.hits[id][i].Weight
		}
	}
	return n
}

// Hits returns the distinct values of id found in any of areas, in the order in
// which they were found, at most max of them (0: all).
func (t *Tally) Hits(id ID, areas uint8, max int) []Hit {
	var hits []Hit
	for _, h := range t.hits[id] {
		if h.Areas&areas != 0 {
			hits = append(hits, h)
			if len(hits) == max {
				break
			}
		}
	}
	return hits
}
