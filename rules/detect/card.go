package detect

import "bytes"

// creditCard finds payment card numbers (ISO/IEC 7812): 12 to 19 digits in one
// piece or grouped as on cards, of an issuer's range and length, with a valid
// check digit.
func creditCard(r *reading) (match, bool) {
	if !cardBefore(r.text, r.start) {
		return match{}, false
	}
	for n := r.n; n > 0; n-- {
		total := r.upto[n-1]
		if total < 12 || total > 19 {
			continue
		}
		digits := r.digits[:total]
		kind, ok := r.uniform(n)
		if !ok || !cardGroups(r, n) || !cardIssuer(digits) || oneDigit(digits) || !luhn(digits) {
			continue
		}
		end := r.end[n-1]
		if !cardAfter(r.text, end, kind) {
			continue
		}
		return match{start: r.start, end: end, value: string(digits)}, true
	}
	return match{}, false
}

// cardGroups accepts groups of four with a shorter or equal last one, and the
// groupings of American Express, Diners Club and long Maestro cards.
func cardGroups(r *reading, n int) bool {
	if n == 1 {
		return true
	}
	if n == 3 && (r.sizes(4, 6, 5) || r.sizes(4, 6, 4)) || n == 2 && r.sizes(6, 13) || n == 4 && r.sizes(4, 3, 3, 3) || n == 3 && r.sizes(4, 4, 5) {
		return true
	}
	for i := 0; i < n-1; i++ {
		if r.size(i) != 4 {
			return false
		}
	}
	return r.size(n-1) <= 4
}

// cardIssuer tells whether the number's first digits are of a card network, and
// its length one that the network uses.
func cardIssuer(d []byte) bool {
	n := len(d)
	two, three, four := number(d[:2]), number(d[:3]), number(d[:4])
	switch {
	case d[0] == '4': // Visa
		return n == 13 || n == 16 || n == 19
	case two == 34 || two == 37: // American Express
		return n == 15
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case four >= 2200 && four <= 2204: // Mir
		return n >= 16
	case four >= 3528 && four <= 3589: // JCB
		return n >= 16
	case three >= 300 && three <= 305, four == 3095, two == 36, two == 38, two == 39: // Diners Club
		return n >= 14
	case two == 81: // UnionPay
		return n >= 16
	case two == 50, two >= 56 && two <= 58, d[0] == '6': // Maestro; Discover, UnionPay and others within
		return true
	}
	return false
}

// cardBefore is freeBefore, but for the words that people write a card number
// right after.
func cardBefore(text []byte, start int) bool {
	if freeBefore(text, start) {
		return true
	}
	p := start
	for p > 0 && start-p < 16 && isLetter(text[p-1]) {
		p--
	}
	if p == start || p > 0 && (isLetter(text[p-1]) || isDigit(text[p-1])) {
		return false
	}
	switch string(bytes.ToLower(text[p:start])) {
	case "visa", "mastercard", "mc", "amex", "maestro", "discover", "jcb", "card", "cardno", "cc", "ccn", "pan", "no", "nr", "number", "nbr":
		return true
	}
	return false
}

// cardAfter refuses a number that goes on: with a letter or, by the same mark
// that groups it, with more digits.
func cardAfter(text []byte, end int, kind byte) bool {
	if end >= len(text) {
		return true
	}
	b := text[end]
	if isLetter(b) {
		return false
	}
	if end+1 < len(text) && b == kind && (b == '-' || b == '.' || b == '/') && isDigit(text[end+1]) {
		return false
	}
	return true
}
