package hostile

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/url"
	"strings"
)

// Lines returns texts for the header fields that a person sees: subjects, names of
// senders. They may hold octets that a header may not.
func Lines() []string {
	out := lines(`
<script>ran(0+[])</script>
<img src=x onerror=ran(0+[])>
"><svg onload=ran(0+[])>
' autofocus onfocus=ran(0+[]) x='
</title><script>ran(0+[])</script>
</textarea></bdi></h1><iframe srcdoc="<script>ran(0+[])</script>">
&lt;script&gt;ran(0+[])&lt;/script&gt;
&#60;script&#62;ran(0+[])&#60;/script&#62;
{{.Data}} {{text "x"}} ${7*7} #{7*7} <%= 7*7 %>
javascript:ran(0+[])
data:text/html,<script>ran(0+[])</script>
<!-- -->]]><![CDATA[<script>ran(0+[])</script>]]>
%3Cscript%3Eran(0+[])%3C/script%3E
\u003cscript\u003eran(0+[])\u003c/script\u003e
+ADw-script+AD4-ran(0+[])+ADw-/script+AD4-
</bdi><bdo dir=rtl>deretla
--><base href=//evil.example>
';ran(0+[]);//
`)
	out = append(out,
		"invoice \u202egnp.exe", "a\u202a\u202b\u202c\u202d\u202eb", "\u2066abc\u2067def\u2068ghi\u2069", "\u200f\u200eabc\u061c",
		"\u202e", "\u200b", "\u200b\u200c\u200d\u2060\ufeff", "\u3164", "\u2800", "\u115f\u1160", "\u00ad", "\U000e0041\U000e0042",
		"z\u200bero wi\u200dth", "раураl.com", "exаmple", "ｅｘａｍｐｌｅ", "ⓔⓧⓐⓜⓟⓛⓔ", "\u2028second line", "\u2029paragraph", "\u0085next",
		"Z"+strings.Repeat("\u0361\u0489\u033f", 200), strings.Repeat("W", 5000), strings.Repeat("a ", 3000), strings.Repeat("\U0001f469\u200d", 300),
		"\x00nul\x00", "\x1b[31mred\x1b[0m", "\x07bell\x08\x08back", "tab\tand\vform\f", "\x7f\x80\x9b", "\xff\xfe\xc0\xae\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\r\nBcc: victim@example.com", "\nSet-Cookie: a=b", "\r\n\r\n<script>ran(0+[])</script>", "\rContent-Type: text/html",
		"\ufffe\uffff", "\ufff9annotated\ufffabase\ufffb", "\U0001d5ae\U0001d5c2", "\u0600\u06dd", "\u034f", "\u180e")
	return out
}

// Field writes a text as header fields may have it: as it is (without line ends),
// and as encoded words of several kinds.
func Field(s string) []string {
	bare := strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
	out := []string{bare, mime.BEncoding.Encode("utf-8", s), mime.QEncoding.Encode("utf-8", s)}
	if len(s) < 400 {
		word := "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
		out = append(out, word, "\""+word+"\"", "=?UTF-8*en?B?"+base64.StdEncoding.EncodeToString([]byte(s))+"?=", "=?x-none?b?PHNjcmlwdD4=?= "+bare,
			"=?utf-16le?b?"+wide64(s)+"?=", "=?utf-7?q?"+strings.ReplaceAll(bare, " ", "_")+"?=", "=?utf-8?q?=?= =?utf-8?b?"+bare+"?=")
	}
	return out
}

// FileNames returns names for attachments, as people are meant to be deceived by
// them.
func FileNames() []string {
	out := Lines()
	for _, dir := range []string{"../", "../../../../", `..\`, `..\..\`, "/", "//host/share/", `\\host\share\`, "C:", `C:\Windows\`, "file:///", "~/", "./", ".../", "a/../../", "%2e%2e%2f",
		"%2e%2e/", "..%c0%af", "..%252f", "\uff0e\uff0e\uff0f", "..\u2215", "..\u2044", "\x00/", "dir/sub\\"} {
		for _, file := range []string{"passwd", ".bashrc", "x.exe", "evil.pdf.lnk"} {
			out = append(out, dir+file)
		}
	}
	for _, stem := range []string{"invoice", "Rechnung\u202e", "photo\u2066", "doc\u200b", " ", ".", "con", "COM1", "nul.tar", strings.Repeat("long ", 60)} {
		for _, ext := range []string{".pdf.exe", ".pdf .exe", ".pdf" + strings.Repeat(" ", 60) + ".exe", ".exe.", ".exe ", ".exe::$DATA", ".exe:pdf", ".fdp.exe", "fdp.exe",
			".html", ".svg", ".desktop", ".lnk", ".url", ".scf", ".hta", ".js", ".iso", ".p\u0440f", ".\u202efdp", "\u2024pdf", ".pdf\x00.exe", ".pdf\r\n.exe", ".pdf;.exe", ".pdf\".exe", ".pdf'.exe"} {
			out = append(out, stem+ext)
		}
	}
	return out
}

// Attached returns the header of a part with this file name, in the ways that
// mail has of writing one (RFC 2183, RFC 2231, RFC 2047 against its own rules).
func Attached(name string) []string {
	bare := strings.NewReplacer("\r", " ", "\n", " ").Replace(name)
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(bare)
	percent := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return []string{
		"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"" + quoted + "\"",
		"Content-Type: application/octet-stream; name=\"" + quoted + "\"\nContent-Disposition: attachment",
		"Content-Type: text/html; name=\"=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(name)) + "?=\"\nContent-Disposition: attachment",
		"Content-Type: image/svg+xml\nContent-Disposition: attachment; filename*=utf-8''" + percent,
		"Content-Type: application/pdf\nContent-Disposition: inline; filename*0*=utf-8''" + percent + "; filename*1=\".pdf\"",
		"Content-Type: application/x-msdownload; name=\"harmless.txt\"\nContent-Disposition: attachment; filename=\"=?utf-8?q?" + qEncoded(name) + "?=\"",
	}
}

func qEncoded(s string) string { return entities(s, "=%02X") }

// Attachments returns one mail that has all of the parts' headers.
func Attachments(headers []string) string {
	var b strings.Builder
	b.WriteString("From: clara@firm.example\nSubject: hostile names\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nbody\n")
	for i, h := range headers {
		fmt.Fprintf(&b, "--b\n%s\n\n<script>ran(%d+[])</script>\n", h, i)
	}
	return b.String() + "--b--\n"
}
