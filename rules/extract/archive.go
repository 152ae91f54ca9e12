package extract

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/nwaples/rardecode/v2"
	"github.com/ulikunitz/xz"
)

// readCompressed reads a file that was compressed by itself.
func readCompressed(j *job, n node, k kind) error {
	var r io.Reader
	var err error
	name := n.name
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst", ".z"} {
		name = strings.TrimSuffix(name, ext)
	}
	if base, ok := strings.CutSuffix(name, ".tgz"); ok {
		name = base + ".tar"
	}
	switch k {
	case kindGzip:
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(n.data)); err == nil {
			r = z
			if z.Name != "" {
				name = z.Name
			}
		}
	case kindBzip2:
		r = bzip2.NewReader(bytes.NewReader(n.data))
	case kindXZ:
		// The decoder takes a cut in some places for the end.
		if !bytes.HasSuffix(bytes.TrimRight(n.data, "\x00"), []byte("YZ")) {
			j.note(ReasonMalformed)
		}
		r, err = xz.ReaderConfig{DictCap: maxDictionary}.NewReader(bytes.NewReader(n.data))
	case kindZstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(bytes.NewReader(n.data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxDictionary)); err == nil {
			defer z.Close()
			r = z
		}
	}
	if err != nil {
		return j.malformed(n)
	}
	if name == "" {
		name = "content"
	}
	m, err := j.enter(n, name)
	if err != nil {
		return err
	}
	if err := j.member(m, r, 0); err != nil {
		return err
	}
	return j.names(n, m.member-1)
}

// readTar reads the files of a tar archive.
func readTar(j *job, n node) error {
	from := len(j.result.Members)
	for r := tar.NewReader(bytes.NewReader(n.data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return j.names(n, from)
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			if err := j.names(n, from); err != nil {
				return err
			}
			return j.malformed(n)
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		m, err := j.enter(n, h.Name)
		if err != nil {
			return err
		}
		if err := j.member(m, r, uint64(max(h.Size, 0))); err != nil {
			return err
		}
	}
}

// readSevenZip reads the files of a 7z archive. The window that a file asks for
// is taken as it is declared: only the limits of a child bound it.
func readSevenZip(j *job, n node) error {
	r, err := sevenzip.NewReader(bytes.NewReader(n.data), int64(len(n.data)))
	if err != nil {
		if sevenZipLocked(err) {
			j.encrypted(n) // the list of members too
			return nil
		}
		return j.malformed(n)
	}
	if len(r.File) > j.limits.Members {
		return j.stop(ReasonMembers)
	}
	from := len(j.result.Members)
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		m, err := j.enter(n, f.Name)
		if err != nil {
			return err
		}
		if f.UncompressedSize == 0 {
			continue
		}
		if f.UncompressedSize > uint64(j.expanded) {
			return j.stop(ReasonExpanded)
		}
		c, err := f.Open()
		if err != nil {
			j.sevenZipFailed(m, err)
			continue
		}
		data, err := j.read(c, f.UncompressedSize)
		c.Close()
		if isLimit(err) || j.ctx.Err() != nil {
			return err
		}
		if err != nil {
			j.sevenZipFailed(m, err)
			if sevenZipLocked(err) {
				continue
			}
		}
		if err := j.descend(m, "", data); err != nil {
			return err
		}
	}
	return j.names(n, from)
}

// sevenZipLocked tells whether reading failed for lack of a password. The empty
// one was tried, which fails late and in several ways.
func sevenZipLocked(err error) bool {
	var e *sevenzip.ReadError
	return errors.As(err, &e) && e.Encrypted
}

func (j *job) sevenZipFailed(m node, err error) {
	if sevenZipLocked(err) {
		j.encrypted(m)
		return
	}
	if strings.Contains(err.Error(), "unsupported compression algorithm") {
		j.note(ReasonMethod)
		return
	}
	j.note(ReasonMalformed)
}

// readRAR reads the files of a RAR archive, version 1.5 to 5.
func readRAR(j *job, n node) error {
	from := len(j.result.Members)
	r, err := rardecode.NewReader(bytes.NewReader(n.data), rardecode.MaxDictionarySize(maxDictionary))
	for err == nil {
		var h *rardecode.FileHeader
		if h, err = r.Next(); err != nil {
			break
		}
		if h.IsDir {
			continue
		}
		var m node
		if m, err = j.enter(n, path.Clean(h.Name)); err != nil {
			return err
		}
		j.result.Members[m.member-1].Size = h.UnPackedSize
		if h.Encrypted {
			j.encrypted(m)
			continue
		}
		data, readErr := j.read(r, uint64(max(h.UnPackedSize, 0)))
		if isLimit(readErr) || j.ctx.Err() != nil {
			return readErr
		}
		if readErr != nil {
			j.rarFailed(n, readErr)
		}
		if err := j.descend(m, "", data); err != nil {
			return err
		}
	}
	if err != io.EOF {
		j.rarFailed(n, err)
	}
	return j.names(n, from)
}

func (j *job) rarFailed(n node, err error) {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		j.encrypted(n)
	case errors.Is(err, rardecode.ErrDictionaryTooLarge), errors.Is(err, rardecode.ErrUnsupportedDecoder), errors.Is(err, rardecode.ErrUnknownDecoder):
		j.note(ReasonMethod)
	case errors.Is(err, rardecode.ErrMultiVolume):
		j.note(ReasonIncomplete)
	default:
		j.note(ReasonMalformed)
	}
}
