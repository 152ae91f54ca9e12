package display

import "strings"

// styleProperties are the CSS properties that a mail may set. None of them takes
// an element out of its place (position, transform) or loads anything.
var styleProperties = set(`background background-color border border-top border-right border-bottom
	border-left border-color border-style border-width border-top-color border-right-color
	border-bottom-color border-left-color border-top-style border-right-style border-bottom-style
	border-left-style border-top-width border-right-width border-bottom-width border-left-width
	border-radius border-collapse border-spacing caption-side clear color direction display
	float font font-family font-size font-style font-variant font-weight height letter-spacing
	line-height list-style list-style-type margin margin-top margin-right margin-bottom margin-left
	max-height max-width min-height min-width overflow-wrap padding padding-top padding-right
	padding-bottom padding-left table-layout text-align text-decoration text-indent text-transform
	vertical-align white-space width word-break word-spacing word-wrap`)

// maxStyle bounds one style attribute in octets; a longer one is dropped whole.
const maxStyle = 4 << 10

// cleanStyle returns the declarations of a style attribute that are safe to keep.
// It is linear in its input: bluemonday's own filter is not.
func cleanStyle(s string) string {
	if len(s) > maxStyle {
		return ""
	}
	var b strings.Builder
	for declaration := range strings.SplitSeq(s, ";") {
		property, value, ok := strings.Cut(declaration, ":")
		property = strings.ToLower(strings.TrimSpace(property))
		value = strings.TrimSpace(value)
		if !ok || value == "" || !styleProperties[property] || !cleanValue(value) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(property + ": " + value)
	}
	return b.String()
}

// cleanValue says whether a value has nothing in it that could load, escape or
// end early: no function but the colours, no escape, comment, at-rule or markup.
func cleanValue(v string) bool {
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(" \t\r\n#%.,-+_!'\"", c) >= 0:
		case c == '/': // "font: 12px/1.5 serif"; not the start of a comment
			if i+1 < len(v) && (v[i+1] == '*' || v[i+1] == '/') {
				return false
			}
		case c == '(':
			end := colour(v[:i], v[i:])
			if end == 0 {
				return false
			}
			i += end
		default:
			return false
		}
	}
	return strings.Count(v, "'")%2 == 0 && strings.Count(v, `"`)%2 == 0
}

// colour returns the length of "(...)" at the start of rest less one if it holds
// the arguments of a colour function whose name ends before, else 0.
func colour(before, rest string) int {
	before = strings.ToLower(before)
	i := len(before)
	for i > 0 && 'a' <= before[i-1] && before[i-1] <= 'z' {
		i--
	}
	switch before[i:] {
	case "rgb", "rgba", "hsl", "hsla":
	default:
		return 0
	}
	for j := 1; j < len(rest) && j < 64; j++ {
		switch c := rest[j]; {
		case c == ')':
			return j
		case '0' <= c && c <= '9', strings.IndexByte(" .,%/-", c) >= 0:
		default:
			return 0
		}
	}
	return 0
}

func set(s string) map[string]bool {
	m := map[string]bool{}
	for _, f := range strings.Fields(s) {
		m[f] = true
	}
	return m
}
