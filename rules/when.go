package rules

import (
	"cmp"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/postseal/postseal/rules/mail"
)

// A scope is what a table of conditions passes on to the tables inside it.
type scope struct {
	areas mail.Where
	used  *bool // whether some condition looked at areas
}

// defaultAreas is where detectors and dictionaries look without `in`.
const defaultAreas = mail.InSubject | mail.InBody | mail.InAttachments

// areaNames are the values of `in`.
func areaNames() map[string]mail.Where {
	return map[string]mail.Where{
		"subject": mail.InSubject, "headers": mail.InHeaders,
		"body": mail.InBody, "attachments": mail.InAttachments,
	}
}

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
		{"sent", "a table of `recipients` and `within`", "The number of recipients that this sender's messages had within a time, this one included. Only where the server counts them, which this version's doesn't: a rule with it is an error.",
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

// decodeWhen compiles a table of conditions, all of which must hold.
func (l *loader) decodeWhen(n node, s scope) condition {
	fields := n.fields()
	if !n.isTable() {
		return nil
	}
	if len(fields) == 0 {
		n.errorf("has no conditions; for every message write always = true")
		return nil
	}
	used := false
	if in, ok := n.field("in"); ok {
		s.areas, s.used = l.decodeAreas(in), &used
	}
	var all allOf
	complete := true
	for _, f := range fields {
		if f.name() == "in" {
			continue
		}
		c := l.decodeCondition(f, s)
		if c == nil {
			complete = false
			continue
		}
		all = append(all, c)
	}
	if in, ok := n.field("in"); ok && complete && !used {
		in.errorf("nothing in this table looks there; it is for detect and dictionary")
	}
	if len(all) == 0 {
		return nil
	}
	sortByLevel(all)
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func (l *loader) decodeCondition(n node, s scope) condition {
	var names []string
	for _, k := range l.keys {
		name, _, _ := strings.Cut(k.name, ".")
		if name == n.name() {
			return k.decode(l, n, s)
		}
		names = append(names, name)
	}
	n.unknown(names)
	return nil
}

func sortByLevel(cs []condition) {
	slices.SortStableFunc(cs, func(a, b condition) int { return cmp.Compare(a.level(), b.level()) })
}

// share makes a condition that doesn't depend on the recipient be worked out
// once a message.
func (l *loader) share(c condition) condition {
	l.set.shared++
	return shared{c, l.set.shared - 1}
}

func (l *loader) decodeAreas(n node) mail.Where {
	known := areaNames()
	var areas mail.Where
	for _, item := range n.texts() {
		s := item.value.(string)
		if known[s] == 0 {
			item.errorf("%q is no place to look; known are attachments, body, headers, subject", s)
		}
		areas |= known[s]
	}
	return areas
}

func (l *loader) decodeAddresses(n node) *addressSet {
	set := &addressSet{domains: l.options.InternalDomains}
	nodes := n.texts()
	own := map[string]bool{}
	for _, item := range nodes {
		own[item.value.(string)] = true
	}
	for _, e := range l.entries(nodes) {
		if err := set.add(e.text, own[e.text]); err != nil {
			l.problem(e, n.owner, err.Error())
		}
	}
	return set
}

func decodeSender(l *loader, n node, _ scope) condition {
	return l.share(senderCondition{l.decodeAddresses(n)})
}

func decodeHeaderFrom(l *loader, n node, _ scope) condition {
	return l.share(headerFromCondition{l.decodeAddresses(n)})
}

func decodeRecipient(l *loader, n node, _ scope) condition {
	return recipientCondition{l.decodeAddresses(n)}
}

func decodeRecipients(l *loader, n node, _ scope) condition {
	c, ok := l.decodeComparison(n, parseNumber, "> 50")
	if !ok {
		return nil
	}
	if c.never(1) {
		n.errorf("%q can never hold: a message has at least one recipient", n.value)
		return nil
	}
	return l.share(recipientsCondition{c})
}

func decodeSize(l *loader, n node, _ scope) condition {
	c, ok := l.decodeComparison(n, parseSize, "> 20 kB")
	if !ok {
		return nil
	}
	return l.share(sizeCondition{c})
}

func (l *loader) decodeComparison(n node, parse func(string) (int64, error), example string) (comparison, bool) {
	s, ok := n.value.(string)
	if !ok {
		n.errorf("is %s; write a comparison like %q", n.kind(), example)
		return comparison{}, false
	}
	c, err := parseComparison(s, parse)
	if err != nil {
		n.errorf("%v; write a comparison like %q", err, example)
		return comparison{}, false
	}
	if c.never(0) {
		n.errorf("%q can never hold", s)
		return comparison{}, false
	}
	return c, true
}

func decodeSubject(l *loader, n node, _ scope) condition {
	return l.decodeHeader(n, "Subject", "subject")
}

func decodeHeaders(l *loader, n node, _ scope) condition {
	var all allOf
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("names no header field; write one like header.Precedence.equals = \"bulk\"")
	}
	for _, f := range fields {
		name := f.name()
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' || r > '~' }) {
			f.errorf("%q is not the name of a header field", name)
			continue
		}
		if c := l.decodeHeader(f, name, "header."+name); c != nil {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (l *loader) decodeHeader(n node, name, what string) condition {
	if !n.isTable() {
		n.errorf("is %s; write %s.contains, .equals, .matches or .present", n.kind(), what)
		return nil
	}
	c := &headerCondition{what: what, name: name}
	fields := n.fields()
	for _, f := range fields {
		switch f.name() {
		case "present":
			if b, ok := f.boolean(); ok {
				c.present = &b
				if !b && len(fields) > 1 {
					f.errorf("false contradicts the other keys; drop it or them")
				}
			}
		case "equals":
			c.equals = l.folded(f)
		case "contains":
			c.contains = l.folded(f)
		case "matches":
			c.matches = l.decodePatterns(f)
		default:
			f.unknown(keyNames(headerKeys()))
		}
	}
	if len(fields) == 0 {
		n.errorf("has no conditions; write %s.contains, .equals, .matches or .present", what)
	}
	return l.share(c)
}

// folded returns texts and the entries of lists for comparing without case.
func (l *loader) folded(n node) []string {
	var out []string
	for _, e := range l.entries(n.texts()) {
		if s := fold(e.text); s != "" {
			out = append(out, s)
		} else {
			n.errorf("%q is empty without its space and would match everything", e.text)
		}
	}
	return out
}

func (l *loader) decodePatterns(n node) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, item := range n.texts() {
		if re := decodePattern(item, item.value.(string)); re != nil {
			out = append(out, re)
		}
	}
	return out
}

func decodePattern(n node, expr string) *regexp.Regexp {
	re, err := regexp.Compile(expr)
	if err != nil {
		n.errorf("not a regular expression (RE2): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	if re.MatchString("") {
		n.errorf("the pattern matches an empty text and so everything")
		return nil
	}
	return re
}

func decodeAny(l *loader, n node, s scope) condition {
	cs := l.decodeTables(n, s)
	if cs == nil {
		return nil
	}
	sortByLevel(cs)
	return anyOf(cs)
}

func decodeAll(l *loader, n node, s scope) condition {
	cs := l.decodeTables(n, s)
	if cs == nil {
		return nil
	}
	sortByLevel(cs)
	return allOf(cs)
}

func (l *loader) decodeTables(n node, s scope) []condition {
	switch n.value.(type) {
	case []any, []map[string]any:
	default:
		n.errorf("is %s; write a list of tables like [{ ... }, { ... }]", n.kind())
		return nil
	}
	items := n.items()
	if len(items) == 0 {
		n.errorf("is an empty list; write a list of tables like [{ ... }, { ... }]")
	}
	var cs []condition
	for _, item := range items {
		if c := l.decodeWhen(item, s); c != nil {
			cs = append(cs, c)
		}
	}
	return cs
}

func decodeNot(l *loader, n node, s scope) condition {
	c := l.decodeWhen(n, s)
	if c == nil {
		return nil
	}
	return notOf{c}
}

func decodeAlways(_ *loader, n node, _ scope) condition {
	b, ok := n.boolean()
	if ok && !b {
		n.errorf("is false; to switch a rule off write enabled = false in it")
		return nil
	}
	return always(b)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
