package mail

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DecodeHeader makes a field's value readable: unfolded, encoded words (RFC
// 2047) decoded wherever they stand, in UTF-8, without control characters.
func DecodeHeader(value string) string {
	return decodeHeader(value, func(string) {})
}

func decodeHeader(value string, defect func(string)) string {
	if !plainASCII(value) {
		value = unfold(value, defect)
		value = decodeCharset("", value, defect)
	}
	if strings.Contains(value, "=?") {
		value = decodeWords(value, defect)
	}
	return strings.TrimSpace(dropControls(value))
}

// plainASCII tells whether a value has printable ASCII and spaces only.
func plainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// unfold takes line breaks out (RFC 5322 section 2.2.3).
func unfold(s string, defect func(string)) string {
	if !strings.ContainsAny(s, "\r\n\x00") {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if strings.ContainsAny(s, "\r\x00") {
		defect(defectHeaderOctet)
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return strings.ReplaceAll(s, "\n", "")
}

// dropControls takes control characters out and makes tabs spaces.
func dropControls(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

// decodeWords decodes each encoded word in s. Space between two of them falls
// out, and octets of neighbours in one charset are put together before they are
// decoded, as senders split characters against RFC 2047 section 5.
func decodeWords(s string, defect func(string)) string {
	var out strings.Builder
	var pending []byte // decoded octets not yet converted
	charset := ""
	flush := func() {
		if len(pending) > 0 {
			out.WriteString(decodeCharset(charset, string(pending), defect))
			pending = pending[:0]
		}
	}
	inWords := false
	for len(s) > 0 {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		cs, octets, rest, ok := encodedWord(s[i:])
		if !ok {
			defect(defectEncodedWord)
			flush()
			out.WriteString(s[:i+2])
			s = s[i+2:]
			inWords = false
			continue
		}
		if between := s[:i]; !inWords || strings.Trim(between, " \t\r\n") != "" {
			flush()
			out.WriteString(between)
		}
		if !strings.EqualFold(cs, charset) {
			flush()
			charset = cs
		}
		pending = append(pending, octets...)
		s, inWords = rest, true
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// maxWord bounds the length of one encoded word; RFC 2047 allows 75.
const maxWord = 2 << 10

// encodedWord reads "=?charset?B?text?=" at the start of s.
func encodedWord(s string) (charset string, octets []byte, rest string, ok bool) {
	head := s[2:min(len(s), maxWord)]
	charset, head, ok1 := strings.Cut(head, "?")
	kind, head, ok2 := strings.Cut(head, "?")
	end := strings.Index(head, "?=")
	if !ok1 || !ok2 || end < 0 || len(charset) > 64 || strings.ContainsAny(charset, " \t\r\n") {
		return "", nil, "", false
	}
	text := head[:end]
	consumed := 2 + len(charset) + 1 + len(kind) + 1 + end + 2
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231 section 5: a language
	switch kind {
	case "b", "B":
		octets = decodeBase64String(text)
	case "q", "Q":
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '_':
				octets = append(octets, ' ')
			case c == '=' && i+2 < len(text):
				if v, ok := hexPair(text[i+1], text[i+2]); ok {
					octets = append(octets, v)
					i += 2
				} else {
					octets = append(octets, c)
				}
			default:
				octets = append(octets, c)
			}
		}
	default:
		return "", nil, "", false
	}
	return charset, octets, s[consumed:], true
}

// decodeBase64String decodes what is base64 in s and passes over the rest.
func decodeBase64String(s string) []byte {
	in := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if base64Table[s[i]] < 64 {
			in = append(in, s[i])
		}
	}
	if len(in)%4 == 1 {
		in = in[:len(in)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(in)))
	n, _ := base64.RawStdEncoding.Decode(out, in)
	return out[:n]
}

// validUTF8 returns s with each octet that is not UTF-8 taken as Windows-1252.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out := make([]byte, 0, len(s)+len(s)/4)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = windows1252(s[i])
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	return string(out)
}
