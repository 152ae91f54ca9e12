package portal

import (
	"encoding/json"
	"testing"

	"github.com/go-rod/rod/lib/input"
	"github.com/postseal/postseal/portal/browsertest"
)

// A focused element is where the keyboard is.
type focused struct {
	Name    string  // as a screen reader says it, about
	Outline bool    // something shows that it has the focus
	Width   float64 // in CSS pixels
	Height  float64
	Inline  bool // a link within a sentence, which may be as tall as its line
	End     bool // back at the beginning
}

// focusScript describes the element that has the focus.
const focusScript = `async () => {
	await new Promise((done) => setTimeout(done, 30)); // the mail's frame is marked after the event
	const e = document.activeElement;
	if (!e || e === document.body) return JSON.stringify({ End: true });
	if (e.dataset.walked) return JSON.stringify({ End: true });
	e.dataset.walked = 'yes';
	const style = getComputedStyle(e), box = e.getBoundingClientRect();
	const label = e.labels && e.labels[0] ? e.labels[0].textContent : '';
	return JSON.stringify({
		Name: (e.getAttribute('aria-label') || label || e.title || e.textContent || '').trim(),
		Outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
		Width: box.width, Height: box.height, Inline: style.display === 'inline',
	});
}`

// TestKeyboard walks through the pages with the Tab key alone: each stop has a
// name, is seen to have the focus and is large enough (WCAG 2.2, 2.4.7, 2.5.8 and
// 4.1.2), the first leads past the head of the page, and there is a way out.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	w := newWorld(s)
	b := browsertest.Start(t)
	for _, path := range []string{"/", "/code", "/forgot", "/help", "/inbox", "/m/" + w.html, "/m/" + w.html + "/reply", "/settings", "/settings/preferences"} {
		t.Run(path, func(t *testing.T) {
			tb := b.Tab(t, true)
			tb.Screen(390, 844, "light")
			w.as(tb, w.cookie)
			tb.Open(s.url + path)
			stops := 0
			for ; stops < 200; stops++ {
				must(t, tb.Keyboard.Press(input.Tab))
				out, err := tb.Eval(focusScript)
				must(t, err)
				var f focused
				must(t, json.Unmarshal([]byte(out.Value.Str()), &f))
				if f.End {
					break
				}
				if stops == 0 && f.Name != text("layout.skip") {
					t.Errorf("the first stop is %q", f.Name)
				}
				if f.Name == "" {
					t.Errorf("stop %d has no name", stops)
				}
				if !f.Outline {
					t.Errorf("%q doesn't show that it has the focus", f.Name)
				}
				if !f.Inline && (f.Width < 24 || f.Height < 24) {
					t.Errorf("%q is %.0f by %.0f pixels", f.Name, f.Width, f.Height)
				}
			}
			if stops < 4 || stops == 200 {
				t.Errorf("%d stops", stops)
			}
		})
	}
	t.Run("skip link", func(t *testing.T) {
		tb := b.Tab(t, true)
		tb.Open(s.url + "/")
		must(t, tb.Keyboard.Press(input.Tab))
		must(t, tb.Keyboard.Press(input.Enter))
		at, err := tb.Eval(`() => document.activeElement.id`)
		must(t, err)
		if at.Value.Str() != "main" {
			t.Errorf("the skip link leads to %q", at.Value.Str())
		}
	})
	t.Run("log in without a mouse", func(t *testing.T) {
		tb := b.Tab(t, true)
		tb.Open(s.url + "/")
		must(t, tb.MustElement("#address").Focus())
		must(t, tb.InsertText(guest))
		must(t, tb.Keyboard.Press(input.Tab))
		must(t, tb.InsertText(password))
		must(t, tb.Keyboard.Press(input.Enter))
		tb.WaitFor("h1", text("inbox.heading"))
	})
	t.Run("reduced motion", func(t *testing.T) {
		tb := b.Tab(t, true)
		tb.Screen(390, 844, "light")
		tb.Open(s.url + "/")
		moving, err := tb.Eval(`() => [...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length`)
		must(t, err)
		if n := moving.Value.Int(); n != 0 {
			t.Errorf("%d elements move though the reader wants none to", n)
		}
	})
	t.Run("right to left", func(t *testing.T) {
		// Every page is laid out by logical properties: turned around, nothing
		// sticks out but what scrolls by itself.
		for _, path := range []string{"/", "/inbox", "/m/" + w.html, "/settings/preferences"} {
			tb := b.Tab(t, true)
			tb.Screen(390, 844, "light")
			w.as(tb, w.cookie)
			tb.Open(s.url + path)
			over, err := tb.Eval(turnedAround)
			must(t, err)
			if s := over.Value.Str(); s != "" {
				t.Errorf("%s: sticks out: %s", path, s)
			}
		}
	})
}

// turnedAround lays a page out from right to left, and says what then sticks out.
const turnedAround = `() => {
	document.documentElement.dir = 'rtl';
	const out = [...document.body.querySelectorAll('main *, footer *, header *')].filter((e) => {
		const b = e.getBoundingClientRect();
		return b.width > 0 && !e.closest('.visually-hidden') && !e.closest('.inbox') && !e.closest('.folders ul') && (b.left < -1 || b.right > innerWidth + 1);
	});
	return out.slice(0, 3).map((e) => e.outerHTML.slice(0, 100)).join(' ');
}`
