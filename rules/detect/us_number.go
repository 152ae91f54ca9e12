package detect

import "bytes"

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

// usITIN finds taxpayer numbers in the form of social security numbers.
func usITIN(r *reading) (match, bool) {
	bare, n := r.upto[0] == 9, 1
	if !bare {
		if n = 3; !r.sizes(3, 2, 4) {
			return match{}, false
		}
		if kind, ok := r.uniform(3); !ok || kind == '/' {
			return match{}, false
		}
	}
	d, end := r.digits[:9], r.end[n-1]
	if d[0] != '9' || !r.freeBefore() || !freeAfter(r.text, end) {
		return match{}, false
	}
	switch g := number(d[3:5]); {
	case g >= 50 && g <= 65, g >= 70 && g <= 88, g >= 90 && g <= 92, g >= 94:
		return match{start: r.start, end: end, value: string(d), bare: bare}, true
	}
	return match{}, false
}

// usABA finds routing numbers.
func usABA(r *reading) (match, bool) {
	n := 1
	if r.upto[0] != 9 {
		if n = 3; !r.sizes(4, 4, 1) {
			return match{}, false
		}
		if kind, ok := r.uniform(3); !ok || kind != '-' && kind != ' ' {
			return match{}, false
		}
	}
	d, end := r.digits[:9], r.end[n-1]
	switch p := number(d[:2]); {
	case p <= 12, p >= 21 && p <= 32, p >= 61 && p <= 72, p == 80:
	default:
		return match{}, false
	}
	sum := 0
	for i, w := range []int{3, 7, 1, 3, 7, 1, 3, 7, 1} {
		sum += w * int(d[i]-'0')
	}
	if sum%10 != 0 || oneDigit(d) || !r.freeBefore() || !freeAfter(r.text, end) {
		return match{}, false
	}
	return match{start: r.start, end: end, value: string(d)}, true
}

// usPassport finds passport numbers; all of them need context.
func usPassport(text []byte, start, end int) (match, bool) {
	if end-start == 8 {
		if start == 0 || !isLetter(text[start-1]) {
			return match{}, false
		}
		start--
	}
	if !freeBefore(text, start) || !freeAfter(text, end) {
		return match{}, false
	}
	return match{start: start, end: end, value: canonical(string(text[start:end])), bare: true}, true
}

// usDriverLicense finds what may be a driver license number; all of them need
// context.
func usDriverLicense(text []byte, start, end int) (match, bool) {
	from := start
	for from > 0 && start-from < 8 && isLicenseLetter(text[from-1]) {
		from--
	}
	if !freeBefore(text, from) {
		return match{}, false
	}
	// The rest of the token: digits, single dashes between them, letters.
	letters, digits, extra, dashes := start-from, 0, 0, 0
	to := start
scan:
	for ; to < len(text) && to-from < 20; to++ {
		switch b := text[to]; {
		case isDigit(b):
			digits++
		case isLicenseLetter(b):
			extra++
		case b == '-' && to+1 < len(text) && isDigit(text[to+1]):
			dashes++
		default:
			break scan
		}
	}
	if to < len(text) && (isLetter(text[to]) || isDigit(text[to])) || to < end {
		return match{}, false
	}
	all := letters + digits + extra
	ok := false
	switch {
	case letters == 0 && extra == 0:
		ok = dashes == 0 && (digits >= 7 && digits <= 10 || digits == 12)
	case letters <= 2 && extra <= 1:
		ok = digits >= 3 && digits <= 14 && all >= 7
	case all == 12: // Washington
		ok = digits >= 3 && (letters >= 3 || bytes.IndexByte(text[from:to], '*') >= 0)
	}
	if !ok {
		return match{}, false
	}
	return match{start: from, end: to, value: canonical(string(text[from:to])), bare: true}, true
}

func isLicenseLetter(b byte) bool { return b >= 'A' && b <= 'Z' || b == '*' }
