package portal

import (
	"regexp"
	"strings"
	"testing"
)

// element is all that markedHTML may write into the body.
var element = regexp.MustCompile(`<(?:p|br|b|i|ul|li|/p|/b|/i|/ul|/li|/a|a href="https?://[^"<>\s]+")>`)

// FuzzMarkup: whatever is typed, only the elements of simple formatting come out.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{"", "**b** _i_", "- a\n- b", "[x](https://a.example/?a=\"b\")", "[<](http://x.example)", "https://a.example/**b**",
		"<script>alert(1)</script> **x**", "**[a](https://b.example)**", "_**x**_ \x00 &lt;", "[x](https://a.example)(https://b.example)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		out := markedHTML(body)
		if out == "" {
			return
		}
		_, inner, ok := strings.Cut(out, "<body>")
		inner, ok2 := strings.CutSuffix(inner, "</body></html>\r\n")
		if rest := element.ReplaceAllString(inner, ""); !ok || !ok2 || strings.ContainsAny(rest, "<>") {
			t.Errorf("%q: %q", body, rest)
		}
	})
}
