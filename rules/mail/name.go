package mail

import (
	"path"
	"strings"
	"unicode"
)

// SafeName makes the name of an attachment fit for display and for saving: its
// last path element, without control and direction characters, of at most 200
// characters. It can be "".
func SafeName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if name = path.Base(path.Clean("/" + name)); name == "/" {
		return ""
	}
	n := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || invisible(r) || r == unicode.ReplacementChar {
			return -1
		}
		if n++; n > 200 {
			return -1
		}
		return r
	}, name))
}
