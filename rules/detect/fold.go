package detect

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A folder maps runes to what words are compared by: lower case, without
// accents, compatibility forms resolved, all dashes and apostrophes alike.
type folder struct {
	table [foldTableSize]string // for the runes from utf8.RuneSelf on
}

const foldTableSize = 0x530 - utf8.RuneSelf // Latin, Greek, Cyrillic

func newFolder() *folder {
	f := new(folder)
	for i := range f.table {
		f.table[i] = foldRune(rune(utf8.RuneSelf + i))
	}
	return f
}

// rune returns the folded form of a non-ASCII rune; "" for a combining mark.
func (f *folder) rune(r rune) string {
	if i := int(r) - utf8.RuneSelf; i >= 0 && i < foldTableSize {
		return f.table[i]
	}
	return foldRune(r)
}

// letters that carry no decomposition in Unicode but are written without their
// stroke or as two letters
func foldSpecial(r rune) string {
	switch r {
	case 'ß', 'ẞ':
		return "ss"
	case 'ø', 'Ø':
		return "o"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'ł', 'Ł':
		return "l"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'þ', 'Þ':
		return "th"
	case 'ı':
		return "i"
	case 'ς':
		return "σ"
	case '‐', '‑', '‒', '–', '—', '―', '−':
		return "-"
	case '‘', '’', 'ʼ':
		return "'"
	}
	return ""
}

func foldRune(r rune) string {
	if r < utf8.RuneSelf {
		return string(unicode.ToLower(r))
	}
	if s := foldSpecial(r); s != "" {
		return s
	}
	if unicode.Is(unicode.Mn, r) {
		return ""
	}
	if unicode.IsSpace(r) {
		return " "
	}
	var one [utf8.UTFMax]byte
	n := utf8.EncodeRune(one[:], r)
	d := norm.NFKD.Properties(one[:n]).Decomposition()
	if d == nil {
		return string(unicode.ToLower(r))
	}
	out := make([]byte, 0, 8)
	for len(d) > 0 {
		c, size := utf8.DecodeRune(d)
		d = d[size:]
		if unicode.Is(unicode.Mn, c) {
			continue
		}
		if s := foldSpecial(c); s != "" {
			out = append(out, s...)
			continue
		}
		out = utf8.AppendRune(out, unicode.ToLower(c))
	}
	return string(out)
}

// text folds a whole term: each run of space becomes one, none at the ends.
func (f *folder) text(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if len(out) > 0 && out[len(out)-1] != ' ' {
				out = append(out, ' ')
			}
		case r < utf8.RuneSelf:
			out = append(out, byte(unicode.ToLower(r)))
		default:
			out = append(out, f.rune(r)...)
		}
	}
	for len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return string(out)
}

// isWordRune tells whether a rune next to a term makes it a part of a longer
// word.
func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isASCIIWord(byte(r))
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func isASCIIWord(b byte) bool {
	return b == '_' || isDigit(b) || isLetter(b)
}

func isLetter(b byte) bool { b |= 0x20; return 'a' <= b && b <= 'z' }
func isDigit(b byte) bool  { return '0' <= b && b <= '9' }

// isUnspaced tells whether the script of r is written without spaces between
// words, so that there is no word boundary to ask for.
func isUnspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
