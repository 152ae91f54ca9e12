package notice

import (
	"strings"
	"unicode/utf8"
)

// textWidth is the most characters in a line of a text.
const textWidth = 72

// wrap breaks the lines of a text at spaces, not at those that hold together. A line keeps its indent; after "- "
// the text of the item goes on below itself. A word that is too long, such as a
// link, stays whole.
func wrap(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) <= textWidth {
			b.WriteString(line + "\n")
			continue
		}
		rest := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(rest)]
		below := indent
		if strings.HasPrefix(rest, "- ") {
			below += "  "
		}
		column := 0
		for i, w := range strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' }) {
			n := utf8.RuneCountInString(w)
			switch {
			case i == 0:
				b.WriteString(indent + w)
				column = len(indent) + n
			case column+1+n > textWidth:
				b.WriteString("\n" + below + w)
				column = len(below) + n
			default:
				b.WriteString(" " + w)
				column += 1 + n
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
