package mail_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/postseal/postseal/rules/mail"
)

func plantStructure(add func(name, raw string)) {
	leaf := "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("the card is "+card)
	for _, b := range []struct{ name, param, line string }{
		{"plain", "boundary=b", "b"}, {"quoted", `boundary="b c"`, "b c"}, {"spaces", `boundary = "b"`, "b"}, {"trailing space", `boundary="b "`, "b"}, {"upper case", "BOUNDARY=b", "b"},
		{"twice", "boundary=b; boundary=c", "b"}, {"second", "boundary=b; boundary=c", "c"}, {"escaped", `boundary="b\c"`, "bc"}, {"escape kept", `boundary="b\c"`, `b\c`},
		{"single quotes", "boundary='b'", "'b'"}, {"single quotes gone", "boundary='b'", "b"}, {"pieces", "boundary*0=b; boundary*1=c", "bc"}, {"extended", "boundary*=us-ascii''b%63", "bc"},
		{"comment", "boundary=b (c)", "b"}, {"comment between", "(c) boundary=b", "b"}, {"encoded word", `boundary="=?us-ascii?q?b?="`, "b"}, {"encoded word kept", `boundary="=?us-ascii?q?b?="`, "=?us-ascii?q?b?="},
		{"no value", "boundary=", ""}, {"empty", `boundary=""`, ""}, {"none", "x=y", "b"}, {"semicolon", `boundary="b;c"`, "b;c"}, {"unclosed", `boundary="b`, "b"}, {"folded", "\r\n\tboundary=b", "b"},
		{"long", "boundary=" + strings.Repeat("x", 200), strings.Repeat("x", 200)}, {"dashes", "boundary=----b", "----b"}, {"equals", `boundary="=_b="`, "=_b="}, {"colon", "boundary=a:b", "a:b"}, {"trailing junk", `boundary="b"c`, "b"},
		{"high octet", "boundary=\xe4", "\xe4"}, {"no semicolon", "boundary", "b"}, {"comma", ",boundary=b", "b"},
	} {
		add("boundary "+b.name, entity(top+"Content-Type: multipart/mixed; "+b.param, "--"+b.line+"\r\n"+leaf+"\r\n--"+b.line+"--\r\n"))
	}
	multi := top + "Content-Type: multipart/mixed; boundary=b"
	for name, body := range map[string]string{
		"no last boundary":         "--b\r\n" + leaf,
		"cut in the boundary":      "--b\r\n" + leaf + "\r\n--",
		"preamble":                 "card " + card + "\r\n--b\r\n\r\nx\r\n--b--\r\n",
		"epilogue":                 "--b\r\n\r\nx\r\n--b--\r\ncard " + card,
		"part after the end":       "--b\r\n\r\nx\r\n--b--\r\n--b\r\n" + leaf,
		"only preamble":            "card " + card,
		"base64 in the preamble":   b64("the card is " + card),
		"no empty line":            "--b\r\nthe card is " + card + "\r\n--b--\r\n",
		"base64 and no empty line": "--b\r\n" + b64("the card is "+card) + "--b--\r\n",
		"header only":              "--b\r\nX-Card: " + card + "\r\n--b--\r\n",
		"line with junk":           "--b\r\n\r\nx\r\n--b junk\r\n" + leaf + "\r\n--b--\r\n",
		"line with space":          "--b  \t\r\n" + leaf + "\r\n--b--  \r\n",
		"space before line":        "--b\r\n\r\nx\r\n --b\r\n" + leaf + "\r\n--b--\r\n",
		"bare LF":                  "--b\n" + strings.ReplaceAll(leaf, "\r\n", "\n") + "\n--b--\n",
		"bare CR":                  "--b\r" + strings.ReplaceAll(leaf, "\r\n", "\r") + "\r--b--\r",
		"CRCRLF":                   "--b\r\r\n" + strings.ReplaceAll(leaf, "\r\n", "\r\r\n") + "\r\r\n--b--\r\r\n",
		"bad header line":          "--b\r\nrubbish\r\n" + leaf + "\r\n--b--\r\n",
		"header line of space":     "--b\r\nX: y\r\n \r\n" + leaf + "\r\n--b--\r\n",
		"space before colon":       "--b\r\n" + strings.ReplaceAll(leaf, "Encoding:", "Encoding :") + "\r\n--b--\r\n",
		"NUL in the header":        "--b\r\n" + strings.ReplaceAll(leaf, "Encoding:", "Enc\x00oding:") + "\r\n--b--\r\n",
		"folded name":              "--b\r\n" + strings.ReplaceAll(leaf, "Transfer-Encoding:", "Transfer-Encoding\r\n :") + "\r\n--b--\r\n",
		"folded value":             "--b\r\n" + strings.ReplaceAll(leaf, "Encoding: ", "Encoding:\r\n\t") + "\r\n--b--\r\n",
		"continuation first":       "--b\r\n X: y\r\n" + leaf + "\r\n--b--\r\n",
		"same boundary inside":     "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + leaf + "\r\n--b--\r\n--b--\r\n",
		"longer boundary inside":   "--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n" + leaf + "\r\n--bb--\r\n--b--\r\n",
		"boundary ending in --":    "--b\r\nContent-Type: multipart/mixed; boundary=b--\r\n\r\n--b--\r\n" + leaf + "\r\n--b----\r\n--b--\r\n",
		"inner never ends":         "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--b\r\n" + leaf + "\r\n--b--\r\n",
		"inner never begins":       "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n" + leaf + "\r\n--b--\r\n",
		"inner ends twice":         "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i--\r\n" + leaf + "\r\n--i--\r\n--b--\r\n",
		"forwarded":                "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n" + leaf + "\r\n--b--\r\n",
		"forwarded, no header":     "--b\r\nContent-Type: message/rfc822\r\n\r\n\r\ncard " + card + "\r\n--b--\r\n",
		"forwarded, encoded":       "--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("Subject: x\r\n"+leaf) + "\r\n--b--\r\n",
		"forwarded, twice encoded": "--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+qp("Subject: x\r\n"+leaf)) + "\r\n--b--\r\n",
		"forwarded as a file":      "--b\r\nContent-Type: application/octet-stream; name=\"m.eml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("Subject: x\r\n"+leaf) + "\r\n--b--\r\n",
		"forwarded, global":        "--b\r\nContent-Type: message/global\r\n\r\nSubject: x\r\n" + leaf + "\r\n--b--\r\n",
		"forwarded multipart":      "--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n" + leaf + "\r\n--i--\r\n--b--\r\n",
		"forwarded, same boundary": "--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + leaf + "\r\n--b--\r\n--b--\r\n",
		"digest":                   "--b\r\nContent-Type: multipart/digest; boundary=i\r\n\r\n--i\r\n\r\nSubject: x\r\n" + leaf + "\r\n--i--\r\n--b--\r\n",
		"delivery status":          "--b\r\nContent-Type: message/delivery-status\r\n\r\nDiagnostic-Code: " + card + "\r\n--b--\r\n",
		"external body":            "--b\r\nContent-Type: message/external-body; access-type=URL; URL=\"http://example.com/" + card + "\"\r\n\r\nContent-Type: text/plain\r\n\r\n--b--\r\n",
		"report headers":           "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: " + card + "\r\n--b--\r\n",
		"type without subtype":     "--b\r\nContent-Type: text\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("card "+card) + "\r\n--b--\r\n",
		"unknown type":             "--b\r\nContent-Type: x-foo/x-bar\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("card "+card) + "\r\n--b--\r\n",
		"image that is text":       "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("card "+card) + "\r\n--b--\r\n",
		"binary":                   "--b\r\nContent-Type: application/x-foo\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("\x00\x01\x02card "+card+"\x00\x00\xff") + "\r\n--b--\r\n",
		"binary utf-16":            "--b\r\nContent-Type: application/x-foo\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("\x00\x01\x02\x03\x03\x01\x024\x001\x001\x001\x00"+strings.Repeat("1\x00", 12)+"\x00\x00\x00") + "\r\n--b--\r\n",
	} {
		add("multipart "+name, entity(multi, body))
		add("multipart alternative "+name, entity(top+"Content-Type: MULTIPART/Alternative; Boundary=\"b\"", body))
		add("multipart without MIME-Version "+name, entity("From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b", body))
	}
	deep := leaf
	for i := range 90 {
		deep = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, deep, i)
	}
	add("90 deep", top+deep)
	for i := 90; i < 200; i++ {
		deep = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, deep, i)
	}
	add("200 deep", top+deep)
	add("12,000 parts", entity(multi, strings.Repeat("--b\r\n\r\nx\r\n", 12_000)+"--b\r\n"+leaf+"\r\n--b--\r\n"))
}

// plantPlaces hides the number in each place that a long text has.
func plantPlaces(add func(name, raw string)) {
	filler := strings.Repeat("lorem ipsum dolor sit amet ", 40)
	for i, n := range []int{1, 2, 5, 100, 303, 304, 2427} {
		long := strings.Repeat(filler, n)
		long = long[:len(long)-i]
		add(fmt.Sprintf("after %d octets", len(long)), entity(top, long+" "+card+" "+filler))
		add(fmt.Sprintf("after %d octets, encoded", len(long)), entity(top+"Content-Transfer-Encoding: base64", b64(long+" 4111 1111 1111 1111 "+filler)))
		add(fmt.Sprintf("after %d octets, html", len(long)), entity(top+"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable", qp("<p>"+long+" 4111 <b>1111</b> 1111 1111 "+filler)))
	}
	chunk := bytes.Repeat([]byte("word "), mail.ChunkBytes/5)
	for _, back := range []int{0, 1, 8, 16, 30} {
		add(fmt.Sprintf("%d octets before the end of a chunk", back), entity(top, string(chunk[:len(chunk)-back])+" 4111 1111 1111 1111 and more"))
	}
	line := strings.Repeat("x", 64<<10-4)
	add("over the line buffer", entity(top, line+" "+card))
	add("over the line buffer, grouped", entity(top, line+" 4111 1111 1111 1111"))
}

// plantAmbiguous gives fields twice, in both orders, and each way to encode that
// one of them names.
func plantAmbiguous(add func(name, raw string)) {
	text := "the card number is " + card + ", thank you"
	bodies := map[string]string{"plain": text, "base64": b64(text), "quoted-printable": qp(text)}
	fields := []string{
		"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit",
		"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
		"Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: base64",
		"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: quoted-printable",
		"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: quoted-printable",
		"Content-Transfer-Encoding:\r\nContent-Transfer-Encoding: base64",
		"Content-Transfer-Encoding : base64",
		"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b",
		"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64",
		"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: quoted-printable",
		"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64",
		"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64 7bit",
		"Content-Type: text/html; text/plain",
		"Content-Type: text/plain, text/html\r\nContent-Transfer-Encoding: base64",
		"Content-Type:\r\nContent-Transfer-Encoding: base64",
	}
	for _, f := range fields {
		for name, body := range bodies {
			short := strings.ReplaceAll(strings.ReplaceAll(f, "\r\n", " | "), "Content-", "")
			add("ambiguous "+name+": "+short, entity(top+f, body))
			add("ambiguous part "+name+": "+short, entity(top+"Content-Type: multipart/mixed; boundary=out", "--out\r\n"+f+"\r\n\r\n"+body+"\r\n--out--\r\n"))
		}
	}
}
