package hostile

import "strings"

// loading are the properties of CSS that take a picture, a filter or a file.
var loading = strings.Fields(`background background-image border-image border-image-source list-style list-style-image content cursor
	filter backdrop-filter -webkit-filter mask mask-image -webkit-mask -webkit-mask-image -webkit-mask-box-image clip-path
	shape-outside fill stroke marker marker-start src behavior -moz-binding -webkit-box-reflect offset-path
	-ms-filter color width font-family --x`)

// values are the ways to write something that loads or runs.
var values = []func(place) string{
	func(p place) string { return "url(" + p.url + ")" },
	func(p place) string { return "url('" + p.url + "')" },
	func(p place) string { return "URL( &quot;" + p.url + "&quot; )" },
	func(p place) string { return `\75rl(` + p.url + ")" },
	func(p place) string { return `\000075\000072\00006c(` + p.url + ")" },
	func(p place) string { return "u/**/rl(" + p.url + ")" },
	func(p place) string { return "red/**/url(" + p.url + ")" },
	func(p place) string { return "url(//" + p.host + ")" },
	func(p place) string { return "url(&Tab;" + p.url + "&NewLine;)" },
	func(p place) string { return "src('" + p.url + "')" },
	func(p place) string { return "image('" + p.url + "')" },
	func(p place) string { return "image-set('" + p.url + "' 1x)" },
	func(p place) string { return "-webkit-image-set(url(" + p.url + ") 1x)" },
	func(p place) string { return "cross-fade(url(" + p.url + "),red)" },
	func(p place) string { return "element(#x),url(" + p.url + "),auto" },
	func(p place) string { return "red;}*{background:url(" + p.url + ")" },
	func(p place) string { return "red;--y:url(" + p.url + ");background:var(--y)" },
	func(p place) string { return "rgb(0,0,0)url(" + p.url + ")" },
	func(p place) string { return "rgb(0 0 0/url(" + p.url + "))" },
	func(p place) string { return "'x;background:url(" + p.url + ")" },
	func(p place) string { return "expression(" + p.js + ")" },
	func(p place) string { return "exp/**/ression(" + p.js + ")" },
	func(p place) string { return `\65xpression(` + p.js + ")" },
	func(p place) string { return "ｅxpression(" + p.js + ")" },
	func(p place) string { return "url(javascript:" + p.js + ")" },
	func(p place) string {
		return "url(data:image/svg+xml," + quoted(strings.ReplaceAll(svg(p), "#", "%23")) + ")"
	},
	func(p place) string { return "progid:DXImageTransform.Microsoft.AlphaImageLoader(src='" + p.url + "')" },
	func(p place) string { return "attr(title url)" },
	func(p place) string { return "paint(x)" },
}

// covering are styles that take an element to where it isn't expected, hide it,
// or cover others.
var covering = lines(`
position:fixed;top:0;left:0;width:100vw;height:100vh;z-index:2147483647;background:#fff
POSITION:ABSOLUTE;inset:0
position:sticky;top:0
position:relative;top:-9999px
position/**/:fixed;top:0
p\osition:fixed;top:0
pos&#x69;tion:fixed
posi&Tab;tion:fixed
position&colon;fixed
color:red;;position:fixed
color:red}position:fixed
margin:-500px 0 0 -500px
margin-top:-500px;background:#fff;height:500px
margin-left:-9999px
MARGIN: 0 -1e9px
margin:0 auto -99px
text-indent:-9999px
letter-spacing:-1em
word-spacing:-99px
transform:translateY(-500px) scale(99)
translate:0 -500px
scale:99
rotate:180deg
zoom:99
opacity:0
visibility:hidden
clip:rect(0,0,0,0)
clip-path:inset(100%)
font-size:0
font-size:99999px
line-height:0;font-size:300px
line-height:-3
width:99999999px;height:99999999px
border:9999999px solid red
border-radius:999px
float:left;width:100%
outline:9999px solid red
box-shadow:0 0 0 9999px red
text-shadow:0 -500px red
filter:invert(1)
backdrop-filter:blur(9px)
mix-blend-mode:difference
pointer-events:none
cursor:none
user-select:none
-webkit-user-modify:read-write
content:'secure'
direction:rtl;unicode-bidi:bidi-override
writing-mode:vertical-rl
all:unset
display:contents
display:none
order:-1
grid-area:1/1
columns:1
overflow:scroll
resize:both
anchor-name:--x;position-anchor:--x
view-transition-name:x
animation:x 1s infinite
transition:all 99s
will-change:transform
contain:none
counter-reset:x 999999999
quotes:'a' 'b'
scroll-margin:-999px
scroll-snap-type:y mandatory
-webkit-text-security:disc
-webkit-line-clamp:1
appearance:button
`)

// styles puts every value into every property, and what covers into what a mail
// may hold.
func (c *corpus) styles() {
	for _, property := range loading {
		for _, value := range values {
			c.add("style", func(p place) string { return `<div style="` + property + ":" + value(p) + `">x</div>` })
		}
	}
	for _, value := range values {
		c.add("style", func(p place) string { return "<style>p,div,b{background:" + value(p) + "}</style>" })
		c.add("style", func(p place) string {
			return "<svg><style>*{background:" + value(p) + "}</style><text>x</text></svg>"
		})
		c.add("style", func(p place) string { return `<svg><rect fill="` + value(p) + `" width="9" height="9"/></svg>` })
		c.add("style", func(p place) string { return `<td style='background:` + value(p) + `'>x</td>` })
		c.add("style", func(p place) string { return `<font color="` + value(p) + `" face="` + value(p) + `">x</font>` })
		c.add("style", func(p place) string {
			return `<table bgcolor="` + value(p) + `" width="` + value(p) + `"><td bgcolor="` + value(p) + `">x</td></table>`
		})
	}
	for _, style := range covering {
		for _, element := range []string{`<div style="%">x</div>`, `<table style="%"><td>x</td></table>`, `<a href="https://example.com/" style="%">x</a>`,
			`<style>body,body *{%}</style>`, `<img alt="x" style="%">`} {
			c.add("style", func(place) string { return strings.Replace(element, "%", style, 1) })
		}
	}
}
