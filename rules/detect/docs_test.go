package detect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated documentation")

// Findings in ordinary text, by TestSurvey: what is not listed found nothing.
const (
	surveyed = "24,406 files (274 MB) of Debian documentation and manual pages, Python's library with its sample mails, and the source and documentation of Go modules, and Go's own source, tests and documentation (14,207 files, 117 MB)"
)

var survey = []struct {
	name        string
	perMB       float64 // in the first
	perMBSource float64 // in Go's own source
	why         string
}{
	{"uk-nhs", 1.940, 0.879, "one in eleven numbers of ten digits has the right check digit: times in seconds, hashes"},
	{"ca-sin", 0.861, 0.819, "one in ten numbers of nine digits passes"},
	{"secret", 0.620, 0.657, "test vectors and sample keys; real ones, so far as the detector can know"},
	{"us-aba", 0.489, 0.520, "one in ten numbers of nine digits with the right beginning passes"},
	{"icd-10", 0.412, 5.682, "registers R10 to R15 beside DX in assembler"},
	{"us-npi", 0.408, 0.452, "times in seconds: one in ten passes"},
	{"in-aadhaar", 0.332, 0.247, "dates with the time as twelve digits; picture data in hexadecimal"},
	{"credit-card", 0.175, 0.341, "sample numbers, test cases of decimal arithmetic; machine code in decimal digits"},
	{"us-driver-license", 0.106, 0.094, "\"dl\" as a name of something else"},
	{"us-ssn", 0.011, 0, "a sample number"},
	{"es-dni", 0.007, 0, "a number in scientific notation"},
	{"uk-nino", 0.004, 0, "a sample number"},
}

func TestDocumentation(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "detectors.md")
	want := documentation()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the code says: run go test ./rules/detect -run Documentation -update", path)
	}
}

func documentation() string {
	var b strings.Builder
	b.WriteString(`# Detectors

<!-- Generated from rules/detect: go test ./rules/detect -run Documentation -update -->

A detector finds values of one kind in text: card numbers, social security numbers, keys. A rule asks for a number of *distinct* values, ` + "`detect.credit-card = 1`" + `, and can ask for words near them, ` + "`detect.ca-sin = { near = [\"sin\", \"social insurance\"], within = 150 }`" + `. Values are shown masked, "4111...1111", and never logged in full.

Text is read as a person would read it before detectors see it: transfer encodings and charsets undone, digits of all scripts and full-width forms as ASCII, no-break spaces as spaces, soft hyphens and invisible characters left out, tags inside a number of an HTML mail joined.

A detector with *context words* counts a value, or the doubtful forms of it, only with one of these words within so many characters before or after it. Words are matched whole, without regard to case and accents.

## Your own

` + "```toml" + `
[detector.employee-id]
pattern = '\bE\d{7}\b'            # RE2
check   = "luhn"                  # ` + strings.Join(Checks(), ", ") + `
near    = ["employee", "staff no"]
within  = 100                     # characters
except  = ["E0000000"]
` + "```" + `

Give a pattern a literal part of three characters or more where you can: a pattern without one costs a pass of its own over every text (` + "`postseal rules check`" + ` tells). The checks are computed over the digits of a match: luhn (ISO/IEC 7812-1), mod11 (weights 2, 3, ... from the right), verhoeff; mod97 over its letters and digits (ISO/IEC 7064, the check digits in third and fourth place).

## How often they are wrong

Counted in ` + surveyed + `: text in which there should be nothing to find. Distinct values a file, per megabyte.

| detector | documentation and modules | Go's source | what was found |
|---|---|---|---|
`)
	for _, s := range survey {
		fmt.Fprintf(&b, "| %s | %.3f | %.3f | %s |\n", s.name, s.perMB, s.perMBSource, s.why)
	}
	b.WriteString("\nAll others found nothing. Where numbers of ten digits are common, ask for context.\n\n## The detectors\n")
	for _, d := range Definitions() {
		fmt.Fprintf(&b, "\n### %s\n\n%s. %s\n\n", d.Name, d.Title, d.Finds)
		if len(d.words) > 0 {
			fmt.Fprintf(&b, "Context words, within %d characters: %s.\n\n", d.within, strings.Join(d.words, ", "))
		}
		b.WriteString("Source: " + strings.Join(d.Source, "; ") + ".\n\n")
		examples := func(title string, texts []string) {
			b.WriteString("| " + title + " |\n|---|\n")
			for _, text := range texts {
				fmt.Fprintf(&b, "| `%s` |\n", strings.NewReplacer("\n", "␤", "|", "\\|").Replace(text))
			}
		}
		examples("found", d.Examples)
		b.WriteString("\n")
		examples("not found", d.Counter)
	}
	return b.String()
}

// The figures in the documentation are of detectors that there are.
func TestSurveyNames(t *testing.T) {
	for _, s := range survey {
		if _, ok := definition(s.name); !ok {
			t.Errorf("%s is no detector", s.name)
		}
	}
}
