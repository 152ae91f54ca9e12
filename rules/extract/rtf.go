package extract

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// maxRTFGroups bounds the nesting of groups.
const maxRTFGroups = 1000

// An rtfGroup is the state that a group of RTF inherits and restores.
type rtfGroup struct {
	skip   bool // a destination without text
	object bool // the data of an embedded object, in hexadecimal
	uc     int  // characters that follow a Unicode one for old readers
}

// readRTF reads the text of RTF 1.9.1, visible or not, and its objects.
func readRTF(j *job, n node) error {
	r := rtfReader{job: j, node: n, s: j.sink(n), group: rtfGroup{uc: 1}, page: charmap.Windows1252}
	ok := r.read(n.data)
	if err := r.s.close(); err != nil {
		return err
	}
	if r.err != nil {
		return r.err
	}
	if !ok {
		return j.malformed(n)
	}
	return nil
}

type rtfReader struct {
	job   *job
	node  node
	s     *sink
	group rtfGroup
	stack []rtfGroup
	page  encoding.Encoding
	bytes []byte // of \'hh that wait to be decoded
	hex   []byte // of the object
	drop  int    // characters to leave out after a Unicode one
	err   error
}

func (r *rtfReader) read(data []byte) (ok bool) {
	for i := 0; i < len(data) && r.err == nil && r.s.err == nil; {
		switch c := data[i]; c {
		case '{':
			i++
			if len(r.stack) >= maxRTFGroups {
				return false
			}
			r.drop = 0
			r.stack = append(r.stack, r.group)
		case '}':
			i++
			r.flush()
			r.drop = 0
			if len(r.stack) == 0 {
				continue // more ends than starts; what follows is read as well
			}
			outer := r.stack[len(r.stack)-1]
			if r.group.object && !outer.object {
				r.endObject()
			}
			r.group, r.stack = outer, r.stack[:len(r.stack)-1]
		case '\\':
			i = r.control(data, i+1)
		case '\r', '\n':
			i++
		default:
			i++
			r.char(c)
		}
	}
	r.flush()
	if r.group.object || len(r.hex) > 0 {
		r.endObject()
	}
	return len(r.stack) == 0
}

// char takes a plain character.
func (r *rtfReader) char(c byte) {
	switch {
	case r.group.object:
		r.hex = append(r.hex, c)
	case r.group.skip:
	case r.drop > 0:
		r.drop--
	case c >= 0x80:
		r.bytes = append(r.bytes, c)
	default:
		r.flush()
		r.s.buf = append(r.s.buf, c)
		r.s.check()
	}
}

// flush decodes the octets that were given one by one.
func (r *rtfReader) flush() {
	if len(r.bytes) == 0 {
		return
	}
	text, err := r.page.NewDecoder().Bytes(r.bytes)
	if err != nil {
		text = []byte(latin(r.bytes))
	}
	r.s.bytes(text)
	r.bytes = r.bytes[:0]
}

// control reads a control word or symbol at i, after its backslash, and returns
// where it ends.
func (r *rtfReader) control(data []byte, i int) int {
	if i >= len(data) {
		return i
	}
	c := data[i]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		return r.symbol(data, i)
	}
	start := i
	for i < len(data) && data[i]|0x20 >= 'a' && data[i]|0x20 <= 'z' && i-start < 40 {
		i++
	}
	word := string(data[start:i])
	digits := i
	if i < len(data) && data[i] == '-' {
		i++
	}
	for i < len(data) && data[i] >= '0' && data[i] <= '9' && i-digits < 12 {
		i++
	}
	value, err := strconv.Atoi(string(data[digits:i]))
	given := err == nil
	if i < len(data) && data[i] == ' ' {
		i++
	}
	if word == "bin" && given && value > 0 {
		end := i + min(value, len(data)-i)
		if r.group.object {
			r.hex = hex.AppendEncode(r.hex, data[i:end])
		}
		return end
	}
	r.word(word, value, given)
	return i
}

func (r *rtfReader) symbol(data []byte, i int) int {
	switch data[i] {
	case '\'':
		if i+2 < len(data) {
			if b, err := strconv.ParseUint(string(data[i+1:i+3]), 16, 8); err == nil {
				r.octet(byte(b))
				return i + 3
			}
		}
	case '\\', '{', '}':
		r.char(data[i])
	case '~':
		r.char(' ')
	case '_':
		r.char('-')
	case '\r', '\n':
		r.breakLine("\n")
	}
	return i + 1 // "*" too: what only some readers know is read
}

// octet takes a character by its code.
func (r *rtfReader) octet(b byte) {
	switch {
	case r.group.skip || r.group.object:
	case r.drop > 0:
		r.drop--
	default:
		r.bytes = append(r.bytes, b)
	}
}

func (r *rtfReader) breakLine(with string) {
	r.flush()
	if !r.group.skip && !r.group.object {
		r.s.str(with)
	}
}

// word acts on a control word.
func (r *rtfReader) word(word string, value int, given bool) {
	switch word {
	case "u":
		if !given || r.group.skip || r.group.object {
			return
		}
		r.flush()
		if value < 0 {
			value += 1 << 16
		}
		r.s.rune(rune(value))
		r.drop = r.group.uc
	case "uc":
		r.group.uc = min(max(value, 0), 100)
	case "ansicpg":
		if e, err := ianaindex.IANA.Encoding("windows-" + strconv.Itoa(value)); err == nil && e != nil {
			r.page = e
		} else if e := codePage(value); e != nil {
			r.page = e
		}
	case "par", "line", "row", "page", "column", "sect", "softline":
		r.breakLine("\n")
	case "cell", "nestcell", "tab":
		r.breakLine("\t")
	case "emdash", "endash", "zwbo", "zwnbo":
		if word[0] == 'e' {
			r.breakLine("-")
		}
	case "emspace", "enspace", "qmspace":
		r.breakLine(" ")
	case "fonttbl", "colortbl", "stylesheet", "listtable", "listoverridetable", "rsidtbl", "themedata", "colorschememapping", "latentstyles", "datastore", "pict", "xmlnstbl",
		"filetbl", "revtbl", "pgptbl", "mmathPr", "panose", "blipuid":
		r.flush()
		r.group.skip = true
	case "objdata":
		r.flush()
		r.group.object = true
	}
}

// codePage returns the encoding of a Windows code page that IANA names
// otherwise.
func codePage(n int) encoding.Encoding {
	name := map[int]string{932: "Shift_JIS", 936: "GBK", 949: "EUC-KR", 950: "Big5", 437: "IBM437", 850: "IBM850", 852: "IBM852", 65001: "UTF-8"}[n]
	e, err := ianaindex.MIME.Encoding(name)
	if err != nil {
		return nil
	}
	return e
}

// endObject reads the embedded object: an OLE 1 header, then its data.
func (r *rtfReader) endObject() {
	digits := make([]byte, 0, len(r.hex))
	for _, c := range r.hex {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' {
			digits = append(digits, c)
		}
	}
	r.hex = r.hex[:0]
	data := make([]byte, len(digits)/2)
	k, _ := hex.Decode(data, digits[:len(digits)&^1])
	data = data[:k]
	if len(data) == 0 || r.err != nil {
		return
	}
	r.err = r.job.embeddedRead(r.node, "object", oleObject(data))
}

// oleObject returns the native data of an OLE 1 object (MS-OLEDS section 2.2.5):
// version, format, three strings with their lengths, size, data.
func oleObject(data []byte) []byte {
	rest := data
	if len(rest) < 8 {
		return data
	}
	rest = rest[8:]
	for range 3 {
		if len(rest) < 4 {
			return data
		}
		n := uint64(binary.LittleEndian.Uint32(rest))
		if n > uint64(len(rest)-4) {
			return data
		}
		rest = rest[4+n:]
	}
	if len(rest) < 4 {
		return data
	}
	if n := uint64(binary.LittleEndian.Uint32(rest)); n <= uint64(len(rest)-4) {
		rest = rest[4 : 4+n]
	}
	if bytes.HasPrefix(rest, []byte("\xd0\xcf\x11\xe0")) || bytes.HasPrefix(rest, []byte("PK")) {
		return rest
	}
	if _, content, ok := ole10Native(append([]byte{0, 0, 0, 0}, rest...)); ok {
		return content
	}
	return rest
}
