package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const docsFile = "../docs/rules.md"

const referenceMark = "<!-- The rest is generated from the code: go test ./rules -run TestReference -update -->\n\n"

// The reference in docs is what the code says.
func TestReference(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	tutorial, reference, ok := strings.Cut(string(text), referenceMark)
	if !ok {
		t.Fatalf("%s has no mark where the reference begins", docsFile)
	}
	if *update {
		if err := os.WriteFile(docsFile, []byte(tutorial+referenceMark+Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if reference != Reference() {
		t.Error("the reference is not that of the code; run go test ./rules -run TestReference -update")
	}
}

// Every example in the reference loads.
func TestReferenceExamples(t *testing.T) {
	const base = `
[list]
billing = "billing@example.com"
sales = "sales.example.com"
[dictionary.health]
terms = ["diagnosis", "biopsy", "scan"]
`
	const rule = "[[rule]]\nname = \"card\"\nthen = \"one-time\"\n"
	const test = "[[test]]\nname = \"t\"\nfrom = \"a@example.com\"\nto = \"bob@customer.example\"\n"
	n := 0
	try := func(key keyInfo, text string, also ...string) {
		t.Helper()
		n++
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "10.toml"), base+text)
		for _, name := range also {
			writeFile(t, filepath.Join(dir, name), "Subject: x\n\nterm\n")
		}
		_, err := Load(dir, testOptions())
		if err != nil && !strings.Contains(err.Error(), " gets ") {
			t.Errorf("%s: %v", key.name, err)
		}
		if key.doc == "" || key.value == "" || key.example == "" {
			t.Errorf("%s: not documented", key.name)
		}
	}
	for _, keys := range [][]keyInfo{conditionKeys(), headerKeys(), bodyKeys(), attachmentKeys(), detectKeys(), dictionaryConditionKeys()} {
		for _, k := range keys {
			extra := ""
			if k.name == "in" {
				extra = "\ndetect.us-ssn = 1"
			}
			try(k, rule+"[rule.when]\n"+k.example+extra)
		}
	}
	for _, k := range ruleKeys() {
		text := strings.Replace(rule, "name = \"card\"\n", "", 1)
		if k.name != "name" {
			text = rule
		}
		if k.name == "then" {
			text = strings.Replace(text, "then = \"one-time\"\n", "", 1)
		}
		if k.name != "when" {
			text += "when.always = true\n"
		}
		if k.name == "release" {
			text = strings.Replace(text, "one-time", "block", 1)
		}
		try(k, text+k.example)
	}
	for _, k := range releaseKeys() {
		try(k, strings.Replace(rule, "one-time", "block", 1)+"when.always = true\n"+k.example)
	}
	for _, k := range alsoKeys() {
		try(k, rule+"when.always = true\n"+k.example)
	}
	for _, k := range defaultKeys() {
		try(k, "[defaults]\n"+k.example)
	}
	for _, k := range dictionaryKeys() {
		try(k, "[dictionary.other]\n"+k.example, "health-terms.txt")
	}
	for _, k := range detectorKeys() {
		text := "[detector.other]\n" + k.example + "\n"
		if k.name != "pattern" {
			text += "pattern = 'EMP-\\d{7}'\n"
		}
		if k.name == "within" {
			text += "near = \"staff\"\n"
		}
		try(k, text)
	}
	for _, k := range testKeys() {
		text := rule + "when.always = true\n" + strings.Replace(test, map[string]string{
			"name": "name = \"t\"\n", "from": "from = \"a@example.com\"\n", "to": "to = \"bob@customer.example\"\n",
		}[k.name], "", 1)
		if k.name != "expect" {
			text += "expect = \"one-time\"\n"
		}
		if k.name == "message" {
			text = strings.Replace(text+k.example, "tests/invoice.eml", "invoice.eml", 1)
			try(k, text, "invoice.eml")
			continue
		}
		try(k, text+k.example)
	}
	if n < 70 {
		t.Errorf("%d examples only", n)
	}
}

// Every block of TOML in the tutorial loads and passes its tests, all of them
// together being one rule set.
func TestTutorial(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	tutorial, _, _ := strings.Cut(string(text), referenceMark)
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(tutorial, -1)
	if len(blocks) < 5 {
		t.Fatalf("%d blocks of TOML", len(blocks))
	}
	dir := t.TempDir()
	for i, b := range blocks {
		writeFile(t, filepath.Join(dir, string(rune('a'+i))+".toml"), b[1])
	}
	writeFile(t, filepath.Join(dir, "partners.txt"), "partner.example\n")
	set, err := Load(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if rules, tests := set.Len(); rules < 12 || tests < 10 {
		t.Errorf("%d rules, %d tests", rules, tests)
	}
}
