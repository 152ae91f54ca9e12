package rules

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loadText loads one rule file.
func loadText(t *testing.T, text string) *Set {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "10.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := Load(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// newMessage parses a message given with LF line ends.
func newMessage(t *testing.T, text, from string, to ...string) *Message {
	t.Helper()
	m := &Message{From: from, Recipients: to}
	if err := ParseMessage(m, []byte(crlf(text))); err != nil {
		t.Fatal(err)
	}
	return m
}

const plainMail = `From: Ann <ann@example.com>
To: bob@customer.example
Subject: Re: [Secure] =?utf-8?q?=C3=9Cbersicht_f=C3=BCr?= =?utf-8?q?_M=C3=A4rz?=
Sensitivity: Company-Confidential
X-Twice: one
X-Twice: two
X-Folded: a long
 value

The account is Confidential, says the diagnosis.
Visa 4111 1111 1111 1111, Master 5500-0000-0000-0004.
My SSN is 219-09-9998.
`

const mixedMail = `From: Ann <ann@example.com>
Subject: files
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>see 4111<b>1111</b>11111111</p>
--b
Content-Type: text/csv; name="cards.CSV"
Content-Disposition: attachment; filename="cards.CSV"
Content-Transfer-Encoding: base64

NTUwMCAwMDAwIDAwMDAgMDAwNA==
--b
Content-Type: image/png
Content-Disposition: attachment; filename="logo.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
`

func TestConditions(t *testing.T) {
	const lists = `
[list]
team = ["ann@example.com", "*@accounts.example.com", ".partner.example"]
office = ["text/csv", "application/vnd.ms-*"]
[dictionary.health]
terms = ["diagnosis", "medical record", "biopsy"]
`
	tests := []struct {
		name, when string
		mail       string // plainMail if empty
		from, to   string // ann@example.com and bob@customer.example if empty
		want       bool
	}{
		{name: "sender address", when: `from = "ANN@example.COM"`, want: true},
		{name: "sender of another", when: `from = "bob@example.com"`},
		{name: "sender glob", when: `from = "a*@example.com"`, want: true},
		{name: "sender glob of another", when: `from = "b*@example.com"`},
		{name: "sender domain", when: `from = "example.com"`, want: true},
		{name: "sender domain is not its parent", when: `from = ".example.com"`},
		{name: "sender subdomain", when: `from = "*@*.example.com"`, from: "x@a.b.example.com", want: true},
		{name: "sender subdomain by dot", when: `from = ".example.com"`, from: "x@a.b.example.com", want: true},
		{name: "sender in list", when: `from = "@team"`, want: true},
		{name: "sender in list by glob", when: `from = "@team"`, from: "x@accounts.example.com", want: true},
		{name: "sender in list by subdomain", when: `from = "@team"`, from: "x@eu.partner.example", want: true},
		{name: "sender not in list", when: `from = "@team"`, from: "x@partner.example"},
		{name: "null sender", when: `from = "<>"`, from: "<>", want: true},
		{name: "null sender is not external", when: `from = "external"`, from: "<>"},
		{name: "not the null sender", when: `from = "<>"`},
		{name: "sender internal", when: `from = "internal"`, want: true},
		{name: "values are alternatives", when: `from = ["x@y.example", "ann@example.com"]`, want: true},
		{name: "keys must all hold", when: `from = "internal"` + "\n" + `to = "internal"`},

		{name: "header from", when: `header_from = "ann@example.com"`, from: "bounce@list.example", want: true},
		{name: "header from of another", when: `header_from = "bob@example.com"`},
		{name: "second header from", when: `header_from = "eve@evil.example"`, mail: "From: ann@example.com\nFrom: Eve <eve@evil.example>\n\nx\n", want: true},
		{name: "malformed header from", when: `header_from = "eve@evil.example"`, mail: "From: Eve, Inc. <<eve@evil.example\n\nx\n", want: true},

		{name: "recipient external", when: `to = "external"`, want: true},
		{name: "recipient internal", when: `to = "internal"`, to: "Cy@Example.com.", want: true},
		{name: "recipient in subdomain", when: `to = "internal"`, to: "cy@eu.example.com", want: true},
		{name: "recipient that looks internal", when: `to = "internal"`, to: "cy@notexample.com"},
		{name: "recipient routed out by percent", when: `to = "external"`, to: "bob%customer.example@example.com", want: true},
		{name: "recipient routed out by bang", when: `to = "customer.example"`, to: "customer.example!bob@example.com", want: true},
		{name: "recipient routed out by source route", when: `to = "external"`, to: "@example.com:bob@customer.example", want: true},
		{name: "recipient routed out in quotes", when: `to = "external"`, to: `"bob@customer.example"@example.com`, want: true},
		{name: "recipient routed to a colleague", when: `to = "internal"`, to: "cy%eu.example.com@example.com", want: true},
		{name: "recipient in Unicode", when: `to = "bücher.example"`, to: "x@xn--bcher-kva.example", want: true},
		{name: "recipient without domain", when: `to = "external"`, to: "root", want: true},

		{name: "recipients", when: `recipients = ">= 1"`, want: true},
		{name: "fewer recipients", when: `recipients = "> 1"`},
		{name: "size", when: `size = "> 200"`, want: true},
		{name: "size in kB", when: `size = "> 1 kB"`},
		{name: "size below", when: `size = "<= 0.5 KiB"`, want: true},

		{name: "subject contains", when: `subject.contains = "[secure]"`, want: true},
		{name: "subject contains an at sign", when: `subject.contains = "@@all"`, mail: "Subject: to @all\n\nx\n", want: true},
		{name: "subject contains nothing of it", when: `subject.contains = "[one-time]"`},
		{name: "subject matches", when: `subject.matches = '(?i)\[secure\]'`, want: true},
		{name: "subject matches case", when: `subject.matches = '\[secure\]'`},
		{name: "subject encoded", when: `subject.contains = "übersicht für märz"`, want: true},
		{name: "subject as received", when: `subject.contains = "=?utf-8?q?"`, want: true},
		{name: "subject equals", when: `subject.equals = "re: [secure] übersicht für märz"`, want: true},
		{name: "subject equals less", when: `subject.equals = "[secure]"`},
		{name: "subject keys are ANDed", when: `subject = { contains = "[secure]", matches = "^Re:" }`, want: true},
		{name: "subject keys are ANDed, one fails", when: `subject = { contains = "[secure]", matches = "^Fwd:" }`},
		{name: "second subject", when: `subject.contains = "[secure]"`, mail: "Subject: x\nsubject: [SECURE] y\n\nx\n", want: true},
		{name: "no subject", when: `subject.present = false`, mail: "From: a@example.com\n\nx\n", want: true},

		{name: "header present", when: `header.sensitivity.present = true`, want: true},
		{name: "header present, not there", when: `header.List-Id.present = true`},
		{name: "header absent", when: `header.List-Id.present = false`, want: true},
		{name: "header absent, there", when: `header.X-Twice.present = false`},
		{name: "header equals", when: `header.Sensitivity.equals = ["private", "company-confidential"]`, want: true},
		{name: "header second value", when: `header.X-Twice.equals = "two"`, want: true},
		{name: "header keys hold for one field", when: `header.X-Twice = { contains = "o", equals = "one" }`, want: true},
		{name: "header keys of two fields", when: `header.X-Twice = { contains = "n", equals = "two" }`},
		{name: "header folded", when: `header.X-Folded.contains = "long value"`, want: true},
		{name: "two headers", when: "header.X-Twice.equals = \"one\"\nheader.Sensitivity.present = true", want: true},
		{name: "two headers, one fails", when: "header.X-Twice.equals = \"one\"\nheader.List-Id.present = true"},

		{name: "body words", when: `body.words = ["trade secret", "confidential"]`, want: true},
		{name: "body words are whole", when: `body.words = "count"`},
		{name: "body contains", when: `body.contains = "ACCOUNT is conf"`, want: true},
		{name: "body matches", when: `body.matches = '(?i)says the d\w+s\b'`, want: true},
		{name: "body matches case", when: `body.matches = 'says the D'`},
		{name: "body is not the attachment", when: `body.contains = "5500"`, mail: mixedMail},
		{name: "body keys are ANDed", when: `body = { words = "account", contains = "nowhere" }`},

		{name: "attachment name", when: `attachment.name = "*.csv"`, mail: mixedMail, want: true},
		{name: "attachment name of none", when: `attachment.name = "*.xls"`, mail: mixedMail},
		{name: "attachment type", when: `attachment.type = "image/*"`, mail: mixedMail, want: true},
		{name: "attachment type in list", when: `attachment.type = "@office"`, mail: mixedMail, want: true},
		{name: "attachment size", when: `attachment.size = "> 10"`, mail: mixedMail, want: true},
		{name: "attachment too small", when: `attachment.size = "> 1 kB"`, mail: mixedMail},
		{name: "attachment keys hold for one", when: `attachment = { name = "*.csv", type = "text/*", size = "> 10" }`, mail: mixedMail, want: true},
		{name: "attachment keys of two", when: `attachment = { name = "*.csv", type = "image/*" }`, mail: mixedMail},
		{name: "attachment extension", when: `attachment.extension = [".xls", "csv"]`, mail: mixedMail, want: true},
		{name: "attachment extension of none", when: `attachment.extension = "sv"`, mail: mixedMail},
		{name: "attachments", when: `attachments = "= 2"`, mail: mixedMail, want: true},
		{name: "fewer attachments", when: `attachments = "> 2"`, mail: mixedMail},
		{name: "unscannable, but all is read", when: `unscannable = true`, mail: mixedMail},
		{name: "all is read", when: `unscannable = false`, want: true},
		{name: "unscannable", when: `unscannable = true`, mail: unreadableMail, want: true},
		{name: "unscannable by reason", when: `unscannable = "*transfer encoding*"`, mail: unreadableMail, want: true},
		{name: "unscannable by another reason", when: `unscannable = "*encrypted*"`, mail: unreadableMail},

		{name: "no attachment", when: `attachment.name = "*"`},

		{name: "card", when: `detect.credit-card = 1`, want: true},
		{name: "two cards", when: `detect.credit-card = 2`, want: true},
		{name: "three cards", when: `detect.credit-card = 3`},
		{name: "card split by a tag, and one attached", when: `detect.credit-card = 2`, mail: mixedMail, want: true},
		{name: "card in body", when: "detect.credit-card = 2\nin = [\"body\"]", mail: mixedMail},
		{name: "card in attachment", when: "detect.credit-card = 1\nin = \"attachments\"", mail: mixedMail, want: true},
		{name: "card in subject", when: "detect.credit-card = 1\nin = \"subject\"", mail: mixedMail},
		{name: "area of nested table", when: `any = [{ detect.credit-card = 1, in = "subject" }, { detect.credit-card = 2, in = ["body", "attachments"] }]`, mail: mixedMail, want: true},
		{name: "area inherited", when: "any = [{ detect.credit-card = 1 }]\nin = \"subject\"", mail: mixedMail},
		{name: "ssn", when: `detect.us-ssn = 1`, want: true},
		{name: "ssn near", when: `detect.us-ssn = { near = ["diagnosis"], within = 300 }`, want: true},
		{name: "ssn near nothing", when: `detect.us-ssn = { near = ["passport"] }`},
		{name: "ssn near dictionary", when: `detect.us-ssn = { near = "@health" }`, want: true},
		{name: "dictionary", when: `dictionary.health = 1`, want: true},
		{name: "dictionary, two terms", when: `dictionary.health = 2`},

		{name: "any", when: `any = [{ to = "internal" }, { detect.us-ssn = 1 }]`, want: true},
		{name: "any, none", when: `any = [{ to = "internal" }, { detect.us-ssn = 2 }]`},
		{name: "all", when: `all = [{ body.words = "account" }, { body.words = "visa" }]`, want: true},
		{name: "all, one fails", when: `all = [{ body.words = "account" }, { body.words = "nowhere" }]`},
		{name: "not", when: `not = { detect.us-ssn = 2 }`, want: true},
		{name: "not, fails", when: `not = { to = "external" }`},
		{name: "not of two keys", when: `not = { to = "external", detect.us-ssn = 2 }`, want: true},
		{name: "nested", when: `not = { any = [{ to = "internal" }, { all = [{ detect.us-ssn = 1 }, { subject.contains = "nowhere" }] }] }`, want: true},
		{name: "always", when: `always = true`, want: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := loadText(t, lists+"[[rule]]\nname = \"r\"\nthen = \"pickup\"\n[rule.when]\n"+tt.when)
			mail, from, to := tt.mail, tt.from, tt.to
			if mail == "" {
				mail = plainMail
			}
			if from == "" {
				from = "ann@example.com"
			}
			if to == "" {
				to = "bob@customer.example"
			}
			if from == "<>" {
				from = ""
			}
			d, err := set.Evaluate(context.Background(), newMessage(t, mail, from, to))
			if err != nil {
				t.Fatal(err)
			}
			v := d.Verdicts[0]
			if got := v.Rule == "r"; got != tt.want {
				t.Fatalf("matched %t, want %t: %+v, defects %q", got, tt.want, v, d.Defects)
			}
			if strings.HasPrefix(v.Reason, "unscannable") {
				t.Fatal(v.Reason)
			}
			if tt.want && len(v.Evidence) == 0 && tt.name != "always" && tt.name != "all is read" && !strings.HasPrefix(tt.name, "n") {
				t.Error("no evidence")
			}
			for _, e := range v.Evidence {
				if strings.Contains(e.Masked, "111111") || strings.Contains(e.Masked, "ann@") || strings.Contains(e.Masked, "bob@customer") {
					t.Errorf("evidence shows %q", e.Masked)
				}
			}
		})
	}
}

// An MTA hands on the space that old syntax allows before the colon (RFC 5322
// section 4.5).
func TestFieldNameWithSpace(t *testing.T) {
	for _, when := range []string{`header_from = "eve@evil.example"`, `sensitivity = "private"`, `subject.contains = "offer"`} {
		set := loadText(t, "[[rule]]\nname = \"r\"\nthen = \"pickup\"\n[rule.when]\n"+when)
		m := newMessage(t, "\nx\n", "ann@example.com", "bob@customer.example")
		m.Header = []Field{{"From ", " Eve <eve@evil.example>"}, {"Sensitivity\t", " Private"}, {"Subject ", " an offer"}}
		d, err := set.Evaluate(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		if v := d.Verdicts[0]; v.Rule != "r" {
			t.Errorf("%s: %+v", when, v)
		}
	}
}
