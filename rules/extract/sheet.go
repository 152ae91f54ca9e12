package extract

import (
	"math"
	"strconv"
	"strings"
)

// Spreadsheets keep numbers without their leading zeros and formats, far from
// the heading that says what they are. A sheet puts both back.
type sheet struct {
	s        *sink
	headings map[int]string // the last words above, by column
	row      int
}

const (
	maxHeadings   = 1000
	maxHeading    = 100 // octets
	headingDigits = 5   // digits from which a number has its heading with it
)

func newSheet(s *sink) *sheet { return &sheet{s: s, headings: map[int]string{}, row: -1} }

// cell adds a cell. Number is the exact value of a numeric cell, "" for words;
// shown is what a reader sees, "" if that is the same.
func (t *sheet) cell(row, column int, shown, number string) {
	if row != t.row {
		t.s.newline()
		t.row = row
	} else {
		t.s.gap("\t")
	}
	value := shown
	if number != "" {
		if shown == "" {
			value = number
		}
	}
	digits := countDigits(value)
	if number != "" && countDigits(number) > digits {
		digits = countDigits(number)
	}
	switch heading := t.headings[column]; {
	case digits < headingDigits:
		t.s.str(value)
		if digits < len(value)/2 && value != "" && len(t.headings) < maxHeadings {
			t.headings[column] = strings.TrimSpace(value[:min(len(value), maxHeading)])
		}
		return
	case heading != "":
		t.s.str(heading)
		t.s.str(": ")
	}
	t.s.str(value)
	if number != "" && shown != "" && shown != number {
		// A line of its own: the two must not be read as one number.
		t.s.str(" (")
		t.s.str(number)
		t.s.str(")")
	}
}

func countDigits(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// exact writes a number without an exponent.
func exact(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) >= 1e40 {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// exactText is exact for a number in a file.
func exactText(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return exact(f)
}

// formatted applies a number format that does nothing but place digits, such as
// 000-00-0000 or 00000000; "" for all others.
func formatted(number, format string) string {
	format, _, _ = strings.Cut(format, ";")
	var places []byte
	digits := 0
	for i := 0; i < len(format); i++ {
		switch c := format[i]; c {
		case '0', '#', '?':
			places = append(places, '0')
			digits++
		case '-', ' ', '/', '(', ')':
			places = append(places, c)
		case '\\', '_', '"':
		case '[':
			for i < len(format) && format[i] != ']' {
				i++
			}
		default:
			return ""
		}
	}
	if digits < headingDigits || len(number) > digits || number == "" {
		return ""
	}
	for i := 0; i < len(number); i++ {
		if number[i] < '0' || number[i] > '9' {
			return ""
		}
	}
	number = strings.Repeat("0", digits-len(number)) + number
	out := make([]byte, 0, len(places))
	for _, p := range places {
		if p == '0' {
			out = append(out, number[0])
			number = number[1:]
			continue
		}
		out = append(out, p)
	}
	return strings.TrimSpace(string(out))
}
