// Package hostile makes mail that attacks whoever shows it, for tests: thousands
// of cases, made from the ideas of public lists (OWASP's evasions of filters,
// PortSwigger's and Cure53's sheets, html5sec, the papers on mutation XSS, and
// testers of mail clients for remote loads) by combining what carries an attack
// with the ways to spell it.
//
// The corpus is the same each time. Every case has a number, and tells it when
// it gets through: a script of case 7 calls ran with the string "7", which the
// test has to provide, and what it loads is at {origin}/7. So a test knows which
// case it was. Some scripts use alert instead, in the spelling of their source.
//
// Many cases fit into one document ([Documents]): what breaks the parsing of all
// that follows stands last.
package hostile

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// A Case is one attack in HTML.
type Case struct {
	ID    int
	Group string // the idea: "load", "scheme", "handler", "style", "mutation", "shape"
	HTML  string
}

// A place is where a case shows that it got through.
type place struct {
	js   string // a script, without quotes, white space or markup
	url  string // an address that must not be asked for
	host string // the same without its scheme and slashes
}

type corpus struct {
	origin string
	cases  []Case
	seen   map[string]bool
}

// Markup returns all cases. origin is a scheme and a host, such as
// "http://127.0.0.1:8025".
func Markup(origin string) []Case {
	c := &corpus{origin: origin, seen: map[string]bool{}}
	c.shapes()
	c.handlers()
	c.addresses()
	c.styles()
	c.mutations()
	return c.cases
}

// add adds a case, unless there is one of the same shape.
func (c *corpus) add(group string, f func(place) string) {
	if shape := f(place{"J", "U", "H"}); c.seen[shape] {
		return
	} else {
		c.seen[shape] = true
	}
	n := len(c.cases)
	_, host, _ := strings.Cut(c.origin, "//")
	text := f(place{fmt.Sprintf("ran(%d+[])", n), fmt.Sprintf("%s/%d", c.origin, n), fmt.Sprintf("%s/%d", host, n)})
	c.cases = append(c.cases, Case{n, group, text})
}

// closing ends what a case may have left open.
const closing = `-->]]></title></style></script></textarea></xmp></noembed></noframes></noscript></iframe></template></svg></svg></math></math>` +
	`</select></object></applet></frameset></audio></video></canvas></button></form></form></table></table></a></b></i></p>`

// A Document is a mail's HTML with some cases in it.
type Document struct {
	HTML  string
	First int // of its cases
	Last  int
}

// Documents puts all cases into documents, about n in each. Behind every case
// stands a paragraph with the title "after" and the case's number, for the test to
// see that the case has not swallowed what follows.
func Documents(cases []Case, n int) (out []Document) {
	var b strings.Builder
	first := 0
	for i, c := range cases {
		b.WriteString(c.HTML + closing + fmt.Sprintf("<p title=after%d>.</p>\n", c.ID))
		if i == len(cases)-1 || i-first+1 >= n || swallows(c.HTML) {
			out = append(out, Document{b.String(), cases[first].ID, c.ID})
			b.Reset()
			first = i + 1
		}
	}
	return out
}

// swallows says whether what follows the markup in a document, even after all
// that ends it, is read as something else.
func swallows(text string) bool {
	doc, err := html.Parse(strings.NewReader("<!DOCTYPE html><html><head></head><body>" + text + closing + "<hr title=sentinel>"))
	if err != nil {
		return true
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "hr" && n.Namespace == "" && len(n.Attr) == 1 && n.Attr[0].Val == "sentinel" {
			return false
		}
	}
	return true
}

// entities returns s with each octet as a character reference.
func entities(s, format string) string {
	var b strings.Builder
	for _, r := range []byte(s) {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// quoted makes s fit between double quotes.
func quoted(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(s)
}
