package portal

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"os"

	"github.com/postseal/postseal/store/seal"
)

// A plain message is a payload that has been read whole and verified, open for
// reading. What lies in the temporary file is its ciphertext; plaintext is made
// of it piece by piece in memory. Close it.
type plain struct {
	r     io.ReaderAt
	size  int64
	close func()
}

func (m *plain) Close() { m.close() }

// reader returns the whole message from its start.
func (m *plain) reader() io.Reader { return io.NewSectionReader(m.r, 0, m.size) }

// openPayload reads a sealed payload from src, compares its digest with the
// manifest's, and opens it. It takes one of the slots for opened messages until
// it is closed.
func (p *portal) openPayload(c *call, src io.Reader, m *fetched) (*plain, error) {
	want := m.manifest.PayloadSize
	if want < 0 || want > p.limits.Payload {
		return nil, fmt.Errorf("open message %s: %w", m.ID, errIntegrity)
	}
	release, err := p.spooling.take(c.ctx(), c.client)
	if err != nil {
		return nil, err
	}
	s := &spool{}
	done := func() { s.Close(); release() }

	sum := sha256.New()
	// One octet more than announced is enough to know that it is another payload.
	n, err := s.fill(io.TeeReader(io.LimitReader(src, want+1), sum), p.limits.SpoolMemory)
	if err != nil {
		done()
		return nil, fmt.Errorf("read the payload of message %s: %w", m.ID, err)
	}
	if n != want || subtle.ConstantTimeCompare(sum.Sum(nil), m.manifest.Payload[:]) != 1 {
		done()
		return nil, fmt.Errorf("open message %s: %w", m.ID, errIntegrity)
	}
	r, size, err := m.key.OpenPayload(s, n)
	if err != nil {
		done()
		return nil, fmt.Errorf("open message %s: %w", m.ID, err)
	}
	return &plain{r, size, done}, nil
}

// A spool holds ciphertext: its beginning in memory, the rest in a temporary
// file that has no name any more.
type spool struct {
	head []byte
	file *os.File
}

func (s *spool) fill(r io.Reader, memory int64) (int64, error) {
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, memory))
	s.head = head.Bytes()
	if err != nil || n < memory {
		return n, err
	}
	f, err := os.CreateTemp("", "postseal-spool-")
	if err != nil {
		return n, err
	}
	s.file = f
	if err := os.Remove(f.Name()); err != nil {
		return n, err
	}
	rest, err := io.Copy(f, r)
	return n + rest, err
}

// ReadAt implements [io.ReaderAt].
func (s *spool) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(s.head)) {
		n = copy(b, s.head[off:])
		if n == len(b) {
			return n, nil
		}
	}
	if s.file == nil {
		return n, io.EOF
	}
	m, err := s.file.ReadAt(b[n:], off+int64(n)-int64(len(s.head)))
	return n + m, err
}

// Close frees what the spool holds.
func (s *spool) Close() {
	s.head = nil
	if s.file != nil {
		s.file.Close()
	}
}

func digest(b []byte) seal.Digest { return sha256.Sum256(b) }
