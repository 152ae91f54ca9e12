package rules

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A testCase is a [[test]]: a message and the verdicts that it must get.
type testCase struct {
	node    node
	message *Message
	expect  map[string]expectation // by recipient; "" for all
	adds    *node                  // what the rules have to add for each recipient; nil: not told
}

type expectation struct {
	node node
	text string
}

// testKeys are the keys of [[test]], with their documentation.
func testKeys() []keyInfo {
	return []keyInfo{
		{name: "name", value: "a string", doc: "What the test shows. Required.", example: `name = "a card to a customer"`},
		{name: "from", value: "an address", doc: "The envelope sender, and the From field unless `header` has one. Required.", example: `from = "ann@example.com"`},
		{name: "to", value: "addresses", doc: "The envelope recipients. Required.", example: `to = ["bob@customer.example"]`},
		{name: "subject", value: "a string", doc: "The Subject field.", example: `subject = "[secure] offer"`},
		{name: "header", value: "a table", doc: "Other header fields; a list repeats one.", example: `header.Precedence = "bulk"`},
		{name: "body", value: "a string", doc: "The text of the message.", example: `body = "Visa 4111 1111 1111 1111"`},
		{name: "html", value: "a string", doc: "The text of the message as HTML.", example: `html = "<b>4111</b> 1111 1111 1111"`},
		{name: "attachment", value: "a list of tables", doc: "Attachments with `name`, `type`, `text` (what is in them) or `base64`, and `size` to fill one up.", example: `attachment = [{ name = "a.csv", text = "1;2", size = "30 kB" }]`},
		{name: "message", value: "a file name", doc: "A whole message to take instead, relative to the rules folder.", example: `message = "tests/invoice.eml"`},
		{name: "auth_user", value: "a name", doc: "The name with which the sender authenticated.", example: `auth_user = "ann"`},
		{name: "client", value: "an address", doc: "The address of the SMTP client.", example: `client = "192.0.2.1"`},
		{name: "tls", value: "a version", doc: "The version of TLS over which the message came.", example: `tls = "TLSv1.3"`},
		{name: "sent_before", value: "a number", doc: "The recipients of the sender's messages before this one, for `sent`, within any time. 0 unless told.", example: `sent_before = 300`},
		{name: "time", value: "a date and time", doc: "When the message came. Noon on Saturday, 1 January 2022 unless told.", example: `time = 2026-11-02T09:30:00`},
		{name: "released", value: "names of rules", doc: "The rules that block and from which the message has been released, for all of its recipients; `quarantine by RULE` for one that quarantines.", example: `released = "card"`},
		{name: "expect", value: "a string or a table", doc: "The verdict for all recipients, or a table of verdicts by recipient: an action, `ACTION by RULE`, or `unscannable`. Required.", example: `expect = "one-time by card"`},
		{name: "expect_also", value: "a list of additions", doc: "What the rules must add for each recipient, written as `postseal rules test` shows it: `tag PHI`, `expire 7d`, `restrict pin`, `tls verified else pickup`. They may add more; an empty list says that they add nothing.", example: `expect_also = []`},
	}
}

func (l *loader) decodeTests(tests node) {
	for i, n := range tests.items() {
		n.key = ""
		n.owner = owner{test: fmt.Sprintf("#%d", i+1)}
		if name, ok := n.field("name"); ok {
			if s, ok := name.value.(string); ok && s != "" {
				n.owner.test = s
			}
		}
		if !n.isTable() {
			n.errorf("is %s; write [[test]]", n.kind())
			continue
		}
		l.decodeTest(n)
	}
}

func (l *loader) decodeTest(n node) {
	before := len(l.problems)
	t := &testCase{node: n, expect: map[string]expectation{}, message: &Message{
		// A fixed Saturday noon: a test's outcome doesn't depend on when it runs.
		Time: time.Date(2022, 1, 1, 12, 0, 0, 0, time.Local),
		Sent: SentBefore(0),
	}}
	var draft draft
	for _, f := range n.fields() {
		switch f.name() {
		case "name":
			f.text()
		case "from":
			if s, ok := f.text(); ok {
				t.message.From = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
			}
		case "to":
			for _, item := range f.texts() {
				t.message.Recipients = append(t.message.Recipients, item.value.(string))
			}
		case "subject":
			if s, ok := f.text(); ok {
				draft.add("Subject", s)
			}
		case "header":
			for _, h := range f.fields() {
				for _, item := range h.texts() {
					draft.add(h.name(), item.value.(string))
				}
			}
		case "body":
			draft.body, _ = f.text()
		case "html":
			draft.html, _ = f.text()
		case "attachment":
			for _, item := range f.items() {
				draft.attachments = append(draft.attachments, l.decodeTestAttachment(item))
			}
		case "message":
			if s, ok := f.text(); ok {
				draft.raw, _, _ = l.readNamed(f, s)
			}
		case "auth_user":
			t.message.AuthUser, _ = f.text()
		case "tls":
			t.message.TLS, _ = f.text()
		case "client":
			if s, ok := f.text(); ok {
				var err error
				if t.message.Client, err = netip.ParseAddr(s); err != nil {
					f.errorf("%q is no network address; write one like \"192.0.2.1\"", s)
				}
			}
		case "sent_before":
			if count, ok := f.count(); ok {
				t.message.Sent = SentBefore(int64(count))
			}
		case "time":
			t.message.Time = decodeDate(f, false)
		case "released":
			t.message.Released = l.decodeReleased(f)
		case "expect_also":
			if _, isList := f.value.([]any); !isList || len(f.items()) > 0 {
				f.texts()
			}
			t.adds = &f
		case "expect":
			l.decodeExpect(t, f)
		default:
			f.unknown(keyNames(testKeys()))
		}
	}
	for _, required := range []string{"name", "from", "to", "expect"} {
		if _, ok := n.field(required); !ok {
			n.errorf("has no %s", required)
		}
	}
	for r, e := range t.expect {
		if r != "" && !slices.Contains(t.message.Recipients, r) {
			e.node.errorf("%q is no recipient of this test", r)
		}
	}
	if len(l.problems) > before {
		return
	}
	if err := draft.write(t.message); err != nil {
		n.errorf("message: %v", err)
		return
	}
	l.tests = append(l.tests, t)
}

// decodeReleased makes a message's Released of names of rules.
func (l *loader) decodeReleased(n node) func(r Release, recipient string) (bool, error) {
	var names []string
	for _, item := range n.texts() {
		text := item.value.(string)
		name := strings.TrimPrefix(text, quarantineMark)
		if l.ruleNames[name] == "" && name != DefaultThen && name != DefaultUnscannable {
			item.errorf("%v", unknownName("rule", name, sortedKeys(l.ruleNames)))
		}
		names = append(names, text)
	}
	return func(r Release, _ string) (bool, error) { return slices.Contains(names, r.Rule), nil }
}

func (l *loader) decodeExpect(t *testCase, n node) {
	if !n.isTable() {
		if s, ok := n.text(); ok {
			t.expect[""] = l.expectation(n, s)
		}
		return
	}
	for _, f := range n.fields() {
		if s, ok := f.text(); ok {
			t.expect[f.name()] = l.expectation(f, s)
		}
	}
	for _, r := range t.message.Recipients {
		if _, ok := t.expect[r]; !ok {
			n.errorf("says nothing about recipient %q", r)
		}
	}
}

// expectation checks that s can come true at all.
func (l *loader) expectation(n node, s string) expectation {
	action, rule, by := strings.Cut(s, " by ")
	if s != "unscannable" && !slices.Contains(actions(), Action(action)) {
		n.errorf("%q is no verdict; write an action, \"ACTION by RULE\" or \"unscannable\"", s)
	}
	if by && l.ruleNames[rule] == "" {
		n.errorf("%v", unknownName("rule", rule, sortedKeys(l.ruleNames)))
	}
	return expectation{n, s}
}

func (l *loader) decodeTestAttachment(n node) draftPart {
	var p draftPart
	for _, f := range n.fields() {
		switch f.name() {
		case "name":
			p.name, _ = f.text()
		case "type":
			p.mediaType, _ = f.text()
		case "text":
			s, _ := f.text()
			p.content = []byte(s)
		case "base64":
			s, _ := f.text()
			b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
			if err != nil {
				f.errorf("not base64")
			}
			p.content = b
		case "size":
			if s, ok := f.text(); ok {
				size, err := parseSize(s)
				if err != nil || size > 10<<20 {
					f.errorf("%q is not a size up to 10 MB; write one like \"30 kB\"", s)
				}
				p.size = int(size)
			}
		default:
			f.unknown([]string{"name", "type", "text", "base64", "size"})
		}
	}
	return p
}

// runTests evaluates every test and records those that fail.
func (l *loader) runTests(ctx context.Context) {
	for _, t := range l.tests {
		set := l.set
		if t.node.file.alone {
			set = set.only(t.node.file)
		}
		d, err := set.Evaluate(ctx, t.message)
		if err != nil {
			t.node.errorf("%v", err)
			continue
		}
		for _, v := range d.Verdicts {
			want, ok := t.expect[v.Recipient]
			if !ok {
				want = t.expect[""]
			}
			if !want.holds(v) {
				want.node.errorf("%s gets %q, not %q", v.Recipient, v.String(), want.text)
			}
			t.checkAdditions(v)
		}
	}
}

// checkAdditions compares what the rules add with what the test expects.
func (t *testCase) checkAdditions(v Verdict) {
	if t.adds == nil {
		return
	}
	got, wanted := v.Also.parts(), t.adds.items()
	if len(wanted) == 0 && len(got) > 0 {
		t.adds.errorf("for %s the rules add %q, not nothing", v.Recipient, v.Also.String())
	}
	for _, item := range wanted {
		if s, _ := item.value.(string); !slices.Contains(got, s) {
			item.errorf("for %s the rules add %q, not %q", v.Recipient, v.Also.String(), s)
		}
	}
}

// only returns the set without the rules of other files.
func (s *Set) only(file *source) *Set {
	part := *s
	part.rules = nil
	for _, r := range s.rules {
		if r.node.file == file {
			part.rules = append(part.rules, r)
		}
	}
	return &part
}

func (e expectation) holds(v Verdict) bool {
	if e.text == "unscannable" {
		return strings.HasPrefix(v.Reason, "unscannable")
	}
	action, rule, by := strings.Cut(e.text, " by ")
	return Action(action) == v.Action && (!by || rule == v.Rule)
}
