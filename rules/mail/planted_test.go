package mail_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/mail"
)

// A planted message carries one card number somewhere.
type planted struct {
	name string
	raw  string
}

const card = "4111111111111111"

// Each planted number is found, or the message is called unscannable. Nothing
// else may happen: a message that is called clean goes out.
func TestPlanted(t *testing.T) {
	cases := plant()
	if len(cases) < 300 {
		t.Fatalf("only %d cases", len(cases))
	}
	s := cardScanner(t)
	names := map[string]bool{}
	unscannable := 0
	for _, c := range cases {
		if names[c.name] {
			t.Errorf("%s: stands twice", c.name)
		}
		names[c.name] = true
		found, m := look(t, s, c.raw)
		switch {
		case found:
		case len(m.Unscannable) > 0:
			unscannable++
		default:
			t.Errorf("%s: missed; defects %v", c.name, m.Defects)
		}
	}
	t.Logf("%d cases, %d of them unscannable", len(cases), unscannable)
	if unscannable > len(cases)/20 {
		t.Errorf("%d of %d cases are called unscannable: the reader gives up too early", unscannable, len(cases))
	}
}

func cardScanner(t testing.TB) *detect.Scanner {
	t.Helper()
	b := detect.NewBuilder()
	if _, err := b.Detector("credit-card", nil); err != nil {
		t.Fatal(err)
	}
	s, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func look(t testing.TB, s *detect.Scanner, raw string) (found bool, m *mail.Message) {
	t.Helper()
	fields, body := split(raw)
	m, err := mail.Read(context.Background(), fields, strings.NewReader(body), int64(len(body)), mail.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Texts(context.Background(), 0xff, func(x *mail.Text) error {
		s.Scan(x.Data, func(f detect.Finding) bool {
			found = found || f.Value == card
			return true
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found, m
}

// split makes of a raw message what an MTA hands to a milter. The header ends at
// the first line that cannot be of one.
func split(raw string) (fields []mail.Field, body string) {
	for raw != "" {
		ln, rest, _ := strings.Cut(raw, "\r\n")
		if ln == "" {
			return fields, rest
		}
		if (ln[0] == ' ' || ln[0] == '\t') && len(fields) > 0 {
			fields[len(fields)-1].Value += "\r\n" + ln
			raw = rest
			continue
		}
		name, value, ok := strings.Cut(ln, ":")
		if !ok {
			return fields, raw
		}
		fields = append(fields, mail.Field{Name: name, Value: strings.TrimPrefix(value, " ")})
		raw = rest
	}
	return fields, ""
}

// plant makes all cases.
func plant() []planted {
	var cs []planted
	add := func(name, raw string) { cs = append(cs, planted{name, raw}) }
	for _, f := range []func(func(name, raw string)){plantCharsets, plantDigits, plantHTML, plantEncodings, plantHeaders, plantStructure, plantPlaces, plantAmbiguous} {
		f(add)
	}
	return cs
}

func entity(headers, body string) string {
	return headers + "\r\n\r\n" + body
}

const top = "From: ann@example.com\r\nSubject: hi\r\nMIME-Version: 1.0\r\n"

func b64(s string) string {
	var b strings.Builder
	for e := base64.StdEncoding.EncodeToString([]byte(s)); len(e) > 0; {
		n := min(76, len(e))
		b.WriteString(e[:n] + "\r\n")
		e = e[n:]
	}
	return b.String()
}

// qp escapes all but letters and spaces.
func qp(s string) string {
	var b strings.Builder
	col := 0
	for i := 0; i < len(s); i++ {
		if col > 70 {
			b.WriteString("=\r\n")
			col = 0
		}
		if c := s[i]; c >= 'a' && c <= 'z' || c == ' ' {
			b.WriteByte(c)
			col++
		} else {
			fmt.Fprintf(&b, "=%02X", c)
			col += 3
		}
	}
	return b.String()
}

var transfers = []struct {
	name   string
	encode func(string) string
}{
	{"8bit", func(s string) string { return s }},
	{"base64", b64},
	{"quoted-printable", qp},
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

func plantCharsets(add func(name, raw string)) {
	charsets := []string{
		"utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-8", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "windows-1256",
		"koi8-r", "koi8-u", "macintosh", "ibm866", "windows-874", "shift_jis", "euc-jp", "iso-2022-jp", "gbk", "gb18030", "gb2312", "big5", "euc-kr", "utf-16le", "utf-16be",
	}
	for _, cs := range charsets {
		enc, err := htmlindex.Get(cs)
		if err != nil {
			panic(err)
		}
		for form, text := range map[string]string{"ascii": "card " + card + " end", "grouped": "card 4111 1111 1111 1111 end", "full-width": "card " + fullWidth(card) + " end"} {
			encoded, err := enc.NewEncoder().String(text)
			if err != nil {
				continue // not in this charset
			}
			for _, tr := range transfers {
				add("charset "+cs+" "+form+" "+tr.name, entity(top+"Content-Type: text/plain; charset="+cs+"\r\nContent-Transfer-Encoding: "+tr.name, tr.encode(encoded)))
			}
			add("charset "+cs+" "+form+" undeclared", entity(top+"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", b64(encoded)))
			add("charset "+cs+" "+form+" wrong", entity(top+"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", b64(encoded)))
			add("charset "+cs+" "+form+" attachment", entity(top+"Content-Type: application/octet-stream; name=x.dat\r\nContent-Transfer-Encoding: base64", b64(encoded)))
		}
	}
	for _, e := range []struct {
		name string
		e    utf32.Endianness
	}{{"utf-32be", utf32.BigEndian}, {"utf-32le", utf32.LittleEndian}} {
		encoded, _ := utf32.UTF32(e.e, utf32.IgnoreBOM).NewEncoder().String("card " + card)
		add("charset "+e.name, entity(top+"Content-Type: text/plain; charset="+e.name+"\r\nContent-Transfer-Encoding: base64", b64(encoded)))
		add("charset undeclared "+e.name, entity(top+"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", b64(encoded)))
	}
	ebcdic := func(s string) string {
		var b []byte
		for _, c := range []byte(s) {
			switch {
			case c >= '0' && c <= '9':
				b = append(b, c-'0'+0xf0)
			case c >= 'a' && c <= 'i':
				b = append(b, c-'a'+0x81)
			default:
				b = append(b, 0x40)
			}
		}
		return string(b)
	}
	add("charset ebcdic", entity(top+"Content-Type: text/plain; charset=ibm037\r\nContent-Transfer-Encoding: base64", b64(ebcdic("a "+card+" b"))))
	add("charset unknown ebcdic", entity(top+"Content-Type: text/plain; charset=x-mainframe\r\nContent-Transfer-Encoding: base64", b64(ebcdic("aaa bbb "+card+" aaaaaaaa bbbbbb"))))
	add("charset utf-7", entity(top+"Content-Type: text/plain; charset=utf-7", "card +ADQAMQAxADEAMQAxADEAMQAxADEAMQAxADEAMQAxADE- end"))
	add("charset utf-7 plain", entity(top+"Content-Type: text/plain; charset=utf-7", "card "+card))
	add("charset iso-2022-kr", entity(top+"Content-Type: text/plain; charset=iso-2022-kr", "\x1b$)C card \x0e#4#1#1#1#1#1#1#1#1#1#1#1#1#1#1#1\x0f end"))
	add("charset hz", entity(top+"Content-Type: text/plain; charset=hz-gb-2312", "card ~{#4#1#1#1#1#1#1#1#1#1#1#1#1#1#1#1~} end"))
	for _, cs := range []string{"x-unknown", "foo", "utf8mb4", "\"utf-8", "utf-8; utf-16", "=?us-ascii?q?utf-8?=", "UTF-16", "utf-32", "utf-7", "iso-2022-kr", "iso-2022-jp", "hz-gb-2312", "ibm037", "unicode", "cp-850", "windows1251"} {
		add("charset of ascii called "+cs, entity(top+"Content-Type: text/plain; charset="+cs, "card 4111 1111 1111 1111 end, all in all a longer text in plain letters"))
	}
	for name, bom := range map[string]string{"utf-8": "\xef\xbb\xbf" + card, "utf-16le": "\xff\xfe4\x001\x001\x001\x00" + strings.Repeat("1\x00", 12), "utf-16be": "\xfe\xff\x004\x001\x001\x001" + strings.Repeat("\x001", 12)} {
		add("mark "+name, entity(top+"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64", b64(bom)))
	}
}

func plantDigits(add func(name, raw string)) {
	zeros := map[string]rune{
		"arabic-indic": '٠', "extended arabic": '۰', "devanagari": '०', "bengali": '০', "gurmukhi": '੦', "gujarati": '૦', "tamil": '௦', "telugu": '౦', "kannada": '೦', "malayalam": '൦',
		"thai": '๐', "lao": '໐', "tibetan": '༠', "myanmar": '၀', "khmer": '០', "mongolian": '᠐', "full-width": '０', "bold": '𝟎', "double-struck": '𝟘', "sans": '𝟢', "mono": '𝟶', "subscript": '₀',
	}
	for name, zero := range zeros {
		text := strings.Map(func(r rune) rune { return r - '0' + zero }, card)
		for _, tr := range transfers {
			add("digits "+name+" "+tr.name, entity(top+"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "+tr.name, tr.encode("card "+text+" end")))
		}
		add("digits "+name+" subject", "Subject: =?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(text))+"?=\r\n\r\nx")
	}
	for name, m := range map[string][2]string{"circled": {"①", "④"}, "raised": {"¹", "⁴"}, "parenthesised": {"⑴", "⑷"}, "stopped": {"⒈", "⒋"}, "negative": {"❶", "❹"}, "keycap": {"1\ufe0f\u20e3", "4\ufe0f\u20e3"}, "underlined": {"1\u0332", "4\u0332"}} {
		add("digits "+name, entity(top+"Content-Type: text/plain; charset=utf-8", m[1]+strings.Repeat(m[0], 15)))
	}
	for name, sep := range map[string]string{
		"no-break space": "\u00a0", "thin space": "\u2009", "ideographic space": "\u3000", "zero-width space": "\u200b", "word joiner": "\u2060", "soft hyphen": "\u00ad", "byte order mark": "\ufeff",
		"non-breaking hyphen": "\u2011", "en dash": "\u2013", "minus": "\u2212", "figure space": "\u2007", "full-width hyphen": "－", "left-to-right mark": "\u200e", "line separator": "\u2028", "middle dot": "·",
		"dot": ".", "slash": "/", "tab": "\t", "line break": "\r\n", "quoted line break": "\r\n> ", "dash and line break": "-\r\n", "spaced dash": " - ",
	} {
		text := strings.Join([]string{"4111", "1111", "1111", "1111"}, sep)
		add("separator "+name, entity(top+"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", "card "+text+" end"))
		if name == "quoted line break" {
			continue // HTML quotes by other means
		}
		add("separator in html "+name, entity(top+"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", qp("<p>card "+text+" end</p>")))
	}
	add("latin-1 no-break spaces, undeclared", entity(top, "card 4111\xa01111\xa01111\xa01111 end"))
	add("latin-1 soft hyphens, undeclared", entity(top, "card 4111\xad1111\xad1111\xad1111 end"))
	add("windows-1252 dashes, undeclared", entity(top, "card 4111\x961111\x961111\x961111 end"))
	add("right to left", entity(top+"Content-Type: text/plain; charset=utf-8", "card \u202e1111 1111 1111 1114\u202c end"))
	add("NULs between", entity(top, "card 4\x001\x001\x001\x00"+strings.Repeat("1\x00", 12)+" end"))
}

func plantHTML(add func(name, raw string)) {
	for name, h := range map[string]string{
		"bold":             "4111<b>1111</b>1111<i>1111</i>",
		"bold spaced":      "4111 <b>1111</b> 1111 1111",
		"comment":          "4111<!-- x -->1111<!---->1111<!-- > -->1111",
		"bad comment":      "4111<!x>1111<?y>11111111",
		"conditional":      "<!--[if mso]>4111111111111111<![endif]-->",
		"in a comment":     "<p>x<!-- 4111111111111111 -->",
		"decimal entities": "&#52;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;&#49;",
		"hex entities":     "&#x34;&#x31;&#x31;&#x31;&#X31;&#x31;&#x31;&#x31;&#x31;&#x31;&#x31;&#x31;&#x31;&#x31;&#x31;&#x31;",
		"open entities":    "&#52&#49&#49&#49&#49&#49&#49&#49&#49&#49&#49&#49&#49&#49&#49&#49 x",
		"nbsp":             "4111&nbsp;1111&nbsp;1111&nbsp;1111",
		"nbsp twice":       "4111&nbsp;&nbsp;1111&nbsp;&nbsp;1111&nbsp;&nbsp;1111",
		"shy":              "4111&shy;1111&shy;1111&shy;1111",
		"zwnj":             "41111111&zwnj;11111111",
		"wbr":              "4111<wbr>1111<wbr/>1111<WBR>1111",
		"cells":            "<table><tr><td>4111</td><td>1111</td><td>1111</td><td>1111</td></tr></table>",
		"indented cells":   "<table>\r\n  <tr>\r\n    <td>4111</td>\r\n    <td>1111</td>\r\n    <td>1111</td>\r\n    <td>1111</td>\r\n  </tr>\r\n</table>",
		"rows":             "<table><tr><td>4111</td></tr><tr><td>1111</td></tr><tr><td>1111</td></tr><tr><td>1111</td></tr></table>",
		"blocks":           "<div>4111</div><div>1111</div><div>1111</div><div>1111</div>",
		"breaks":           "4111<br>1111<br>1111<br>1111",
		"source lines":     "<p>4111\r\n      1111\r\n      1111\r\n      1111",
		"one a span":       "<span>4</span><span>1</span><span>1</span><span>1</span>" + strings.Repeat("<span style='color:red'>1</span>", 12),
		"hidden between":   "4111<span style=\"display: none\">99</span>1111<span hidden>x</span>11111111",
		"hidden":           "<div style='display:none'>4111111111111111</div>",
		"alt":              "<img src=x alt=\"4111 1111 1111 1111\">",
		"title attribute":  "<a title='4111111111111111'>x</a>",
		"input":            "<input type=hidden name=pan value=4111111111111111>",
		"href":             "<a href=\"https://example.com/?pan=4111%201111%201111%201111\">x</a>",
		"data attribute":   "<p data-x=\"4111-1111-1111-1111\">x",
		"title":            "<title>4111111111111111</title>",
		"script":           "<script>var pan = '4111111111111111';</script>",
		"style":            "<style>p:before { content: '4111111111111111' }</style>",
		"textarea":         "<textarea>4111111111111111</textarea>",
		"noscript":         "<noscript>4111111111111111</noscript>",
		"pre":              "<pre>4111 1111\r\n1111 1111</pre>",
		"svg":              "<svg><text>4111111111111111</text></svg>",
		"cdata":            "<svg><![CDATA[4111111111111111]]></svg>",
		"unclosed tag":     "<p 4111111111111111",
		"unclosed comment": "x <!-- 4111111111111111",
		"unclosed script":  "<script>4111111111111111",
		"quote in a tag":   "4111<b title=\">\">1111</b>1111<b x='>'>1111</b>",
		"upper case":       "<P>4111<B>1111</B>1111<B>1111</B></P>",
		"template":         "<template>4111111111111111</template>",
		"select":           "<select><option>4111111111111111</option></select>",
		"frame":            "<iframe srcdoc=\"4111111111111111\"></iframe>",
		"plaintext":        "<plaintext>4111111111111111",
		"data url":         "<a href=\"data:text/plain;base64,NDExMTExMTExMTExMTExMQ==\">x</a>",
		"bdo":              "<bdo dir=rtl>1111 1111 1111 1114</bdo>",
		"bidi override":    "<span style='direction: rtl; unicode-bidi: bidi-override'>1111111111111114</span>",
		"mixed widths":     "４１１１<u>1111</u>１１１１&#65297;111",
	} {
		for _, tr := range transfers {
			add("html "+name+" "+tr.name, entity(top+"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "+tr.name, tr.encode("<html><body>"+h)))
		}
		add("html as octets "+name, entity(top+"Content-Type: application/octet-stream; name=page.html\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64", b64(h)))
		add("html swept "+name, entity(top+"Content-Type: text/plain\r\nContent-Type: text/html", h))
	}
}

func plantEncodings(add func(name, raw string)) {
	text := "the card number is " + card + " and so on, for a while, until the end"
	e := b64(text)
	for name, body := range map[string]string{
		"whole":            e,
		"truncated":        e[:len(e)-9],
		"without padding":  strings.ReplaceAll(e, "=", ""),
		"one line":         strings.ReplaceAll(e, "\r\n", ""),
		"short lines":      strings.Join(strings.SplitAfter(strings.ReplaceAll(e, "\r\n", ""), ""), "\r\n"),
		"spaces":           strings.Join(strings.SplitAfter(strings.ReplaceAll(e, "\r\n", ""), ""), " "),
		"stars":            strings.Join(strings.SplitAfter(strings.ReplaceAll(e, "\r\n", ""), ""), "*"),
		"garbage first":    "!!??\r\n" + e,
		"words first":      "see below:\r\n\r\n" + e,
		"one letter first": "x\r\n" + e,
		"two first":        "xy " + e,
		"three first":      "xyz\r\n" + e,
		"padding first":    "====\r\n" + e,
		"two in a row":     b64("hello there") + e,
		"text after":       e + "\r\n-- \r\nbye!",
		"quoted":           "> " + strings.ReplaceAll(e, "\r\n", "\r\n> "),
		"not encoded":      text,
		"quoted-printable": qp(text),
		"NULs":             strings.ReplaceAll(e, "\r\n", "\x00\r\n"),
		"high octets":      strings.ReplaceAll(e, "\r\n", "\xff\r\n"),
		"padding inside":   b64("hello") + b64("hello!") + e,
	} {
		add("base64 "+name, entity(top+"Content-Transfer-Encoding: base64", body))
		switch name {
		case "short lines", "spaces", "stars", "high octets":
			// Nobody would decode these without being told to.
		default:
			add("base64 undeclared "+name, entity(top, body))
			add("base64 as quoted-printable "+name, entity(top+"Content-Transfer-Encoding: quoted-printable", body))
		}
		add("base64 in an attachment "+name, entity(top+"Content-Type: multipart/mixed; boundary=b", "--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n"+body+"\r\n--b--\r\n"))
	}
	for name, body := range map[string]string{
		"soft breaks":        "card 4111=\r\n1111=\r\n1111=\r\n1111 end",
		"soft break, LF":     "card 4111=\n11111111=\n1111 end",
		"space before break": "card 4111= \t\r\n111111111111 end",
		"all escaped":        qp(card),
		"lower case":         strings.ToLower(qp("4111-1111-1111-1111")),
		"escaped spaces":     "4111=201111=201111=201111",
		"no-break spaces":    "4111=C2=A01111=C2=A01111=C2=A01111",
		"broken escapes":     "=ZZ 100% = =4 4111=31=311111111111 =",
		"ends in =":          card + "=",
		"each digit":         "4=\r\n1=\r\n1=\r\n1=\r\n" + strings.Repeat("1=\r\n", 12),
	} {
		add("quoted-printable "+name, entity(top+"Content-Transfer-Encoding: quoted-printable", body))
		add("quoted-printable undeclared "+name, entity(top, body))
		add("quoted-printable html "+name, entity(top+"Content-Type: text/html\r\nContent-Transfer-Encoding: Quoted-Printable", body))
		add("quoted-printable as base64 "+name, entity(top+"Content-Transfer-Encoding: base64", body))
	}
	uu := "begin 644 a.txt\r\n0-#$Q,3$Q,3$Q,3$Q,3$Q,0``\r\n`\r\nend\r\n"
	add("uuencode declared", entity(top+"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-uuencode", uu))
	add("uuencode in the text", entity(top, "see below\r\n\r\n"+uu+"\r\nbye"))
	add("uuencode far down", entity(top, strings.Repeat("lorem ipsum\r\n", 1000)+uu))
	add("yEnc far down", entity(top, strings.Repeat("lorem ipsum\r\n", 1000)+"=ybegin line=128 size=3 name=x\r\n\x8e\x8b\x8b\r\n=yend size=3\r\n"))
	add("BinHex", entity(top, "(This file must be converted with BinHex 4.0)\r\n:$f*TEQKPH#jdCA4d,R0TG!!\r\n"))
	add("uuencode second file", entity(top, "begin 644 x\r\n#86)C\r\n`\r\nend\r\n"+uu))
	for _, name := range []string{"7-bit", "8bits", "8-bit", "utf-8", "none", "x-unknown", "base-64", "quoted_printable", "base64 ", "\"base64\"", "BASE64", "base64;", "(c) base64", "base64 (c)", "qp", "binary", "7bit, base64", "b64"} {
		add("encoding called "+name+" plain", entity(top+"Content-Transfer-Encoding: "+name, text))
		add("encoding called "+name+" base64", entity(top+"Content-Transfer-Encoding: "+name, e))
		add("encoding called "+name+" quoted-printable", entity(top+"Content-Transfer-Encoding: "+name, qp(text)))
	}
	add("flowed", entity(top+"Content-Type: text/plain; format=flowed", "card 4111 1111 \r\n1111 1111"))
	add("flowed delsp", entity(top+"Content-Type: text/plain; format=flowed; delsp=yes", "card 41111111 \r\n11111111"))
}

func plantHeaders(add func(name, raw string)) {
	words := map[string]string{
		"plain":            "your card 4111 1111 1111 1111",
		"folded":           "your card 4111\r\n 1111\r\n 1111 1111",
		"Q":                "=?utf-8?Q?card_4111_1111_1111_1111?=",
		"Q escaped":        "=?utf-8?q?card_=34=31=31=31111111111111?=",
		"B":                "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte("card "+card)) + "?=",
		"B unpadded":       "=?utf-8?b?" + strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("card "+card+"!")), "=") + "?=",
		"split":            "=?utf-8?Q?41111111?= =?utf-8?Q?11111111?=",
		"split folded":     "=?utf-8?Q?41111111?=\r\n =?iso-8859-1?Q?11111111?=",
		"without space":    "=?utf-8?Q?41111111?==?utf-8?Q?11111111?=",
		"half":             "4111 1111 =?utf-8?Q?1111_1111?=",
		"language":         "=?utf-8*en?Q?card_4111111111111111?=",
		"inside a word":    "card:=?utf-8?Q?4111111111111111?=.",
		"quoted":           "\"=?utf-8?Q?4111111111111111?=\"",
		"unknown charset":  "=?x-foo?Q?4111111111111111?=",
		"gbk full-width":   "=?gbk?B?" + base64.StdEncoding.EncodeToString([]byte("\xa3\xb4\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1\xa3\xb1")) + "?=",
		"spaces in a word": "=?utf-8?Q?card 4111 1111 1111 1111?=",
		"raw utf-8":        "card " + fullWidth(card),
		"latin-1":          "card 4111\xa01111\xa01111\xa01111",
		"broken word":      "=?utf-8?Q?card 4111 1111 1111 1111",
		"broken kind":      "=?utf-8?X?4111111111111111?=",
		"NUL":              "card 4111\x001111\x0011111111",
	}
	for name, v := range words {
		add("subject "+name, "Subject: "+v+"\r\n\r\nx")
		add("other field "+name, "X-Note: "+v+"\r\n\r\nx")
		add("part header "+name, entity(top+"Content-Type: multipart/mixed; boundary=b", "--b\r\nContent-Description: "+v+"\r\n\r\nx\r\n--b--\r\n"))
		add("forwarded subject "+name, entity(top+"Content-Type: message/rfc822", "Subject: "+v+"\r\n\r\nx"))
	}
	for name, v := range map[string]string{
		"quoted":        `attachment; filename="4111111111111111.pdf"`,
		"token":         `attachment; filename=4111-1111-1111-1111.pdf`,
		"extended":      `attachment; filename*=utf-8''%34%31%31%31111111111111.pdf`,
		"pieces":        "attachment; filename*0=41111111;\r\n filename*1=11111111.pdf",
		"swapped":       "attachment; filename*1=11111111.pdf; filename*0=41111111",
		"coded pieces":  "attachment; filename*0*=us-ascii'en'%3411111;\r\n filename*1=11; filename*2*=11111111.pdf",
		"encoded word":  `attachment; filename="=?utf-8?Q?4111111111111111.pdf?="`,
		"escapes":       `attachment; filename="4111\1111\11111111.pdf"`,
		"spaces":        `attachment; filename=4111 1111 1111 1111.pdf`,
		"unclosed":      `attachment; filename="4111111111111111.pdf`,
		"after comment": `attachment (x;y); filename="4111111111111111.pdf"`,
	} {
		add("name "+name, entity(top+"Content-Type: multipart/mixed; boundary=b", "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: "+v+"\r\n\r\nx\r\n--b--\r\n"))
	}
}
