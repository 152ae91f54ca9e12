package portal

import (
	"html"
	"regexp"
	"strings"
)

// The marks of simple formatting: **bold**, _italic_, [text](address), bare
// addresses of the web, and lines that begin with "- ". A mark stands at the edge
// of a word, so that names such as a_file_name stay what they are.
var (
	markBold   = regexp.MustCompile(`(^|[\s(])\*\*(\S(?:[^*\n]*\S)?)\*\*($|[\s).,;:!?])`)
	markItalic = regexp.MustCompile(`(^|[\s(])_(\S(?:[^_\n]*\S)?)_($|[\s).,;:!?])`)
	markLink   = regexp.MustCompile(`\[([^\]\n]{1,200})\]\((https?://[^\s()<>"]{1,1000})\)`)
	bareLink   = regexp.MustCompile(`(^|[\s(])(https?://[^\s()<>"]{1,1000}[^\s()<>".,;:!?])`)
)

// markedHTML returns the HTML of a text with marks, "" if it has none. Only what
// is written here becomes an element: the text is escaped first, and addresses
// begin with http.
func markedHTML(body string) string {
	var b strings.Builder
	marked, list, open := false, false, false
	end := func() {
		if list {
			b.WriteString("</ul>\r\n")
		}
		if open {
			b.WriteString("</p>\r\n")
		}
		list, open = false, false
	}
	for line := range strings.SplitSeq(strings.TrimRight(body, "\n"), "\n") {
		item, isItem := strings.CutPrefix(line, "- ")
		text := inline(item)
		marked = marked || isItem || text != html.EscapeString(item)
		switch {
		case isItem:
			if !list {
				end()
				b.WriteString("<ul>\r\n")
				list = true
			}
			b.WriteString("<li>" + text + "</li>\r\n")
		case strings.TrimSpace(line) == "":
			end()
		case open:
			b.WriteString("<br>\r\n" + text)
		default:
			end()
			b.WriteString("<p>" + text)
			open = true
		}
	}
	end()
	if !marked {
		return ""
	}
	return "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"></head><body>\r\n" + b.String() + "</body></html>\r\n"
}

// inline formats one line. What stands between links is escaped, then marked:
// escaping makes no mark and takes none away. The line is searched once for each kind
// of link, or the work would grow with the square of its length.
func inline(line string) string {
	named, bare := markLink.FindAllStringSubmatchIndex(line, -1), bareLink.FindAllStringSubmatchIndex(line, -1)
	var out strings.Builder
	at := 0
	for len(named)+len(bare) > 0 {
		var from, to int
		var address, text string
		if len(bare) == 0 || len(named) > 0 && named[0][0] <= bare[0][4] {
			m := named[0]
			named = named[1:]
			from, to, text, address = m[0], m[1], line[m[2]:m[3]], line[m[4]:m[5]]
		} else {
			m := bare[0]
			bare = bare[1:]
			from, to = m[4], m[5]
			text, address = line[from:to], line[from:to]
		}
		if from < at {
			continue // it is part of the link before
		}
		out.WriteString(marks(line[at:from]) + `<a href="` + html.EscapeString(address) + `">` + html.EscapeString(text) + `</a>`)
		at = to
	}
	out.WriteString(marks(line[at:]))
	return out.String()
}

func marks(s string) string {
	s = markBold.ReplaceAllString(html.EscapeString(s), "$1<b>$2</b>$3")
	return markItalic.ReplaceAllString(s, "$1<i>$2</i>$3")
}
