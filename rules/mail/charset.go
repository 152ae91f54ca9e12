package mail

import (
	"bytes"
	"io"
	"strings"
	gounicode "unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// The defects of charsets.
const (
	defectCharset      = "an unknown charset"
	defectCharsetWide  = "a charset that is not a superset of ASCII"
	defectCharsetWrong = "text that is not of its charset"
	defectNUL          = "a NUL in text"
	reasonCharset      = "text in an unknown charset"
)

// A charset says how octets become UTF-8.
type charset struct {
	enc     encoding.Encoding // nil: ASCII, UTF-8 and whatever else there is, by guess
	utf7    bool
	shifted bool // ISO 2022 with SO and SI around octets of enc, less 128
	wide    bool // not a superset of ASCII
	unknown bool
}

// charsetByName finds a charset by any of the names that mail uses for it.
func charsetByName(name string) charset {
	name = strings.ToLower(strings.Trim(name, " \t\r\n\"'"))
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "utf_8", "utf8mb4", "unicode-1-1-utf-8", "iso-8859-1", "latin1", "windows-1252", "cp1252", "ansi_x3.4-1968", "iso8859-1",
		"unknown-8bit", "x-unknown", "unknown", "default", "default_charset", "8bit", "7bit", "x-user-defined", "user-defined", "none", "binary", "ansi", "_iso-2022-jp$sio":
		return charset{}
	case "utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7", "x-unicode-2-0-utf-7":
		return charset{utf7: true, wide: true}
	case "utf-16", "utf16", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode":
		return charset{enc: unicode.UTF16(unicode.BigEndian, unicode.UseBOM), wide: true}
	case "utf-16be", "utf16be", "unicodefffe":
		return charset{enc: unicode.UTF16(unicode.BigEndian, unicode.UseBOM), wide: true}
	case "utf-16le", "utf16le", "unicodefeff", "ucs-2le":
		return charset{enc: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), wide: true}
	case "utf-32", "utf32", "ucs-4", "utf-32be", "utf32be", "iso-10646-ucs-4":
		return charset{enc: utf32.UTF32(utf32.BigEndian, utf32.UseBOM), wide: true}
	case "utf-32le", "utf32le":
		return charset{enc: utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), wide: true}
	case "ibm037", "cp037", "ebcdic-cp-us", "ebcdic-cp-ca", "ebcdic-cp-nl", "csibm037", "ibm-037":
		return charset{enc: charmap.CodePage037, wide: true}
	case "ibm1047", "cp1047", "ibm-1047":
		return charset{enc: charmap.CodePage1047, wide: true}
	case "ibm1140", "ibm01140", "cp1140", "ibm-1140":
		return charset{enc: charmap.CodePage1140, wide: true}
	case "hz-gb-2312", "hz":
		return charset{enc: simplifiedchinese.HZGB2312, wide: true}
	case "iso-2022-kr", "csiso2022kr":
		return charset{enc: korean.EUCKR, shifted: true, wide: true}
	case "iso-2022-cn", "iso-2022-cn-ext":
		return charset{enc: simplifiedchinese.GBK, shifted: true, wide: true}
	}
	for _, n := range []string{name, strings.TrimPrefix(name, "x-"), strings.ReplaceAll(name, "_", "-"), strings.ReplaceAll(name, "cp-", "cp"), strings.ReplaceAll(name, "cp", "windows-"), strings.ReplaceAll(name, "windows", "windows-")} {
		enc, err := htmlindex.Get(n)
		if err != nil || enc == encoding.Replacement {
			enc, err = ianaindex.MIME.Encoding(n)
		}
		if err == nil && enc != nil && enc != encoding.Replacement {
			return charset{enc: enc, wide: strings.HasPrefix(n, "iso-2022")}
		}
	}
	return charset{unknown: true}
}

// reader converts r to UTF-8; what is not of the charset comes out as U+FFFD or,
// for ASCII and UTF-8, unchanged.
func (c charset) reader(r io.Reader) io.Reader {
	switch {
	case c.utf7:
		return &utf7Reader{r: r}
	case c.shifted:
		return transform.NewReader(&shiftReader{r: r}, c.enc.NewDecoder())
	case c.enc != nil:
		return transform.NewReader(r, c.enc.NewDecoder())
	}
	return r
}

// decodeCharset converts the value of a header, of a charset it names itself.
func decodeCharset(name, s string, defect func(string)) string {
	c := charsetByName(name)
	if c.unknown || c.wide {
		defect(defectCharset)
	}
	if c.enc == nil && !c.utf7 {
		return validUTF8(s)
	}
	out, err := io.ReadAll(c.reader(strings.NewReader(s)))
	if err != nil {
		return validUTF8(s)
	}
	return validUTF8(string(out))
}

// byMark recognises a charset by the mark at the start of a text.
func byMark(head []byte) (c charset, ok bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return charsetByName("utf-32be"), true
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")):
		return charsetByName("utf-32le"), true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return charsetByName("utf-16be"), true
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return charsetByName("utf-16le"), true
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return charset{}, true
	}
	return charset{}, false
}

// byZeros guesses the charset of a text with NULs by where they stand.
func byZeros(head []byte) (c charset, ok bool) {
	var zeros [4]int
	for i, b := range head {
		if b == 0 {
			zeros[i%4]++
		}
	}
	even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]
	switch all := len(head) / 5; {
	case zeros[0] > all && zeros[1] > all && zeros[2] > zeros[3]:
		return charsetByName("utf-32be"), true
	case zeros[2] > all && zeros[3] > all && zeros[1] > zeros[0]:
		return charsetByName("utf-32le"), true
	case even > 4*odd+2:
		return charsetByName("utf-16be"), true
	case odd > 4*even+2:
		return charsetByName("utf-16le"), true
	}
	return charset{}, false
}

// fits tells whether octets make sense in a charset: hardly any character is
// none that people write.
func (c charset) fits(head []byte) bool {
	out, err := io.ReadAll(c.reader(bytes.NewReader(head[:len(head)&^3])))
	if err != nil {
		return false
	}
	all, odd := 0, 0
	for _, r := range string(out) {
		all++
		if r == utf8.RuneError || !gounicode.IsPrint(r) && !gounicode.IsSpace(r) {
			odd++
		}
	}
	return all > 0 && odd <= all/20
}

// windows1252 is the character that an octet stands for when nothing better is
// known.
func windows1252(b byte) rune {
	return charmap.Windows1252.DecodeByte(b)
}
