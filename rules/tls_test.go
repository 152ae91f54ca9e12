package rules

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// The strictest of several demands holds, with its own else.
func TestAlsoJoin(t *testing.T) {
	tests := []struct{ name, rules, want string }{
		{"none", `also.tag = "x"`, "tag x"},
		{"one", `also.tls = "encrypt"`, "tls encrypt else wait"},
		{"may", `also.tls = "may"`, "tls may"},
		{"stricter below", `also = { tls = "encrypt", tls_else = "return" } | also = { tls = "verified", tls_else = "pickup" }`, "tls verified else pickup"},
		{"stricter above", `also.tls = "verified" | also = { tls = "encrypt", tls_else = "return" }`, "tls verified else wait"},
		{"may and more", `also.tls = "may" | also = { tls = "encrypt", tls_else = "pickup" }`, "tls encrypt else pickup"},
		{"the same, stricter else below", `also.tls = "encrypt" | also = { tls = "encrypt", tls_else = "pickup" } | also = { tls = "encrypt", tls_else = "return" }`, "tls encrypt else return"},
		{"the same, stricter else above", `also = { tls = "encrypt", tls_else = "pickup" } | also = { tls = "encrypt", tls_else = "wait" }`, "tls encrypt else pickup"},
		{"else alone", `also = { tls_else = "return", tag = "x" } | also.tls = "verified"`, "tag x, tls verified else wait"},
		{"restrictions", `also.restrict = "pin" | also.restrict = ["no-reply", "pin"] | also.restrict = "no-print"`, "restrict no-print, restrict no-reply, restrict pin"},
		{"read receipt", `also.read_receipt = true | also.read_receipt = false`, "read_receipt false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var text strings.Builder
			for i, also := range strings.Split(tt.rules, " | ") {
				fmt.Fprintf(&text, "[[rule]]\nname = \"%d\"\nwhen.always = true\n%s\n", i, also)
			}
			d, err := loadText(t, text.String()).Evaluate(context.Background(), newMessage(t, "Subject: x\n\ny\n", "ann@example.com", "bob@guest.example"))
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Verdicts[0].Also.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

const tlsRules = `
[list]
banks = ["bank.example", ".bank.example"]
partners = ["partner.example", "*@*.partner.example"]

[[rule]]
name = "banks"
also = { tls = "verified", tls_else = "pickup" }
when.to = "@banks"
unless.to = "test.bank.example"

[[rule]]
name = "partners"
then = "deliver"
also.tls = "encrypt"
[rule.when]
any = [{ to = "@partners" }, { to = "post.example" }]
not = { to = "old.partner.example" }

[[rule]]
name = "post"
also = { tls = "encrypt", tls_else = "return" }
when.to = ["post.example", "test.bank.example"]

[[rule]]
name = "guests"
also.tls = "may"
when.to = "external"

# None of these is for a domain alone.
[[rule]]
name = "a person"
also.tls = "verified"
when.to = ["boss@one.example", "two.example"]
[[rule]]
name = "a pattern"
also.tls = "verified"
when.to = "b*@one.example"
[[rule]]
name = "a sender"
also.tls = "verified"
[rule.when]
to = "one.example"
from = "ann@example.com"
[[rule]]
name = "another exception"
also.tls = "verified"
when.to = "one.example"
unless.subject.contains = "public"
[[rule]]
name = "on trial"
mode = "test"
also.tls = "verified"
when.to = "one.example"
[[rule]]
name = "off"
enabled = false
also.tls = "verified"
when.to = "one.example"
[[rule]]
name = "for some"
scope = "sales.example.com"
also.tls = "verified"
when.to = "one.example"
[[rule]]
name = "for now"
until = 2099-01-01
also.tls = "verified"
when.to = "one.example"
[[rule]]
name = "content"
also.tls = "verified"
when.detect.credit-card = 1
[[rule]]
name = "sealed"
then = "pickup"
also.tls = "verified"
when.to = "one.example"
`

func TestTLSPolicy(t *testing.T) {
	set := loadText(t, tlsRules)
	tests := []struct{ domain, want string }{
		{"bank.example", "verified pickup banks"},
		{"BANK.Example.", "verified pickup banks"},
		{"a.b.bank.example", "verified pickup banks"},
		{"test.bank.example", "encrypt return post"},
		{"x.test.bank.example", "verified pickup banks"},
		{"notbank.example", "may wait guests"},
		{"partner.example", "encrypt wait partners"},
		{"x.partner.example", "encrypt wait partners"},
		{"old.partner.example", "may wait guests"},
		{"post.example", "encrypt return post"},
		{"one.example", "may wait guests"},
		{"two.example", "may wait guests"},
		{"example.com", "  "},
		{"sub.example.com", "  "},
		{"*.partner.example", "encrypt wait partners"},
		{"*", "may wait guests"},
		{".bank.example", "  "},
		{"", "  "},
		{"x@bank.example", "  "},
	}
	for _, tt := range tests {
		level, orElse, rule := set.TLSPolicy(tt.domain)
		if got := fmt.Sprint(level, " ", orElse, " ", rule); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.domain, got, tt.want)
		}
	}
}

func TestTLSDomains(t *testing.T) {
	for _, tt := range []struct{ name, rules, want string }{
		{"all kinds", tlsRules, `
* may wait guests
.bank.example verified pickup banks
.example.com   
.partner.example encrypt wait partners
bank.example verified pickup banks
example.com   
old.partner.example may wait guests
partner.example encrypt wait partners
post.example encrypt return post
test.bank.example encrypt return post
`},
		{"none", "[[rule]]\nname = \"a\"\nthen = \"pickup\"\nwhen.always = true\n", "\n"},
		{"an exception", "[[rule]]\nname = \"a\"\nalso.tls = \"encrypt\"\n[rule.when]\nto = \".x.example\"\n[rule.unless]\nto = [\"y.x.example\", \"z.example\"]\n", `
.x.example encrypt wait a
y.x.example   
`},
		{"all", "[[rule]]\nname = \"a\"\nalso.tls = \"encrypt\"\nwhen.always = true\n", "\n* encrypt wait a\n"},
	} {
		got := "\n"
		for _, p := range loadText(t, tt.rules).TLSDomains() {
			got += fmt.Sprintln(p.Domain, p.Level, p.Else, p.Rule)
		}
		if got != tt.want {
			t.Errorf("%s: got %s", tt.name, got)
		}
	}
}

// What rules want for a domain joins what others want for the message: the
// strictest holds.
func TestTLSOfVerdicts(t *testing.T) {
	const person = "\n[[rule]]\nname = \"last\"\nalso.tls = \"encrypt\"\nwhen.to = \"ann@three.example\"\n"
	set := loadText(t, tlsRules+person)
	for to, want := range map[string]string{
		"x@bank.example":               "tls verified else pickup",
		"x%bank.example@example.com":   "tls verified else pickup",
		"boss@one.example":             "tls verified else wait",
		"ann@three.example":            "tls encrypt else wait",
		"ann@partner.example":          "tls encrypt else wait",
		"ann@elsewhere.example":        "tls may",
		"cy@example.com":               "",
		"someone@xn--bank-example.com": "tls may",
	} {
		d, err := set.Evaluate(context.Background(), newMessage(t, "Subject: public\n\ny\n", "ann@guest.example", to))
		if err != nil {
			t.Fatal(err)
		}
		a := d.Verdicts[0].Also
		if got := a.ShowTLS(); got != want {
			t.Errorf("%s: %q, want %q", to, got, want)
		}
	}
}

// A policy for a domain holds whatever rule decides, as long as the message goes
// out in clear.
func TestTLSPolicyHolds(t *testing.T) {
	set := loadText(t, `
[[rule]]
name = "newsletter"
then = "deliver"
also = { tls = "encrypt", tls_else = "return" }
when.from = "news@example.com"
[[rule]]
name = "secure"
then = "pickup"
when.subject.contains = "[secure]"
[[rule]]
name = "banks"
also = { tls = "verified", tls_else = "pickup" }
when.to = "bank.example"
`)
	for _, tt := range []struct{ from, to, subject, want string }{
		{"news@example.com", "bob@bank.example", "x", "deliver by newsletter; tls verified else pickup by banks; [banks]"},
		{"news@example.com", "bob@guest.example", "x", "deliver by newsletter; tls encrypt else return by newsletter; []"},
		{"ann@example.com", "bob@bank.example", "x", "deliver; tls verified else pickup by banks; [banks]"},
		{"ann@example.com", "bob@bank.example", "[secure]", "pickup by secure;  by ; []"},
	} {
		d, err := set.Evaluate(context.Background(), newMessage(t, "Subject: "+tt.subject+"\n\ny\n", tt.from, tt.to))
		if err != nil {
			t.Fatal(err)
		}
		v := d.Verdicts[0]
		if got := fmt.Sprintf("%s; %s by %s; %v", v, v.Also.ShowTLS(), v.Also.TLSRule, v.Matched); got != tt.want {
			t.Errorf("from %s to %s: %s, want %s", tt.from, tt.to, got, tt.want)
		}
	}
}

// Where nothing carries TLS levels out, a rule that wants one doesn't load.
func TestNoTLS(t *testing.T) {
	for level, ok := range map[string]bool{"may": true, "encrypt": false, "verified": false} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "10.toml"), "[[rule]]\nname = \"a\"\nalso.tls = \""+level+"\"\nwhen.always = true\n")
		if _, err := Load(dir, Options{NoTLS: true}); (err == nil) != ok || !ok && !strings.Contains(err.Error(), `10.toml:3: rule "a": also: nothing carries out tls`) {
			t.Errorf("%s: %v", level, err)
		}
	}
}

// FuzzTLSDomains looks a domain up in the list as a server does, and compares
// with the policy.
func FuzzTLSDomains(f *testing.F) {
	for _, domain := range []string{"", ".", "*", "bank.example", "x.test.bank.example", ".bank.example", "b\u00fccher.example", "a@b", "example.com", "a..example", "[192.0.2.1]:25"} {
		f.Add(domain)
	}
	dir := f.TempDir()
	writeFile(f, filepath.Join(dir, "10.toml"), tlsRules)
	set, err := Load(dir, testOptions())
	if err != nil {
		f.Fatal(err)
	}
	listed := map[string]DomainPolicy{}
	for _, p := range set.TLSDomains() {
		listed[p.Domain] = p
	}
	f.Fuzz(func(t *testing.T, domain string) {
		level, orElse, _ := set.TLSPolicy(domain)
		key := normalDomain(domain)
		if key == "" || key[0] == '.' || strings.Contains(key, "@") {
			if level != "" {
				t.Fatalf("%q has a policy", domain)
			}
			return
		}
		found, ok := listed[key]
		for rest := key; !ok; rest = rest[strings.Index(rest, ".")+1:] {
			_, parent, more := strings.Cut(rest, ".")
			if !more {
				found = listed["*"]
				break
			}
			found, ok = listed["."+parent]
		}
		if found.Level != level || found.Else != orElse {
			t.Fatalf("%q: the list says %q %q, the policy %q %q", domain, found.Level, found.Else, level, orElse)
		}
	})
}
