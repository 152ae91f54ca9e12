package extract

import (
	"strings"
)

// outlook reads one property of a .msg file (MS-OXMSG section 2.1.3); its number
// and type are in the stream's name.
func (c *container) outlook(s *stream) error {
	tag := strings.TrimPrefix(s.name, "__substg1.0_")
	if len(tag) < 8 {
		return nil
	}
	p := mapiProperty{id: tag[:4], typ: tag[4:8], data: s.data}
	if p.id == "3701" {
		for _, name := range []string{"3707001f", "3707001e", "3704001f", "3704001e", "3001001f", "3001001e"} {
			if n := c.find(s.storage, "__substg1.0_"+name); n != nil {
				p.name = mapiText(name[4:], n.data)
				break
			}
		}
	}
	return c.job.property(c.node, p)
}

// A mapiProperty is a property of a message or attachment in .msg and TNEF, with
// its number and type in hexadecimal.
type mapiProperty struct {
	id, typ string
	name    string // file name, for the data of an attachment
	data    []byte
}

// property gives the text of a property.
func (j *job) property(n node, p mapiProperty) error {
	switch {
	case len(p.data) == 0:
		return nil
	case p.typ == "001f" || p.typ == "001e":
		s := j.sink(n)
		s.line(mapiText(p.typ, p.data))
		return s.close()
	case p.id == "1009":
		rtf, ok := decompressRTF(p.data, j.expanded)
		if !ok {
			j.note(ReasonMalformed)
		}
		n.data, n.name = rtf, "body.rtf"
		if j.expanded -= int64(len(rtf)); j.expanded < 0 {
			return j.stop(ReasonExpanded)
		}
		return readRTF(j, n)
	case p.id == "1013":
		n.data, n.name = p.data, "body.html"
		return readPlain(j, n)
	case p.id == "3701":
		name := p.name
		if name == "" {
			name = "attachment"
		}
		return j.embeddedRead(n, name, p.data)
	}
	return j.readStrings(n, p.data)
}

func mapiText(typ string, data []byte) string {
	if typ == "001f" {
		return strings.Trim(utf16le(data), "\x00")
	}
	return strings.Trim(latin(data), "\x00")
}

// lzfuStart is what the window of compressed RTF starts with (MS-OXRTFCP section
// 2.1.2.1).
const lzfuStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// decompressRTF undoes the compression of RTF in MAPI (MS-OXRTFCP). What came
// before an error is returned too.
func decompressRTF(data []byte, limit int64) (rtf []byte, ok bool) {
	if len(data) < 16 {
		return nil, false
	}
	size := uint32(data[4]) | uint32(data[5])<<8 | uint32(data[6])<<16 | uint32(data[7])<<24
	body := data[16:]
	switch string(data[8:12]) {
	case "MELA":
		return body, true
	case "LZFu":
	default:
		return nil, false
	}
	var window [4096]byte
	at := copy(window[:], lzfuStart)
	put := func(b byte) {
		rtf = append(rtf, b)
		window[at] = b
		at = (at + 1) % len(window)
	}
	for len(body) > 0 {
		flags := body[0]
		body = body[1:]
		for bit := range 8 {
			if int64(len(rtf)) > limit {
				return rtf, false
			}
			if flags>>bit&1 == 0 {
				if len(body) == 0 {
					return rtf, uint32(len(rtf)) >= size
				}
				put(body[0])
				body = body[1:]
				continue
			}
			if len(body) < 2 {
				return rtf, uint32(len(rtf)) >= size
			}
			ref := int(body[0])<<8 | int(body[1])
			body = body[2:]
			from, n := ref>>4, ref&15+2
			if from == at {
				return rtf, true // the end
			}
			for range n {
				put(window[from])
				from = (from + 1) % len(window)
			}
		}
	}
	return rtf, uint32(len(rtf)) >= size
}
