package rules

// A keyInfo is one key of `when` and `unless`, with its documentation.
type keyInfo struct {
	name    string // "header.NAME" stands for any name
	value   string // what to write
	doc     string
	example string
	decode  func(l *loader, n node, s scope) condition // nil after a problem
}

// conditionKeys lists the keys in the order of the reference.
func conditionKeys() []keyInfo {
	return []keyInfo{
		{"from", "addresses", "The envelope sender. `<>` is the null sender of bounces.",
			`from = ["boss@example.com", "@billing"]`, decodeSender},
		{"header_from", "addresses", "An address in the From field, which the recipient sees.",
			`header_from = "*@example.com"`, decodeHeaderFrom},
		{"to", "addresses", "The recipient that is being decided, not all recipients of the message.",
			`to = "external"`, decodeRecipient},
		{"recipients", "a comparison", "The number of envelope recipients.",
			`recipients = "> 50"`, decodeRecipients},
		{"sent", "a table of `recipients` and `within`", "The number of recipients that the messages of this envelope sender had within a time from `1m` to `7d`, this one included. Counted in memory: a restart forgets. When it can't be told, the message is deferred.",
			`sent = { recipients = "> 200", within = "1h" }`, decodeSent},
		{"direction", "directions", "The way of the message for this recipient: `outbound` from a member to a guest, `inbound` from a guest to a member, `internal` between members, `through` between guests. Who authenticated is a member.",
			`direction = "outbound"`, decodeDirection},
		{"auth_user", "names", "The name with which the sender authenticated; * and ? stand for any characters. Mail without authentication never fits.",
			`auth_user = ["scanner", "*@example.com"]`, decodeAuth},
		{"client", "networks", "The address of the SMTP client. `local` is a message from the sendmail command.",
			`client = ["10.1.0.0/16", "2001:db8::/32", "local"]`, decodeClient},
		{"client_tls", "true, false or versions", "Whether the message came in over TLS, or by which version.",
			`client_tls = false`, decodeTLS},
		{"time", "spans of time", "The time of day at which the message came, by the server's clock and zone. The end is not part of it; a span may go over midnight.",
			`time = "18:00-08:00"`, decodeTime},
		{"weekday", "weekdays", "The day on which the message came, by the server's clock and zone.",
			`weekday = ["sat", "sun"]`, decodeWeekday},
		{"sensitivity", "labels", "What the Sensitivity field says: `personal`, `private` or `company-confidential`. Outlook sets it.",
			`sensitivity = ["private", "company-confidential"]`, decodeSensitivity},
		{"priority", "labels", "`high`, `normal` or `low`, from Importance, X-Priority or Priority.",
			`priority = "high"`, decodePriority},
		{"size", "a comparison of sizes", "The size of the whole message as it is sent, attachments encoded. A kB is 1,000 octets, a KiB 1,024.",
			`size = "> 10 MB"`, decodeSize},
		{"subject", "a header table", "The subject.",
			`subject.matches = '(?i)\[secure\]'`, decodeSubject},
		{"header.NAME", "a header table", "Any header field, by its name in any case. Of several fields with that name one has to satisfy all keys.",
			`header.Sensitivity.equals = "Company-Confidential"`, decodeHeaders},
		{"body", "a table of `words`, `contains` and `matches`", "The text of the message itself, without attachments; HTML counts as the text it shows and the text it hides.",
			`body.words = ["confidential", "trade secret"]`, decodeBody},
		{"attachment", "a table, see below", "An attachment. All keys must hold for the same one. Forwarded messages are attachments, and what is attached to them counts too.",
			`attachment = { name = "*.xls*", size = "> 20 kB" }`, decodeAttachment},
		{"attachments", "a comparison", "The number of attachments.",
			`attachments = "> 10"`, decodeAttachments},
		{"unscannable", "true, false or globs", "Some of the content can't be read; or only for a reason that fits, as reports show it. In a rule above others it decides what happens to such messages, before `defaults.unscannable` does.",
			`unscannable = true`, decodeUnscannable},
		{"detect.NAME", "a number, or a table of `min`, `near` and `within`", "A detector found at least that many distinct values.",
			`detect.credit-card = 1`, decodeDetect},
		{"dictionary.NAME", "a number, or a table of `min` or `score`", "At least that many distinct terms of a dictionary occur; `score` compares the sum of their weights.",
			`dictionary.health = 2`, decodeDictionary},
		{"in", "areas", "Where the detectors and dictionaries of this table, and of tables inside it, look: `subject`, `headers`, `body`, `attachments`. Without it: subject, body and attachments.",
			`in = ["body", "attachments"]`, nil},
		{"any", "a list of tables", "At least one of the tables holds.",
			`any = [{ detect.us-ssn = 1 }, { detect.credit-card = 1 }]`, decodeAny},
		{"all", "a list of tables", "All of the tables hold. Needed only to ask for the same key twice.",
			`all = [{ body.words = "account" }, { body.words = "password" }]`, decodeAll},
		{"not", "a table", "The table doesn't hold.",
			`not = { header.List-Unsubscribe.present = true }`, decodeNot},
		{"always", "true", "Holds for every message.",
			`always = true`, decodeAlways},
	}
}

// keyNames lists the names in a table of keys.
func keyNames(keys []keyInfo) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return names
}

// headerKeys are the keys of `subject` and `header.NAME`.
func headerKeys() []keyInfo {
	return []keyInfo{
		{name: "contains", value: "texts", doc: "Contains one of the texts, in any case.", example: `subject.contains = ["[secure]", "[encrypt]"]`},
		{name: "equals", value: "texts", doc: "Is one of the texts, in any case.", example: `header.Precedence.equals = "bulk"`},
		{name: "matches", value: "regular expressions", doc: "Matches one of the patterns (RE2; `(?i)` in front for any case).", example: `subject.matches = '(?i)^re:'`},
		{name: "present", value: "true or false", doc: "The field is there, or isn't.", example: `header.List-Unsubscribe.present = true`},
	}
}

// bodyKeys are the keys of `body`.
func bodyKeys() []keyInfo {
	return []keyInfo{
		{name: "words", value: "words or phrases", doc: "One of them occurs as a whole, in any case and with or without accents.", example: `body.words = ["confidential", "trade secret"]`},
		{name: "contains", value: "texts", doc: "One of the texts occurs anywhere, in any case.", example: `body.contains = "not for distribution"`},
		{name: "matches", value: "regular expressions", doc: "One of the patterns matches (RE2).", example: `body.matches = '(?i)password:\s*\S+'`},
	}
}

// detectKeys are the keys of a `detect.NAME` table.
func detectKeys() []keyInfo {
	return []keyInfo{
		{name: "min", value: "a number", doc: "The number of distinct values; 1 unless told.", example: `detect.credit-card = { min = 10 }`},
		{name: "near", value: "words, lists or dictionaries", doc: "Only values with one of these words nearby count. `@name` is a list or a dictionary.", example: `detect.us-ssn = { near = ["patient", "@health"] }`},
		{name: "within", value: "a number", doc: "How far away the word may be, in characters; 300 unless told.", example: `detect.us-ssn = { near = "patient", within = 100 }`},
	}
}

// dictionaryConditionKeys are the keys of a `dictionary.NAME` table.
func dictionaryConditionKeys() []keyInfo {
	return []keyInfo{
		{name: "min", value: "a number", doc: "The number of distinct terms.", example: `dictionary.health = { min = 2 }`},
		{name: "score", value: "a number", doc: "The sum of the weights of the distinct terms.", example: `dictionary.health = { score = 10 }`},
	}
}
