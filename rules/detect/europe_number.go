package detect

import (
	"strings"
)

func ukNHS(r *reading) (match, bool) {
	n := 1
	if r.upto[0] != 10 {
		if n = 3; !r.sizes(3, 3, 4) {
			return match{}, false
		}
		kind, ok := r.uniform(3)
		if !ok || kind == '/' || kind == '.' {
			return match{}, false
		}
	}
	d, end := r.digits[:10], r.end[n-1]
	if !mod11(d) || oneDigit(d) || string(d) == "0123456789" || string(d) == "9876543210" || !r.freeBefore() || !freeAfter(r.text, end) {
		return match{}, false
	}
	return match{start: r.start, end: end, value: string(d)}, true
}

// ukNINO finds insurance numbers by their digits.
func ukNINO(text []byte, start, end int) (match, bool) {
	from := start
	if from > 0 && (text[from-1] == ' ' || text[from-1] == '-') {
		from--
	}
	if from < 2 || !isLetter(text[from-1]) || !isLetter(text[from-2]) {
		return match{}, false
	}
	from -= 2
	if from > 0 && (isLetter(text[from-1]) || isDigit(text[from-1])) {
		return match{}, false
	}
	c, ok := collect(text, from, 9, " -")
	if !ok || !c.groups(9) && !c.groups(2, 2, 2, 2, 1) && !c.groups(2, 6, 1) && !c.groups(2, 7) && !c.groups(8, 1) {
		return match{}, false
	}
	if c.end < len(text) && (isLetter(text[c.end]) || isDigit(text[c.end])) {
		return match{}, false
	}
	for _, b := range c.chars()[2:8] {
		if !isDigit(b) {
			return match{}, false
		}
	}
	prefix, suffix := string(c.chars()[:2]), c.chars()[8]
	if strings.ContainsAny(prefix, "DFIQUV") || prefix[1] == 'O' || strings.Contains("BG GB KN NK NT TN ZZ", prefix) || suffix < 'A' || suffix > 'D' {
		return match{}, false
	}
	return match{start: from, end: c.end, value: string(c.chars())}, true
}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// esDNI finds identity numbers by their digits.
func esDNI(text []byte, start, end int) (match, bool) {
	digits := text[start:end]
	if end-start == 2 {
		// 12.345.678
		if end+8 > len(text) || text[end] != '.' || text[end+4] != '.' {
			return match{}, false
		}
		digits = append(append(append([]byte{}, digits...), text[end+1:end+4]...), text[end+5:end+8]...)
		end += 8
		for _, b := range digits {
			if !isDigit(b) {
				return match{}, false
			}
		}
	}
	if !freeBefore(text, start) || end >= len(text) {
		return match{}, false
	}
	if (text[end] == '-' || text[end] == ' ') && end+1 < len(text) {
		end++
	}
	letter := text[end]
	if !isLetter(letter) || end+1 < len(text) && (isLetter(text[end+1]) || isDigit(text[end+1])) {
		return match{}, false
	}
	if upper := letter &^ 0x20; dniLetters[number(digits)%23] != upper {
		return match{}, false
	}
	return match{start: start, end: end + 1, value: string(digits) + string(letter&^0x20), bare: letter >= 'a' || len(digits) == 7}, true
}

// esNIE finds foreigners' numbers by their digits.
func esNIE(text []byte, start, end int) (match, bool) {
	from, to := start, end
	if from > 1 && text[from-1] == '-' {
		from--
	}
	if to+1 < len(text) && text[to] == '-' {
		to++
	}
	if from == 0 || to == len(text) || !isLetter(text[from-1]) || !isLetter(text[to]) {
		return match{}, false
	}
	from--
	to++
	first, letter := text[from]&^0x20, text[to-1]&^0x20
	if first < 'X' || first > 'Z' || !freeBefore(text, from) || to < len(text) && (isLetter(text[to]) || isDigit(text[to])) {
		return match{}, false
	}
	if dniLetters[(int(first-'X')*10_000_000+number(text[start:end]))%23] != letter {
		return match{}, false
	}
	value := string(first) + string(text[start:end]) + string(letter)
	return match{start: from, end: to, value: value, bare: text[from] >= 'a' || text[to-1] >= 'a'}, true
}

// itCodiceFiscale finds tax codes by their first digits, which are of the year
// unless letters stand for them.
func itCodiceFiscale(text []byte, start, _ int) (match, bool) {
	from, spaced := start, false
	if from > 0 && text[from-1] == ' ' {
		spaced = true
		from--
	}
	letters := 0
	for from > 0 && letters < 16 {
		b := text[from-1]
		if b == ' ' && spaced && letters == 3 && from > 1 && isLetter(text[from-2]) {
			from--
			continue
		}
		if !isLetter(b) {
			break
		}
		from--
		letters++
	}
	if letters < 6 || spaced && letters != 6 || from > 0 && (isLetter(text[from-1]) || isDigit(text[from-1])) {
		return match{}, false
	}
	c, ok := collect(text, from, 16, " ")
	if !ok || !c.groups(16) && !c.groups(3, 3, 5, 5) && !c.groups(6, 5, 5) || c.end < len(text) && (isLetter(text[c.end]) || isDigit(text[c.end])) || !codiceFiscale(c.chars()) {
		return match{}, false
	}
	return match{start: from, end: c.end, value: string(c.chars())}, true
}

// codiceFiscale checks sixteen capital letters and digits.
func codiceFiscale(code []byte) bool {
	const (
		form = "aaaaaannmnnannna" // a letter, a digit or its letter, a month
		omo  = "LMNPQRSTUV"
		// The value of 0-9 and A-Z in odd places, the first being 1.
		odd = "\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15" + "\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15\x02\x04\x12\x14\x0b\x03\x06\x08\x0c\x0e\x10\x0a\x16\x19\x18\x17"
	)
	sum := 0
	var plain [16]byte
	for i, b := range code {
		plain[i] = b
		switch form[i] {
		case 'a':
			if !isLetter(b) {
				return false
			}
		case 'm':
			if strings.IndexByte("ABCDEHLMPRST", b) < 0 {
				return false
			}
		case 'n':
			if !isDigit(b) {
				d := strings.IndexByte(omo, b)
				if d < 0 {
					return false
				}
				plain[i] = byte('0' + d)
			}
		}
		if i == 15 {
			break
		}
		v := int(b - '0')
		if isLetter(b) {
			v = int(b - 'A')
		}
		if i%2 == 0 {
			if isLetter(b) {
				v += 10
			}
			v = int(odd[v])
		}
		sum += v
	}
	day := number(plain[9:11])
	return (day >= 1 && day <= 31 || day >= 41 && day <= 71) && code[15] == byte('A'+sum%26)
}

// frNIR finds social security numbers.
func frNIR(text []byte, start, _ int) (match, bool) {
	if !freeBefore(text, start) || strings.IndexByte("123478", text[start]) < 0 {
		return match{}, false
	}
	c, ok := collect(text, start, 15, " .-")
	if !ok || !c.groups(15) && !c.groups(13, 2) && !c.groups(1, 2, 2, 2, 3, 3, 2) || !freeAfter(text, c.end) {
		return match{}, false
	}
	d := append([]byte(nil), c.chars()...)
	if d[5] == '2' && (d[6] == 'A' || d[6] == 'B') {
		// 2A counts as 19, 2B as 18.
		d[5], d[6] = '1', '9'-(d[6]-'A')
	}
	for _, b := range d {
		if !isDigit(b) {
			return match{}, false
		}
	}
	month := number(d[3:5])
	if !(month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50) || number(d[13:]) != 97-number(d[:13])%97 {
		return match{}, false
	}
	return match{start: start, end: c.end, value: string(c.chars())}, true
}

// deSteuerID finds tax numbers; all of them need context.
func deSteuerID(r *reading) (match, bool) {
	n := 1
	if r.upto[0] != 11 {
		if n = 4; !r.sizes(2, 3, 3, 3) {
			return match{}, false
		}
		if kind, ok := r.uniform(4); !ok || kind == '.' {
			return match{}, false
		}
	}
	d, end := r.digits[:11], r.end[n-1]
	if d[0] == '0' || !r.freeBefore() || !freeAfter(r.text, end) || !mod1110(d) {
		return match{}, false
	}
	var count [10]int
	for _, b := range d[:10] {
		count[b-'0']++
	}
	repeated := 0
	for _, c := range count {
		if c > 1 {
			repeated++
		}
		if c > 3 {
			return match{}, false
		}
	}
	if repeated != 1 {
		return match{}, false
	}
	return match{start: r.start, end: end, value: string(d), bare: true}, true
}

// mod1110 checks digits by ISO/IEC 7064 MOD 11,10.
func mod1110(d []byte) bool {
	p := 10
	for _, b := range d[:len(d)-1] {
		if p = (p + int(b-'0')) % 10; p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return (11-p)%10 == int(d[len(d)-1]-'0')
}
