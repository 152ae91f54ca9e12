package display

import (
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	tests := []struct{ name, kind, want string }{
		{"report.pdf", "", "report.pdf"},
		{"Beträge für 2027.csv", "", "Beträge für 2027.csv"},
		{"../../etc/passwd", "", "passwd"},
		{`C:\Users\x\secret.doc`, "", "secret.doc"},
		{"a\u202efdp.exe", "", "afdp.exe"},
		{"a\u200b\u2066b.txt", "", "ab.txt"},
		{"x\r\nSet-Cookie: a=b.pdf", "", "xSet-Cookie_ a=b.pdf"},
		{".htaccess", "", "htaccess"},
		{"...", "application/pdf", "attachment.pdf"},
		{"", "text/calendar", "attachment.ics"},
		{"", "", "attachment.bin"},
		{"dir/", "image/png", "attachment.png"},
		{"con.txt", "", "_con.txt"},
		{"LPT1", "", "_LPT1"},
		{"console.txt", "", "console.txt"},
		{`a"b;c*d?e.txt`, "", "a_b_c_d_e.txt"},
		{"a\xffb.txt", "", "a_b.txt"},
		{"tabs\tand\u00a0spaces .pdf", "", "tabsand spaces .pdf"},
		{strings.Repeat("ä", 300) + ".pdf", "", strings.Repeat("ä", 73) + ".pdf"},
		{"trailing dots. . .", "", "trailing dots"},
		{"100%2e%2e%2fx", "", "100_2e_2e_2fx"},
	}
	for _, tt := range tests {
		if got := CleanName(tt.name, tt.kind); got != tt.want {
			t.Errorf("CleanName(%q, %q) = %q, want %q", tt.name, tt.kind, got, tt.want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", "a\u202eb", strings.Repeat("x", 400), "\x00", "CON", "ä/\\.."} {
		f.Add(s, "text/plain")
	}
	f.Fuzz(func(t *testing.T, name, kind string) {
		got := CleanName(name, kind)
		if got == "" || len(got) > maxName+1 || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\r\n\x00\"<>:|?*") || got[0] == '.' {
			t.Errorf("CleanName(%q) = %q", name, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("CleanName(%q) = %q keeps %U", name, got, r)
			}
		}
		if again := CleanName(got, kind); again != got {
			t.Errorf("CleanName(%q) = %q, and of that %q", name, got, again)
		}
		if mime.FormatMediaType("attachment", map[string]string{"filename": got}) == "" {
			t.Errorf("CleanName(%q) = %q does not fit a header", name, got)
		}
	})
}
