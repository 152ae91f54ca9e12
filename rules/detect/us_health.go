package detect

func usHealthDefinitions() []Definition {
	return []Definition{
		{
			Name:  "us-npi",
			Title: "US national provider identifier",
			Finds: "Ten digits in one piece that begin with 1 or 2 and, with 80840 before them, have a right check digit.",
			Source: []string{
				"45 CFR 162.406; Centers for Medicare and Medicaid Services, NPI check digit (ISO/IEC 7812-1 with prefix 80840)",
			},
			Examples: []string{"NPI 1234567893", "1245319599", "provider 1003000126, New York", "2234567891"},
			Counter:  []string{"1234567890", "3234567899", "12345678930", "123-456-7893", "x1234567893", "0.1234567893"},
			digits:   usNPI,
			first:    lengths(10, 10),
		},
		{
			Name:  "us-mbi",
			Title: "US Medicare beneficiary identifier",
			Finds: "Eleven characters, in one piece or as 4-3-4 with dashes or spaces: a digit 1-9, a letter, a letter or digit, a digit, a letter, a letter or digit, a digit, two letters, two digits. The letters S, L, O, I, B and Z are never used. Small letters need a context word within 150 characters.",
			Source: []string{
				"Centers for Medicare and Medicaid Services, Understanding the Medicare Beneficiary Identifier (MBI) Format",
			},
			Examples: []string{"1EG4-TE5-MK73", "1EG4TE5MK73", "MBI: 1EG4 TE5 MK73", "medicare 1eg4te5mk73"},
			Counter:  []string{"0EG4-TE5-MK73", "1SG4-TE5-MK73", "1EG4-TE5-MKA3", "1eg4te5mk73", "1EG4TE5MK733", "A1EG4TE5MK73", "1EG4-TE5MK73", "1EG4-TE5-BK73"},
			token:    usMBI,
			first:    lengths(1, 1),
			words:    []string{"mbi", "medicare", "beneficiary", "medicare number", "medicare id"},
			within:   150,
		},
		{
			Name:  "icd-10",
			Title: "ICD-10 diagnosis code",
			Finds: "A capital letter, a digit, a digit or A or B, and perhaps a dot with one to four capital letters or digits, with a word of medicine within 150 characters.",
			Source: []string{
				"World Health Organization, ICD-10, volume 2; Centers for Disease Control and Prevention, ICD-10-CM official guidelines",
			},
			Examples: []string{"Diagnosis: E11.9", "ICD-10 code F32.1", "patient with C50.911", "dx S52.521A", "Diagnose I10"},
			Counter:  []string{"E11.9", "flight E11", "diagnosis e11.9", "diagnosis E1.9", "diagnosis E11.99999", "diagnosis AE11.9", "diagnosis E11.9-2"},
			token:    icd10,
			onlyBare: true,
			first:    lengths(1, 2),
			words: []string{
				"icd", "icd10", "icd-10", "icd-10-cm", "icd-10-gm", "icd code", "diagnosis", "diagnoses", "diagnosed", "diagnostic", "diagnose", "diagnosen", "dx", "prognosis", "patient", "patients",
				"disease", "disorder", "syndrome", "symptom", "symptoms", "clinical", "medical record", "medical history", "treatment", "therapy", "comorbidity", "oncology", "chronic", "acute", "diagnostico", "diagnostic code",
			},
			within: 150,
		},
	}
}

// usNPI finds provider identifiers.
func usNPI(r *reading) (match, bool) {
	d := r.digits[:r.upto[0]]
	if len(d) != 10 || d[0] != '1' && d[0] != '2' || !r.freeBefore() || !freeAfter(r.text, r.end[0]) {
		return match{}, false
	}
	if !luhn(append([]byte("80840"), d...)) {
		return match{}, false
	}
	return match{start: r.start, end: r.end[0], value: string(d)}, true
}

// usMBI finds Medicare beneficiary identifiers. The kinds by place: c a digit
// but zero, a a letter, n a digit, x one of both.
func usMBI(text []byte, start, _ int) (match, bool) {
	c, ok := collect(text, start, 11, " -")
	if !ok || !c.groups(11) && !c.groups(4, 3, 4) || !freeBefore(text, start) || !freeAfter(text, c.end) {
		return match{}, false
	}
	for i, kind := range []byte("caxnaxnaann") {
		b := c.chars()[i]
		letter := isLetter(b) && b != 'S' && b != 'L' && b != 'O' && b != 'I' && b != 'B' && b != 'Z'
		if !(kind == 'c' && isDigit(b) && b != '0' || kind == 'n' && isDigit(b) || kind == 'a' && letter || kind == 'x' && (letter || isDigit(b))) {
			return match{}, false
		}
	}
	return match{start: start, end: c.end, value: string(c.chars()), bare: c.lower}, true
}

// icd10 finds diagnosis codes; all of them need context.
func icd10(text []byte, start, end int) (match, bool) {
	from := start - 1
	if from < 0 || text[from] < 'A' || text[from] > 'Z' || !freeBefore(text, from) {
		return match{}, false
	}
	if end-start == 1 {
		if end == len(text) || text[end] != 'A' && text[end] != 'B' {
			return match{}, false
		}
		end++
	}
	if end < len(text) && text[end] == '.' {
		p := end + 1
		for p < len(text) && p-end <= 5 && (isDigit(text[p]) || text[p] >= 'A' && text[p] <= 'Z') {
			p++
		}
		if p-end-1 > 4 {
			return match{}, false
		}
		if p > end+1 {
			end = p
		}
	}
	if !freeAfter(text, end) {
		return match{}, false
	}
	return match{start: from, end: end, value: string(text[from:end]), bare: true}, true
}
