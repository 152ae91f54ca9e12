package detect

func asianDefinitions() []Definition {
	return []Definition{{
		Name:  "in-aadhaar",
		Title: "Indian Aadhaar number",
		Finds: "Twelve digits, in one piece or as 4-4-4 with the same separator (space, dash), that begin with 2-9, are no palindrome, and pass Verhoeff's check.",
		Source: []string{
			"Unique Identification Authority of India, Aadhaar numbering scheme; J. Verhoeff, Error Detecting Decimal Codes (1969)",
		},
		Examples: []string{"2345 6789 0124", "Aadhaar 9999-4105-7058", "999941057058"},
		Counter:  []string{"2345 6789 0123", "1345 6789 0125", "2345-6789 0124", "2345 6789 0124 5678", "12345 6789 0124", "222222222222"},
		digits:   inAadhaar,
		first:    lengths(4, 4) | lengths(12, 12),
	}}
}

func inAadhaar(r *reading) (match, bool) {
	n := 1
	kind := byte(0)
	if r.upto[0] != 12 {
		if n = 3; !r.sizes(4, 4, 4) {
			return match{}, false
		}
		var ok bool
		if kind, ok = r.uniform(3); !ok || kind == '.' || kind == '/' {
			return match{}, false
		}
	}
	d, end := r.digits[:12], r.end[n-1]
	if d[0] < '2' || !verhoeff(d) || palindrome(d) || !r.freeBefore() || !freeAfter(r.text, end) {
		return match{}, false
	}
	// A fourth group of four makes it a part of a card number.
	if n == 3 && r.n > 3 && r.size(3) == 4 && r.sep[2] == kind {
		return match{}, false
	}
	return match{start: r.start, end: end, value: string(d)}, true
}

func palindrome(d []byte) bool {
	for i, j := 0, len(d)-1; i < j; i, j = i+1, j-1 {
		if d[i] != d[j] {
			return false
		}
	}
	return true
}
