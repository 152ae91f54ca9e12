package pdf

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// A font turns the codes of a string into characters and widths.
type font struct {
	wide    bool              // Type 0: codes of one to four octets
	unicode *cmap             // ToUnicode
	legacy  encoding.Encoding // of a predefined CMap
	ucs2    bool              // legacy is UTF-16
	codes   [256]string       // of a simple font
	widths  map[int]float64   // thousandths
	width   float64           // of the others
}

// A glyph is one shown character, or several in one.
type glyph struct {
	text  string
	width float64
	space bool // code 32 of one octet: word spacing applies
	known bool
}

// maxWidths bounds what one font says of widths.
const maxWidths = 70_000

func (f *file) font(v any) *font {
	key := -1
	if r, ok := v.(ref); ok {
		key = r.num
		if known := f.fonts[key]; known != nil {
			return known
		}
	}
	d := f.dict(v)
	if d == nil {
		return nil
	}
	t := &font{widths: map[int]float64{}, width: 500}
	if e := f.entryOf(d["ToUnicode"]); e != nil {
		e.used = true
		t.unicode = parseCMap(f.content(e))
	}
	if f.name(d["Subtype"]) == "Type0" {
		f.composite(t, d)
	} else {
		f.simple(t, d)
	}
	if key >= 0 {
		f.fonts[key] = t
	}
	return t
}

// composite reads a Type 0 font (section 9.7).
func (f *file) composite(t *font, d dict) {
	t.wide, t.width = true, 1000
	switch e := f.resolve(d["Encoding"]).(type) {
	case name:
		t.legacy = predefined(string(e))
		t.ucs2 = strings.Contains(string(e), "UCS2") || strings.Contains(string(e), "UTF16")
	}
	descendants := f.array(d["DescendantFonts"])
	if len(descendants) == 0 {
		return
	}
	cid := f.dict(descendants[0])
	if w, ok := f.resolve(cid["DW"]).(float64); ok {
		t.width = w
	}
	w := f.array(cid["W"])
	for i := 0; i+1 < len(w) && len(t.widths) < maxWidths; {
		start := int(f.number(w[i]))
		if list, ok := f.resolve(w[i+1]).(array); ok {
			for k, v := range list {
				t.widths[start+k] = f.number(v)
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			break
		}
		end, v := int(f.number(w[i+1])), f.number(w[i+2])
		for c := start; c <= end && len(t.widths) < maxWidths; c++ {
			t.widths[c] = v
		}
		i += 3
	}
}

// predefined returns the charset behind a predefined CMap (section 9.7.5.2).
func predefined(cmap string) encoding.Encoding {
	switch {
	case strings.Contains(cmap, "UCS2"), strings.Contains(cmap, "UTF16"):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case strings.Contains(cmap, "RKSJ"):
		return japanese.ShiftJIS
	case strings.HasPrefix(cmap, "GB") || strings.HasPrefix(cmap, "GBK"):
		return simplifiedchinese.GBK
	case strings.HasPrefix(cmap, "B5") || strings.HasPrefix(cmap, "ET") || strings.HasPrefix(cmap, "HKscs"):
		return traditionalchinese.Big5
	case strings.HasPrefix(cmap, "KSC"):
		return korean.EUCKR
	case cmap == "EUC-H" || cmap == "EUC-V":
		return japanese.EUCJP
	}
	return nil
}

// simple reads a font of one octet codes (section 9.6).
func (f *file) simple(t *font, d dict) {
	base := name("")
	var differences array
	switch e := f.resolve(d["Encoding"]).(type) {
	case name:
		base = e
	case dict:
		base, differences = f.name(e["BaseEncoding"]), f.array(e["Differences"])
	}
	descriptor := f.dict(d["FontDescriptor"])
	type3 := f.name(d["Subtype"]) == "Type3"
	for c := range 256 {
		if r := baseText(base, byte(c)); r != 0 && !type3 {
			t.codes[c] = string(r)
		}
	}
	if base == "" && !type3 {
		f.builtin(t, descriptor)
	}
	code := 0
	for _, v := range differences {
		switch v := f.resolve(v).(type) {
		case float64:
			code = int(v)
		case name:
			if code >= 0 && code < 256 {
				t.codes[code] = glyphOr(string(v))
			}
			code++
		}
	}
	if w, ok := f.resolve(descriptor["MissingWidth"]).(float64); ok {
		t.width = w
	}
	scale := 1.0
	if m := f.array(d["FontMatrix"]); type3 && len(m) > 0 {
		scale = f.number(m[0]) * 1000
	}
	start := int(f.number(d["FirstChar"]))
	for i, w := range f.array(d["Widths"]) {
		if i > 256 {
			break
		}
		t.widths[start+i] = f.number(w) * scale
	}
}

// builtin reads the encoding that stands in the clear part of an embedded Type 1
// font: "dup 49 /one put".
func (f *file) builtin(t *font, descriptor dict) {
	e := f.entryOf(descriptor["FontFile"])
	if e == nil {
		return
	}
	e.used = true
	program := f.content(e)
	program, _, _ = bytes.Cut(program, []byte("eexec"))
	_, program, ok := bytes.Cut(program, []byte("/Encoding"))
	if !ok {
		return
	}
	words := strings.Fields(string(program[:min(len(program), 64<<10)]))
	for i := 0; i+3 < len(words); i++ {
		if words[i] != "dup" || !strings.HasPrefix(words[i+2], "/") {
			continue
		}
		if c, err := strconv.Atoi(words[i+1]); err == nil && c >= 0 && c < 256 {
			t.codes[c] = glyphOr(words[i+2][1:])
		}
	}
}

// glyphs gives the characters of a string that is shown, one by one.
func (t *font) glyphs(s []byte, visit func(glyph)) {
	if !t.wide {
		for _, c := range s {
			g := glyph{text: t.codes[c], width: t.widthOf(int(c)), space: c == ' '}
			g.known = g.text != ""
			if t.unicode != nil {
				if text, ok := t.unicode.lookup(s2code(1, int(c))); ok {
					g.text, g.known = text, true
				}
			}
			visit(g)
		}
		return
	}
	for len(s) > 0 {
		n := 2
		if t.unicode != nil {
			n = t.unicode.size(s)
		}
		if t.legacy != nil && s[0] < 0x80 && !t.ucs2 {
			n = 1
		}
		n = min(n, len(s))
		code := 0
		for _, b := range s[:n] {
			code = code<<8 | int(b)
		}
		g := glyph{width: t.widthOf(code)}
		if t.unicode != nil {
			g.text, g.known = t.unicode.lookup(s2code(n, code))
		}
		if !g.known && t.legacy != nil {
			if b, err := t.legacy.NewDecoder().Bytes(s[:n]); err == nil {
				g.text, g.known = string(b), true
			}
		}
		s = s[n:]
		visit(g)
	}
}

func (t *font) widthOf(code int) float64 {
	if w, ok := t.widths[code]; ok {
		return w
	}
	return t.width
}
