package detect

import (
	"strings"
	"time"
)

func nordicDefinitions() []Definition {
	return []Definition{{
		Name:  "fi-hetu",
		Title: "Finnish personal identity code",
		Finds: "A date as DDMMYY, a sign for the century (+ for 1800; - and U to Y for 1900; A to F for 2000), three digits from 002 on, and the check character for the nine digits modulo 31.",
		Source: []string{
			"Digital and Population Data Services Agency, Personal identity code; Government Decree 128/2010 with the signs of 2023",
		},
		Examples: []string{"131052-308T", "010594Y9032", "HETU 120464-126J", "010190-002R", "131052-308t"},
		Counter:  []string{"131052-308U", "311152-308T", "310252-308T", "131052G308T", "1131052-308T", "131052-308T5", "010190-001P"},
		token:    fiHETU,
		first:    lengths(6, 6),
	}}
}

func fiHETU(text []byte, start, end int) (match, bool) {
	if len(text)-start < 11 || !freeBefore(text, start) || start+11 < len(text) && (isLetter(text[start+11]) || isDigit(text[start+11])) {
		return match{}, false
	}
	raw := text[start : start+11]
	value := strings.ToUpper(string(raw))
	century := 1900
	switch s := value[6]; {
	case s == '+':
		century = 1800
	case s == '-' || s >= 'U' && s <= 'Y':
	case s >= 'A' && s <= 'F':
		century = 2000
	default:
		return match{}, false
	}
	for _, b := range raw[7:10] {
		if !isDigit(b) {
			return match{}, false
		}
	}
	day, month, year := number(raw[:2]), number(raw[2:4]), century+number(raw[4:6])
	individual := number(raw[7:10])
	n := number(raw[:6])*1000 + individual
	if individual < 2 || !isDate(year, month, day) || "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31] != value[10] {
		return match{}, false
	}
	return match{start: start, end: start + 11, value: value}, true
}

func isDate(year, month, day int) bool {
	d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return month >= 1 && month <= 12 && d.Day() == day && d.Month() == time.Month(month)
}
