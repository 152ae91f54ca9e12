package rules

import (
	"fmt"
	"slices"
	"strings"
)

// A rule is one compiled [[rule]].
type rule struct {
	name    string
	node    node
	test    bool   // mode = "test": decides and adds nothing
	then    Action // "" if the rule only adds
	text    string
	release Release // of a rule that blocks
	also    Also
	during  period      // when it is in force
	scope   *addressSet // whose mail it is for; nil: everybody's
	when    condition
	unless  condition // nil if there is none
	subject bool      // a detector or dictionary looks at the subject
}

// matches tells whether the rule applies to st.recipient. The evidence is in
// st.evidence.
func (r *rule) matches(st *state) truth {
	st.evidence, st.wanted, st.doubt = st.evidence[:0], levelHeader, ""
	if !r.during.contains(st.message.Time) || r.scope != nil && !r.scope.covers(st) {
		return no
	}
	t := r.when.test(st)
	if t == no || r.unless == nil {
		return t
	}
	mark := len(st.evidence)
	exception := r.unless.test(st)
	st.evidence = st.evidence[:mark]
	return min(t, yes-exception)
}

// covers tells whether the message is one of a scope's members: sent by one, or,
// when it comes from outside, for one.
func (a *addressSet) covers(st *state) bool {
	if _, ok := a.match(st.message.From); ok || Internal(st.message.From, a.domains) {
		return ok
	}
	_, ok := a.match(st.recipient)
	return ok
}

// maxTextBytes bounds a rule's text: it goes into an SMTP reply.
const maxTextBytes = 900

// ruleKeys are the keys of [[rule]], with their documentation.
func ruleKeys() []keyInfo {
	return []keyInfo{
		{name: "name", value: "a string", doc: "What logs, tests and reports call the rule. Required, unique over all files.", example: `name = "card"`},
		{name: "then", value: "an action", doc: "What is done for the recipient; the evaluation ends there. Required unless there is `also`.", example: `then = "pickup"`},
		{name: "also", value: "a table", doc: "What is added, see below. A rule with only `also` adds and goes on.", example: `also = { tag = "PHI", expire = "7d" }`},
		{name: "text", value: "a string", doc: "Why, for the sender, at most 900 octets: the answer of `return` and `block`, and the reason in the receipt of what is sealed, which else is the rule's name.", example: `text = "Use the vault for card numbers."`},
		{name: "release", value: "true, false or a table", doc: "With `block`: whether the sender may release the message, and how, see below. With false only an administrator can. `true` unless told.", example: `release = { trust = "recipient", for = "90d" }`},
		{name: "when", value: "a table", doc: "The conditions, all of which must hold. Required.", example: `when.to = "external"`},
		{name: "unless", value: "a table", doc: "The exception: with all of its conditions true the rule doesn't apply.", example: `unless.from = "@billing"`},
		{name: "mode", value: "`on` or `test`", doc: "With `test` the rule decides and adds nothing; what it would do is logged and shown.", example: `mode = "test"`},
		{name: "enabled", value: "true or false", doc: "With false the rule is checked and left out.", example: `enabled = false`},
		{name: "scope", value: "addresses", doc: "Whose mail the rule is for: a message that such a member sends, or, sent from outside, that such a member gets.", example: `scope = "sales.example.com"`},
		{name: "from_date", value: "a date", doc: "The first day, or date and time, at which the rule is in force.", example: `from_date = 2027-01-01`},
		{name: "until", value: "a date", doc: "The last day on which, or date and time until which, the rule is in force.", example: `until = 2027-12-31`},
	}
}

// decodeRules decodes the [[rule]] tables of a file.
func (l *loader) decodeRules(rules node) {
	for i, n := range rules.items() {
		n.key = ""
		name, ok := n.field("name")
		if s, isText := name.value.(string); ok && isText {
			n.owner.rule = s
		} else {
			n.owner.rule = fmt.Sprintf("#%d", i+1)
		}
		if !n.isTable() {
			n.errorf("is %s; write [[rule]]", n.kind())
			continue
		}
		l.decodeRule(n)
	}
}

func (l *loader) decodeRule(n node) {
	r := &rule{name: n.owner.rule, node: n}
	enabled := true
	for _, f := range n.fields() {
		switch f.name() {
		case "name":
			if s, ok := f.text(); ok {
				l.ruleName(f, s)
			}
		case "then":
			r.then = l.decodeAction(f)
		case "also":
			r.also = l.decodeAlso(f)
		case "text":
			if s, ok := f.text(); ok {
				r.text = strings.TrimSpace(s)
				if len(r.text) > maxTextBytes {
					f.errorf("is %d octets long; the sender's server takes at most %d", len(r.text), maxTextBytes)
				}
			}
		case "mode":
			if s, ok := f.text(); ok && s != "test" && s != "on" {
				f.errorf("%q is no mode; write \"on\" or \"test\"", s)
			} else {
				r.test = s == "test"
			}
		case "enabled":
			if b, ok := f.boolean(); ok {
				enabled = b
			}
		case "when":
			l.subject = false
			r.when = l.decodeWhen(f, scope{areas: defaultAreas})
			r.subject = l.subject
		case "unless":
			r.unless = l.decodeWhen(f, scope{areas: defaultAreas})
		case "from_date":
			r.during.begin = decodeDate(f, false)
		case "until":
			r.during.end = decodeDate(f, true)
		case "scope":
			r.scope = l.decodeAddresses(f)
		case "release":
			r.release = decodeRelease(f, r.name)
		default:
			f.unknown(keyNames(ruleKeys()))
		}
	}
	if _, ok := n.field("name"); !ok {
		n.errorf("has no name; write name = \"...\"")
	}
	_, then := n.field("then")
	_, also := n.field("also")
	if !then && !also {
		n.errorf("does nothing; write then = \"...\", also = { ... } or both")
	}
	if release, ok := n.field("release"); !ok && r.then == Block {
		r.release = offeredRelease(r.name)
	} else if ok && r.then != Block && (r.then != "" || !then) {
		release.errorf("is only for then = \"block\"; leave it out")
	}
	if d := r.during; !d.begin.IsZero() && !d.end.IsZero() && !d.begin.Before(d.end) {
		n.errorf("is in force at no time: until is before from_date")
	}
	if _, ok := n.field("when"); !ok {
		n.errorf("has no conditions; for every message write when.always = true")
	}
	if enabled {
		l.set.rules = append(l.set.rules, r)
	}
}

func (l *loader) ruleName(n node, name string) {
	if name == "" || len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' }) {
		n.errorf("%q is not a name; write 1 to 100 characters without quotes and line breaks", name)
		return
	}
	if name == DefaultThen || name == DefaultUnscannable || name == Thread || strings.HasPrefix(name, quarantineMark) {
		n.errorf("%q has a meaning of its own, in logs and where messages are released; take another name", name)
		return
	}
	if place, ok := l.ruleNames[name]; ok {
		n.errorf("there is a rule with that name already at %s; rename one", place)
		return
	}
	l.ruleNames[name] = n.place()
}

// actions lists the values of `then`.
func actions() []Action {
	return []Action{Deliver, Pickup, OneTime, Return, Discard, Block, Quarantine}
}

func (l *loader) decodeAction(n node) Action {
	s, ok := n.text()
	if !ok {
		return ""
	}
	if !slices.Contains(actions(), Action(s)) {
		n.errorf("%q is no action; write deliver, pickup, one-time, return, discard, block or quarantine", s)
		return ""
	}
	return Action(s)
}
