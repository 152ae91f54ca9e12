package mail_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/mail"
)

// Reading a message and scanning its texts with all detectors on.
func BenchmarkMail(b *testing.B) {
	builder := detect.NewBuilder()
	for _, name := range detect.Names() {
		if _, err := builder.Detector(name, nil); err != nil {
			b.Fatal(err)
		}
	}
	scanner, err := builder.Compile()
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	line := "Dear colleague, please find attached the minutes of our meeting on 12 March and the list of what is open.\r\n"
	noise := make([]byte, 7<<20)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	header := "Received: from mail.example.org (mail.example.org [192.0.2.1])\r\n\tby mx.example.com (Postfix) with ESMTPS id 4XyZ12345z\r\n\tfor <ann@example.com>; Mon, 1 Dec 2025 10:00:00 +0100 (CET)\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\r\n\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=From:To:Subject;\r\n\tb=" + strings.Repeat("Zm9vYmFy", 40) + "\r\n" +
		"From: Bob <bob@example.org>\r\nTo: Ann <ann@example.com>\r\nSubject: =?utf-8?Q?Minutes_of_M=C3=A4rz?=\r\nMessage-ID: <1@example.org>\r\nDate: Mon, 1 Dec 2025 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
	html := "<html><head><style>p { color: #333 }</style></head><body>" + strings.Repeat("<p class=\"x\">Dear <b>colleague</b>, please find attached&nbsp;the minutes.</p>\r\n", 15) + "</body></html>\r\n"
	for _, c := range []struct{ name, raw string }{
		{"plain-4KB", header + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat(line, 27)},
		{"alternative-4KB", header + "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat(line, 12) +
			"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.ReplaceAll(html, "=", "=3D") + "--b--\r\n"},
		{"plain-20MB", header + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat(line, 20<<20/len(line))},
		{"html-20MB", header + "Content-Type: text/html; charset=utf-8\r\n\r\n" + strings.Repeat(html, 20<<20/len(html))},
		{"binary-base64-10MB", header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + line + "--b\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(string(noise)) + "--b--\r\n"},
		{"text-base64-10MB", header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + line + "--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(strings.Repeat(line, 7<<20/len(line))) + "--b--\r\n"},
		{"swept-1MB", header + "Content-Type: text/plain\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat(line, 1<<20/len(line))},
	} {
		fields, body := split(c.raw)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.raw)))
			b.ReportAllocs()
			for b.Loop() {
				m, err := mail.Read(context.Background(), fields, strings.NewReader(body), int64(len(body)), mail.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				tally := scanner.NewTally()
				if err := m.Texts(context.Background(), mail.InSubject|mail.InBody|mail.InAttachments, func(x *mail.Text) error {
					tally.Scan(x.Data, uint8(x.Where), x.Label)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
