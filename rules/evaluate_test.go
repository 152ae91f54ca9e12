package rules

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// brokenBody fails whoever reads it.
type brokenBody struct{ reads int }

var errBroken = errors.New("read of the body")

func (b *brokenBody) ReadAt([]byte, int64) (int, error) {
	b.reads++
	return 0, errBroken
}

const lazyRules = `
[[rule]]
name = "tag"
then = "one-time"
when.subject.contains = "[one-time]"

[[rule]]
name = "bulk"
then = "return"
text = "no bulk mail"
when.recipients = "> 3"

[[rule]]
name = "big"
then = "pickup"
[rule.when]
to = "big.example"
size = "> 1 MB"

[[rule]]
name = "sheet"
then = "pickup"
[rule.when]
to = "sheet.example"
attachment.name = "*.xls"

[[rule]]
name = "card"
then = "pickup"
[rule.when]
detect.credit-card = 1
to = "external"
[rule.unless]
from = "billing@example.com"
`

// What envelope and header decide is decided without the body.
func TestEvaluateHeader(t *testing.T) {
	set := loadText(t, lazyRules)
	tests := []struct {
		name, subject, from string
		to                  []string
		decided             bool
		want                string // of the first recipient
	}{
		{"subject decides", "x [one-time]", "ann@example.com", []string{"bob@guest.example"}, true, "one-time by tag"},
		{"colleague needs no body", "x", "ann@example.com", []string{"cy@example.com"}, true, "deliver"},
		{"exception needs no body", "x", "billing@example.com", []string{"bob@guest.example"}, true, "deliver"},
		{"guest needs the body", "x", "ann@example.com", []string{"bob@guest.example"}, false, ""},
		{"one guest among colleagues", "x", "ann@example.com", []string{"cy@example.com", "bob@guest.example"}, false, ""},
		{"many recipients", "x", "ann@example.com", []string{"a@b.example", "b@b.example", "c@b.example", "d@b.example"}, true, "return by bulk"},
		{"size is not known yet", "x", "billing@example.com", []string{"bob@big.example"}, false, ""},
		{"attachments are not known yet", "x", "billing@example.com", []string{"bob@sheet.example"}, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := &brokenBody{}
			m := &Message{From: tt.from, Recipients: tt.to, Header: []Field{{"Subject", " " + tt.subject}}}
			d, ok, err := set.EvaluateHeader(context.Background(), m)
			if err != nil {
				t.Fatal(err)
			}
			if ok != tt.decided {
				t.Fatalf("decided %t, want %t", ok, tt.decided)
			}
			if ok && d.Verdicts[0].String() != tt.want {
				t.Errorf("got %q, want %q", d.Verdicts[0].String(), tt.want)
			}
			// The whole evaluation agrees, and reads no body that isn't needed.
			m.Body, m.BodySize, m.Size = body, 100, 200
			d, err = set.Evaluate(context.Background(), m)
			if tt.decided {
				if err != nil || body.reads > 0 || d.Verdicts[0].String() != tt.want {
					t.Errorf("with the body: %v, %v, %d reads", d, err, body.reads)
				}
			} else if !strings.HasPrefix(tt.name, "size") && (err == nil || body.reads == 0) {
				t.Errorf("with the body: %v, %v, %d reads", d, err, body.reads)
			}
		})
	}
}

// A body that can't be read is an error, not a verdict.
func TestEvaluateBrokenBody(t *testing.T) {
	set := loadText(t, lazyRules)
	m := &Message{From: "ann@example.com", Recipients: []string{"bob@guest.example"}, Body: &brokenBody{}, BodySize: 100}
	if d, err := set.Evaluate(context.Background(), m); !errors.Is(err, errBroken) || d != nil {
		t.Errorf("got %v, %v", d, err)
	}
	m.Body = nil
	if d, err := set.Evaluate(context.Background(), m); err == nil || d != nil {
		t.Errorf("without a body: %v, %v", d, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if d, err := set.Evaluate(ctx, m); !errors.Is(err, context.Canceled) || d != nil {
		t.Errorf("cancelled: %v, %v", d, err)
	}
}

// panicBody panics, as a defect in a reader would.
type panicBody struct{}

func (panicBody) ReadAt([]byte, int64) (int, error) { panic("4111 1111 1111 1111") }

func TestEvaluatePanic(t *testing.T) {
	set := loadText(t, lazyRules)
	m := &Message{From: "ann@example.com", Recipients: []string{"bob@guest.example"}, Body: panicBody{}, BodySize: 100}
	d, err := set.Evaluate(context.Background(), m)
	if err == nil || d != nil {
		t.Fatalf("got %v, %v", d, err)
	}
	if strings.Contains(err.Error(), "4111") {
		t.Error("the error shows what was read")
	}
}

// Rules run top-down, once per recipient; additions are joined on the way.
func TestEvaluateOrder(t *testing.T) {
	set := loadText(t, `
[defaults]
then = "discard"

[[rule]]
name = "first"
also = { tag = ["A", "B"], expire = "7d", notify = "dpo@example.com" }
when.always = true

[[rule]]
name = "trial"
mode = "test"
then = "return"
also = { tag = "T" }
when.always = true

[[rule]]
name = "second"
also = { tag = ["B", "C"], expire = "2d", receipt = true, strip_subject = '\[x\]\s*', notify = ["dpo@example.com", "ciso@example.com"] }
[rule.when]
to = "external"
[rule.unless]
to = "partner.example"

[[rule]]
name = "off"
enabled = false
then = "return"
when.always = true

[[rule]]
name = "guest"
then = "pickup"
text = "sealed"
also = { expire = "3d" }
when.to = "external"

[[rule]]
name = "never reached by guests"
also = { tag = "Z" }
when.always = true
`)
	m := newMessage(t, "Subject: x\n\ny\n", "ann@example.com", "bob@guest.example", "cy@example.com", "dee@partner.example")
	d, err := set.Evaluate(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ verdict, matched, would, also string }{
		{"pickup by guest", "first second", "return by trial",
			`{"tag":["A","B","C"],"strip_subject":["\\[x\\]\\s*"],"receipt":true,"expire":"2d","notify":["dpo@example.com","ciso@example.com"]}`},
		{"discard", "first never reached by guests", "return by trial", `{"tag":["A","B","Z"],"expire":"7d","notify":["dpo@example.com"]}`},
		{"pickup by guest", "first", "return by trial", `{"tag":["A","B"],"expire":"3d","notify":["dpo@example.com"]}`},
	}
	for i, v := range d.Verdicts {
		also, err := json.Marshal(v.Also)
		if err != nil {
			t.Fatal(err)
		}
		if v.String() != want[i].verdict || strings.Join(v.Matched, " ") != want[i].matched ||
			strings.Join(v.Would, " ") != want[i].would || string(also) != want[i].also {
			t.Errorf("%s: got %s, matched %q, would %q, also %s", v.Recipient, v.String(), v.Matched, v.Would, also)
		}
	}
}

// unreadable holds an attachment in an encoding that nobody knows.
const unreadableMail = `Subject: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

hello
--b
Content-Type: text/plain; name=a.txt
Content-Disposition: attachment; filename=a.txt
Content-Transfer-Encoding: x-unheard-of

dsalkjdsalkjdsalkj
--b--
`

// Content that a rule needed and that can't be read stops the message.
func TestEvaluateUnscannable(t *testing.T) {
	const card = "[[rule]]\nname = \"card\"\nthen = \"pickup\"\n[rule.when]\ndetect.credit-card = 1\nto = \"external\"\n"
	tests := []struct{ name, rules, want string }{
		{"default", card, `quarantine (unscannable: rule "card": `},
		{"configured", card + "[defaults]\nunscannable = \"return\"\n", `return (unscannable: rule "card": `},
		{"negated", strings.Replace(card, "detect.credit-card = 1", "not = { detect.credit-card = 1 }", 1), `quarantine (unscannable: rule "card": `},
		{"exception", strings.Replace(card, "detect.credit-card = 1", "always = true", 1) + "[rule.unless]\nbody.words = \"public\"\ndetect.credit-card = 1\n", "pickup by card"},
		{"exception that can't be read", strings.Replace(card, "detect.credit-card = 1", "always = true", 1) + "[rule.unless]\ndetect.credit-card = 1\n", `quarantine (unscannable: rule "card": `},
		{"another area", card + "in = \"body\"\n", "deliver"},
		{"another recipient", strings.Replace(card, "external", "internal", 1), "deliver"},
		{"true anyway", strings.Replace(card, "detect.credit-card = 1", "any = [{ detect.credit-card = 1 }, { body.words = \"hello\" }]", 1), "pickup by card"},
		{"false anyway", strings.Replace(card, "to = \"external\"", "body.words = \"goodbye\"", 1), "deliver"},
		{"a rule above decides", "[[rule]]\nname = \"top\"\nthen = \"pickup\"\nwhen.attachment.name = \"*.txt\"\n" + card, "pickup by top"},
		{"test mode", strings.Replace(card, "then", "mode = \"test\"\nthen", 1), "deliver"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := loadText(t, tt.rules).Evaluate(context.Background(), newMessage(t, unreadableMail, "ann@example.com", "bob@guest.example"))
			if err != nil {
				t.Fatal(err)
			}
			if would := d.Verdicts[0].Would; tt.name == "test mode" && (len(would) != 1 || would[0] != "quarantine (unscannable) by card") {
				t.Errorf("would %q", would)
			}
			if got := d.Verdicts[0].String(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q; defects %q", got, tt.want, d.Defects)
			}
		})
	}
	t.Run("additions apply", func(t *testing.T) {
		set := loadText(t, "[[rule]]\nname = \"phi\"\nalso = { tag = \"PHI\" }\nwhen.detect.credit-card = 1\n")
		d, err := set.Evaluate(context.Background(), newMessage(t, unreadableMail, "ann@example.com", "bob@guest.example"))
		if err != nil {
			t.Fatal(err)
		}
		if v := d.Verdicts[0]; v.Action != Deliver || len(v.Also.Tags) != 1 {
			t.Errorf("got %+v", v)
		}
	})
}

func TestEvaluateSent(t *testing.T) {
	set := loadText(t, "[[rule]]\nname = \"mass\"\nthen = \"return\"\nwhen.sent = { recipients = \"> 200\", within = \"1h\" }\n")
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	var before int64
	var fail error
	m := &Message{From: "ann@example.com", Recipients: []string{"a@b.example", "b@b.example"}, Time: now}
	m.Sent = func(since time.Time) (int64, error) {
		if !since.Equal(now.Add(-time.Hour)) {
			t.Errorf("counted since %v", since)
		}
		return before, fail
	}
	for n, want := range map[int64]string{198: "deliver", 199: "return by mass"} {
		before = n
		d, err := set.Evaluate(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Verdicts[0].String(); got != want {
			t.Errorf("%d before: %s, want %s", n, got, want)
		}
	}
	fail = errBroken
	if d, err := set.Evaluate(context.Background(), m); !errors.Is(err, errBroken) || d != nil {
		t.Errorf("a counter that fails: %v, %v", d, err)
	}
	m.Sent = nil
	if d, ok, err := set.EvaluateHeader(context.Background(), m); err == nil || ok || d != nil {
		t.Errorf("without a counter: %v, %v, %v", d, ok, err)
	}
}

// The tests of a file with tests_alone don't see the rules of other files.
func TestTestsAlone(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "10.toml"), "[[rule]]\nname = \"all\"\nthen = \"discard\"\nwhen.always = true\n")
	const second = "[[rule]]\nname = \"guest\"\nthen = \"pickup\"\nwhen.to = \"external\"\n[[test]]\nname = \"t\"\nfrom = \"ann@example.com\"\nto = \"bob@guest.example\"\nexpect = \"pickup by guest\"\n"
	writeFile(t, filepath.Join(dir, "20.toml"), second)
	if _, err := Load(dir, testOptions()); err == nil || !strings.Contains(err.Error(), `gets "discard by all"`) {
		t.Errorf("together: %v", err)
	}
	writeFile(t, filepath.Join(dir, "20.toml"), "tests_alone = true\n"+second)
	set, err := Load(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if got := verdictOf(t, set, "bob@guest.example"); got != "discard by all" {
		t.Errorf("for messages: %s", got)
	}
}
