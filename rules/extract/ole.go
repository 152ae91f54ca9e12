package extract

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
	"golang.org/x/text/encoding/charmap"
)

// A stream is one of an OLE container (MS-CFB).
type stream struct {
	storage string // path of the storage that it is in, lower case, "" or ending in "/"
	name    string // lower case
	data    []byte
}

// maxStreams bounds the streams of a container.
const maxStreams = 10_000

// readOLE reads a document in an OLE container: each storage is told by the names
// of its streams, which are compared without regard to case.
func readOLE(j *job, n node) error {
	c, err := openOLE(j, n)
	if err != nil {
		if isLimit(err) || j.ctx.Err() != nil {
			return err
		}
		return j.malformed(n)
	}
	j.setType(n, c.media())
	if c.find("", "encryptedpackage") != nil || c.find("", "encryptioninfo") != nil {
		j.encrypted(n)
		return nil
	}
	// The document first, its tables and objects after it.
	for _, first := range []bool{true, false} {
		for i := range c.streams {
			if s := &c.streams[i]; mainStream(s.name) == first {
				if err := c.read(s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func mainStream(name string) bool {
	return name == "worddocument" || name == "workbook" || name == "book" || name == "powerpoint document"
}

// A container is an OLE container in memory.
type container struct {
	job     *job
	node    node
	streams []stream
	done    map[*stream]bool // read as part of another one
	err     error            // that ends all work
}

func openOLE(j *job, n node) (*container, error) {
	r, err := mscfb.New(bytes.NewReader(n.data))
	if err != nil {
		return nil, err
	}
	c := &container{job: j, node: n, done: map[*stream]bool{}}
	total := int64(0)
	for f, err := r.Next(); err == nil; f, err = r.Next() {
		if len(c.streams) >= maxStreams {
			return nil, j.stop(ReasonMembers)
		}
		// Streams that share sectors can be more than the file is.
		if total += f.Size; total > 4*int64(len(n.data))+1<<20 {
			return nil, errors.New("streams overlap")
		}
		if f.FileInfo().IsDir() {
			continue
		}
		data := make([]byte, max(f.Size, 0))
		k, err := io.ReadFull(f, data)
		if err != nil && f.Size > 0 {
			j.note(ReasonMalformed)
		}
		storage := strings.ToLower(strings.Join(f.Path, "/"))
		if storage != "" {
			storage += "/"
		}
		c.streams = append(c.streams, stream{storage, strings.ToLower(streamName(f)), data[:k]})
	}
	return c, nil
}

// streamName returns a stream's name with the octet that some start with, which
// the library keeps apart.
func streamName(f *mscfb.File) string {
	if f.Initial > 0 && f.Initial < ' ' && !strings.HasPrefix(f.Name, string(rune(f.Initial))) {
		return string(rune(f.Initial)) + f.Name
	}
	return f.Name
}

func (c *container) find(storage, name string) *stream {
	for i := range c.streams {
		if c.streams[i].storage == storage && c.streams[i].name == name {
			return &c.streams[i]
		}
	}
	return nil
}

// media tells what the container holds.
func (c *container) media() string {
	for _, s := range c.streams {
		if s.storage != "" {
			continue
		}
		switch {
		case s.name == "worddocument":
			return "application/msword"
		case s.name == "workbook" || s.name == "book":
			return "application/vnd.ms-excel"
		case s.name == "powerpoint document":
			return "application/vnd.ms-powerpoint"
		case s.name == "encryptedpackage":
			return "application/x-ole-encrypted-package"
		case strings.HasPrefix(s.name, "__substg1.0_") || s.name == "__properties_version1.0":
			return "application/vnd.ms-outlook"
		case s.name == "visiodocument":
			return "application/vnd.visio"
		}
	}
	return "application/x-ole-storage"
}

// read reads one stream by its name.
func (c *container) read(s *stream) error {
	j, n := c.job, c.node
	if strings.Contains("/"+s.storage, "/vba/") || s.name == "_vba_project" || strings.Contains("/"+s.storage, "/macros/") || strings.Contains(s.storage, "_vba_project_cur/") {
		j.macros(n)
	}
	switch {
	case c.done[s] || len(s.data) == 0:
		return nil
	case s.name == "worddocument":
		return c.word(s)
	case s.name == "workbook" || s.name == "book":
		return c.excel(s)
	case s.name == "powerpoint document":
		return c.powerpoint(s)
	case s.name == "\x01ole10native":
		name, data, ok := ole10Native(s.data)
		if !ok {
			return j.readStrings(n, s.data)
		}
		return j.embeddedRead(n, name, data)
	case strings.HasPrefix(s.name, "__substg1.0_") && !strings.Contains(s.storage, "__nameid_version"): // not the names of properties
		return c.outlook(s)
	case strings.HasPrefix(s.name, "__properties_version"), s.name == "\x01compobj", s.name == "\x03objinfo", s.name == "pictures":
		return nil
	case s.name == "package" || s.name == "contents":
		return j.embeddedRead(n, s.storage+s.name, s.data)
	}
	if k, _ := identify(node{data: s.data}); k != kindBinary && k != kindText && k != kindUnread {
		return j.embeddedRead(n, s.storage+s.name, s.data)
	}
	return j.readStrings(n, s.data)
}

// ole10Native reads the file that a packager object holds: four octets size, two
// of flags, label, file name, eight octets, temporary path, size, the file.
func ole10Native(data []byte) (name string, content []byte, ok bool) {
	if len(data) < 6 {
		return "", nil, false
	}
	rest := data[6:]
	if _, rest, ok = bytes.Cut(rest, []byte{0}); !ok { // label
		return "", nil, false
	}
	path, rest, ok := bytes.Cut(rest, []byte{0})
	if !ok || len(rest) < 8 {
		return "", nil, false
	}
	rest = rest[4:] // flags
	skip := int(uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16 | uint32(rest[3])<<24)
	if skip < 0 || skip > len(rest)-8 {
		return "", nil, false
	}
	rest = rest[4+skip:]
	size := uint64(rest[0]) | uint64(rest[1])<<8 | uint64(rest[2])<<16 | uint64(rest[3])<<24
	rest = rest[4:]
	if size > uint64(len(rest)) {
		return "", nil, false
	}
	p := string(path)
	return p[strings.LastIndexAny(p, `\/`)+1:], rest[:size], true
}

// utf16le decodes little-endian UTF-16; half a unit at the end is left out.
func utf16le(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return string(utf16.Decode(u))
}

// latin decodes Windows-1252.
func latin(b []byte) string {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = charmap.Windows1252.DecodeByte(c)
	}
	return string(out)
}
