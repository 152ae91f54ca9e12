package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/examples"
)

// rulesSite makes a configuration with the sample rules and returns its path.
func rulesSite(t *testing.T, rulesText string) (config string) {
	t.Helper()
	dir := t.TempDir()
	config = filepath.Join(dir, "postseal.toml")
	for path, text := range map[string]string{
		config:                                    "internal_domains = [\"example.com\"]\n[portal]\nurl = \"https://mail.example.com\"\n[rules]\ndir = \"rules.d\"\n[tls]\noutgoing = \"postfix\"\n",
		filepath.Join(dir, "rules.d", "10.toml"):  rulesText,
		filepath.Join(dir, "card.eml"):            "Subject: =?utf-8?q?Re:?= x\r\n\r\nVisa 4111 1111 1111 1111\r\n",
		filepath.Join(dir, "[secure].eml"):        "Subject: [Secure] x\r\n\r\nhello\r\n",
		filepath.Join(dir, "not-a-message.empty"): "",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

func sampleRules(t *testing.T) string {
	t.Helper()
	text, err := examples.Files.ReadFile(examples.Sample)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func runRules(config, stdin string, args ...string) (status int, out, errOut string) {
	var o, e bytes.Buffer
	args = append([]string{"rules"}, args...)
	args = append(args, "--config", config)
	status = Run(context.Background(), args, Stdio{In: strings.NewReader(stdin), Out: &o, Err: &e})
	return status, o.String(), e.String()
}

func TestRulesCommands(t *testing.T) {
	site := rulesSite(t, sampleRules(t))
	broken := rulesSite(t, "[[rule]]\nname = \"a\"\nthen = \"seal\"\nwhen.always = true\n")
	dir := filepath.Dir(site)
	card, secure := filepath.Join(dir, "card.eml"), filepath.Join(dir, "[secure].eml")
	connected := rulesSite(t, "[[rule]]\nname = \"all\"\nthen = \"return\"\n[rule.when]\nauth_user = \"ann\"\nclient = \"192.0.2.0/24\"\nclient_tls = true\nweekday = \"mon\"\ntime = \"09:00-10:00\"\n")
	mass := rulesSite(t, "[[rule]]\nname = \"mass\"\nthen = \"return\"\nwhen.sent = { recipients = \"> 200\", within = \"1h\" }\n")
	blocking := rulesSite(t, "[[rule]]\nname = \"mass\"\nthen = \"block\"\ntext = \"To many.\"\nrelease = { mode = \"hold\", trust = \"recipient\", for = \"90d\" }\nwhen.to = \"external\"\n"+
		"[[rule]]\nname = \"tls\"\nalso = { tls = \"verified\", tls_else = \"pickup\", restrict = [\"pin\", \"no-print\"], read_receipt = true }\nwhen.always = true\n")
	odd := rulesSite(t, "[list]\nx = \"a.example\"\n[[rule]]\nname = \"greedy\"\nthen = \"pickup\"\nwhen.body.words = \"encrypted\"\n")
	other := filepath.Dir(rulesSite(t, "[[rule]]\nname = \"all\"\nthen = \"discard\"\nwhen.always = true\n")) + "/rules.d"
	mbox := filepath.Join(t.TempDir(), "mbox")
	if err := os.WriteFile(mbox, []byte("From ann Sat\nFrom: ann@example.com\nTo: Cy <cy@example.com>\n\nNow\nFrom here on\n\nFrom ann Sat\nFrom: ann@example.com\nTo: bob@guest.example\nCc: cy@example.com\n\n4111 1111 1111 1111\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		config string
		stdin  string
		args   []string
		status int
		out    string // a part of what it prints
	}{
		{name: "check", config: site, args: []string{"check"}, out: "tests passed"},
		{name: "check of broken rules", config: broken, args: []string{"check"}, status: 1, out: `10.toml:3: rule "a": then: "seal" is no action`},
		{name: "check of broken rules as JSON", config: broken, args: []string{"check", "--json"}, status: 1, out: `"line": 3`},
		{name: "check with a warning", config: odd, args: []string{"check"}, out: "warning: "},
		{name: "strict check with a warning", config: odd, args: []string{"check", "--strict"}, status: 1, out: "10.toml:2: list.x: nothing uses this list"},
		{name: "strict check without one", config: site, args: []string{"check", "--strict"}},
		{name: "check of a rule that trips on notices", config: odd, args: []string{"check", "--json"}, out: `"rule": "greedy"`},
		{name: "check without a configuration", config: "/nonexistent/postseal.toml", args: []string{"check"}, status: 1},
		{name: "check with an argument", config: site, args: []string{"check", "x"}, status: 2},
		{name: "guest", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example", card}, out: `bob@guest.example: pickup by rule "card"`},
		{name: "evidence", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example", card}, out: "card: detect credit-card in body text/plain: 4111...1111"},
		{name: "also", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example", secure}, out: "receipt true"},
		{name: "colleague", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "<bob@guest.example>", "--to", "cy@example.com", card}, out: "cy@example.com: deliver (default)"},
		{name: "standard input", config: site, stdin: "\n4111111111111111\n", args: []string{"test", "--from", "<>", "--to", "bob@guest.example", "-"}, out: "pickup by"},
		{name: "connection", config: connected, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", "--auth-user", "ann", "--client", "192.0.2.1", "--tls", "TLSv1.3", "--time", "2026-11-02T09:30:00Z", card}, out: `return by rule "all"`},
		{name: "no connection", config: connected, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", card}, out: "deliver (default)"},
		{name: "a mass mailing", config: mass, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", "--sent-before", "200", card}, out: `return by rule "mass"`},
		{name: "no mass mailing", config: mass, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", card}, out: "deliver (default)"},
		{name: "blocked", config: blocking, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", card},
			out: "block by rule \"mass\"\n  text: To many.\n  release: by the sender, mode hold, trust recipient for 90d\n"},
		{name: "blocked, as JSON", config: blocking, args: []string{"test", "--json", "--from", "x@y.example", "--to", "bob@guest.example", card}, out: `"for": "90d"`},
		{name: "released", config: blocking, args: []string{"test", "--released", "mass", "--from", "x@y.example", "--to", "bob@guest.example", card},
			out: "deliver (default)\n  released from: mass\n  also matched: tls\n  also: read_receipt true, restrict no-print, restrict pin, tls verified else pickup\n"},
		{name: "released, as JSON", config: blocking, args: []string{"test", "--json", "--released", "mass", "--from", "x@y.example", "--to", "bob@guest.example", card}, out: `"tls_else": "pickup"`},
		{name: "replay of what is blocked", config: blocking, args: []string{"replay", "--to", "bob@guest.example", dir}, out: "card.eml: bob@guest.example: block by mass\n"},
		{name: "replay of TLS", config: blocking, args: []string{"replay", "--to", "cy@example.com", "--against", filepath.Join(dir, "rules.d"), dir}, out: "cy@example.com: deliver -> deliver, tls verified else pickup\n"},
		{name: "replay, each the first of its sender", config: mass, args: []string{"replay", mbox}, out: "deliver"},
		{name: "bad client", config: site, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", "--client", "here", card}, status: 2},
		{name: "bad time", config: site, args: []string{"test", "--from", "x@y.example", "--to", "bob@guest.example", "--time", "noon", card}, status: 2},
		{name: "no recipient", config: site, args: []string{"test", "--from", "ann@example.com", card}, status: 2},
		{name: "no sender", config: site, args: []string{"test", "--to", "ann@example.com", card}, status: 2},
		{name: "no message", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example"}, status: 2},
		{name: "missing message", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example", "/nonexistent/x.eml"}, status: 2},
		{name: "empty message", config: site, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example", filepath.Join(dir, "not-a-message.empty")}, status: 2},
		{name: "broken rules", config: broken, args: []string{"test", "--from", "ann@example.com", "--to", "bob@guest.example", card}, status: 1},
		{name: "text", config: site, args: []string{"show-text", card}, out: "--- body text/plain\nVisa 4111 1111 1111 1111"},
		{name: "text of a missing message", config: site, args: []string{"show-text", "/nonexistent/x.eml"}, status: 2},
		{name: "text that can't be read", config: site, stdin: "Subject: x\nContent-Transfer-Encoding: x-unheard-of\nContent-Type: application/x\n\nabc\n", args: []string{"show-text", "-"}, status: 1, out: "not read: "},
		{name: "detect", config: site, stdin: "a\nVisa 4111 1111 1111 1111\n", args: []string{"detect"}, out: "7-26: credit-card: 4111...1111\n"},
		{name: "detect one", config: site, stdin: "Visa 4111 1111 1111 1111\n", args: []string{"detect", "--detector", "credit-card", "--unmasked"}, out: "credit-card: 4111111111111111\n"},
		{name: "detect lines", config: site, stdin: "a\nVisa 4111 1111 1111 1111\n", args: []string{"detect", "--lines"}, out: "2:5-24: credit-card: 4111...1111\n"},
		{name: "detect lines as JSON", config: site, stdin: "a\r\nVisa 4111 1111 1111 1111", args: []string{"detect", "--lines", "--json"},
			out: `{"line":1,"findings":[]}` + "\n" + `{"line":2,"findings":[{"detector":"credit-card","masked":"4111...1111","start":5,"end":24}]}` + "\n"},
		{name: "detect full-width digits", config: site, stdin: "\u00e4\u200b \uff14111 1111 1111 111\uff11.\n", args: []string{"detect", "--lines"}, out: "1:6-29: credit-card: 4111...1111\n"},
		{name: "detect what isn't known", config: site, args: []string{"detect", "--detector", "wibble"}, status: 2},
		{name: "replay", config: site, args: []string{"replay", "--to", "bob@guest.example", dir}, out: "card.eml: bob@guest.example: pickup by card\n"},
		{name: "replay counts", config: site, args: []string{"replay", "--to", "bob@guest.example", dir}, out: "2 messages\n       1 pickup by asked-secure\n       1 pickup by card\n"},
		{name: "replay without recipients", config: site, args: []string{"replay", dir}, out: "card.eml: skipped"},
		{name: "replay against the same", config: site, args: []string{"replay", "--to", "bob@guest.example", "--against", filepath.Join(dir, "rules.d"), "--json", dir}, out: `"changes": []`},
		{name: "replay against others", config: site, args: []string{"replay", "--to", "bob@guest.example", "--against", other, dir}, out: "card.eml: bob@guest.example: discard by all -> pickup by card\n"},
		{name: "replay an mbox", config: site, args: []string{"replay", mbox}, out: "mbox:2: bob@guest.example: pickup by card\n2 messages\n"},
		{name: "replay nothing", config: site, args: []string{"replay", "/nonexistent"}, status: 1},
		{name: "no command", config: site, status: 2},
		{name: "unknown command", config: site, args: []string{"chekc"}, status: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out, errOut := runRules(tt.config, tt.stdin, tt.args...)
			if status != tt.status || !strings.Contains(out, tt.out) {
				t.Errorf("status %d, want %d\n%s%s", status, tt.status, out, errOut)
			}
			if status != 0 && out == "" && errOut == "" {
				t.Error("fails without a word")
			}
		})
	}
}

// The JSON of `rules test` has all its keys, with empty lists rather than null.
func TestRulesTestJSON(t *testing.T) {
	site := rulesSite(t, sampleRules(t))
	status, out, errOut := runRules(site, "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n5500000000000004\n",
		"test", "--json", "--from", "ann@example.com", "--to", "cy@example.com", "--to", "bob@guest.example", "-")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errOut)
	}
	var got struct {
		Recipients []map[string]json.RawMessage
		Defects    []string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Recipients) != 2 || len(got.Defects) == 0 {
		t.Fatalf("got %s", out)
	}
	for key, want := range map[string]string{
		"address": `"cy@example.com"`, "action": `"deliver"`, "rule": `""`, "also": `{}`, "matched": `[]`, "evidence": `[]`,
	} {
		if string(got.Recipients[0][key]) != want {
			t.Errorf("%s is %s, want %s", key, got.Recipients[0][key], want)
		}
	}
	var evidence []struct{ Rule, What, Part, Name, Masked string }
	if err := json.Unmarshal(got.Recipients[1]["evidence"], &evidence); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range evidence {
		found = found || e.Rule == "card" && e.What == "detect" && e.Name == "credit-card" && e.Masked == "5500...0004"
	}
	if !found || strings.Contains(out, "5500000000000004") {
		t.Errorf("evidence %s", got.Recipients[1]["evidence"])
	}
}
