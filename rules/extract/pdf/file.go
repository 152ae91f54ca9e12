package pdf

import (
	"bytes"
	"slices"
)

// An entry is one object of a file, of whatever version.
type entry struct {
	ref
	offset  int
	packed  bool // it came out of an object stream
	value   any
	stream  []byte // encoded content, if it has any
	isXref  bool
	used    bool // its content was given
	decoded []byte
	failed  bool
}

// A file is all objects that were found.
type file struct {
	data    []byte
	opts    Options
	result  Result
	all     []*entry
	latest  map[int]*entry
	trailer dict // of all trailers, later ones first
	crypt   *crypt
	fonts   map[int]*font    // by number of the object
	named   map[string]*font // by name, for content without resources
	shown   bool             // there is a page
	err     error            // of Options, ends everything
}

// scan finds the objects that stand in the file by themselves. What is parsed
// in vain is bounded, so that time stays linear.
func (f *file) scan() {
	data := f.data
	f.trailer = dict{}
	wasted := 0
	for pos := 0; pos < len(data); {
		i := bytes.Index(data[pos:], []byte("obj"))
		t := bytes.Index(data[pos:min(len(data), pos+max(i, 0)+4)], []byte("trailer"))
		if i < 0 {
			t = bytes.Index(data[pos:], []byte("trailer"))
		}
		if t >= 0 && (i < 0 || t < i) {
			l := lexer{data: data, pos: pos + t + len("trailer"), refs: true}
			if d, _ := l.next(); d != nil {
				f.addTrailer(d)
			}
			wasted += l.pos - pos
			pos += t + len("trailer")
			if wasted > 4*len(data)+1<<20 {
				f.result.Malformed = true
				return
			}
			continue
		}
		if i < 0 {
			return
		}
		at := pos + i
		pos = at + 3
		r, ok := objectNumber(data, at)
		if !ok {
			continue
		}
		l := lexer{data: data, pos: pos, refs: true}
		v, ok := l.next()
		e := &entry{ref: r, offset: at, value: v}
		if !ok {
			f.result.Malformed = true
			if wasted += l.pos - pos; wasted > 4*len(data)+1<<20 {
				return
			}
		} else {
			pos = l.pos
		}
		if d, is := v.(dict); is && ok {
			pos = f.streamOf(e, d, &l)
		}
		f.add(e)
	}
}

func (f *file) addTrailer(v any) {
	d, _ := v.(dict)
	for k, v := range d {
		f.trailer[k] = v
	}
}

// objectNumber reads "12 0 " backwards from at.
func objectNumber(data []byte, at int) (ref, bool) {
	number := func(i int) (v, start int, ok bool) {
		for i > 0 && isSpace(data[i-1]) {
			i--
		}
		end := i
		for i > 0 && end-i < 10 && data[i-1] >= '0' && data[i-1] <= '9' {
			i--
		}
		for _, c := range data[i:end] {
			v = v*10 + int(c-'0')
		}
		return v, i, i < end
	}
	gen, i, ok := number(at)
	if !ok {
		return ref{}, false
	}
	num, start, ok := number(i)
	return ref{num, gen}, ok && start < i
}

// streamOf takes the content that follows a dictionary, and returns where the
// object ends.
func (f *file) streamOf(e *entry, d dict, l *lexer) int {
	end := l.pos
	if k, _ := l.next(); k != keyword("stream") {
		return end
	}
	start := l.pos
	if start < len(f.data) && f.data[start] == '\r' {
		start++
	}
	if start < len(f.data) && f.data[start] == '\n' {
		start++
	}
	e.isXref = d["Type"] == name("XRef")
	if e.isXref {
		f.addTrailer(d)
	}
	if n, ok := d["Length"].(float64); ok && n >= 0 && n <= float64(len(f.data)-start) {
		after := f.data[start+int(n):]
		if bytes.HasPrefix(bytes.TrimLeft(after[:min(len(after), 20)], " \r\n"), []byte("endstream")) {
			e.stream = f.data[start : start+int(n)]
			return start + int(n)
		}
	}
	n := bytes.Index(f.data[start:], []byte("endstream"))
	if n < 0 {
		f.result.Malformed = true
		e.stream = f.data[start:]
		return len(f.data)
	}
	e.stream = f.data[start : start+n]
	return start + n
}

func (f *file) add(e *entry) {
	f.all = append(f.all, e)
	if old := f.latest[e.num]; old == nil || old.offset <= e.offset {
		f.latest[e.num] = e
	}
}

// unpack reads the object streams (section 7.5.7).
func (f *file) unpack() {
	for _, e := range slices.Clone(f.all) {
		d, _ := e.value.(dict)
		if d["Type"] != name("ObjStm") || e.stream == nil {
			continue
		}
		data := f.content(e)
		if f.err != nil {
			return
		}
		n, first := int(f.number(d["N"])), int(f.number(d["First"]))
		e.used = true
		head := lexer{data: data}
		for range n {
			num, ok := head.next()
			at, ok2 := head.next()
			number, isNumber := num.(float64)
			offset, isOffset := at.(float64)
			if !ok || !ok2 || !isNumber || !isOffset || offset < 0 || first < 0 || float64(first)+offset > float64(len(data)) {
				f.result.Malformed = true
				break
			}
			body := lexer{data: data, pos: first + int(offset), refs: true}
			v, _ := body.next()
			f.add(&entry{ref: ref{int(number), 0}, offset: e.offset, packed: true, value: v})
		}
	}
}

// resolve follows references.
func (f *file) resolve(v any) any {
	for range 20 {
		r, ok := v.(ref)
		if !ok {
			return v
		}
		e := f.latest[r.num]
		if e == nil {
			return nil
		}
		v = e.value
	}
	return nil
}

// entryOf returns the object that v refers to.
func (f *file) entryOf(v any) *entry {
	for range 20 {
		r, ok := v.(ref)
		if !ok {
			return nil
		}
		e := f.latest[r.num]
		if e == nil {
			return nil
		}
		if _, again := e.value.(ref); !again {
			return e
		}
		v = e.value
	}
	return nil
}

func (f *file) dict(v any) dict {
	d, _ := f.resolve(v).(dict)
	return d
}

func (f *file) number(v any) float64 {
	n, _ := f.resolve(v).(float64)
	return n
}

func (f *file) array(v any) array {
	a, _ := f.resolve(v).(array)
	return a
}

func (f *file) name(v any) name {
	n, _ := f.resolve(v).(name)
	return n
}

// content decodes a stream, once.
func (f *file) content(e *entry) []byte {
	if e.stream == nil || e.failed {
		return nil
	}
	if e.decoded != nil {
		return e.decoded
	}
	d, _ := e.value.(dict)
	data := e.stream
	if n := int(f.number(d["Length"])); n > 0 && n < len(data) && len(data)-n <= 2 {
		data = data[:n] // the line break before the keyword is not content
	}
	if f.crypt != nil && !e.isXref {
		data = f.crypt.stream(e.ref, d, data)
	}
	out, err := f.decode(d, data)
	if f.err != nil {
		return nil
	}
	switch err {
	case nil:
	case errFilter:
		e.failed = true
		f.result.Filter = true
		return nil
	default:
		f.result.Malformed = true
	}
	if out == nil {
		out = []byte{}
	}
	e.decoded = out
	return out
}
