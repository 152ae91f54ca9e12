package mail

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// read splits a message given with LF line ends, reads it with CRLF, and
// collects its texts by label.
func read(t testing.TB, raw string, l Limits) (*Message, map[string]string) {
	t.Helper()
	return readOctets(t, strings.ReplaceAll(raw, "\n", "\r\n"), l)
}

func readOctets(t testing.TB, raw string, l Limits) (*Message, map[string]string) {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	fields := parseFields([]byte(head), func(string) {})
	m, err := Read(context.Background(), fields, strings.NewReader(body), int64(len(body)), l)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	if err := m.Texts(context.Background(), 0xff, func(x *Text) error {
		texts[x.Label] += string(x.Data)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return m, texts
}

// outline describes the parts of a message, one a line.
func outline(m *Message) string {
	var b strings.Builder
	for _, p := range m.Parts {
		fmt.Fprintf(&b, "%s|%d|%s|%s|%s|%d\n", p.Path, p.Kind, p.Type, p.Disposition, p.Name, p.Size)
	}
	for _, d := range m.Defects {
		fmt.Fprintf(&b, "! %s\n", d)
	}
	for _, d := range m.Unscannable {
		fmt.Fprintf(&b, "? %s\n", d)
	}
	return b.String()
}

func TestReadStructure(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"plain", "Subject: hi\n\nhello\n", "|1|text/plain|||7\n"},
		{"empty", "Subject: hi\n\n", "|1|text/plain|||0\n"},
		{
			"mixed",
			"Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b\n\nhello\n--b\nContent-Type: application/pdf; name=\"a b.pdf\"\nContent-Disposition: attachment;\n filename*=UTF-8''%C3%A4.pdf\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--b--\nepilogue\n",
			"|0|multipart/mixed|||0\n1|1|text/plain|||5\n2|2|application/pdf|attachment|ä.pdf|5\n",
		},
		{
			"nested",
			"Content-Type: multipart/mixed; boundary=b1\n\n--b1\nContent-Type: multipart/alternative; boundary=b12\n\n--b12\n\nplain\n--b12\nContent-Type: text/html\n\n<p>x\n--b12--\n--b1\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\ninner text\n--i--\n--b1--\n",
			"|0|multipart/mixed|||0\n1|0|multipart/alternative|||0\n1.1|1|text/plain|||5\n1.2|1|text/html|||4\n2|2|message/rfc822|||85\n2.0|0|multipart/mixed|||0\n2.0.1|1|text/plain|||10\n",
		},
		{
			"forwarded in base64",
			"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW5uZXINCg0KaW5uZXI=\n",
			"|2|message/rfc822|||23\n0|1|text/plain|||5\n",
		},
		{
			"no last boundary",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n",
			"|0|multipart/mixed|||0\n1|1|text/plain|||7\n! a multipart without its last boundary\n",
		},
		{
			"no boundary line", "Content-Type: multipart/mixed; boundary=b\n\nhello\n",
			"|0|multipart/mixed|||0\n! a multipart without a part\n",
		},
		{
			"no boundary", "Content-Type: multipart/mixed\n\nhello\n",
			"|0|multipart/mixed|||7\n! a multipart without a boundary\n",
		},
		{
			"bad header line",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nrubbish\nContent-Type: text/html\n\nhello\n--b--\n",
			"|0|multipart/mixed|||0\n1|1|text/html|||5\n! 1: a header line without a name\n",
		},
		{
			"truncated base64", "Content-Transfer-Encoding: base64\n\naGVsbG8gd29ybG\n",
			"|1|text/plain|||10\n! base64 is truncated\n",
		},
		{
			"unknown encoding", "Content-Transfer-Encoding: x-zip\n\nhello\n",
			"|1|text/plain|||7\n! a transfer encoding by a wrong name\n? an unknown transfer encoding\n",
		},
		{
			"alias", "Content-Transfer-Encoding: 8bits\n\nhello\n",
			"|1|text/plain|||7\n! a transfer encoding by a wrong name\n",
		},
		{
			"twice", "Content-Type: text/html\nContent-Type: text/plain\n\nhello\n",
			"|1|text/html|||7\n! a content header field stands twice\n",
		},
		{
			"partial", "Content-Type: message/partial; id=\"a@b\"; number=1\n\nhello\n",
			"|2|message/partial|||7\n? one piece of a message in pieces\n",
		},
		{
			"after the end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
			"|0|multipart/mixed|||0\n1|1|text/plain|||3\n2|1|text/plain|||3\n! a part after the last boundary\n",
		},
		{
			"PGP/MIME", "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\nx\n--b--\n",
			"|0|multipart/encrypted|||0\n1|2|application/pgp-encrypted|||10\n2|2|application/octet-stream|||1\n? encrypted content\n",
		},
		{
			"PGP in the text", "Subject: x\n\nsee:\n-----BEGIN PGP MESSAGE-----\n\nx\n",
			"|1|text/plain|||40\n? encrypted content\n",
		},
		{
			"S/MIME", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx\n",
			"|2|application/pkcs7-mime||smime.p7m|3\n? encrypted content\n",
		},
		{
			"comment", "Content-Type: text/plain (really); charset=utf-8\n\nhello\n",
			"|1|text/plain|||7\n! a comment in a content header field\n",
		},
	}
	for _, tt := range tests {
		m, _ := read(t, tt.raw, Limits{})
		if got := outline(m); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	nest := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String() + "\nhello\n"
	}
	tests := []struct {
		name, raw string
		limits    Limits
		parts     int
		want      string
	}{
		{"depth", nest(150), Limits{}, 101, reasonDepth},
		{"parts", "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 300), Limits{Parts: 100}, 100, reasonParts},
		{"header", "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: " + strings.Repeat("x", 3000) + "\n\nx\n--b--\n", Limits{HeaderBytes: 1000}, 2, reasonHeader},
		{"own header", "X: " + strings.Repeat("x", 3000) + "\n\nx\n", Limits{HeaderBytes: 1000}, 1, reasonHeader},
		{"forwarded", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("QUJD", 300), Limits{NestedBytes: 100}, 1, reasonNested},
		{"text", "Subject: x\n\n" + strings.Repeat("hello ", 300), Limits{TextBytes: 100}, 1, reasonText},
	}
	for _, tt := range tests {
		m, _ := read(t, tt.raw, tt.limits)
		var reasons []string
		for _, d := range m.Unscannable {
			reasons = append(reasons, d.What)
		}
		if len(m.Parts) != tt.parts || !strings.Contains(strings.Join(reasons, ","), tt.want) {
			t.Errorf("%s: %d parts, unscannable for %q", tt.name, len(m.Parts), reasons)
		}
	}
}
