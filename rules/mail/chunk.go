package mail

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

var errTextLimit = errors.New("mail: too much text")

const reasonText = "too much text"

// A chunker normalises a text that comes in pieces and hands it out in chunks.
type chunker struct {
	norm    normaliser
	buf     []byte
	kept    int // octets in buf that the last chunk had already
	n       int // of the next chunk
	budget  *int64
	deliver func(data []byte, chunk int) error
}

func (c *chunker) write(p []byte) error {
	for len(p) > 0 {
		part := p[:min(len(p), 64<<10)]
		p = p[len(part):]
		c.buf = c.norm.append(c.buf, part)
		if len(c.buf) >= ChunkBytes {
			if err := c.flush(); err != nil {
				return err
			}
			c.keep()
		}
	}
	return nil
}

// close hands out the last chunk and leaves the buffer for the next text.
func (c *chunker) close() error {
	c.buf = c.norm.finish(c.buf)
	if len(c.buf) == c.kept {
		return nil
	}
	return c.flush()
}

func (c *chunker) flush() error {
	if c.budget != nil {
		if *c.budget -= int64(len(c.buf) - c.kept); *c.budget < 0 {
			return errTextLimit
		}
	}
	err := c.deliver(c.buf, c.n)
	c.n++
	return err
}

// keep leaves the end of the chunk for the next one to start with. It starts
// after a space, so that no number or word begins in its middle.
func (c *chunker) keep() {
	tail := c.buf[len(c.buf)-OverlapBytes:]
	if i := bytes.IndexAny(tail, " \n"); i >= 0 && i < len(tail)/2 {
		tail = tail[i+1:]
	}
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	c.kept = copy(c.buf, tail)
	c.buf = c.buf[:c.kept]
}
