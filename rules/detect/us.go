package detect

func usDefinitions() []Definition {
	return []Definition{
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
		{
			Name:  "us-itin",
			Title: "US individual taxpayer identification number",
			Finds: "Three digits of which the first is 9, two of 50-65, 70-88, 90-92 or 94-99, and four, with the same separator (dash, space, dot) twice; or nine such digits in one piece with a context word within 150 characters.",
			Source: []string{
				"Internal Revenue Service, Internal Revenue Manual 3.21.263 (ITIN ranges)",
			},
			Examples: []string{"912-70-1234", "900-50-1234", "ITIN 999 88 7777", "individual taxpayer identification number 912901234", "981-99-0001"},
			Counter:  []string{"912-66-1234", "912-69-1234", "912-89-1234", "912-93-1234", "812-70-1234", "912701234", "912-70 1234", "912-70-12345", "912-49-1234"},
			digits:   usITIN,
			first:    lengths(3, 3) | lengths(9, 9),
			words:    []string{"itin", "individual taxpayer", "taxpayer id", "taxpayer identification", "tax id", "tin", "itin#"},
			within:   150,
		},
		{
			Name:  "us-aba",
			Title: "US bank routing number",
			Finds: "Nine digits in one piece (or 4-4-1 with dashes or spaces) that begin with 00-12, 21-32, 61-72 or 80 and whose sum weighted 3, 7, 1, ... is a multiple of ten. Not nine equal digits.",
			Source: []string{
				"American Bankers Association, ANSI X9.100-160 (routing number, check digit)",
			},
			Examples: []string{"routing number 021000021", "011401533", "ABA 121000358", "322271627.", "0210-0002-1"},
			Counter:  []string{"021000022", "131000021", "991000021", "000000000", "1021000021", "021000021a", "02100002"},
			digits:   usABA,
			first:    lengths(9, 9) | lengths(4, 4),
		},
		{
			Name:  "us-passport",
			Title: "US passport number",
			Finds: "Nine digits, or a letter and eight digits, with a context word within 150 characters.",
			Source: []string{
				"US Department of State, 8 FAM 403.1 and the next-generation passport book (letter and eight digits)",
			},
			Examples: []string{"passport no. 546123789", "Passport number: A12345678", "C03004786 is my passport"},
			Counter:  []string{"546123789", "A12345678", "passport 54612378", "passport AB1234567", "passport 546-123-789", "passports: 1234567890"},
			token:    usPassport,
			onlyBare: true,
			first:    lengths(8, 9),
			words:    []string{"passport", "passports", "passport#", "passport no", "passport number", "passport book", "passport card", "travel document"},
			within:   150,
		},
		{
			Name:  "us-driver-license",
			Title: "US driver license number",
			Finds: "A number of the form that one of the states uses (seven to ten or twelve digits; one or two letters and three to fourteen digits, in all at least seven characters; Florida's and others' groups with dashes; Washington's twelve characters), its letters capital, with a context word within 150 characters.",
			Source: []string{
				"American Association of Motor Vehicle Administrators, formats by state",
			},
			Examples: []string{
				"driver license D1234567", "Driver's license number: S530-460-68-803-0", "DL# 123456789", "drivers licence A123456789012", "Washington driver license WDLABCD456DG",
			},
			Counter:  []string{"D1234567", "S530-460-68-803-0", "driver license 12345", "123456789", "license agreement of 2024", "driver licenses since 1903", "dl: 02110-1301", "driver license b4417172"},
			token:    usDriverLicense,
			onlyBare: true,
			first:    lengths(3, 14),
			words: []string{
				"driver license", "drivers license", "driver's license", "driver licence", "drivers licence", "driver's licence", "driving license", "driving licence",
				"driver lic", "drivers lic", "driver's lic", "dl", "dl#", "dln", "dl no", "dl number", "dlno", "operator license", "operator's license", "license number", "licence number", "license no", "license #",
			},
			within: 150,
		},
	}
}
