package portal

import (
	"fmt"
	"math"
	"strconv"
)

// An accent is the organisation's colour in the shades that are readable where
// they stand: WCAG 2.2 asks for a contrast of 4.5 for text (1.4.3).
type accent struct {
	button, onButton rgb // a filled button and its text, light and dark mode
	light, dark      rgb // links and marks on the light and on the dark page
}

type rgb struct{ r, g, b float64 } // 0 to 1, sRGB

// The pages' own backgrounds, as in app.css: the darkest of the light ones and
// the lightest of the dark ones.
var (
	lightPage = rgb{0xee / 255., 0xf1 / 255., 0xf4 / 255.}
	darkPage  = rgb{0x2a / 255., 0x2f / 255., 0x36 / 255.}
	white     = rgb{1, 1, 1}
	black     = rgb{}
)

const defaultColour = "#1a5fb4"

// newAccent derives the shades from "#rrggbb".
func newAccent(colour string) (accent, error) {
	if colour == "" {
		colour = defaultColour
	}
	c, err := parseColour(colour)
	if err != nil {
		return accent{}, err
	}
	a := accent{button: c, onButton: white}
	if contrast(c, white) < 4.5 {
		if contrast(c, black) >= 7 {
			a.onButton = rgb{0.08, 0.09, 0.1}
		} else {
			a.button = towards(c, black, white, 4.5)
		}
	}
	a.light = towards(c, black, lightPage, 4.6)
	a.dark = towards(c, white, darkPage, 4.6)
	return a, nil
}

// towards mixes c with end until it has the contrast against ground.
func towards(c, end, ground rgb, want float64) rgb {
	for mix := 0.0; mix < 1; mix += 0.02 {
		m := rgb{c.r + (end.r-c.r)*mix, c.g + (end.g-c.g)*mix, c.b + (end.b-c.b)*mix}.rounded()
		if contrast(m, ground) >= want {
			return m
		}
	}
	return end
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func (c rgb) luminance() float64 {
	f := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*f(c.r) + 0.7152*f(c.g) + 0.0722*f(c.b)
}

func (c rgb) rounded() rgb {
	f := func(v float64) float64 { return math.Round(v*255) / 255 }
	return rgb{f(c.r), f(c.g), f(c.b)}
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c.r*255)), int(math.Round(c.g*255)), int(math.Round(c.b*255)))
}

func parseColour(s string) (rgb, error) {
	if len(s) == 7 && s[0] == '#' {
		if v, err := strconv.ParseUint(s[1:], 16, 32); err == nil {
			return rgb{float64(v>>16) / 255, float64(v>>8&255) / 255, float64(v&255) / 255}, nil
		}
	}
	return rgb{}, fmt.Errorf("the colour is not of the form #rrggbb")
}

// css sets the custom properties that app.css builds on.
func (a accent) css() string {
	return fmt.Sprintf(":root{--button:%s;--on-button:%s;--accent:%s}\n", a.button, a.onButton, a.light)
}

// darkCSS sets those that dark.css changes.
func (a accent) darkCSS() string { return fmt.Sprintf(":root{--accent:%s}\n", a.dark) }
