package rules

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLint(t *testing.T) {
	rule := func(name, then, when string) string {
		return "[[rule]]\nname = \"" + name + "\"\nthen = \"" + then + "\"\n" + when + "\n"
	}
	tests := []struct {
		name, text string
		subject    bool
		want       string // "" for nothing
	}{
		{name: "nothing", text: rule("a", "pickup", "[rule.when]\nto = \"external\"\ndetect.credit-card = 1") + rule("b", "return", "when.to = \"external\"")},
		{name: "unused list", text: "[list]\nx = \"a.example\"\n" + rule("a", "pickup", "when.always = true"), want: "10.toml:2: list.x: nothing uses this list"},
		{name: "unused dictionary", text: "[dictionary.d]\nterms = [\"biopsy\"]\n" + rule("a", "pickup", "when.always = true"), want: "10.toml:1: dictionary.d: nothing uses this dictionary"},
		{name: "unused detector", text: "[detector.d]\npattern = 'EMP-\\d+'\n" + rule("a", "pickup", "when.always = true"), want: "10.toml:1: detector.d: nothing uses this detector"},
		{name: "dictionary used as context", text: "[dictionary.d]\nterms = [\"biopsy\"]\n" + rule("a", "pickup", "when.detect.us-ssn = { near = \"@d\" }")},
		{name: "list used in an entry", text: "[list]\nx = \"a.example\"\n" + rule("a", "pickup", "when.any = [{ to = \"@x\" }]")},
		{name: "short terms", text: "[dictionary.d]\nterms = [\"HIV\", \"MRI\", \"biopsy\"]\n" + rule("a", "pickup", "when.dictionary.d = 1"), want: "dictionary.d: \"HIV\" and other terms"},
		{name: "pattern without a literal", text: rule("a", "pickup", "when.body.matches = '[a-z]\\d+'"), want: "10.toml:4: rule \"a\": when.body.matches: no text of three characters"},
		{name: "pattern with a literal", text: rule("a", "pickup", "when.body.matches = 'EMP-\\d+'")},
		{name: "detector without a literal", text: "[detector.d]\npattern = '\\b[A-Z]\\d{7}\\b'\n" + rule("a", "pickup", "when.detect.d = 1"), want: "10.toml:2: detector.d.pattern: no text of three"},

		{name: "below a rule for everything", text: rule("a", "pickup", "when.always = true") + rule("b", "return", "when.to = \"external\""), want: "10.toml:5: rule \"b\": is never reached: rule \"a\""},
		{name: "below the same", text: rule("a", "pickup", "when.to = \"x.example\"") + rule("b", "return", "when.to = \"X.example\""), want: "rule \"b\": is never reached"},
		{name: "below a wider list", text: rule("a", "pickup", "when.to = [\"x.example\", \"y.example\"]") + rule("b", "return", "when.to = \"y.example\""), want: "rule \"b\": is never reached"},
		{name: "below a narrower list", text: rule("a", "pickup", "when.to = \"y.example\"") + rule("b", "return", "when.to = [\"x.example\", \"y.example\"]")},
		{name: "below fewer conditions", text: rule("a", "pickup", "when.to = \"external\"") + rule("b", "return", "[rule.when]\nto = \"external\"\ndetect.credit-card = 10"), want: "rule \"b\": is never reached"},
		{name: "below more conditions", text: rule("a", "pickup", "[rule.when]\nto = \"external\"\ndetect.credit-card = 10") + rule("b", "return", "when.to = \"external\"")},
		{name: "below a lower threshold", text: rule("a", "pickup", "when.detect.credit-card = 1") + rule("b", "return", "when.detect.credit-card = 10"), want: "rule \"b\": is never reached"},
		{name: "below a higher threshold", text: rule("a", "pickup", "when.detect.credit-card = 10") + rule("b", "return", "when.detect.credit-card = 1")},
		{name: "below another area", text: rule("a", "pickup", "[rule.when]\ndetect.credit-card = 1\nin = \"body\"") + rule("b", "return", "when.detect.credit-card = 10")},
		{name: "below a wider any", text: rule("a", "pickup", "when.any = [{ size = \"> 1 kB\" }, { to = \"x.example\" }]") + rule("b", "return", "when.any = [{ to = \"x.example\" }]"), want: "rule \"b\": is never reached"},
		{name: "below an exception", text: rule("a", "pickup", "when.to = \"external\"\nunless.from = \"boss@example.com\"") + rule("b", "return", "when.to = \"external\"")},
		{name: "below the same exception", text: rule("a", "pickup", "when.to = \"external\"\nunless.from = \"boss@example.com\"") + rule("b", "return", "when.to = \"external\"\nunless.from = [\"boss@example.com\", \"ann@example.com\"]"), want: "rule \"b\": is never reached"},
		{name: "below a rule in test mode", text: rule("a", "pickup", "mode = \"test\"\nwhen.always = true") + rule("b", "return", "when.to = \"external\"")},
		{name: "below a rule that adds", text: "[[rule]]\nname = \"a\"\nalso.tag = \"x\"\nwhen.always = true\n" + rule("b", "return", "when.to = \"external\"")},
		{name: "below a rule of a scope", text: rule("a", "pickup", "scope = \"x.example\"\nwhen.always = true") + rule("b", "return", "when.to = \"external\"")},
		{name: "below a rule of the same scope", text: rule("a", "pickup", "scope = \"x.example\"\nwhen.always = true") + rule("b", "return", "scope = \"x.example\"\nwhen.to = \"external\""), want: "rule \"b\": is never reached"},
		{name: "below a rule of some time", text: rule("a", "pickup", "from_date = 2026-01-01\nwhen.always = true") + rule("b", "return", "when.to = \"external\"")},

		{name: "below a rule that blocks", text: rule("a", "block", "when.to = \"external\"") + rule("b", "return", "when.to = \"external\"")},

		{name: "deferred by a count", text: rule("a", "block", "release.mode = \"defer\"\n[rule.when]\nto = \"external\"\nsent = { recipients = \"> 9\", within = \"1h\" }"), want: "10.toml:4: rule \"a\": release: mode = \"defer\" lets the message out"},
		{name: "held by a count", text: rule("a", "block", "release.mode = \"hold\"\nwhen.sent = { recipients = \"> 9\", within = \"1h\" }")},
		{name: "deferred by the number", text: rule("a", "block", "release.mode = \"defer\"\nwhen.recipients = \"> 9\"")},
		{name: "else without tls", text: rule("a", "deliver", "also.tls_else = \"pickup\"\nwhen.always = true"), want: "10.toml:4: rule \"a\": also: tls_else does nothing without tls"},
		{name: "else of may", text: rule("a", "deliver", "also = { tls = \"may\", tls_else = \"pickup\" }\nwhen.always = true"), want: "rule \"a\": also: tls_else does nothing with tls = \"may\""},
		{name: "tls of what is sealed", text: rule("a", "pickup", "also = { tls = \"encrypt\" }\nwhen.always = true"), want: "rule \"a\": also: tls is for what goes out in clear"},
		{name: "tls that is added", text: "[[rule]]\nname = \"a\"\nalso = { tls = \"encrypt\", tls_else = \"wait\" }\nwhen.always = true\n"},
		{name: "restriction of what is delivered", text: rule("a", "deliver", "also.restrict = \"pin\"\nwhen.always = true"), want: "rule \"a\": also: restrict is for sealed messages"},
		{name: "receipt of what is blocked", text: rule("a", "block", "also.read_receipt = true\nwhen.always = true"), want: "rule \"a\": also: read_receipt is for sealed messages"},
		{name: "restriction of what is sealed", text: rule("a", "one-time", "also = { restrict = \"pin\", read_receipt = true }\nwhen.always = true")},

		{name: "unless takes all", text: rule("a", "pickup", "when.to = \"x.example\"\nunless.to = [\"x.example\", \"y.example\"]"), want: "rule \"a\": when: can never hold: unless"},
		{name: "unless takes some", text: rule("a", "pickup", "when.to = \"x.example\"\nunless.from = \"x.example\"")},
		{name: "not takes all", text: rule("a", "pickup", "[rule.when]\nto = \"external\"\nnot = { to = \"external\" }"), want: "can never hold: not"},
		{name: "outbound to members", text: rule("a", "pickup", "[rule.when]\nto = \"internal\"\ndirection = [\"outbound\", \"through\"]"), want: "no internal recipient"},
		{name: "inbound to guests", text: rule("a", "pickup", "[rule.when]\nto = \"external\"\ndirection = \"inbound\""), want: "no external recipient"},
		{name: "some direction", text: rule("a", "pickup", "[rule.when]\nto = \"external\"\ndirection = [\"inbound\", \"outbound\"]")},
		{name: "over", text: rule("a", "pickup", "until = 2026-01-01\nwhen.always = true"), want: "10.toml:4: rule \"a\": until: is over"},
		{name: "not over", text: rule("a", "pickup", "until = 2027-01-01\nwhen.always = true")},
		{name: "subject leaks", text: rule("a", "pickup", "when.detect.credit-card = 1"), subject: true, want: "rule \"a\": when: finds its secret in the subject"},
		{name: "subject is not shown", text: rule("a", "pickup", "when.detect.credit-card = 1")},
		{name: "subject is not searched", text: rule("a", "pickup", "[rule.when]\ndetect.credit-card = 1\nin = \"body\""), subject: true},
		{name: "subject of what is returned", text: rule("a", "return", "when.detect.credit-card = 1"), subject: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "10.toml"), tt.text)
			set, err := Load(dir, testOptions())
			if err != nil {
				t.Fatal(err)
			}
			warnings := set.Lint(LintOptions{Now: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), ShowSubject: tt.subject})
			var got []string
			for _, w := range warnings {
				got = append(got, strings.TrimPrefix(w.String(), dir+string(filepath.Separator)))
			}
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("warns: %q", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("warns: %q, want %q", got, tt.want)
			}
		})
	}
}
