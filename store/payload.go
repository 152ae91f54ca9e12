package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
)

const (
	chunkSize   = 64 << 10 // one value; a single large one costs bbolt three times as much
	flushChunks = 32       // chunks in one transaction
	readChunks  = 4        // chunks copied out in one read transaction
)

func chunkKey(payload id, n uint32) []byte {
	return binary.BigEndian.AppendUint32(payload[:], n)
}

// chunkNumber returns the number in a key of bucketChunk.
func chunkNumber(key []byte) uint32 { return binary.BigEndian.Uint32(key[16:]) }

// A payloadWriter cuts what is written into chunks of a week's file. They are
// orphans until metadata names the payload.
type payloadWriter struct {
	ctx    context.Context
	store  *Store
	id     id
	week   week
	wrap   func(n uint32, chunk []byte) []byte // nil: chunks are stored as they are
	buf    []byte                              // the chunk that is being filled
	ready  [][]byte                            // full chunks, at most flushChunks
	chunks uint32                              // in ready and before
	size   int64                               // octets of all chunks as stored
	digest hash.Hash                           // of the same
}

// newPayload starts a payload in the file of a week. The sweep leaves it alone
// until done is called with its id.
func (s *Store) newPayload(ctx context.Context, w week) *payloadWriter {
	p := &payloadWriter{ctx: ctx, store: s, id: newID(), week: w, digest: sha256.New()}
	s.active.add(p.id)
	return p
}

// Write takes plaintext or age ciphertext, as the payload's kind is.
func (p *payloadWriter) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		if p.buf == nil {
			p.buf = make([]byte, 0, min(chunkSize, max(len(b), 4<<10)))
		}
		n := min(len(b), chunkSize-len(p.buf))
		p.buf = append(p.buf, b[:n]...)
		b = b[n:]
		if len(p.buf) == chunkSize {
			p.cut()
		}
		if len(p.ready) == flushChunks {
			// Again for each part, so that many large ones at a time don't use
			// up what is left for purging.
			if err := p.store.space(); err != nil {
				return 0, err
			}
			if err := <-p.flush(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// cut ends the chunk that is being filled.
func (p *payloadWriter) cut() {
	if len(p.buf) == 0 {
		return
	}
	chunk := p.buf
	if p.wrap != nil {
		chunk = p.wrap(p.chunks, chunk)
	}
	p.digest.Write(chunk)
	p.size += int64(len(chunk))
	p.ready = append(p.ready, chunk)
	p.chunks++
	p.buf = nil
}

// flush starts to store the chunks that are ready.
func (p *payloadWriter) flush() <-chan error {
	chunks, first := p.ready, p.chunks-uint32(len(p.ready))
	p.ready = nil
	size := 0
	for _, c := range chunks {
		size += len(c)
	}
	var done <-chan error
	err := p.store.weeks.with(p.week, true, func(f *file) error {
		done = f.start(p.ctx, size, func(c *change) error {
			for i, chunk := range chunks {
				if err := c.put(bucketChunk, chunkKey(p.id, first+uint32(i)), chunk); err != nil {
					return err
				}
			}
			return nil
		})
		return nil
	})
	if err != nil {
		failed := make(chan error, 1)
		failed <- err
		return failed
	}
	return done
}

// finish starts to store the rest. The record says what is stored once the
// channel yields nil.
func (p *payloadWriter) finish() (payloadRecord, <-chan error) {
	p.cut()
	done := p.flush()
	return payloadRecord{
		versioned: current,
		Week:      string(p.week),
		Chunks:    p.chunks,
		Size:      p.size,
		Digest:    seal.Digest(p.digest.Sum(nil)),
	}, done
}

// A payloadReader reads a payload as stored. It holds no transaction between
// two reads, so that a slow reader is in nobody's way.
type payloadReader struct {
	store  *Store
	id     id
	record payloadRecord
	next   uint32
	buf    []byte
	unwrap func(n uint32, chunk []byte) ([]byte, error) // inverse of payloadWriter.wrap
	err    error
}

func (r *payloadReader) Read(b []byte) (int, error) {
	for len(r.buf) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.next == r.record.Chunks {
			r.err = io.EOF
			continue
		}
		r.err = r.fill()
	}
	n := copy(b, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

// fill copies the next chunks out of one transaction.
func (r *payloadReader) fill() error {
	return r.store.weeks.with(week(r.record.Week), false, func(f *file) error {
		return f.view(func(tx *bbolt.Tx) error {
			chunks := tx.Bucket([]byte(bucketChunk))
			var out []byte
			for i := 0; i < readChunks && r.next < r.record.Chunks; i++ {
				chunk := chunks.Get(chunkKey(r.id, r.next))
				if chunk == nil {
					return fmt.Errorf("read payload %s: chunk %d is missing: %w", r.id, r.next, io.ErrUnexpectedEOF)
				}
				if r.unwrap != nil {
					var err error
					if chunk, err = r.unwrap(r.next, chunk); err != nil {
						return fmt.Errorf("read payload %s: %w", r.id, err)
					}
				}
				out = append(out, chunk...)
				r.next++
			}
			r.buf = out
			return nil
		})
	})
}

// Close ends the reader.
func (r *payloadReader) Close() error {
	r.buf, r.err = nil, io.ErrClosedPipe
	return nil
}

// deleteChunks removes payloads' chunks before their week is over. They are not
// in the metadata any more; what a crash leaves is swept.
func (s *Store) deleteChunks(ctx context.Context, freed []freedPayload) error {
	for _, p := range freed {
		for from := uint32(0); from < p.chunks; from += flushChunks {
			err := s.weeks.with(p.week, false, func(f *file) error {
				return f.update(ctx, 0, func(c *change) error {
					for n := from; n < min(from+flushChunks, p.chunks); n++ {
						if err := c.drop(bucketChunk, chunkKey(p.id, n)); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if err != nil {
				return fmt.Errorf("delete payload %s: %w", p.id, err)
			}
		}
	}
	return nil
}

// A freedPayload is one that no record names any more.
type freedPayload struct {
	id     id
	week   week
	chunks uint32
}
