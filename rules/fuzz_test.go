package rules

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// FuzzEvaluate sends any message through rules of each kind: a verdict for each
// recipient, no error, no panic; and what the header alone decides stays decided.
func FuzzEvaluate(f *testing.F) {
	for _, seed := range []string{plainMail, mixedMail, unreadableMail, "", "Subject: [secure]\n\n", "From: \x00\n\n\xff4111"} {
		f.Add(seed, "ann@example.com", "bob@guest.example")
	}
	f.Add(plainMail, "", `"a@b"@example.com`)
	f.Add(plainMail, "a%b@example.com", "x!y@.")
	dir := f.TempDir()
	const text = `
[list]
team = ["*a*@example.com", ".guest.example", "<>"]
[dictionary.health]
terms = ["diagnosis", "biopsy"]
[[rule]]
name = "a"
also = { tag = "T" }
[rule.when]
any = [{ from = "@team" }, { header_from = "example.com" }, { subject.matches = '\[\w+\]' }, { header.X-Twice = { contains = "o", matches = "^t" } }]
[[rule]]
name = "b"
then = "pickup"
[rule.when]
direction = ["outbound", "inbound"]
not = { to = "@team" }
any = [{ attachment = { name = "*.c?v", type = "text/*", size = "> 1" } }, { attachments = "> 3" }, { size = "> 1 MB" }]
[[rule]]
name = "many"
then = "block"
release = { trust = "recipient" }
when.to = "*e*@*.example"
[[rule]]
name = "tls"
also = { tls = "verified", tls_else = "pickup", restrict = "pin" }
when.to = ["guest.example", ".guest.example"]
[[rule]]
name = "c"
then = "return"
[rule.when]
any = [{ detect.credit-card = 2 }, { dictionary.health = 1, in = "headers" }, { body.words = "confidential" }, { body.matches = 'abc\d+' }]
[rule.unless]
priority = "high"
`
	if err := os.WriteFile(filepath.Join(dir, "10.toml"), []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
	set, err := Load(dir, testOptions())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, mail, from, to string) {
		m := &Message{From: from, Recipients: []string{to, "cy@example.com"}}
		m.Released = func(_ Release, recipient string) (bool, error) { return len(recipient)%2 == 0, nil }
		if ParseMessage(m, []byte(mail)) != nil {
			return
		}
		d, err := set.Evaluate(context.Background(), m)
		if err != nil || len(d.Verdicts) != 2 || d.Verdicts[0].Recipient != to {
			t.Fatalf("%v, %v", d, err)
		}
		early, ok, err := set.EvaluateHeader(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range d.Verdicts {
			if v := d.Verdicts[i]; (v.Action == Block || v.Action == Quarantine) != (v.Release.Rule != "") {
				t.Fatalf("%v with release %+v", v, v.Release)
			}
			// What goes out in clear is protected as its domain's policy says.
			_, domain := resolveAddress(d.Verdicts[i].Recipient, set.internal)
			if level, _, _ := set.TLSPolicy(domain); d.Verdicts[i].Action == Deliver && !d.Verdicts[i].Also.TLS.AtLeast(level) {
				t.Fatalf("%v with %q", d.Verdicts[i], d.Verdicts[i].Also.TLS)
			}
			if d.Verdicts[i].Action == "" || ok && early.Verdicts[i].String() != d.Verdicts[i].String() {
				t.Fatalf("%v, by the header alone %v", d.Verdicts[i], early)
			}
		}
	})
}
