package rules

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const blockRules = `
[[rule]]
name = "secret"
then = "block"
release = false
when.subject.contains = "[secret]"

[[rule]]
name = "mass"
then = "block"
text = "To many people at once."
release = { mode = "defer", trust = "sender", for = "30d" }
also = { tag = "MASS" }
when.recipients = "> 2"

[[rule]]
name = "trial"
mode = "test"
then = "block"
when.always = true

[[rule]]
name = "card"
then = "pickup"
also = { tag = "PCI" }
[rule.when]
to = "external"
detect.credit-card = 1

[[rule]]
name = "sheet"
then = "block"
release = { trust = "recipient" }
[rule.when]
to = "external"
attachment.name = "*.xls"
`

// released makes Message.Released of "rule recipient" pairs and notes what was
// asked.
func released(asked *[]string, pairs ...string) func(r Release, recipient string) (bool, error) {
	return func(r Release, recipient string) (bool, error) {
		pair := r.Rule + " " + recipient
		*asked = append(*asked, pair)
		return slices.Contains(pairs, pair), nil
	}
}

func TestEvaluateBlock(t *testing.T) {
	const (
		bob, cy, dee = "bob@guest.example", "cy@example.com", "dee@guest.example"
		plain        = "Subject: x\n\nhello\n"
		card         = "Subject: x\n\n4111 1111 1111 1111\n"
	)
	tests := []struct {
		name, mail string
		to         []string
		released   []string
		want       string   // verdicts, "; " between them
		passed     string   // of the first recipient
		asked      []string // nil: nothing
	}{
		{name: "nothing to block", mail: plain, to: []string{bob}, want: "deliver"},
		{name: "blocked for all", mail: plain, to: []string{bob, cy, dee}, want: "block by mass; block by mass; block by mass",
			asked: []string{"mass " + bob, "mass " + cy, "mass " + dee}},
		{name: "released for one", mail: plain, to: []string{bob, cy, dee}, released: []string{"mass " + bob},
			want: "deliver; block by mass; block by mass", passed: "mass", asked: []string{"mass " + bob, "mass " + cy, "mass " + dee}},
		{name: "the rules below have their say", mail: card, to: []string{bob, cy, dee}, released: []string{"mass " + bob, "mass " + cy, "mass " + dee},
			want: "pickup by card; deliver; pickup by card", passed: "mass", asked: []string{"mass " + bob, "mass " + cy, "mass " + dee}},
		{name: "another rule is not released", mail: "Subject: [secret]\n\nx\n", to: []string{bob}, released: []string{"mass " + bob},
			want: "block by secret", asked: []string{"secret " + bob}},
		{name: "what only an administrator releases", mail: "Subject: [secret]\n\nx\n", to: []string{bob}, released: []string{"secret " + bob},
			want: "deliver", passed: "secret", asked: []string{"secret " + bob}},
		{name: "by the content", mail: mixedMail, to: []string{bob}, want: "pickup by card"},
		{name: "can't be read", mail: unreadableMail, to: []string{bob}, released: []string{"card " + bob, "defaults.unscannable " + bob}, want: "quarantine (unscannable: ",
			asked: []string{"quarantine by defaults.unscannable " + bob}},
		{name: "an administrator let it go", mail: unreadableMail, to: []string{bob}, released: []string{"quarantine by defaults.unscannable " + bob},
			want: "deliver", passed: "quarantine by defaults.unscannable", asked: []string{"quarantine by defaults.unscannable " + bob}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			m := newMessage(t, tt.mail, "ann@example.com", tt.to...)
			m.Released = released(&asked, tt.released...)
			set := loadText(t, blockRules)
			d, err := set.Evaluate(context.Background(), m)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range d.Verdicts {
				got = append(got, v.String())
				held := v.Action == Block || v.Action == Quarantine
				if v.Action == Block && v.Release.Rule != v.Rule || !held && v.Release != (Release{}) || v.Action == Quarantine && v.Release.Offered {
					t.Errorf("%s: release %+v", v.String(), v.Release)
				}
				if v.Action != Block && slices.Contains(v.Also.Tags, "MASS") {
					t.Error("a rule that was passed over adds its tag")
				}
			}
			if joined := strings.Join(got, "; "); !strings.HasPrefix(joined, tt.want) {
				t.Errorf("got %q, want %q", joined, tt.want)
			}
			if passed := strings.Join(d.Verdicts[0].Passed, " "); passed != tt.passed {
				t.Errorf("passed over %q, want %q", passed, tt.passed)
			}
			if !slices.Equal(asked, tt.asked) {
				t.Errorf("asked for %q, want %q", asked, tt.asked)
			}
			asked = nil
			early, ok, err := set.EvaluateHeader(context.Background(), m)
			if err != nil || ok && early.Verdicts[0].String() != d.Verdicts[0].String() {
				t.Errorf("by the header alone %v, %v", early, err)
			}
		})
	}
}

// What the header decides, releases included, needs no body.
func TestEvaluateHeaderReleased(t *testing.T) {
	set := loadText(t, strings.Replace(blockRules, "detect.credit-card = 1", "size = \"> 1 MB\"", 1))
	m := newMessage(t, "Subject: [secret]\n\nx\n", "ann@example.com", "cy@example.com")
	m.Size = 0
	for want, ok := range map[string]bool{"block by secret": false, "deliver": true} {
		m.Released = func(Release, string) (bool, error) { return ok, nil }
		d, decided, err := set.EvaluateHeader(context.Background(), m)
		if err != nil || !decided || d.Verdicts[0].String() != want {
			t.Errorf("released %t: %v, %t, %v; want %s", ok, d, decided, err, want)
		}
	}
}

// When nobody can tell what is released, nothing is decided.
func TestReleasedFails(t *testing.T) {
	m := newMessage(t, "Subject: [secret]\n\nx\n", "ann@example.com", "bob@guest.example")
	m.Released = func(Release, string) (bool, error) { return true, errBroken }
	set := loadText(t, blockRules)
	if d, err := set.Evaluate(context.Background(), m); !errors.Is(err, errBroken) || d != nil {
		t.Errorf("got %v, %v", d, err)
	}
	if d, ok, err := set.EvaluateHeader(context.Background(), m); !errors.Is(err, errBroken) || ok || d != nil {
		t.Errorf("by the header alone: %v, %t, %v", d, ok, err)
	}
	defaults := loadText(t, "[defaults]\nthen = \"block\"\n[[rule]]\nname = \"a\"\nthen = \"deliver\"\nwhen.to = \"internal\"\n")
	if d, err := defaults.Evaluate(context.Background(), m); !errors.Is(err, errBroken) || d != nil {
		t.Errorf("by default: %v, %v", d, err)
	}
}

// The defaults can block, too.
func TestDefaultsBlock(t *testing.T) {
	const (
		card   = "[[rule]]\nname = \"card\"\nthen = \"pickup\"\nwhen.detect.credit-card = 1\n"
		ssn    = "[[rule]]\nname = \"ssn\"\nthen = \"return\"\nwhen.detect.us-ssn = 1\n"
		secret = "[[rule]]\nname = \"secret\"\nthen = \"block\"\nrelease = false\nwhen.detect.secret = 1\n"
		block  = "[defaults]\nunscannable = \"block\"\n"
	)
	tests := []struct {
		name, rules, mail string
		released          []string
		want, release     string
		passed            string
	}{
		{name: "no rule", rules: "[defaults]\nthen = \"block\"\n" + card, mail: plainMail[:20] + "\n\nx\n", want: "block", release: "defaults.then by the sender"},
		{name: "no rule, released", rules: "[defaults]\nthen = \"block\"\n" + card, mail: "Subject: x\n\nx\n", released: []string{"defaults.then"}, want: "deliver", passed: "defaults.then"},
		{name: "unscannable", rules: block + card + ssn, mail: unreadableMail, want: `block (unscannable: rule "card"`, release: "defaults.unscannable by the sender"},
		{name: "unscannable, released", rules: block + card + ssn, mail: unreadableMail, released: []string{"defaults.unscannable"}, want: "deliver", passed: "defaults.unscannable"},
		{name: "unscannable, a rule released", rules: block + card, mail: unreadableMail, released: []string{"card"}, want: `block (unscannable: rule "card"`, release: "defaults.unscannable by the sender"},
		{name: "a rule that is never released", rules: block + card + secret, mail: unreadableMail, released: []string{"defaults.unscannable"},
			want: `block (unscannable: rule "secret"`, release: "secret by an administrator only", passed: "defaults.unscannable"},
		{name: "released by an administrator", rules: block + card + secret, mail: unreadableMail, released: []string{"defaults.unscannable", "secret"},
			want: "deliver", passed: "defaults.unscannable secret"},
		{name: "both defaults", rules: block + "then = \"block\"\n" + card, mail: unreadableMail, released: []string{"defaults.unscannable"},
			want: "block", release: "defaults.then by the sender", passed: "defaults.unscannable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMessage(t, tt.mail, "ann@example.com", "bob@guest.example")
			m.Released = func(r Release, _ string) (bool, error) { return slices.Contains(tt.released, r.Rule), nil }
			d, err := loadText(t, tt.rules).Evaluate(context.Background(), m)
			if err != nil {
				t.Fatal(err)
			}
			v, release := d.Verdicts[0], ""
			if v.Action == Block {
				release = v.Release.Rule + " " + v.Release.String()
			}
			if !strings.HasPrefix(v.String(), tt.want) || release != tt.release || strings.Join(v.Passed, " ") != tt.passed {
				t.Errorf("got %q, release %q, passed over %q", v.String(), release, v.Passed)
			}
		})
	}
}

func TestRelease(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		text       string // what the rule says
		want       Release
		shown, raw string
	}{
		{"", Release{"a", true, "", TrustNone, 0}, "by the sender", `{"trust":"none"}`},
		{"release = true", Release{"a", true, "", TrustNone, 0}, "by the sender", `{"trust":"none"}`},
		{"release = false", Release{"a", false, "", TrustNone, 0}, "by an administrator only", `false`},
		{`release = { mode = "defer" }`, Release{"a", true, Defer, TrustNone, 0}, "by the sender, mode defer", `{"mode":"defer","trust":"none"}`},
		{`release.trust = "recipient"`, Release{"a", true, "", TrustRecipient, 365 * day}, "by the sender, trust recipient for 365d", `{"trust":"recipient","for":"365d"}`},
		{`release = { mode = "hold", trust = "sender", for = "forever" }`, Release{"a", true, Hold, TrustSender, 0}, "by the sender, mode hold, trust sender for forever", `{"mode":"hold","trust":"sender","for":"forever"}`},
		{`release = { trust = "sender", for = "12h" }`, Release{"a", true, "", TrustSender, 12 * time.Hour}, "by the sender, trust sender for 12h", `{"trust":"sender","for":"12h"}`},
	}
	for _, tt := range tests {
		set := loadText(t, "[[rule]]\nname = \"a\"\nthen = \"block\"\nwhen.always = true\n"+tt.text+"\n")
		d, err := set.Evaluate(context.Background(), newMessage(t, "Subject: x\n\ny\n", "ann@example.com", "bob@guest.example"))
		if err != nil {
			t.Fatal(err)
		}
		got := d.Verdicts[0].Release
		raw, err := json.Marshal(got)
		if got != tt.want || got.String() != tt.shown || string(raw) != tt.raw || err != nil {
			t.Errorf("%s: %+v, %q, %s, %v", tt.text, got, got, raw, err)
		}
	}
}
