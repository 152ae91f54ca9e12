package hostile

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf16"
)

// A Mail is one attack in the structure or the encoding of a message.
type Mail struct {
	ID   int // what its scripts and loads tell
	Name string
	Raw  string // line ends are LF
}

// body is the HTML of the mails here.
func body(p place) string {
	return "<p>before</p><script>" + p.js + "</script><img src=" + p.url + " onerror=" + p.js + "><svg onload=" + p.js + "></svg><p>after</p>"
}

// charsets are ways to write markup so that it isn't seen by who reads another
// charset than the one who shows it.
var charsets = []struct {
	label  string
	encode func(string) string
}{
	{"utf-8", same}, {"us-ascii", same}, {"iso-8859-1", same}, {"x-none", same}, {"", same}, {"x-user-defined", same}, {"replacement", same},
	{"utf-8\"; x=\"", same}, {"none; charset=utf-7", seven},
	{"utf-7", seven}, {"unicode-1-1-utf-7", seven}, {"x-imap4-modified-utf7", seven}, {"utf-8", seven}, {"", seven},
	{"utf-16", wide("\xff\xfe", false)}, {"utf-16le", wide("", false)}, {"utf-16be", wide("", true)}, {"utf-16", wide("\xfe\xff", true)}, {"utf-8", wide("\xff\xfe", false)},
	{"utf-32", func(s string) string {
		var b strings.Builder
		for _, r := range s {
			b.WriteString("\x00\x00\x00" + string(r))
		}
		return b.String()
	}},
	{"utf-8", overlong}, {"us-ascii", high}, {"iso-8859-1", high}, {"utf-8", high},
	{"iso-2022-jp", func(s string) string { return "\x1b$B\x1b(J" + s }}, {"iso-2022-jp", func(s string) string { return "\x1b(I<\x1b(B" + s }},
	{"iso-2022-kr", func(s string) string { return "\x1b$)C\x0e\x0f" + s }}, {"iso-2022-cn", same},
	{"hz-gb-2312", func(s string) string { return "~{~}" + strings.ReplaceAll(s, "<", "~\n<") }},
	{"shift_jis", func(s string) string { return strings.ReplaceAll(s, "<", "\x81<") }}, {"big5", func(s string) string { return strings.ReplaceAll(s, "<", "\xa1<") }},
	{"gbk", func(s string) string { return strings.ReplaceAll(s, "=", "=\x81") }}, {"gb18030", same}, {"euc-jp", same}, {"koi8-r", same},
	{"windows-1252", func(s string) string { return strings.ReplaceAll(s, "<", "\x8b<") }}, {"ibm866", same}, {"macintosh", same},
	{"ebcdic-cp-us", func(s string) string { return strings.ReplaceAll(s, "<", "\x4c") }}, {"cp037", func(s string) string { return strings.ReplaceAll(s, "<", "\x4c") }},
	{"utf-8", func(s string) string { return strings.ReplaceAll(s, "<", "<\x00") }}, {"utf-8", func(s string) string { return "\xef\xbb\xbf" + s }},
	{"utf-8", func(s string) string { return strings.ReplaceAll(s, "script", "scr\xadipt") }},
}

func same(s string) string { return s }

func seven(s string) string { return strings.NewReplacer("<", "+ADw-", ">", "+AD4-").Replace(s) }

func overlong(s string) string {
	return strings.NewReplacer("<", "\xc0\xbc", ">", "\xe0\x80\xbe").Replace(s)
}

func high(s string) string { return strings.NewReplacer("<", "\xbc", ">", "\xbe").Replace(s) }

func wide(mark string, big bool) func(string) string {
	return func(s string) string {
		b := []byte(mark)
		for _, c := range utf16.Encode([]rune(s)) {
			if big {
				b = append(b, byte(c>>8), byte(c))
			} else {
				b = append(b, byte(c), byte(c>>8))
			}
		}
		return string(b)
	}
}

// transfers are the ways to put a body into a mail (RFC 2045 section 6), well and
// badly.
var transfers = []struct {
	label  string
	encode func(string) string
}{
	{"8bit", same},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"quoted-printable", func(s string) string { return entities(s, "=%02X") }},
	{"x-uuencode", same},
	{"BASE64 ", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "====" + s }},
}

// kinds are the types that a part may pretend to be.
var kinds = strings.Fields(`text/html text/plain text/enriched text/richtext text/xml text/x-amp-html text/calendar text/vcard text/x-vcard text/directory
	text/css text/javascript text/markdown text/x-html text/HTML text/htm application/xhtml+xml application/xml application/javascript
	application/octet-stream application/ms-tnef application/pdf application/x-shockwave-flash application/hta image/svg+xml image/png
	message/rfc822 message/partial message/external-body message/delivery-status message/disposition-notification message/http
	multipart/mixed multipart/x-mixed-replace multipart/byteranges multipart/appledouble multipart/report chemical/x-pdb video/mp4 audio/x-wav model/vrml`)

// Mails returns messages whose structure or encoding is the attack.
func Mails(origin string) (out []Mail) {
	add := func(name string, f func(place) string) {
		n := len(out)
		_, host, _ := strings.Cut(origin, "//")
		p := place{fmt.Sprintf("ran(%d+[])", n), fmt.Sprintf("%s/%d", origin, n), fmt.Sprintf("%s/%d", host, n)}
		out = append(out, Mail{n, name, "From: clara@firm.example\nSubject: hostile " + fmt.Sprint(n) + "\nMIME-Version: 1.0\n" + f(p)})
	}
	for i, c := range charsets {
		for j, t := range transfers {
			if (i+j)%2 != 0 && j > 0 {
				continue
			}
			add("charset "+c.label+" "+t.label, func(p place) string {
				kind := "text/html"
				if c.label != "" {
					kind += "; charset=\"" + c.label + "\""
				}
				return "Content-Type: " + kind + "\nContent-Transfer-Encoding: " + t.label + "\n\n" + t.encode(c.encode(body(p))) + "\n"
			})
		}
	}
	for _, kind := range kinds {
		add("alone "+kind, func(p place) string { return "Content-Type: " + kind + "\n\n" + body(p) + "\n" })
		add("inline "+kind, func(p place) string {
			return "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x<img src=\"cid:a\"><iframe src=\"cid:a\"></iframe>" + body(p) +
				"\n--b\nContent-Type: " + kind + "\nContent-Disposition: inline\nContent-ID: <a>\n\n" + body(p) + "\n--b--\n"
		})
		add("related "+kind, func(p place) string {
			return "Content-Type: multipart/related; boundary=b; start=\"<r>\"\nContent-Base: " + p.url + "\n\n--b\nContent-Type: text/html\nContent-ID: <r>\nContent-Location: " + p.url +
				"\n\n<img src=\"cid:a\"><object data=\"cid:a\"></object><link rel=stylesheet href=\"cid:a\"><img src=\"rel.png\">\n--b\nContent-Type: " + kind +
				"\nContent-ID: <a>\nContent-Location: rel.png\n\n" + body(p) + "\n--b--\n"
		})
		add("alternative "+kind, func(p place) string {
			return "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: " + kind + "\n\n" + body(p) + "\n--b\nContent-Type: " + kind + "; charset=utf-7\n\n" + seven(body(p)) + "\n--b--\n"
		})
	}
	for i, s := range strings.Split(structures, "\n====\n") {
		add(fmt.Sprintf("structure %d", i), func(p place) string {
			return strings.NewReplacer("{body}", body(p), "{url}", p.url, "{js}", p.js).Replace(strings.TrimLeft(s, "\n"))
		})
	}
	return out
}
