package detect

func europeanDefinitions() []Definition {
	return []Definition{
		{
			Name:  "iban",
			Title: "International bank account number",
			Finds: "Two letters of a country, two check digits and as many letters and digits as the country uses, in one piece or in groups with one kind of separator (space, line break, dash, dot), with a remainder of 1 modulo 97. Small letters need a context word within 150 characters.",
			Source: []string{
				"ISO 13616-1:2020 and the IBAN registry of SWIFT; ISO/IEC 7064 MOD 97-10",
			},
			Examples: []string{
				"DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "IBAN: FR14 2004 1010 0505 0001 3M02 606.", "NL91 ABNA 0417 1643 00", "NO93 8601 1117 947", "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
				"iban de89370400440532013000", "CH93-0076-2011-6238-5295-7",
			},
			Counter: []string{"DE89 3704 0044 0532 0130 01", "de89370400440532013000", "XX89370400440532013000", "DE8937040044053201300", "DE893704004405320130001", "ADE89370400440532013000"},
			token:   iban,
			first:   lengths(2, 36),
			words:   []string{"iban", "account", "bank", "konto", "kontonummer", "compte", "conto", "cuenta", "rekening", "bic", "swift", "bankverbindung"},
			within:  150,
		},
		{
			Name:  "uk-nhs",
			Title: "UK NHS number",
			Finds: "Ten digits, in one piece or as 3-3-4 with the same separator (space, dash), whose check digit modulo 11 is right and not 10. Not ten equal digits, 0123456789 or 9876543210. One in eleven telephone numbers written 3-3-4 passes: ask for context where these are common.",
			Source: []string{
				"NHS Data Model and Dictionary, NHS Number (modulus 11)",
			},
			Examples: []string{"943 476 5919", "9434765919", "NHS number 943-476-5919", "401-023-2137", "221 395 1837"},
			Counter:  []string{"943 476 5918", "943.476.5919", "9876543210", "19434765919", "943 4765919", "111 111 1111", "+44 943 476 591"},
			digits:   ukNHS,
			first:    lengths(3, 3) | lengths(10, 10),
		},
		{
			Name:  "uk-nino",
			Title: "UK national insurance number",
			Finds: "Two letters, six digits and a letter A-D, in one piece, as 2-2-2-2-1, 2-6-1 or 2-7 with the same separator (space, dash). D, F, I, Q, U and V are not used, O is not the second letter, and BG, GB, KN, NK, NT, TN and ZZ are not allocated.",
			Source: []string{
				"HM Revenue and Customs, National Insurance Manual NIM39110",
			},
			Examples: []string{"AB123456C", "AB 12 34 56 C", "AB-12-34-56-C", "NI number: JG 103759 A", "ab123456c", "PR 123612C"},
			Counter:  []string{"QQ123456C", "BG123456C", "AO123456C", "AB123456E", "AB12345C", "XAB123456C", "AB123456CD", "AB 12-34 56 C"},
			token:    ukNINO,
			first:    lengths(2, 2) | lengths(6, 6),
		},
		{
			Name:  "es-dni",
			Title: "Spanish DNI",
			Finds: "Eight digits (also with dots for thousands) and, directly or after a dash or space, the letter for their remainder modulo 23. Seven digits or a small letter need a context word within 150 characters.",
			Source: []string{
				"Real Decreto 1553/2005; Ministerio del Interior, Cálculo del dígito de control del NIF/NIE",
			},
			Examples: []string{"12345678Z", "DNI 12345678-Z", "12.345.678-Z", "00000001R", "dni: 12345678z", "NIF 1111111-G"},
			Counter:  []string{"12345678A", "12345678z", "2345678Z", "112345678Z", "12345678ZZ", "A12345678Z", "12345678I"},
			token:    esDNI,
			first:    lengths(7, 8) | lengths(2, 2),
			words:    []string{"dni", "nif", "documento nacional", "identidad"},
			within:   150,
		},
		{
			Name:  "es-nie",
			Title: "Spanish NIE",
			Finds: "X, Y or Z, seven digits and the letter for their remainder modulo 23, the first letter read as 0, 1 or 2; with dashes or in one piece. Small letters need a context word within 150 characters.",
			Source: []string{
				"Orden INT/2058/2008; Ministerio del Interior, Cálculo del dígito de control del NIF/NIE",
			},
			Examples: []string{"X1234567L", "X-1234567-L", "NIE Y1234567X", "Z1234567R", "nie x1234567l"},
			Counter:  []string{"X1234567M", "W1234567L", "x1234567l", "AX1234567L", "X1234567LL", "X123456L"},
			token:    esNIE,
			first:    lengths(7, 7),
			words:    []string{"nie", "nif", "extranjero", "extranjeros", "identidad"},
			within:   150,
		},
		{
			Name:  "it-codice-fiscale",
			Title: "Italian codice fiscale",
			Finds: "Sixteen characters, in one piece or as 3-3-5-5 or 6-5-5 with spaces: six letters of the name, two digits of the year, a letter of the month, two digits of the day (plus 40 for women), a letter and three digits of the place, and the check letter. Letters that stand for digits where two persons would share a code (omocodia: LMNPQRSTUV) are read as these.",
			Source: []string{
				"Decreto del Ministro delle Finanze 23 dicembre 1976, n. 813; Agenzia delle Entrate, codice fiscale",
			},
			Examples: []string{"RSSMRA85T10A562S", "RSS MRA 85T10 A562S", "RSSMRA85T10A56NH", "rssmra85t10a562s", "BNCLRA85E41H501Q"},
			Counter:  []string{"RSSMRA85T10A562T", "RSSMRA85T32A562S", "RSSMRA85F10A562S", "XRSSMRA85T10A562S", "RSSMRA85T10A562SX", "RSSMRA85T10A562"},
			token:    itCodiceFiscale,
			first:    lengths(1, 3),
		},
		{
			Name:  "fr-nir",
			Title: "French social security number",
			Finds: "Fifteen characters, in one piece, 13-2 or as 1-2-2-2-3-3-2 with the same separator (space, dot, dash): sex, year, month (also 20-42 and 50-99, used where it is not known), department (2A and 2B for Corsica), commune, order number, and a key that is 97 less the number modulo 97.",
			Source: []string{
				"INSEE, Répertoire national d'identification des personnes physiques; Décret 82-103, article 4",
			},
			Examples: []string{"1 85 05 78 006 084 91", "185057800608491", "2 69 05 49 588 157 80", "1 85 05 2A 006 084 35", "1850578006084 91", "253072B07300470"},
			Counter:  []string{"1 85 05 78 006 084 92", "385137800608491", "1 85 00 78 006 084 91", "1185057800608491", "18 50 57 80 06 08 49 1", "9 85 05 78 006 084 91"},
			token:    frNIR,
			first:    lengths(1, 1) | lengths(6, 6) | lengths(13, 13) | lengths(15, 15),
		},
		{
			Name:  "de-steuer-id",
			Title: "German tax identification number",
			Finds: "Eleven digits, in one piece or as 2-3-3-3 with spaces, that do not begin with 0; of the first ten one digit stands there twice or three times and no other more than once; with a right check digit (MOD 11,10) and a context word within 150 characters.",
			Source: []string{
				"Abgabenordnung § 139b; Bundeszentralamt für Steuern, Steuer-Identifikationsnummer (ISO/IEC 7064 MOD 11,10)",
			},
			Examples: []string{"Steuer-ID 86095742719", "Identifikationsnummer: 47 036 892 816", "IdNr. 65929970489", "86095742719 (Steuer-Identifikationsnummer)"},
			Counter:  []string{"86095742719", "Steuer-ID 86095742718", "Steuer-ID 06095742719", "Steuer-ID 12345678901", "Steuer-ID 860957427190", "Steuer-ID 11111111111"},
			digits:   deSteuerID,
			onlyBare: true,
			first:    lengths(2, 2) | lengths(11, 11),
			words: []string{
				"steuer-id", "steuerid", "steuer id", "steuer-identifikationsnummer", "steueridentifikationsnummer", "identifikationsnummer", "steuerliche identifikationsnummer", "idnr", "steuer-idnr", "idnr.", "id-nr", "id-nr.",
				"steuernummer", "tin", "tax id", "tax identification number", "tax identification", "finanzamt", "elster", "lohnsteuer", "einkommensteuer", "steuer",
			},
			within: 150,
		},
	}
}
