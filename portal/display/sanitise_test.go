package display

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/display/hostile"
	"golang.org/x/net/html"
)

// safe fails the test unless every element and attribute of cleaned HTML is one
// that can neither act nor load. It judges the parsed result, not its spelling.
func safe(t testing.TB, source, clean string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(Frame(clean)))
	if err != nil {
		safeTags(t, source, clean) // nested deeper than the parser follows
		return
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

// safeTags is safe without a tree: it judges each tag.
func safeTags(t testing.TB, source, clean string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(clean))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.CommentToken, html.DoctypeToken:
			t.Errorf("%.200q: a comment is left: %.200q", source, clean)
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if !allowedElements[tag.Data] {
				t.Errorf("%.200q: element %s is left: %.200q", source, tag.Data, clean)
			}
			for _, a := range tag.Attr {
				checkAttr(t, source, tag.Data, a)
			}
		}
	}
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

// TestSanitiseHostile cleans every case alone, in the time that the portal gives
// a mail, and then once more: cleaning what is clean leaves it so.
func TestSanitiseHostile(t *testing.T) {
	cases := hostile.Markup("http://evil.example")
	if len(cases) < 10_000 {
		t.Fatalf("only %d cases", len(cases))
	}
	s := NewSanitiser(1)
	for _, c := range cases {
		clean := cleaned(t, s, c.HTML)
		safe(t, c.HTML, clean)
		safe(t, c.HTML, Unstyled(clean))
		again := cleaned(t, s, clean)
		safe(t, c.HTML, again)
		if strings.Contains(TextOf(c.HTML), "\x00") {
			t.Errorf("%.200q: its text has a NUL", c.HTML)
		}
	}
}

// TestSanitiseTogether cleans mails with many cases each: one doesn't help
// another, and what stands behind them stays.
func TestSanitiseTogether(t *testing.T) {
	cases := hostile.Markup("http://evil.example")
	s := NewSanitiser(1)
	var lost []int
	for _, d := range hostile.Documents(cases, 60) {
		clean := cleaned(t, s, d.HTML)
		safe(t, fmt.Sprintf("cases %d to %d", d.First, d.Last), clean)
		for id := d.First; id < d.Last; id++ {
			if !strings.Contains(clean, fmt.Sprintf(`title="after%d"`, id)) {
				lost = append(lost, id)
			}
		}
	}
	if len(lost) > len(cases)/100 {
		t.Errorf("what follows %d cases is lost, such as %.300q", len(lost), cases[lost[0]].HTML)
	}
}

func cleaned(t testing.TB, s *Sanitiser, source string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := s.Sanitise(ctx, source, nil)
	if err != nil {
		t.Fatalf("%.200q: %v", source, err)
	}
	return c.HTML
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

// TestSanitiseCost: what is too long is refused, its time ends when its context
// does, and the worst shapes known come to an end.
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
	ctx := t.Context()
	for _, part := range []string{"<b>", "</b>", "<", "<!--", "<p style='color:red;'>", "<a href=https://x/>", "&", "<p a=1 b=2 c=3>", "<svg><math>", "<title>", "\x00", "<img src='data:image/png;base64,AAAA'>"} {
		source := strings.Repeat(part, maxHTML/8/len(part))
		c, err := s.Sanitise(ctx, source, nil)
		if err != nil {
			t.Errorf("%q: %v", part, err)
		}
		if len(c.HTML) > 8*len(source) {
			t.Errorf("%q: %d octets became %d", part, len(source), len(c.HTML))
		}
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
	for i, c := range hostile.Markup("http://evil.example") {
		if i%97 == 0 && len(c.HTML) < 1000 {
			f.Add(c.HTML)
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
	cases := hostile.Markup("http://evil.example")
	seen := 0
	for _, c := range cases {
		found := &complaints{TB: t}
		safe(found, c.HTML, c.HTML)
		if found.n > 0 {
			seen++
		}
	}
	t.Logf("of %d cases it sees %d", len(cases), seen)
	if seen < len(cases)*9/10 {
		t.Errorf("the check sees %d of %d attacks", seen, len(cases))
	}
}
