package display

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postseal/postseal/portal/display/hostile"
	"golang.org/x/net/html"
)

// plainText fails the test unless s is text that stays where it is put: valid, no
// control characters, nothing that reorders what stands around it.
func plainText(t testing.TB, what, s string, lineEnds bool) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%s: invalid text %.200q", what, s)
	}
	for _, r := range s {
		if unicode.IsControl(r) && !(lineEnds && (r == '\n' || r == '\t')) || bidi(r) {
			t.Errorf("%s: %U in %.200q", what, r, s)
			return
		}
	}
}

// TestHostileMails reads the mails whose structure or encoding attacks: what is
// made of each can be shown.
func TestHostileMails(t *testing.T) {
	mails := hostile.Mails("http://evil.example")
	if len(mails) < 280 {
		t.Fatalf("only %d mails", len(mails))
	}
	s := NewSanitiser(1)
	shown := 0
	for _, m := range mails {
		raw := crlf(m.Raw)
		read, err := Read(strings.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		plainText(t, m.Name+": text", read.Text, true)
		if read.HTML != "" {
			shown++
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		c, err := s.Sanitise(ctx, read.HTML, read.Inline)
		cancel()
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		safe(t, m.Name, c.HTML)
		for _, f := range read.Header {
			plainText(t, m.Name+": field", f.Name+f.Value, false)
		}
		for id, p := range read.Inline {
			if !pictureType(p.Type) {
				t.Errorf("%s: picture %q is %s", m.Name, id, p.Type)
			}
		}
		for _, a := range read.Attachments {
			plainText(t, m.Name+": type", a.Type, false)
			cleanFile(t, m.Name, a.Name)
			if ok, err := Part(strings.NewReader(raw), a.Index, func(Attachment) (io.Writer, error) { return io.Discard, nil }); !ok || err != nil {
				t.Errorf("%s: part %d: %v, %v", m.Name, a.Index, ok, err)
			}
		}
	}
	t.Logf("%d of %d mails have HTML to show", shown, len(mails))
	if shown < len(mails)/4 {
		t.Errorf("only %d of %d mails have HTML to show", shown, len(mails))
	}
}

// TestHostileLines decodes header fields made to deceive.
func TestHostileLines(t *testing.T) {
	n := 0
	for _, line := range hostile.Lines() {
		for _, field := range hostile.Field(line) {
			n++
			got := Decode(field)
			plainText(t, "field", got, false)
			if got != "" && strings.IndexFunc(got, visible) < 0 {
				t.Errorf("of %.100q nothing can be seen", field)
			}
			if again := Decode(got); !strings.Contains(got, "=?") && again != got {
				t.Errorf("%.100q, decoded twice: %.100q", got, again)
			}
		}
	}
	if n < 450 {
		t.Errorf("only %d fields", n)
	}
}

func TestDecodeBlank(t *testing.T) {
	for _, s := range []string{"", " ", "\u200b", "\u202e\u2066", "\u3164", "\u2800 \u2800", "\u00ad", "\ufeff\u2060", "=?utf-8?b?4oCL?=", "\u034f\ufe0f", "\U000e0041"} {
		if got := Decode(s); got != "" {
			t.Errorf("Decode(%q) = %q", s, got)
		}
	}
	for _, s := range []string{"x", "\u200bx", "日", "\U0001f469\u200d\U0001f52c", "\u0645\u200c\u06cc", "-"} {
		if got := Decode(s); got != s {
			t.Errorf("Decode(%q) = %q", s, got)
		}
	}
}

// cleanFile fails the test unless a file name is one that every system takes for
// what it looks like.
func cleanFile(t testing.TB, what, name string) {
	t.Helper()
	plainText(t, what+": file", name, false)
	for _, r := range name {
		if unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r != ' ' && unicode.IsSpace(r) {
			t.Errorf("%s: file %q has %U", what, name, r)
		}
	}
	switch {
	case name == "" || strings.IndexFunc(name, visible) < 0:
		t.Errorf("%s: no name", what)
	case len(name) > maxName+1:
		t.Errorf("%s: %d octets of name", what, len(name))
	case strings.ContainsAny(name, `/\<>:"|?*;%`) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || strings.Contains(name, "  "):
		t.Errorf("%.200s: file %q", what, name)
	case reserved(name):
		t.Errorf("%s: device %q", what, name)
	case mime.FormatMediaType("attachment", map[string]string{"filename": name}) == "":
		t.Errorf("%s: file %q does not fit a header", what, name)
	}
}

// TestHostileFiles reads mails with attachments of deceiving names. The name that
// is shown is the one that the file is saved by.
func TestHostileFiles(t *testing.T) {
	var headers []string
	for _, name := range hostile.FileNames() {
		headers = append(headers, hostile.Attached(name)...)
	}
	if len(headers) < 1500 {
		t.Fatalf("only %d parts", len(headers))
	}
	for i := 0; i < len(headers); i += 300 {
		some := headers[i:min(i+300, len(headers))]
		raw := crlf(hostile.Attachments(some))
		m, err := Read(strings.NewReader(raw))
		if err != nil || len(m.Attachments) != len(some) {
			t.Fatalf("%d attachments of %d (%v)", len(m.Attachments), len(some), err)
		}
		for j, a := range m.Attachments {
			cleanFile(t, fmt.Sprintf("%.100q", some[j]), a.Name)
			if j%50 != 0 {
				continue
			}
			var b bytes.Buffer
			ok, err := Part(strings.NewReader(raw), a.Index, func(found Attachment) (io.Writer, error) {
				if found.Name != a.Name {
					t.Errorf("%q is saved as %q", a.Name, found.Name)
				}
				return &b, nil
			})
			if !ok || err != nil || !strings.Contains(b.String(), fmt.Sprintf("ran(%d+[])", j)) {
				t.Errorf("part %d: %v, %v, %q", a.Index, ok, err, b.String())
			}
		}
	}
}

// TestBoxed: whatever the mail's markup leaves open or closes too often, it stays
// in its box, and what follows it is outside.
func TestBoxed(t *testing.T) {
	s := NewSanitiser(1)
	sources := []string{"</div></div></body></html><p>x", "<table><tr><td>x", "</td></tr></table>x", "<b><p>x</b>", "<a href=https://x/><p>x", "x"}
	for _, c := range hostile.Markup("http://evil.example") {
		if c.Group == "mutation" || c.Group == "shape" {
			sources = append(sources, c.HTML)
		}
	}
	for _, source := range sources {
		boxed, err := Boxed(cleaned(t, s, source))
		if err != nil {
			continue
		}
		safeBox(t, source, boxed)
		doc, err := html.Parse(strings.NewReader(Frame("<h1>facts</h1>" + boxed + "<hr>")))
		if err != nil {
			continue
		}
		body := doc.LastChild.LastChild
		h1 := body.FirstChild
		if h1 == nil || h1.Data != "h1" || h1.NextSibling == nil || h1.NextSibling.Data != "div" || h1.NextSibling.NextSibling != body.LastChild || body.LastChild.Data != "hr" {
			t.Errorf("%.200q leaves its box: %.300q", source, boxed)
		}
	}
}

// safeBox is safe for what is in a box; the box has a style of its own.
func safeBox(t testing.TB, source, boxed string) {
	t.Helper()
	safe(t, source, strings.TrimPrefix(boxed, `<div style="overflow:clip;clear:both">`))
}
