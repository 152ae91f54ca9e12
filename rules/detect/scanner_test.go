package detect

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func compile(t testing.TB, declare func(b *Builder) error) *Scanner {
	t.Helper()
	b := NewBuilder()
	if err := declare(b); err != nil {
		t.Fatal(err)
	}
	s, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func values(s *Scanner, text string) []string {
	var vs []string
	s.Scan([]byte(text), func(f Finding) bool {
		vs = append(vs, f.Value)
		return true
	})
	slices.Sort(vs)
	return slices.Compact(vs)
}

func TestWords(t *testing.T) {
	s := compile(t, func(b *Builder) error {
		_, err := b.Words("health", []Term{{"diagnosis", 1}, {"medical record", 1}, {"ICD-10", 1}, {"HIV", 1}, {"Schädel", 1}, {"Straße", 1}, {"ιατρός", 1}, {"врач", 1}, {"病歴", 1}, {"he", 1}, {"she", 1}, {"hers", 1}})
		return err
	})
	tests := []struct{ text, want string }{
		{"DIAGNOSIS", "diagnosis"},
		{"misdiagnosis diagnosis2 diagnosis_x", ""},
		{"a medical\r\n   record.", "medical record"},
		{"medicalrecord", ""},
		{"icd-10, ICD‑10", "icd-10"},
		{"SCHADEL, scha\u0308del", "schadel"},
		{"STRASSE strasse straße", "strasse"},
		{"ΙΑΤΡΟΣ", "ιατροσ"},
		{"ВРАЧ", "врач"},
		{"患者の病歴です", "病歴"},
		{"(hiv)", "hiv"},
		{"ushers she hers", "hers,she"},
		{"he\xffhiv", "he,hiv"},
		{"ﬁ HIV\u0301", "hiv"},
	}
	for _, tt := range tests {
		if got := strings.Join(values(s, tt.text), ","); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestWordPositions(t *testing.T) {
	s := compile(t, func(b *Builder) error {
		_, err := b.Words("w", []Term{{"medical record", 3}})
		return err
	})
	text := "the  Médical \n récord."
	n := 0
	s.Scan([]byte(text), func(f Finding) bool {
		n++
		if got := text[f.Start:f.End]; got != "Médical \n récord" || f.Weight != 3 {
			t.Errorf("got %q, weight %d", got, f.Weight)
		}
		return true
	})
	if n != 1 {
		t.Errorf("%d findings", n)
	}
}

func TestCustom(t *testing.T) {
	s := compile(t, func(b *Builder) error {
		_, err := b.Custom(Custom{Name: "employee-id", Pattern: `\bE\d{7}\b`, Near: []string{"employee", "staff no"}, Within: 20, Except: []string{"e-000 0000"}}, nil)
		if err != nil {
			return err
		}
		_, err = b.Custom(Custom{Name: "checked", Pattern: `\bcard \d{4}\b`, Check: "luhn"}, nil)
		return err
	})
	tests := []struct{ text, want string }{
		{"employee E1234567", "E1234567"},
		{"E1234567 is our staff  no", "E1234567"},
		{"E1234567", ""},
		{"employee E0000000", ""},
		{"employee ................................ E1234567", ""},
		{"xE1234567 employee", ""},
		{"card 0018 card 0019", "CARD0018"},
	}
	for _, tt := range tests {
		if got := strings.Join(values(s, tt.text), ","); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestNearIsPerDeclaration(t *testing.T) {
	b := NewBuilder()
	plain, err1 := b.Detector("credit-card", nil)
	near, err2 := b.Detector("credit-card", &Near{Words: []string{"refund"}, Within: 10})
	again, err3 := b.Detector("credit-card", nil)
	if err1 != nil || err2 != nil || err3 != nil || plain == near || plain != again {
		t.Fatal(plain, near, again, err1, err2, err3)
	}
	s, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	ty := s.NewTally()
	ty.Scan([]byte("4111111111111111, 5555555555554444 refund"), 1, "a")
	ty.Scan([]byte("4111 1111 1111 1111"), 2, "b")
	if ty.Count(plain, 3) != 2 || ty.Count(near, 3) != 1 || ty.Count(plain, 2) != 1 || ty.Count(near, 2) != 0 {
		t.Error(ty.Count(plain, 3), ty.Count(near, 3), ty.Count(plain, 2), ty.Count(near, 2))
	}
	h := ty.Hits(plain, 2, 0)
	if len(h) != 1 || h[0].Masked != "4111...1111" || h[0].Part != "a" {
		t.Errorf("%+v", h)
	}
}

func TestTallyIsBounded(t *testing.T) {
	b := NewBuilder()
	id, err := b.Pattern("number", `\d+`)
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range MaxDistinct + 100 {
		fmt.Fprintln(&text, i)
	}
	ty := s.NewTally()
	ty.Scan([]byte(text.String()), 1, "")
	if ty.Count(id, 1) != MaxDistinct {
		t.Error(ty.Count(id, 1))
	}
	ty.Scan([]byte("987654321"), 2, "")
	if ty.Count(id, 2) == 0 {
		t.Error("a value beyond the bound is lost")
	}
}

// Looking through windows finds what the expression finds in the whole text.
func TestPatternWindows(t *testing.T) {
	exprs := []string{
		`\bAKIA[A-Z2-7]{4}\b`, `(?i)password\s{0,3}[:=]\s{0,3}\S{3,9}`, `(?m)^secret: .{0,9}$`, `(foo|barn)\d{1,3}`, `token.*`, `(?s)begin.*end`,
		`a{3,5}b`, `\Abegin`, `end\z`, `(?i)strasse`, `x?yyy\B`,
	}
	pieces := []string{"AKIA", "ABCD", " ", "\n", "password", "PASSWORD", ": ", "=", "secret: ", "foo", "barn", "12", "345", "token", "begin", "end", "aaa", "b", "STRASSE", "é", "yyy", "x", "\xff"}
	var scanners []*Scanner
	for _, expr := range exprs {
		scanners = append(scanners, compile(t, func(b *Builder) error {
			_, err := b.Pattern("p", expr)
			return err
		}))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var sb strings.Builder
		for range rng.IntN(60) {
			sb.WriteString(pieces[rng.IntN(len(pieces))])
		}
		text := sb.String()
		for i, expr := range exprs {
			s := scanners[i]
			var got, want []string
			s.Scan([]byte(text), func(f Finding) bool {
				got = append(got, fmt.Sprint(f.Start, f.End))
				return true
			})
			for _, m := range regexp.MustCompile(expr).FindAllStringIndex(text, -1) {
				want = append(want, fmt.Sprint(m[0], m[1]))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s in %q: got %v, want %v", expr, text, got, want)
			}
		}
	}
}

func TestRequiredLiteral(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`\bE\d{7}\b`, ""},
		{`password\s*=`, "password"},
		{`(?i)PassWord`, "password"},
		{`(foo|barn)\d`, "foo"},
		{`(foo|\d)`, ""},
		{`(secret)?x`, ""},
		{`ab`, ""},
		{`x{3}`, "xxx"},
		{`api[_ -]?key\s`, "api key"},
		{`\bgh[po]_\w+`, "gho_"},
		{`pass(word|wort)=`, "password="},
		{`(?:Geheim)+ Schlüssel`, " schlussel"},
	}
	for _, tt := range tests {
		got, err := RequiredLiteral(tt.expr)
		if err != nil || got != strings.TrimSpace(tt.want) {
			t.Errorf("%s: got %q %v, want %q", tt.expr, got, err, tt.want)
		}
	}
}

func TestBuilderRefuses(t *testing.T) {
	b := NewBuilder()
	for name, err := range map[string]error{
		"detector": second(b.Detector("nothing", nil)),
		"near":     second(b.Detector("credit-card", &Near{})),
		"word":     second(b.Words("w", []Term{{Text: "--"}})),
		"none":     second(b.Words("w", nil)),
		"pattern":  second(b.Pattern("p", "(")),
		"check":    second(b.Custom(Custom{Name: "c", Pattern: "x", Check: "crc"}, nil)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ ID, err error) error { return err }

func TestChecks(t *testing.T) {
	for _, v := range []struct {
		check, good, bad string
	}{
		{"luhn", "4111111111111111", "4111111111111112"},
		{"mod11", "9434765919", "9434765918"},
		{"mod97", "GB82WEST12345698765432", "GB82WEST12345698765433"},
		{"verhoeff", "2363", "2364"},
	} {
		f, err := checkByName(v.check)
		if err != nil || !f(v.good) || f(v.bad) || f("") {
			t.Errorf("%s", v.check)
		}
	}
}
