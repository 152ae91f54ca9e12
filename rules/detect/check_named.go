package detect

import (
	"fmt"
	"strings"
)

// Checks lists the names of checks that a Custom detector can ask for.
func Checks() []string { return []string{"luhn", "mod11", "mod97", "none", "verhoeff"} }

// checkByName returns the check over a canonical value; nil for none.
func checkByName(name string) (func(string) bool, error) {
	switch name {
	case "", "none":
		return nil, nil
	case "luhn":
		return overDigits(luhn), nil
	case "mod11":
		return overDigits(mod11), nil
	case "verhoeff":
		return overDigits(verhoeff), nil
	case "mod97":
		return mod97, nil
	}
	return nil, fmt.Errorf("unknown check %q, there are: %s", name, strings.Join(Checks(), ", "))
}

// overDigits applies a check to the digits of a value that has at least two.
func overDigits(check func([]byte) bool) func(string) bool {
	return func(value string) bool {
		var ds []byte
		for i := 0; i < len(value); i++ {
			if isDigit(value[i]) {
				ds = append(ds, value[i])
			}
		}
		return len(ds) > 1 && check(ds)
	}
}

// mod11 checks digits of which the last makes the sum weighted 2, 3, 4, ... from
// the right a multiple of eleven, as in the NHS number.
func mod11(d []byte) bool {
	sum := 0
	for i := range d {
		sum += int(d[i]-'0') * (len(d) - i)
	}
	return sum%11 == 0
}

// mod97 checks digits and letters by ISO/IEC 7064 MOD 97-10, the check digits in
// place 3 and 4 as in an IBAN (ISO 13616).
func mod97(value string) bool {
	if len(value) < 5 {
		return false
	}
	sum := 0
	for i := range len(value) {
		switch b := value[(i+4)%len(value)]; {
		case isDigit(b):
			sum = (sum*10 + int(b-'0')) % 97
		case isLetter(b):
			sum = (sum*100 + int(b|0x20-'a') + 10) % 97
		default:
			return false
		}
	}
	return sum == 1
}

// verhoeff checks digits by J. Verhoeff's dihedral group D5 scheme (1969).
func verhoeff(d []byte) bool {
	const (
		table       = "0123456789" + "1234067895" + "2340178956" + "3401289567" + "4012395678" + "5987604321" + "6598710432" + "7659821043" + "8765932104" + "9876543210"
		permutation = "0123456789" + "1576283094" + "5803796142" + "8916043527" + "9453126870" + "4286573901" + "2793806415" + "7046913258"
	)
	c := byte('0')
	for i := range d {
		p := permutation[i%8*10+int(d[len(d)-1-i]-'0')]
		c = table[int(c-'0')*10+int(p-'0')]
	}
	return c == '0'
}

// canonical is the form in which values are compared: letters and digits only,
// letters in upper case.
func canonical(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '.' || r == '-' || r == '\t' || r == '\n' || r == '\r':
			return -1
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}
