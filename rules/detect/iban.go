package detect

import "strings"

// ibanLengths gives the length of an IBAN by country, from the SWIFT IBAN
// registry (ISO 13616).
const ibanLengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 " +
	"HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 " +
	"RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"

// ibanLength returns the length for a country's code in capitals, 0 for none.
func ibanLength(country string) int {
	i := strings.Index(ibanLengths, country)
	if i < 0 || i%5 != 0 {
		return 0
	}
	return number([]byte(ibanLengths[i+2 : i+4]))
}

// iban finds account numbers; those in small letters need context.
func iban(text []byte, start, end int) (match, bool) {
	if end-start < 2 || start < 2 || !isLetter(text[start-1]) || !isLetter(text[start-2]) {
		return match{}, false
	}
	from := start - 2
	if from > 0 && (isLetter(text[from-1]) || isDigit(text[from-1])) {
		return match{}, false
	}
	n := ibanLength(strings.ToUpper(string(text[from:start])))
	if n == 0 {
		return match{}, false
	}
	c, ok := collect(text, from, n, " -.")
	if !ok || c.end < len(text) && (isLetter(text[c.end]) || isDigit(text[c.end])) {
		return match{}, false
	}
	// In groups of four, or in whatever groups a bank writes, but not letter by
	// letter as words of a text would stand.
	if c.joined > (n+3)/4+3 {
		return match{}, false
	}
	value := string(c.chars())
	if !mod97(value) {
		return match{}, false
	}
	return match{start: from, end: c.end, value: value, bare: c.lower}, true
}
