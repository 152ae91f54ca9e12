package detect

// usSSN finds US social security numbers: 3-2-4 with equal separators, or nine
// digits in one piece with a word for it near.
func usSSN(r *reading) (match, bool) {
	bare := r.upto[0] == 9
	n := 1
	if !bare {
		if n = 3; !r.sizes(3, 2, 4) {
			return match{}, false
		}
		if kind, ok := r.uniform(3); !ok || kind == '/' {
			return match{}, false
		}
	}
	digits, end := r.digits[:9], r.end[n-1]
	if !r.freeBefore() || !freeAfter(r.text, end) || !ssnIssued(digits) {
		return match{}, false
	}
	return match{start: r.start, end: end, value: string(digits), bare: bare}, true
}

// ssnIssued leaves out what the Social Security Administration never assigns,
// and the numbers that became known by advertisements and samples.
func ssnIssued(d []byte) bool {
	area, group, serial := number(d[:3]), number(d[3:5]), number(d[5:])
	if area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0 {
		return false
	}
	switch string(d) {
	case "078051120", "219099999", "457555462", "123456789", "987654320":
		return false
	}
	return !oneDigit(d)
}
