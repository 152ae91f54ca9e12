package pdf

import (
	"bytes"
	"math"
)

// A matrix is a transformation [a b c d e f] (section 8.3.4).
type matrix [6]float64

func unit() matrix { return matrix{1, 0, 0, 1, 0, 0} }

// times is m, then n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// A graphics is the state that q saves.
type graphics struct {
	ctm                                      matrix
	font                                     *font
	size, chars, words, scale, leading, rise float64
}

// A page interprets a content stream and collects its text.
type page struct {
	f     *file
	fonts func(name) *font
	out   *layout
	graphics
	stack  []graphics
	tm, lm matrix
}

// maxSaved bounds saved states, maxArgs the operands of an operator.
const (
	maxSaved = 500
	maxArgs  = 500
)

// interpret runs a content stream (section 9.4).
func (p *page) interpret(data []byte) {
	p.graphics = graphics{ctm: unit(), scale: 1}
	p.tm, p.lm = unit(), unit()
	l := lexer{data: data}
	var args []any
	for p.f.err == nil {
		o, ok := l.next()
		if !ok {
			if l.pos < len(data) {
				// Something unbalanced; go on after it.
				l.pos++
				args = args[:0]
				continue
			}
			break
		}
		k, is := o.(keyword)
		if !is {
			if len(args) < maxArgs {
				args = append(args, o)
			}
			continue
		}
		if k == "ID" {
			l.pos = endOfImage(data, l.pos)
		}
		p.operator(string(k), args)
		args = args[:0]
	}
	p.out.flush()
}

// endOfImage skips the octets of an inline image (section 8.9.7).
func endOfImage(data []byte, pos int) int {
	for at := pos; at < len(data); {
		i := bytes.Index(data[at:], []byte("EI"))
		if i < 0 {
			break
		}
		at += i + 2
		before, after := data[at-3], byte(' ')
		if at < len(data) {
			after = data[at]
		}
		if isSpace(before) && isSpace(after) {
			return at
		}
	}
	return len(data)
}

func (p *page) operator(op string, args []any) {
	num := func(i int) float64 {
		if i < len(args) {
			n, _ := args[i].(float64)
			return n
		}
		return 0
	}
	text := func(i int) []byte {
		if i >= 0 && i < len(args) {
			s, _ := args[i].(str)
			return []byte(s)
		}
		return nil
	}
	switch op {
	case "q":
		if len(p.stack) < maxSaved {
			p.stack = append(p.stack, p.graphics)
		}
	case "Q":
		if n := len(p.stack); n > 0 {
			p.graphics, p.stack = p.stack[n-1], p.stack[:n-1]
		}
	case "cm":
		p.ctm = matrix{num(0), num(1), num(2), num(3), num(4), num(5)}.times(p.ctm)
	case "BT":
		p.tm, p.lm = unit(), unit()
	case "Tf":
		if len(args) >= 2 {
			n, _ := args[0].(name)
			p.font, p.size = p.fonts(n), num(1)
		}
	case "Tc":
		p.chars = num(0)
	case "Tw":
		p.words = num(0)
	case "Tz":
		p.scale = num(0) / 100
	case "TL":
		p.leading = num(0)
	case "Ts":
		p.rise = num(0)
	case "Td":
		p.move(num(0), num(1))
	case "TD":
		p.leading = -num(1)
		p.move(num(0), num(1))
	case "Tm":
		p.lm = matrix{num(0), num(1), num(2), num(3), num(4), num(5)}
		p.tm = p.lm
	case "T*":
		p.move(0, -p.leading)
	case "Tj":
		p.show(text(0))
	case "'":
		p.move(0, -p.leading)
		p.show(text(0))
	case "\"":
		p.words, p.chars = num(0), num(1)
		p.move(0, -p.leading)
		p.show(text(2))
	case "TJ":
		if len(args) == 0 {
			return
		}
		list, _ := args[len(args)-1].(array)
		for _, v := range list {
			switch v := v.(type) {
			case str:
				p.show([]byte(v))
			case float64:
				p.advance(-v / 1000 * p.size * p.scale)
			}
		}
	case "BDC", "DP":
		if len(args) > 1 {
			d, _ := args[1].(dict)
			for _, key := range []string{"ActualText", "Alt", "E"} {
				if s, ok := d[key].(str); ok {
					p.out.also(textString([]byte(s)))
				}
			}
		}
	}
}

func (p *page) move(x, y float64) {
	p.lm = matrix{1, 0, 0, 1, x, y}.times(p.lm)
	p.tm = p.lm
}

func (p *page) advance(x float64) {
	p.tm = matrix{1, 0, 0, 1, x, 0}.times(p.tm)
}

// show adds a string to the layout.
func (p *page) show(s []byte) {
	if len(s) == 0 {
		return
	}
	if p.font == nil {
		// No font, no names: octets are all there is.
		p.font = &font{width: 500}
		for c := range 256 {
			if r := baseText("", byte(c)); r != 0 {
				p.font.codes[c] = string(r)
			}
		}
	}
	at := p.tm.times(p.ctm)
	height := math.Hypot(at[2], at[3]) * math.Abs(p.size)
	p.out.begin(at, height)
	p.font.glyphs(s, func(g glyph) {
		if !g.known {
			p.out.unknown++
		}
		p.out.add(g.text)
		w := g.width/1000*p.size + p.chars
		if g.space {
			w += p.words
		}
		p.advance(w * p.scale)
	})
	p.out.end(p.tm.times(p.ctm))
}

// A layout puts what is shown into lines, by where it is shown.
type layout struct {
	f       *file
	line    []byte
	last    matrix // where the last string ended
	any     bool   // last says something
	unknown int    // characters that no font names
	extra   []string
}

// begin decides what stands between the last string and the one that starts.
func (o *layout) begin(at matrix, height float64) {
	if !o.any || len(o.line) == 0 {
		return
	}
	dx, dy := at[4]-o.last[4], at[5]-o.last[5]
	length := math.Hypot(at[0], at[1])
	if length == 0 || height == 0 || math.IsNaN(dx+dy+height) {
		o.newline()
		return
	}
	along := (dx*at[0] + dy*at[1]) / length
	across := (dy*at[0] - dx*at[1]) / length
	switch {
	case math.Abs(across) > 0.5*height, along < -0.6*height:
		o.newline()
	case along > 1.5*height:
		o.gap('\t')
	case along > 0.18*height:
		o.gap(' ')
	}
}

func (o *layout) end(at matrix) { o.last, o.any = at, true }

func (o *layout) gap(with byte) {
	if n := len(o.line); n > 0 && !isSpace(o.line[n-1]) {
		o.line = append(o.line, with)
	}
}

// maxLine bounds a line: a page without any is handed out in pieces.
const maxLine = 1 << 20

func (o *layout) add(text string) {
	o.line = append(o.line, text...)
	if len(o.line) > maxLine {
		o.newline()
	}
}

func (o *layout) also(text string) { o.extra = append(o.extra, text) }

// newline hands out a line; a line with digits spaced one by one also without
// the spaces.
func (o *layout) newline() {
	if len(o.line) == 0 {
		return
	}
	line := append(o.line, '\n')
	o.give(string(line))
	if joined := joinDigits(line); joined != "" {
		o.give(joined)
	}
	o.line = o.line[:0]
	for _, t := range o.extra {
		o.give(t + "\n")
	}
	o.extra = o.extra[:0]
}

func (o *layout) give(text string) {
	if o.f.err == nil {
		o.f.err = o.f.opts.Text(text)
	}
}

func (o *layout) flush() {
	o.newline()
	for _, t := range o.extra {
		o.give(t + "\n")
	}
	o.extra, o.any = nil, false
	if o.unknown >= 9 { // less is no number that matters
		o.f.result.Font = true
	}
	o.unknown = 0
}

// joinDigits returns the runs of eight or more pieces of one or two digits with
// single spaces between them, joined; "" if there is none.
func joinDigits(line []byte) string {
	var out, run []byte
	pieces := 0
	end := func() {
		if pieces >= 8 {
			out = append(append(out, run...), '\n')
		}
		run, pieces = run[:0], 0
	}
	for len(line) > 0 {
		i := bytes.IndexAny(line, " \t\n")
		if i < 0 {
			break
		}
		word, sep := line[:i], line[i]
		line = line[i+1:]
		if len(word) < 1 || len(word) > 2 || !isDigit(word[0]) || !isDigit(word[len(word)-1]) {
			end()
			continue
		}
		run = append(run, word...)
		pieces++
		if sep != ' ' {
			end()
		}
	}
	end()
	return string(out)
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
