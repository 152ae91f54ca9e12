// Package spool holds the body of one message while it is inspected: in memory
// up to a bound, beyond it in a temporary file that is encrypted (age v1,
// X25519) under a key that exists in memory only, and that has no name.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// ErrTooLarge is returned for octets beyond the size limit.
var ErrTooLarge = errors.New("message is over the size limit")

// A Spool takes a body once and then gives it out any number of times. It is not
// safe for concurrent use; what Reader returned is.
type Spool struct {
	dir         string
	memory, max int64

	size   int64
	buf    []byte
	file   *os.File
	sealed io.WriteCloser
	key    *age.X25519Identity
	err    error // the first failure; it stays
}

// New returns a spool that keeps up to memory octets in memory and takes max in
// all. dir is where its file goes, "" the system's folder for temporary files.
func New(dir string, memory, max int64) *Spool {
	return &Spool{dir: dir, memory: memory, max: max}
}

// Size is the number of octets taken.
func (s *Spool) Size() int64 { return s.size }

// Write takes the next octets. After an error nothing more is taken.
func (s *Spool) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.file != nil && s.sealed == nil {
		return 0, errors.New("spool a message: it is being read already")
	}
	if s.size+int64(len(p)) > s.max {
		s.err = ErrTooLarge
		s.drop()
		return 0, s.err
	}
	if s.file == nil && s.size+int64(len(p)) > s.memory {
		if s.err = s.spill(); s.err != nil {
			return 0, s.err
		}
	}
	if s.file == nil {
		s.buf = append(s.buf, p...)
	} else if _, err := s.sealed.Write(p); err != nil {
		s.err = fmt.Errorf("spool a message: %w", err)
		return 0, s.err
	}
	s.size += int64(len(p))
	return len(p), nil
}

// spill moves what is in memory to a file.
func (s *Spool) spill() error {
	f, err := os.CreateTemp(s.dir, "postseal-*")
	if err != nil {
		return fmt.Errorf("spool a message: %w", err)
	}
	s.file = f
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("spool a message: %w", err)
	}
	if s.key, err = age.GenerateX25519Identity(); err != nil {
		return fmt.Errorf("spool a message: %w", err)
	}
	if s.sealed, err = age.Encrypt(f, s.key.Recipient()); err != nil {
		return fmt.Errorf("spool a message: %w", err)
	}
	if _, err := s.sealed.Write(s.buf); err != nil {
		return fmt.Errorf("spool a message: %w", err)
	}
	clear(s.buf)
	s.buf = nil
	return nil
}

// Reader ends the taking and returns the body and its size. The reader is good
// until Close.
func (s *Spool) Reader() (io.ReaderAt, int64, error) {
	if s.err != nil {
		return nil, 0, s.err
	}
	if s.file == nil {
		return bytes.NewReader(s.buf), s.size, nil
	}
	if s.sealed != nil {
		if err := s.sealed.Close(); err != nil {
			s.err = fmt.Errorf("spool a message: %w", err)
			return nil, 0, s.err
		}
		s.sealed = nil
	}
	end, err := s.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, fmt.Errorf("read a spooled message: %w", err)
	}
	r, n, err := age.DecryptReaderAt(s.file, end, s.key)
	if err != nil {
		return nil, 0, fmt.Errorf("read a spooled message: %w", err)
	}
	if n != s.size {
		return nil, 0, errors.New("read a spooled message: it has another size")
	}
	return r, n, nil
}

// Close forgets the body. It may be called more than once.
func (s *Spool) Close() error {
	if s.err == nil {
		s.err = os.ErrClosed
	}
	return s.drop()
}

func (s *Spool) drop() error {
	s.buf, s.sealed, s.key = nil, nil, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
