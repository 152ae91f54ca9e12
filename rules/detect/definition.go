package detect

import (
	"slices"
	"sort"
)

// A Definition describes a built-in detector: what it finds, by what rules, by
// whose word, with examples that its tests run.
type Definition struct {
	Name     string
	Title    string
	Finds    string   // the rules, in words
	Source   []string // where they come from
	Examples []string // texts in which it finds exactly one value
	Counter  []string // texts in which it finds nothing

	digits func(*reading) (match, bool)
	first  uint64   // bit n: the first group of digits may have n digits
	words  []string // context: every bare match needs one of them
	within int      // how near, in characters
}

// A match is what a validator saw in a reading.
type match struct {
	start, end int
	value      string // canonical
	bare       bool   // only counts with a context word near
}

// lengths makes a mask for Definition.first.
func lengths(from, to int) uint64 {
	var m uint64
	for n := from; n <= to; n++ {
		m |= 1 << n
	}
	return m
}

// Definitions lists the built-in detectors, sorted by name.
func Definitions() []Definition {
	ds := []Definition{
		{
			Name:  "credit-card",
			Title: "Payment card number",
			Finds: "12 to 19 digits in one piece or grouped as on cards (4-4-4-4, 4-6-5, 4-6-4, 6-13 and groups of four with a shorter last one) by one kind of separator (space, line break, dash, dot, slash, tab), of a network's range and length: Visa 4; Mastercard 51-55, 2221-2720; American Express 34, 37; Discover 6011, 644-649, 65; UnionPay 62, 81; JCB 3528-3589; Diners Club 300-305, 3095, 36, 38, 39; Mir 2200-2204; Maestro 50, 56-58, 6. The check digit is right and the digits are not all the same. Not inside a word, and not after a digit with a dot, dash or slash.",
			Source: []string{
				"ISO/IEC 7812-1:2017, annex B (check digit)",
				"The networks' published issuer identification number ranges",
			},
			Examples: []string{
				"Visa 4111 1111 1111 1111 exp 12/29", "4111-1111-1111-1111", "5555555555554444", "378282246310005", "3782 822463 10005",
				"6011 1111 1111 1117", "3530 1113 3330 0000", "30569309025904", "3056 930902 5904", "2223003122003222", "6200000000000005",
				"2200 0000 0000 0004", "6759649826438453", "card:4012888888881881.", "4111 1111\n1111 1111", "Visa4111111111111111",
			},
			Counter: []string{
				"4111 1111 1111 1112", "4111 1111-1111 1111", "41111111 11111111", "0000 0000 0000 0000", "1.4111111111111111",
				"x4111111111111111", "41111111111111111", "4111-1111-1111-1111-2222", "2011 2012 2013 2014", "2721000000000004",
			},
			digits: creditCard,
			first:  lengths(4, 4) | lengths(6, 6) | lengths(12, 19),
		},
		{
			Name:  "us-ssn",
			Title: "US social security number",
			Finds: "Three, two and four digits with the same separator (dash, space, dot) twice, or nine digits in one piece with a context word within 150 characters. Never area 000, 666 or 900-999, group 00, serial 0000; not the numbers known from advertisements and samples (078-05-1120, 219-09-9999, 457-55-5462, 123-45-6789, 987-65-4320), nor nine equal digits.",
			Source: []string{
				"Social Security Administration, Program Operations Manual RM 10201.030 and RM 10201.035",
			},
			Examples: []string{
				"536-90-4399", "SSN: 536904399", "social security number is 536 90 4399", "536.90.4399",
			},
			Counter: []string{
				"536904399", "000-12-3456", "666-12-3456", "900-12-3456", "536-00-4399", "536-90-0000", "078-05-1120", "219-09-9999",
				"457-55-5462", "123-45-6789", "536-90 4399", "1-536-90-4399", "536-90-43991", "A536-90-4399",
			},
			digits: usSSN,
			first:  lengths(3, 3) | lengths(9, 9),
			words: []string{
				"ssn", "ssns", "ssn#", "ss#", "ss no", "ss number", "social security", "social security number", "soc sec", "soc. sec", "social sec",
				"socialsecurity", "socialsecuritynumber", "tax id", "taxpayer id", "tin", "w-2", "w-9", "1099", "form w2", "form w9",
			},
			within: 150,
		},
	}
	sort.Slice(ds, func(i, j int) bool { return ds[i].Name < ds[j].Name })
	return ds
}

// Names lists the built-in detectors, sorted.
func Names() []string {
	var names []string
	for _, d := range Definitions() {
		names = append(names, d.Name)
	}
	return names
}

func definition(name string) (Definition, bool) {
	ds := Definitions()
	i := slices.IndexFunc(ds, func(d Definition) bool { return d.Name == name })
	if i < 0 {
		return Definition{}, false
	}
	return ds[i], true
}
