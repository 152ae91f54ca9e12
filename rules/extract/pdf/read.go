package pdf

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Read gives all text of a PDF file. The error is one of the Options' functions;
// what is wrong with the file is in the Result.
func Read(data []byte, o Options) (Result, error) {
	f := &file{data: data, opts: o, latest: map[int]*entry{}, fonts: map[int]*font{}, named: map[string]*font{}}
	f.scan()
	if e, ok := f.trailer["Encrypt"]; ok && e != nil {
		d := f.dict(e)
		c, ok := f.openCrypt(d)
		if !ok {
			return Result{Encrypted: true}, nil
		}
		f.crypt = c
		f.decryptStrings(d)
	}
	f.unpack()
	for _, step := range []func(){f.pages, f.files, f.streams, f.strings} {
		if f.err == nil {
			step()
		}
	}
	// Nothing that a reader could show, or the end is missing.
	if !f.shown || !bytes.Contains(data, []byte("startxref")) {
		f.result.Malformed = true
	}
	return f.result, f.err
}

// decryptStrings decrypts the strings of all objects but the encryption
// dictionary.
func (f *file) decryptStrings(encrypt dict) {
	var open func(r ref, v any, depth int) any
	open = func(r ref, v any, depth int) any {
		if depth > maxNesting {
			return v
		}
		switch v := v.(type) {
		case str:
			return str(f.crypt.open(f.crypt.strings, r, []byte(v)))
		case array:
			for i := range v {
				v[i] = open(r, v[i], depth+1)
			}
		case dict:
			for k := range v {
				v[k] = open(r, v[k], depth+1)
			}
		}
		return v
	}
	for _, e := range f.all {
		if d, is := e.value.(dict); is && (d["Filter"] == name("Standard") && d["O"] != nil || e.isXref) {
			continue
		}
		e.value = open(e.ref, e.value, 0)
	}
}

// pages gives the text of the pages, in the order of their objects.
func (f *file) pages() {
	for _, e := range f.all {
		d, is := e.value.(dict)
		if !is || f.name(d["Type"]) != "Page" || f.err != nil {
			continue
		}
		f.shown = true
		resources := f.inherited(d, "Resources")
		var content []byte
		list := array{d["Contents"]}
		if a, ok := f.resolve(d["Contents"]).(array); ok {
			list = a
		}
		for _, c := range list {
			s := f.entryOf(c)
			if s == nil {
				continue
			}
			s.used = true
			content = append(append(content, f.content(s)...), '\n')
			if len(content) > maxPage {
				f.result.Malformed = true
				break
			}
		}
		// Pages can share their content: what is shown again counts again.
		if f.grow(len(content)) {
			f.interpret(content, resources)
		}
	}
}

// maxPage bounds the content of one page, which can name the same stream again
// and again.
const maxPage = 16 << 20

// inherited looks a key up in a page and the nodes above it (section 7.7.3.4).
func (f *file) inherited(d dict, key string) dict {
	for range 50 {
		if v := f.dict(d[key]); v != nil {
			return v
		}
		if d = f.dict(d["Parent"]); d == nil {
			break
		}
	}
	return nil
}

// interpret gives the text of a content stream. A font that its resources don't
// have is taken from wherever one of that name is.
func (f *file) interpret(content []byte, resources dict) {
	if len(content) == 0 || f.err != nil {
		return
	}
	fonts := f.dict(resources["Font"])
	p := &page{f: f, out: &layout{f: f}}
	p.fonts = func(n name) *font {
		if v, ok := fonts[string(n)]; ok {
			return f.font(v)
		}
		return f.anyFont(string(n))
	}
	p.interpret(content)
}

// anyFont finds a font by its name in any resources.
func (f *file) anyFont(n string) *font {
	if t, known := f.named[n]; known {
		return t
	}
	t := f.searchFont(n)
	f.named[n] = t
	return t
}

func (f *file) searchFont(n string) *font {
	for _, e := range f.all {
		d, _ := e.value.(dict)
		fonts := f.dict(d["Font"])
		if fonts == nil {
			fonts = f.dict(f.dict(d["Resources"])["Font"])
		}
		if v, ok := fonts[n]; ok {
			return f.font(v)
		}
	}
	return nil
}

// files gives the embedded files (section 7.11.4).
func (f *file) files() {
	give := func(title string, e *entry) {
		if e == nil || e.used || f.err != nil {
			return
		}
		e.used = true
		data := f.content(e)
		if f.err == nil && len(data) > 0 {
			f.err = f.opts.File(title, data)
		}
	}
	for _, e := range f.all {
		d, _ := e.value.(dict)
		embedded := f.dict(d["EF"])
		if embedded == nil {
			continue
		}
		title := "attachment"
		for _, key := range []string{"F", "UF"} {
			if s, ok := f.resolve(d[key]).(str); ok && len(s) > 0 {
				title = textString([]byte(s))
			}
		}
		for _, key := range []string{"F", "UF", "DOS", "Mac", "Unix"} {
			give(title, f.entryOf(embedded[key]))
		}
	}
	for _, e := range f.all {
		if d, _ := e.value.(dict); f.name(d["Type"]) == "EmbeddedFile" {
			give("attachment", e)
		}
	}
}

// streams reads what is left: forms and other content that pages don't name,
// XML, scripts.
func (f *file) streams() {
	for _, e := range f.all {
		if e.stream == nil || e.used || f.err != nil {
			continue
		}
		d, _ := e.value.(dict)
		if !mayHoldText(d) {
			continue
		}
		e.used = true
		data := f.content(e)
		start := bytes.TrimLeft(data[:min(len(data), 100)], "\xef\xbb\xbf \t\r\n")
		switch {
		case f.err != nil || len(data) == 0:
		case d["Subtype"] == name("XML"), bytes.HasPrefix(start, []byte("<?x")), bytes.HasPrefix(start, []byte("<xdp")), bytes.HasPrefix(start, []byte("<x:")):
			f.err = f.opts.XML(data)
		case bytes.HasPrefix(start, []byte("%!PS")), bytes.Contains(data[:min(len(data), 4<<10)], []byte("begincmap")):
		case isContent(data):
			f.interpret(data, f.dict(d["Resources"]))
		case isPlain(data):
			f.give(textString(data) + "\n")
		}
	}
}

func (f *file) give(text string) {
	if f.err == nil {
		f.err = f.opts.Text(text)
	}
}

// mayHoldText leaves out pictures, fonts, colour profiles and the file's own
// tables.
func mayHoldText(d dict) bool {
	switch d["Subtype"] {
	case name("Image"), name("Type1C"), name("CIDFontType0C"), name("OpenType"):
		return false
	}
	switch d["Type"] {
	case name("XRef"), name("ObjStm"), name("CMap"), name("XObject"):
		return d["Subtype"] == name("Form") || d["Subtype"] == name("PS")
	}
	return d["Length1"] == nil && d["FunctionType"] == nil && d["ShadingType"] == nil && d["N"] == nil
}

// isContent tells whether a stream shows text.
func isContent(data []byte) bool {
	return bytes.Contains(data, []byte("BT")) && (bytes.Contains(data, []byte("Tj")) || bytes.Contains(data, []byte("TJ")) ||
		bytes.Contains(data, []byte("'")) || bytes.Contains(data, []byte("\"")))
}

// isPlain tells whether a stream is text itself.
func isPlain(data []byte) bool {
	odd := 0
	head := data[:min(len(data), 4<<10)]
	for _, b := range head {
		if b < ' ' && !isSpace(b) || b == 0 {
			odd++
		}
	}
	return odd <= len(head)/50
}

// strings gives the strings of all objects: annotations, form fields, outlines,
// properties, structure.
func (f *file) strings() {
	var b strings.Builder
	for _, e := range f.all {
		d, is := e.value.(dict)
		if e.isXref || is && (d["Filter"] == name("Standard") && d["O"] != nil) {
			continue
		}
		collect(&b, e.value, 0)
		if b.Len() > 64<<10 {
			f.give(b.String())
			b.Reset()
		}
	}
	collect(&b, f.trailer["Info"], 0)
	if b.Len() > 0 {
		f.give(b.String())
	}
}

// collect gives the strings in one object, a line each.
func collect(b *strings.Builder, v any, depth int) {
	if depth > maxNesting {
		return
	}
	switch v := v.(type) {
	case str:
		if len(v) > 2 {
			if t := textString([]byte(v)); t != "" {
				b.WriteString(t)
				b.WriteByte('\n')
			}
		}
	case array:
		for _, o := range v {
			collect(b, o, depth+1)
		}
	case dict:
		for _, k := range sortedKeys(v) {
			switch k {
			case "ID", "CIDSystemInfo", "Panose", "CheckSum", "Lookup", "Cert", "ByteRange":
				continue
			}
			collect(b, v[k], depth+1)
		}
	}
}

// textString decodes a text string (section 7.9.2.2).
func textString(s []byte) string {
	switch {
	case bytes.HasPrefix(s, []byte("\xfe\xff")):
		u := make([]uint16, 0, len(s)/2)
		for i := 2; i+1 < len(s); i += 2 {
			u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
		}
		return string(utf16.Decode(u))
	case bytes.HasPrefix(s, []byte("\xff\xfe")):
		u := make([]uint16, 0, len(s)/2)
		for i := 2; i+1 < len(s); i += 2 {
			u = append(u, uint16(s[i+1])<<8|uint16(s[i]))
		}
		return string(utf16.Decode(u))
	case utf8.Valid(s):
		return strings.TrimPrefix(string(s), "\ufeff")
	}
	r := make([]rune, 0, len(s))
	for _, c := range s {
		if t := baseText("", c); t != 0 || isSpace(c) {
			r = append(r, max(t, ' '))
		}
	}
	return string(r)
}
