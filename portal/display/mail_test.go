package display

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestRead(t *testing.T) {
	deep := ""
	for range 60 {
		deep += "Content-Type: multipart/mixed; boundary=x\n\n--x\n"
	}
	tests := []struct {
		name, raw  string
		text, html string
		files      string // names, by "|"
		damaged    bool
	}{
		{"plain", "Subject: x\n\nHello\n", "Hello\n", "", "", false},
		{"latin1", "Content-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe", "Grüße", "", "", false},
		{"unknown charset", "Content-Type: text/plain; charset=x-none\n\nabc \xff", "abc \uFFFD", "", "", false},
		{"quoted-printable", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\na=C3=A4=\nb", "aäb", "", "", false},
		{"html alone", "Content-Type: text/html\n\n<p>Hello<br>you</p><script>x</script>", "Hello\nyou", "<p>Hello<br>you</p><script>x</script>", "", false},
		{"alternative", "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html\n--b--\n", "plain", "<p>html", "", false},
		{"attached text", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbody\n--b\nContent-Type: text/plain; name=notes.txt\nContent-Disposition: attachment\n\nnotes\n--b--\n", "body", "", "notes.txt", false},
		{"attached mail", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbody\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner\n--b--\n", "body", "", "attachment.eml", false},
		{"encoded name", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf; name=\"=?utf-8?b?w6QucGRm?=\"\n\nx\n--b--\n", "", "", "ä.pdf", false},
		{"no end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbody", "body", "", "", true},
		{"no boundary", "Content-Type: multipart/mixed\n\nwhat", "", "", "", true},
		{"bad base64", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbody\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nAAAA!!\n--b--\n", "body", "", "a.pdf", false},
		{"unknown encoding", "Content-Type: text/plain\nContent-Transfer-Encoding: x-none\n\nraw", "raw", "", "", false},
		{"too deep", deep, "", "", "", true},
		{"no header", "\x00\x01 nothing like a mail", "", "", "", true},
		{"controls", "Subject: x\n\na\x00b\x1b[31m\u202ec", "ab[31mc", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Read(strings.NewReader(crlf(tt.raw)))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range m.Attachments {
				names = append(names, a.Name)
			}
			if tt.name == "no header" {
				tt.text = m.Text
				if !strings.Contains(m.Text, "nothing like a mail") {
					t.Errorf("text %q", m.Text)
				}
			}
			if m.Text != tt.text || m.HTML != tt.html || strings.Join(names, "|") != tt.files || m.Damaged != tt.damaged {
				t.Errorf("text %q, html %q, files %q, damaged %v", m.Text, m.HTML, names, m.Damaged)
			}
			for _, a := range m.Attachments {
				var b bytes.Buffer
				ok, err := Part(strings.NewReader(crlf(tt.raw)), a.Index, func(found Attachment) (io.Writer, error) {
					if found.Name != a.Name {
						t.Errorf("part %d is %q, not %q", a.Index, found.Name, a.Name)
					}
					return &b, nil
				})
				if !ok || err != nil || int64(b.Len()) != a.Size {
					t.Errorf("part %d: %v, %v, %d octets of %d", a.Index, ok, err, b.Len(), a.Size)
				}
			}
		})
	}
}

func TestReadFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := Read(io.MultiReader(strings.NewReader("Subject: x\r\n\r\nbody"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, err := Part(iotest.ErrReader(broken), 0, nil); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestReadLimits(t *testing.T) {
	m, err := Read(strings.NewReader("Content-Type: text/html\r\n\r\n<p>" + strings.Repeat("x", maxHTML+10)))
	if err != nil || m.HTML != "" || !m.Cut || len(m.Attachments) != 1 {
		t.Errorf("long HTML: %d octets, cut %v, %d files (%v)", len(m.HTML), m.Cut, len(m.Attachments), err)
	}
	m, err = Read(strings.NewReader("Subject: x\r\n\r\n" + strings.Repeat("x", maxText+10)))
	if err != nil || len(m.Text) != maxText || !m.Cut {
		t.Errorf("long text: %d octets, cut %v (%v)", len(m.Text), m.Cut, err)
	}
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n")
	for range maxParts + 5 {
		b.WriteString("--b\r\nContent-Type: image/png\r\n\r\nx\r\n")
	}
	m, err = Read(strings.NewReader(b.String()))
	if err != nil || len(m.Attachments) != maxParts || !m.Damaged {
		t.Errorf("many parts: %d, damaged %v (%v)", len(m.Attachments), m.Damaged, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b--\r\n"))
	f.Add([]byte("Subject: =?utf-8?q?=C3?=\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+ADw-"))
	f.Add([]byte("\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Read(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range m.Attachments {
			if a.Name == "" || a.Size < 0 {
				t.Errorf("attachment %+v", a)
			}
			ok, err := Part(bytes.NewReader(raw), a.Index, func(Attachment) (io.Writer, error) { return io.Discard, nil })
			if !ok || err != nil {
				t.Errorf("part %d: %v, %v", a.Index, ok, err)
			}
		}
		for _, h := range m.Header {
			if strings.ContainsAny(h.Value, "\r\n\x00") {
				t.Errorf("header %q", h.Value)
			}
		}
	})
}
