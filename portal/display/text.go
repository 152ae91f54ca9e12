package display

import (
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// textOf walks HTML and keeps its words. It is linear in its input.
func textOf(r io.Reader) string {
	z := html.NewTokenizer(r)
	var b strings.Builder
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(validText([]byte(squeeze(b.String()))))
		case html.TextToken:
			if skip == 0 {
				b.WriteString(strings.Join(fieldsKeepingEdges(string(z.Text())), " "))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
				skip++
			case atom.Br:
				b.WriteByte('\n')
			case atom.P, atom.Div, atom.Tr, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
				atom.Table, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Hr:
				b.WriteByte('\n')
				if atom.Lookup(name) == atom.Li {
					b.WriteString("- ")
				}
			case atom.Td, atom.Th:
				b.WriteByte(' ')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
				skip = max(skip-1, 0)
			case atom.P, atom.Table, atom.H1, atom.H2, atom.H3, atom.Ul, atom.Ol, atom.Blockquote:
				b.WriteByte('\n')
			}
		}
	}
}

// fieldsKeepingEdges splits at white space like [strings.Fields], but keeps one
// blank at either end, so that neighbouring words don't run together.
func fieldsKeepingEdges(s string) []string {
	f := strings.Fields(html.UnescapeString(s))
	if len(s) == 0 {
		return f
	}
	if isSpace(s[0]) {
		f = append([]string{""}, f...)
	}
	if len(s) > 1 && isSpace(s[len(s)-1]) {
		f = append(f, "")
	}
	return f
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// squeeze trims lines and leaves at most one empty line between two others.
func squeeze(s string) string {
	var out []string
	empty := 0
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			empty++
			if empty > 1 {
				continue
			}
		} else {
			empty = 0
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
