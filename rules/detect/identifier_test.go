package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// One wrong digit or two swapped ones are noticed by the check of each number
// that has one, by its definition always or nearly so.
func TestCheckDigitsCatchTypos(t *testing.T) {
	tests := []struct {
		detector, context, value string
		atMost                   int // changes of one digit that may go unnoticed
	}{
		{"credit-card", "", "4111111111111111", 0},
		{"us-npi", "", "1234567893", 0},
		{"us-aba", "", "021000021", 0},
		{"uk-nhs", "", "9434765919", 0},
		{"ca-sin", "", "193456787", 0},
		{"in-aadhaar", "", "234567890124", 0},
		{"iban", "", "DE89370400440532013000", 0},
		{"es-dni", "", "12345678Z", 0},
		{"es-nie", "", "X1234567L", 0},
		{"fi-hetu", "", "131052-308T", 0},
		{"de-steuer-id", "Steuer-ID ", "86095742719", 0},
		{"fr-nir", "", "185057800608491", 0},
		{"it-codice-fiscale", "", "RSSMRA85T10A562S", 0},
	}
	for _, tt := range tests {
		if got := scanOne(t, tt.detector, tt.context+tt.value); len(got) != 1 {
			t.Errorf("%s: %d findings in its own value", tt.detector, len(got))
			continue
		}
		missed := 0
		for i := range tt.value {
			if !isDigit(tt.value[i]) {
				continue
			}
			for d := byte('0'); d <= '9'; d++ {
				if d == tt.value[i] {
					continue
				}
				wrong := tt.value[:i] + string(d) + tt.value[i+1:]
				if len(scanOne(t, tt.detector, tt.context+wrong)) != 0 {
					missed++
				}
			}
		}
		if missed > tt.atMost {
			t.Errorf("%s: %d single wrong digits go unnoticed", tt.detector, missed)
		}
	}
}

// Generated numbers of each kind are found in the forms in which people write
// them.
func TestGenerated(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 9))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + rng.IntN(10)))
		}
		return b.String()
	}
	// complete tries the last digit.
	complete := func(prefix string, ok func([]byte) bool) string {
		for d := byte('0'); d <= '9'; d++ {
			if v := prefix + string(d); ok([]byte(v)) {
				return v
			}
		}
		return ""
	}
	split := func(s, sep string, sizes ...int) string {
		var parts []string
		for _, n := range sizes {
			parts = append(parts, s[:n])
			s = s[n:]
		}
		return strings.Join(append(parts, s), sep)
	}
	for range 300 {
		for _, c := range []struct {
			detector, prefix string
			length           int
			check            func([]byte) bool
			context          string
			sizes            []int
			separators       string
		}{
			{"credit-card", "4", 16, luhn, "", []int{4, 4, 4}, " -."},
			{"credit-card", "51", 16, luhn, "", []int{4, 4, 4}, " -."},
			{"credit-card", "2720", 16, luhn, "", []int{4, 4, 4}, " -."},
			{"credit-card", "37", 15, luhn, "", []int{4, 6}, " -."},
			{"credit-card", "36", 14, luhn, "", []int{4, 6}, " -."},
			{"credit-card", "62", 19, luhn, "", []int{4, 4, 4, 4}, " -"},
			{"ca-sin", "5", 9, luhn, "", []int{3, 3}, " -"},
			{"in-aadhaar", "7", 12, verhoeff, "", []int{4, 4}, " -"},
			{"uk-nhs", "4", 10, mod11, "", []int{3, 3}, " "},
			{"uk-nhs", "4", 10, mod11, "NHS ", []int{3, 3}, "-"},
		} {
			v := complete(c.prefix+digits(c.length-1-len(c.prefix)), c.check)
			if v == "" {
				continue // some have no check digit
			}
			forms := []string{v}
			for _, sep := range c.separators {
				forms = append(forms, split(v, string(sep), c.sizes...))
			}
			for _, form := range forms {
				for _, text := range []string{form, "x " + form + " y", "(" + form + ")", form + ".", "nr: " + form + ", and", "1. " + form} {
					got := scanOne(t, c.detector, c.context+text)
					if len(got) != 1 || got[0] != v {
						t.Fatalf("%s in %q: got %q", c.detector, c.context+text, got)
					}
				}
			}
		}
	}
}

// Every country's IBAN is found with the length of its registry entry, and not
// with one character more or less.
func TestIBANLengths(t *testing.T) {
	entries := strings.Fields(ibanLengths)
	if len(entries) < 80 {
		t.Fatalf("%d countries", len(entries))
	}
	for _, e := range entries {
		country := e[:2]
		n := ibanLength(country)
		for extra := -1; extra <= 1; extra++ {
			body := strings.Repeat("1A2", 12)[:n-4+extra]
			for check := range 100 {
				v := fmt.Sprintf("%s%02d%s", country, check, body)
				if !mod97(v) {
					continue
				}
				if got := scanOne(t, "iban", "x "+v+"."); (len(got) == 1) != (extra == 0) {
					t.Errorf("%s with %d characters: %d findings", country, len(v), len(got))
				}
			}
		}
	}
}

func TestHETUCenturies(t *testing.T) {
	for _, sign := range "+-YXWVUABCDEF" {
		v := fmt.Sprintf("010190%c002", sign)
		v += string("0123456789ABCDEFHJKLMNPRSTUVWXY"[10190002%31])
		if got := scanOne(t, "fi-hetu", v); len(got) != 1 {
			t.Errorf("%s: %d findings", v, len(got))
		}
	}
	// 1900 was no leap year, 2000 was.
	for v, want := range map[string]int{"290200-002": 0, "290200A002": 1} {
		v += string("0123456789ABCDEFHJKLMNPRSTUVWXY"[290200002%31])
		if got := scanOne(t, "fi-hetu", v); len(got) != want {
			t.Errorf("%s: %d findings, want %d", v, len(got), want)
		}
	}
}

func TestOmocodia(t *testing.T) {
	// Each further digit from the right replaced, with its check letter.
	digitsAt := []int{14, 13, 12, 10, 9, 7}
	code := []byte("RSSMRA85T10A562")
	for _, i := range digitsAt {
		code[i] = "LMNPQRSTUV"[code[i]-'0']
		n := 0
		for l := byte('A'); l <= 'Z'; l++ {
			n += len(scanOne(t, "it-codice-fiscale", string(code)+string(l)))
		}
		if n != 1 {
			t.Errorf("%s: %d check letters are right", code, n)
		}
	}
}

func TestSecretsAreNotProse(t *testing.T) {
	for _, text := range []string{
		"Please reset your password: go to the settings page.",
		"token: the-next-generation-of-tokens",
		"secret = settings.SECRET_KEY",
		"password=os.environ['PASSWORD']",
		"api_key: \"YOUR_API_KEY_12345\"",
		"Password:                Confirm:",
		"the secret: it was never told, in 1999",
		"credentials: https://example.com/x9Kd02lss",
	} {
		if got := scanOne(t, "secret", text); len(got) != 0 {
			t.Errorf("%q: found", text)
		}
	}
}
