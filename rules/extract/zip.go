package extract

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// maxDictionary bounds the window that a decoder may ask memory for.
const maxDictionary = 64 << 20

// The compressions of zip (APPNOTE section 4.4.5) beyond those that archive/zip
// knows.
const (
	zipBzip2 = 12
	zipLZMA  = 14
	zipZstd  = 93
	zipXZ    = 95
)

// openZip opens a zip archive, also one with something before it.
func openZip(data []byte) (*zip.Reader, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zipBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	z.RegisterDecompressor(zipZstd, func(r io.Reader) io.ReadCloser {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxDictionary))
		if err != nil {
			return failed{err}
		}
		return d.IOReadCloser()
	})
	z.RegisterDecompressor(zipXZ, func(r io.Reader) io.ReadCloser {
		d, err := xz.ReaderConfig{DictCap: maxDictionary, SingleStream: true}.NewReader(r)
		if err != nil {
			return failed{err}
		}
		return io.NopCloser(d)
	})
	return z, nil
}

// failed is a reader that could not be made.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
func (f failed) Close() error             { return nil }

// openMember opens a member's content.
func openMember(f *zip.File) (io.ReadCloser, error) {
	if f.Method == zipLZMA {
		return openZipLZMA(f)
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, errMethod
	}
	return r, err
}

// openZipLZMA reads LZMA as zip has it (APPNOTE section 5.8): version, length of
// the properties, the properties; the decoder wants the properties and the size.
func openZipLZMA(f *zip.File) (io.ReadCloser, error) {
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	var head [9]byte
	if _, err := io.ReadFull(raw, head[:]); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint16(head[2:]) != 5 || binary.LittleEndian.Uint32(head[5:]) > maxDictionary {
		return nil, errMethod
	}
	classic := append(append([]byte{}, head[4:9]...), make([]byte, 8)...)
	size := f.UncompressedSize64
	if f.Flags&2 != 0 {
		size = 1<<64 - 1 // it marks its end
	}
	binary.LittleEndian.PutUint64(classic[5:], size)
	d, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(io.MultiReader(bytes.NewReader(classic), raw))
	if err != nil {
		return nil, err
	}
	return io.NopCloser(d), nil
}

// hasZipEnd tells whether data ends like a zip archive.
func hasZipEnd(data []byte) bool {
	tail := data[max(0, len(data)-(1<<16+22)):]
	return bytes.Contains(tail, []byte("PK\x05\x06")) && bytes.Contains(data, []byte("PK\x01\x02"))
}

// readZip reads a zip archive, or the office file in it.
func readZip(j *job, n node) error {
	z, err := openZip(n.data)
	if err != nil {
		return j.malformed(n)
	}
	if len(z.File) > j.limits.Members {
		return j.stop(ReasonMembers)
	}
	p := zipPackage{job: j, node: n, zip: z, parts: map[string]*zip.File{}}
	for _, f := range z.File {
		name := strings.ToLower(path.Clean("/" + strings.ReplaceAll(f.Name, `\`, "/")))[1:]
		if _, twice := p.parts[name]; twice {
			j.note(ReasonMalformed) // readers differ in which of them they take
		}
		p.parts[name] = f
		if strings.HasSuffix(name, ".iwa") {
			j.note(ReasonFormat) // Apple's office files: Snappy and protocol buffers
		}
	}
	if hidesMembers(z, n.data) {
		j.note(ReasonMalformed)
	}
	if extent := memberExtent(z); extent > int64(len(n.data)) {
		j.note(ReasonMalformed) // members overlap: no archiver makes that
	}
	switch {
	case p.parts["[content_types].xml"] != nil:
		return readOOXML(&p)
	case p.parts["mimetype"] != nil && (p.parts["content.xml"] != nil || p.parts["meta-inf/manifest.xml"] != nil) && !strings.Contains(p.mimetype(), "epub"):
		return readODF(&p)
	}
	if bytes.HasPrefix(n.data, []byte("PK")) {
		j.setType(n, "application/zip")
	}
	return readArchive(&p)
}

// hidesMembers tells whether there are members that the archive's directory
// doesn't list: some programs go by the members and not by the directory.
func hidesMembers(z *zip.Reader, data []byte) bool {
	type extent struct{ start, end int64 }
	var known []extent
	for _, f := range z.File {
		start, err := f.DataOffset()
		size, all := f.CompressedSize64, int64(len(data))
		if err != nil || start < 0 || start > all || size > uint64(all-start) {
			return true
		}
		known = append(known, extent{start, start + int64(size)})
	}
	slices.SortFunc(known, func(a, b extent) int { return cmp.Compare(a.start, b.start) })
	at, listed := int64(0), 0
	for _, e := range append(known, extent{int64(len(data)), int64(len(data))}) {
		if e.start > at {
			// Between two contents stands the header of the second.
			headers := bytes.Count(data[at:e.start], []byte("PK\x03\x04"))
			if e.start < int64(len(data)) {
				headers--
			}
			listed += max(headers, 0)
		}
		at = max(at, e.end)
	}
	return listed > 0
}

// memberExtent adds up what the members take in the archive.
func memberExtent(z *zip.Reader) (n int64) {
	for _, f := range z.File {
		if c := f.CompressedSize64; c < 1<<40 {
			n += int64(c)
		} else {
			return 1 << 62
		}
	}
	return n
}

// setType replaces the media type of n by a better one.
func (j *job) setType(n node, media string) {
	if n.member > 0 {
		j.result.Members[n.member-1].Type = media
	} else {
		j.result.Type = media
	}
}

// A zipPackage is an open zip archive.
type zipPackage struct {
	job   *job
	node  node
	zip   *zip.Reader
	parts map[string]*zip.File // by name in lower case
}

// part reads a part; nil if there is none or if it can't be read, which is noted.
func (p *zipPackage) part(f *zip.File) ([]byte, error) {
	if f == nil || strings.HasSuffix(f.Name, "/") {
		return nil, nil
	}
	if f.Flags&1 != 0 {
		p.job.encrypted(p.node)
		return nil, nil
	}
	r, err := openMember(f)
	if err != nil {
		p.job.note(reasonOf(err))
		return nil, nil
	}
	defer r.Close()
	data, err := p.job.read(r, f.UncompressedSize64)
	if err != nil && !isLimit(err) && p.job.ctx.Err() == nil {
		p.job.note(reasonOf(err))
		return data, nil
	}
	return data, err
}

// mimetype returns what an OpenDocument file says of itself.
func (p *zipPackage) mimetype() string {
	f := p.parts["mimetype"]
	if f == nil || f.UncompressedSize64 > 200 {
		return ""
	}
	data, err := p.part(f)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(string(data)))
}

// readArchive reads each member as a document.
func readArchive(p *zipPackage) error {
	j, from := p.job, len(p.job.result.Members)
	for _, f := range p.zip.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		m, err := j.enter(p.node, f.Name)
		if err != nil {
			return err
		}
		m.declared = ""
		if f.Flags&1 != 0 {
			j.result.Members[m.member-1].Size = int64(min(f.UncompressedSize64, 1<<62))
			j.encrypted(m)
			continue
		}
		r, err := openMember(f)
		if err != nil {
			j.note(reasonOf(err))
			continue
		}
		err = j.member(m, r, f.UncompressedSize64)
		r.Close()
		if err != nil {
			return err
		}
	}
	if p.zip.Comment != "" {
		s := j.sink(p.node)
		s.line(p.zip.Comment)
		if err := s.close(); err != nil {
			return err
		}
	}
	return j.names(p.node, from)
}
