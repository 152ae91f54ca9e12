package pdf

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// glyphText returns the characters that a glyph name stands for (Adobe Glyph
// List specification), "" if it names none.
func glyphText(glyph string) string {
	if glyph == ".notdef" {
		return ""
	}
	base, _, _ := strings.Cut(glyph, ".")
	if len(base) == 1 {
		return base
	}
	if t, ok := glyphNames()[base]; ok {
		return t
	}
	if hex, ok := strings.CutPrefix(base, "uni"); ok && len(hex) >= 4 {
		if r, err := strconv.ParseUint(hex[:4], 16, 32); err == nil {
			return string(rune(r))
		}
	}
	if hex, ok := strings.CutPrefix(base, "u"); ok && len(hex) >= 4 && len(hex) <= 6 {
		if r, err := strconv.ParseUint(hex, 16, 32); err == nil && utf8.ValidRune(rune(r)) {
			return string(rune(r))
		}
	}
	// Accented letters: "eacute", "Odieresis"; the letter is what matters.
	for _, accent := range []string{"acute", "grave", "circumflex", "dieresis", "tilde", "ring", "cedilla", "caron", "macron", "ogonek", "breve", "dotaccent", "slash"} {
		if letter, ok := strings.CutSuffix(base, accent); ok && len(letter) == 1 {
			return letter
		}
	}
	return ""
}

// glyphOr is glyphText with a replacement character for a name that is a word:
// whatever it means, it is no digit. Names such as "g12" mean nothing.
func glyphOr(glyph string) string {
	if t := glyphText(glyph); t != "" || glyph == ".notdef" || len(glyph) < 4 {
		return t
	}
	for _, c := range []byte(glyph) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return ""
		}
	}
	return "\ufffd"
}

// glyphNames are the names of characters beyond letters.
var glyphNames = func() func() map[string]string {
	m := map[string]string{}
	for _, pair := range strings.Fields("zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 " +
		"period=. comma=, colon=: semicolon=; hyphen=- minus=- endash=- emdash=- slash=/ backslash=\\ underscore=_ plus=+ equal== less=< greater=> " +
		"parenleft=( parenright=) bracketleft=[ bracketright=] braceleft={ braceright=} asterisk=* numbersign=# at=@ ampersand=& percent=% dollar=$ exclam=! question=? " +
		"quotesingle=' quotedbl=\" quoteleft=' quoteright=' quotedblleft=\" quotedblright=\" quotesinglbase=' quotedblbase=\" grave=` asciicircum=^ asciitilde=~ bar=| " +
		"sterling=£ yen=¥ cent=¢ Euro=€ section=§ paragraph=¶ bullet=• degree=° copyright=© registered=® trademark=™ mu=µ periodcentered=· ellipsis=… " +
		"fi=fi fl=fl ff=ff ffi=ffi ffl=ffl germandbls=ß ae=æ AE=Æ oe=œ OE=Œ oslash=ø Oslash=Ø aring=å Aring=Å dotlessi=i thorn=þ eth=ð onehalf=½ onequarter=¼ threequarters=¾ " +
		"sfthyphen=- hyphenminus=- fraction=/ guillemotleft=« guillemotright=» guilsinglleft=‹ guilsinglright=› currency=¤ brokenbar=¦ logicalnot=¬ multiply=× divide=÷ " +
		"onesuperior=1 twosuperior=2 threesuperior=3 zerosuperior=0 zerooldstyle=0 oneoldstyle=1 twooldstyle=2 threeoldstyle=3 fouroldstyle=4 fiveoldstyle=5 sixoldstyle=6 sevenoldstyle=7 eightoldstyle=8 nineoldstyle=9") {
		glyph, text, _ := strings.Cut(pair, "=")
		m[glyph] = text
	}
	m["space"], m["nbspace"], m["nonbreakingspace"] = " ", " ", " "
	return func() map[string]string { return m }
}()

// baseText returns the character of a code in one of the named encodings (annex
// D). Those that are not known are taken for Windows-1252.
func baseText(encoding name, code byte) rune {
	switch {
	case code < ' ':
		return 0
	case encoding == "MacRomanEncoding":
		return charmap.Macintosh.DecodeByte(code)
	}
	return charmap.Windows1252.DecodeByte(code)
}
