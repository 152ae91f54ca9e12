package detect

import (
	"strings"
	"testing"
)

// everything declares all detectors, a dictionary and patterns on one scanner.
func everything(t testing.TB) *Scanner {
	return compile(t, func(b *Builder) error {
		for _, name := range Names() {
			if _, err := b.Detector(name, nil); err != nil {
				return err
			}
		}
		if _, err := b.Words("health", []Term{{"diagnosis", 1}, {"medical record", 2}, {"病歴", 1}, {"straße", 1}}); err != nil {
			return err
		}
		if _, err := b.Custom(Custom{Name: "id", Pattern: `\bE\d{7}\b`, Check: "mod11", Near: []string{"employee"}}, nil); err != nil {
			return err
		}
		_, err := b.Pattern("p", `(?m)^project (falcon|eagle)\b`)
		return err
	})
}

// Whatever the text, findings lie inside it, are not empty but for patterns, and
// their masks do not show them.
func FuzzScan(f *testing.F) {
	for _, d := range Definitions() {
		for _, text := range d.Examples {
			f.Add([]byte(text))
		}
		f.Add([]byte(strings.Join(d.Counter, " ")))
	}
	f.Add([]byte("Médical \n récord 病歴です STRASSE\nproject eagle employee E1234567"))
	s := everything(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		s.Scan(text, func(x Finding) bool {
			n++
			if x.Start < 0 || x.End > len(text) || x.Start >= x.End || x.Value == "" {
				t.Fatalf("%s at %d to %d of %d, value of %d octets", x.Name, x.Start, x.End, len(text), len(x.Value))
			}
			if len(s.wants[x.ID].terms) == 0 && strings.Contains(x.Masked, x.Value) {
				t.Fatalf("%s: the mask shows the value", x.Name)
			}
			return true
		})
		again := 0
		s.Scan(text, func(Finding) bool { again++; return true })
		if n != again {
			t.Fatalf("%d findings, then %d", n, again)
		}
	})
}

// A pattern of anybody's and any text: no panic, and no match outside.
func FuzzPattern(f *testing.F) {
	f.Add(`\bsecret: .{0,9}$`, "a secret: x")
	f.Add(`(?m)^(foo|bar)+\d*`, "x\nfoo1 bar")
	f.Add(`(?i)ſtraße|K`, "STRASSE K")
	f.Fuzz(func(t *testing.T, expr, text string) {
		b := NewBuilder()
		if _, err := b.Pattern("p", expr); err != nil {
			return
		}
		s, err := b.Compile()
		if err != nil {
			return
		}
		s.Scan([]byte(text), func(x Finding) bool {
			if x.Start < 0 || x.End > len(text) || x.Start > x.End {
				t.Fatalf("%d to %d of %d", x.Start, x.End, len(text))
			}
			return true
		})
	})
}
