package locale

import (
	"strconv"
	"strings"
)

// Number prints a whole number with the language's groups of three: "12,345".
// As most languages write them, four digits have no group.
func (l *Language) Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "\u2212", s[1:]
	}
	if len(s) <= 4 && l.Code != "en" {
		return sign + s
	}
	group := l.Text("number.group")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + group + s[i:]
	}
	return sign + s
}

// Size prints a number of octets for people, in powers of 1000: "1.4 MB".
func (l *Language) Size(n int64) string {
	number, unit := strconv.FormatInt(n, 10), "size.byte"
	switch {
	case n < 1000:
	case n < 999_500:
		number, unit = strconv.FormatInt((n+500)/1000, 10), "size.kilo"
	case n < 999_950_000:
		number, unit = decimal(n, 1e6), "size.mega"
	default:
		number, unit = decimal(n, 1e9), "size.giga"
	}
	return strings.Replace(number, ".", l.Text("number.decimal"), 1) + "\u00a0" + l.Text(unit)
}

func decimal(n int64, unit float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(float64(n)/unit, 'f', 1, 64), ".0")
}
