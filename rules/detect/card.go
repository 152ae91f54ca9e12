package detect

import "bytes"

func cardDefinitions() []Definition {
	return []Definition{
		{
			Name:  "credit-card",
			Title: "Payment card number",
			Finds: "12 to 19 digits in one piece or grouped as on cards (4-4-4-4, 4-6-5, 4-6-4, 6-13 and groups of four with a shorter last one) by one kind of separator (space, line break, dash, dot, slash, tab), of a network's range and length: Visa 4; Mastercard 51-55, 2221-2720; American Express 34, 37; Discover 6011, 644-649, 65; UnionPay 62, 81; JCB 3528-3589; Diners Club 300-305, 3095, 36, 38, 39; Mir 2200-2204; Maestro 50, 56-58, 6. The check digit is right and the digits are not all the same. Less than 14 digits in one piece only for Visa. Not inside a word, and not after a digit with a dot, dash or slash. Not four out of a longer list of four-digit numbers, one a line or a column. Also in the data of a magnetic stripe or chip: `%B`, number, `^`, or number, `=` or `D`, expiry.",
			Source: []string{
				"ISO/IEC 7812-1:2017, annex B (check digit)",
				"ISO/IEC 7813:2006 (tracks of the magnetic stripe)",
				"The networks' published issuer identification number ranges",
			},
			Examples: []string{
				"Visa 4111 1111 1111 1111 exp 12/29", "4111-1111-1111-1111", "5555555555554444", "378282246310005", "3782 822463 10005",
				"6011 1111 1111 1117", "3530 1113 3330 0000", "30569309025904", "3056 930902 5904", "2223003122003222", "6200000000000005",
				"2200 0000 0000 0004", "6759649826438453", "card:4012888888881881.", "4111 1111\n1111 1111", "Visa4111111111111111",
				"6767 6767 6767", "4222222222222",
				"4111\t1111\t1111\t1111\t12/29", "card\n4111\n1111\n1111\n1111\n123\n",
				"%B4111111111111111^DOE/JOHN^29122010000000000000?", "%B3782 822463 10005^DOE/JOHN^29122010000000000000?", ";4111111111111111=29122010000000000000?", "4111111111111111D29122010000000000F",
			},
			Counter: []string{
				"4111 1111 1111 1112", "4111 1111-1111 1111", "41111111 11111111", "0000 0000 0000 0000", "1.4111111111111111",
				"x4111111111111111", "41111111111111111", "4111-1111-1111-1111-2222", "2011 2012 2013 2014", "2721000000000004",
				"4000\n4111\n1111\n1111\n1111", "4111\n1111\n1111\n1111\n1112", "4111\t1111\t1111\t1111\t1112",
				"676767676767", "567670767654",
				"%B4111111111111112^DOE/JOHN^2912201?", "B4111111111111111", "AB4111111111111111^X", "4111111111111111D29132010", "4111111111111111D2912",
			},
			digits: creditCard,
			first:  lengths(4, 4) | lengths(6, 6) | lengths(12, 19),
		},
	}
}

// creditCard finds payment card numbers (ISO/IEC 7812): 12 to 19 digits in one
// piece or grouped as on cards, of an issuer's range and length, with a valid
// check digit.
func creditCard(r *reading) (match, bool) {
	track := trackBefore(r.text, r.start)
	if !track && !cardBefore(r.text, r.start) {
		return match{}, false
	}
	// The few short Maestro numbers count in groups only: in one piece one in ten
	// order numbers, and much that stands in fonts, would pass for one.
	for n := r.n; n > 0; n-- {
		total := r.upto[n-1]
		if total < 12 || total > 19 {
			continue
		}
		digits := r.digits[:total]
		kind, ok := r.uniform(n)
		if !ok || !cardGroups(r, n) || !cardIssuer(digits) || n == 1 && total < 14 && digits[0] != '4' || oneDigit(digits) || !luhn(digits) {
			continue
		}
		end := r.end[n-1]
		if track && (end >= len(r.text) || r.text[end] != '^') || !cardAfter(r.text, end, kind) || inList(r, n, kind) {
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

// trackBefore tells whether the format code of a magnetic stripe's first track,
// "%B4111111111111111^" (ISO/IEC 7813), stands before start.
func trackBefore(text []byte, start int) bool {
	return start > 0 && (text[start-1] == 'B' || text[start-1] == 'b') && freeBefore(text, start-1)
}

// trackTwoAfter tells whether text is how the second track goes on as a chip
// gives it (EMV tag 57): "D", year, month and service code.
func trackTwoAfter(text []byte) bool {
	if len(text) < 8 || text[0] != 'D' && text[0] != 'd' || groupEnd(text, 1) < 8 {
		return false
	}
	month := number(text[3:5])
	return month >= 1 && month <= 12
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

// inList tells whether groups of four are part of a longer list of such, one a
// line or a column: of four numbers in a row there, one in ten would pass.
func inList(r *reading, n int, kind byte) bool {
	if kind != '\n' && kind != '\t' {
		return false
	}
	if n < r.n && r.sep[n-1] == kind && r.size(n) == 4 {
		return true
	}
	p := r.start
	for p > 0 && r.start-p < maxSeparator && bytes.IndexByte([]byte(" \t\r\n"), r.text[p-1]) >= 0 {
		p--
	}
	end := p
	for p > 0 && end-p <= 4 && isDigit(r.text[p-1]) {
		p--
	}
	return end < r.start && end-p == 4
}

// cardAfter refuses a number that goes on: with a letter or, by the same mark
// that groups it, with more digits.
func cardAfter(text []byte, end int, kind byte) bool {
	if end >= len(text) {
		return true
	}
	b := text[end]
	if isLetter(b) {
		return kind == 0 && trackTwoAfter(text[end:])
	}
	if end+1 < len(text) && b == kind && (b == '-' || b == '.' || b == '/') && isDigit(text[end+1]) {
		return false
	}
	return true
}
