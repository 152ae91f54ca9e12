package detect

import (
	"fmt"
	"strings"
	"testing"
)

// hostile texts are made to cost much.
func hostile(n int) map[string]string {
	fill := func(unit string) string { return strings.Repeat(unit, n/len(unit)+1)[:n] }
	return map[string]string{
		"digits":              fill("4"),
		"groups":              fill("4111 "),
		"cards":               fill("4111111111111111 "),
		"two and spaces":      fill("41   "),
		"dashes":              fill("1-"),
		"letters and digits":  fill("A1"),
		"context":             fill("ssn "),
		"numbers and context": fill("536904399 ssn "),
		"numbers far off":     "ssn " + fill("536904399 é"),
		"assignments":         fill("password="),
		"tokens":              fill("token_"),
		"urls":                fill("a://b:"),
		"users":               fill("http://a:@"),
		"jwt":                 fill("eyJ."),
		"keys":                fill("-----BEGIN "),
		"twilio":              fill("twilio "),
		"accents":             "HIV" + fill("\u0301"),
		"spaces":              "medical" + fill(" ") + "record",
		"ligatures":           fill("ﬁ"),
		"iban":                fill("DE89 "),
		"fiscal":              fill("ABCDEF12"),
	}
}

// Texts made to cost much are scanned to their end, with no more findings than
// octets. BenchmarkHostile shows at two sizes that the cost grows with the size.
func TestHostile(t *testing.T) {
	s := everything(t)
	for name, text := range hostile(200_000) {
		n := 0
		s.Scan([]byte(text), func(f Finding) bool {
			n++
			if f.End > len(text) {
				t.Errorf("%s: a finding outside", name)
			}
			return true
		})
		if n > len(text) {
			t.Errorf("%s: %d findings in %d octets", name, n, len(text))
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	s := everything(b)
	for _, size := range []int{1 << 20, 4 << 20} {
		for name, text := range hostile(size) {
			b.Run(fmt.Sprintf("%s/%dMB", name, size>>20), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					s.Scan([]byte(text), func(Finding) bool { return true })
				}
			})
		}
	}
}
