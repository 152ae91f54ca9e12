package mail

import (
	"context"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever comes, reading ends without a panic, texts are UTF-8, and parts stay
// within their source.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"Subject: =?utf-8?B?aGVsbG8=?= =?x?q?=34?=\r\n\r\nhello\r\n",
		"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\nContent-Type: text/html; charset=shift_jis\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=82=4F&#52;<!--\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogaW5uZXINCg0KaW5uZXI=\r\n--b--\r\n",
		"Content-Type: text/plain; charset=utf-7; format=flowed; delsp=yes\r\n\r\n+ADQAMQ- \r\nx",
		"Content-Type: application/octet-stream; name*0*=utf-8''%41; name*1=b.eml\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n#86)C\r\n`\r\nend\r\n",
		"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\naGVs*bG8=aGVsbG8=\x1b$B#4#1\x1b(B",
		"Content-Type: text/plain; charset=iso-2022-kr\r\n\r\n\x1b$)C\x0e#4#1\x0f",
		"Content-Type: multipart/digest; boundary=b (c)\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\n--b --\r\n--b--",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		head, body, _ := strings.Cut(raw, "\r\n\r\n")
		fields := parseFields([]byte(head), func(string) {})
		m, err := Read(context.Background(), fields, strings.NewReader(body), int64(len(body)), Limits{Depth: 10, Parts: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Parts {
			if p.content.start < 0 || p.content.end < p.content.start || p.content.end > p.src.size || p.header.end > p.src.size || p.Depth > 11 {
				t.Fatalf("part %q: content %v, header %v in %d octets, depth %d", p.Path, p.content, p.header, p.src.size, p.Depth)
			}
			if p.Kind != Container && !p.walked {
				if n, err := io.Copy(io.Discard, m.Open(p)); err != nil || n != p.Size && !p.unread {
					t.Fatalf("part %q: %d octets, %v, want %d", p.Path, n, err, p.Size)
				}
			}
		}
		if err := m.Texts(context.Background(), 0xff, func(x *Text) error {
			if !utf8.Valid(x.Data) || !utf8.ValidString(x.Label) {
				t.Fatalf("%s is not UTF-8", x.Label)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		m.Summary()
	})
}

func FuzzDecodeHeader(f *testing.F) {
	for _, seed := range []string{"=?utf-8?Q?a_=34?= =?utf-8?B?aGk=?=", "=?gbk?b?o7Q?=", "a\r\n b\x00", "=?utf-16?B?AGE?=", "\xff\xa0x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := DecodeHeader(s); !utf8.ValidString(d) || strings.ContainsAny(d, "\r\n\x00") {
			t.Fatalf("%q", d)
		}
		if n := Normalise(s); Normalise(n) != n && !strings.Contains(s, "\x1b") {
			t.Fatalf("%q normalises to %q and then to %q", s, n, Normalise(n))
		}
		value, params := parseParams(s, func(string) {})
		_, _ = value, params
		SafeName(s)
	})
}
