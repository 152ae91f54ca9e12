package mail

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestNormalise(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain text\r\n\tx", "plain text\r\n\tx"},
		{"４１１１", "4111"},
		{"٤١١١ ४१११ 𝟒𝟏𝟏𝟏", "4111 4111 4111"},
		{"①② ⑴ ⒈ ❶ ² ₂", "12 1 1 1 2 2"},
		{"⑩ ½", "⑩ ½"},
		{"a\u00a0b\u2003c\u3000d", "a b c d"},
		{"a\u200bb\u00adc\ufeffd\u202ee", "abcde"},
		{"4\u03321\ufe0f\u20e3", "41"},
		{"e\u0301", "e\u0301"},
		{"–—−‑", "----"},
		{"a\x00b\x07c\fd", "abc d"},
		{"\xe4 \x96 x\xa0y", "ä - x y"},
		{"caf\xe9", "café"},
		{"\x1b$B#4#1\x1b(Bx", "41x"},
		{"Привет мир 漢字 かな 한글", "Привет мир 漢字 かな 한글"},
	}
	for _, tt := range tests {
		if got := Normalise(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// Every decimal digit there is becomes its ASCII digit, wherever the text is cut
// into pieces.
func TestNormaliseAllDigits(t *testing.T) {
	n := 0
	for _, r16 := range unicode.Nd.R16 {
		n += checkDigits(t, rune(r16.Lo), rune(r16.Hi))
	}
	for _, r32 := range unicode.Nd.R32 {
		n += checkDigits(t, rune(r32.Lo), rune(r32.Hi))
	}
	if n < 600 {
		t.Errorf("only %d digits", n)
	}
}

func checkDigits(t *testing.T, lo, hi rune) int {
	for r := lo; r <= hi; r++ {
		want := string(rune('0' + (r-lo)%10))
		var b [utf8.UTFMax]byte
		size := utf8.EncodeRune(b[:], r)
		for cut := range size {
			var n normaliser
			got := string(n.finish(n.append(n.append(nil, b[:cut]), b[cut:size])))
			if got != want {
				t.Errorf("%U cut at %d: got %q, want %q", r, cut, got, want)
			}
		}
	}
	return int(hi - lo + 1)
}

// What is passed over as a plain letter is none of what has to be changed.
func TestPlainLetters(t *testing.T) {
	for r := rune(0x80); r < 0x11000; r++ {
		if !isPlainLetter(r) {
			continue
		}
		if _, ok := digitValue(r); ok || invisible(r) || unicode.In(r, unicode.Zs, unicode.Mn, unicode.Me, unicode.Cf) {
			t.Errorf("%U has to be changed", r)
		}
	}
}
