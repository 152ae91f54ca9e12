package detect

func americanDefinitions() []Definition {
	return []Definition{{
		Name:  "ca-sin",
		Title: "Canadian social insurance number",
		Finds: "Nine digits, in one piece or as 3-3-3 with the same separator (space, dash), that do not begin with 0 or 8 and have a right check digit. Not nine equal digits.",
		Source: []string{
			"Employment and Social Development Canada, Social Insurance Number Code of Practice (Luhn check)",
		},
		Examples: []string{"130 692 544", "SIN 193-456-787", "435 617 287", "130692544"},
		Counter:  []string{"130 692 545", "046 454 286", "830 692 542", "130-692 544", "1130692544", "0-130 692 544"},
		digits:   caSIN,
		first:    lengths(3, 3) | lengths(9, 9),
	}}
}

func caSIN(r *reading) (match, bool) {
	n := 1
	if r.upto[0] != 9 {
		if n = 3; !r.sizes(3, 3, 3) {
			return match{}, false
		}
		if kind, ok := r.uniform(3); !ok || kind != '-' && kind != ' ' {
			return match{}, false
		}
	}
	d, end := r.digits[:9], r.end[n-1]
	if d[0] == '0' || d[0] == '8' || !luhn(d) || oneDigit(d) || !r.freeBefore() || !freeAfter(r.text, end) {
		return match{}, false
	}
	return match{start: r.start, end: end, value: string(d)}, true
}
