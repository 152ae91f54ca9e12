package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// lineBuffer is how much of a source is read at once. Of a longer line the first
// so many octets are given as a line, the rest as its continuation.
const lineBuffer = 64 << 10

// lines reads a source line by line.
type lines struct {
	ctx  context.Context
	src  io.ReaderAt
	size int64
	buf  []byte
	pos  int   // of the next line in buf
	base int64 // offset in src of buf[0]
	cont bool  // the next line continues the last one
}

// A line is one line of a source, or a piece of a very long one.
type line struct {
	text  []byte // without its line break; valid until the next call
	start int64  // offset of its first octet
	end   int64  // offset after text
	next  int64  // offset after its line break
	cont  bool   // it continues the line before
}

func newLines(ctx context.Context, src io.ReaderAt, size int64) *lines {
	return &lines{ctx: ctx, src: src, size: size}
}

// next returns io.EOF after the last line. A source that ends in a line break has
// no empty line after it.
func (l *lines) next() (line, error) {
	i := bytes.IndexByte(l.buf[l.pos:], '\n')
	if i < 0 {
		more, err := l.fill()
		if err != nil {
			return line{}, err
		}
		i = bytes.IndexByte(l.buf[l.pos:], '\n')
		if i < 0 && !more && l.pos == len(l.buf) {
			return line{}, io.EOF
		}
	}
	ln := line{start: l.base + int64(l.pos), cont: l.cont}
	if i < 0 {
		ln.text = l.buf[l.pos:]
		l.pos = len(l.buf)
		l.cont = true
		ln.end = l.base + int64(l.pos)
		ln.next = ln.end
		return ln, nil
	}
	ln.text = l.buf[l.pos : l.pos+i]
	l.pos += i + 1
	l.cont = false
	ln.next = l.base + int64(l.pos)
	if n := len(ln.text); n > 0 && ln.text[n-1] == '\r' {
		ln.text = ln.text[:n-1]
	}
	ln.end = ln.start + int64(len(ln.text))
	return ln, nil
}

// fill moves the open line to the front of the buffer and reads on. It tells
// whether there may be more to read afterwards.
func (l *lines) fill() (more bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	if l.buf == nil {
		l.buf = make([]byte, 0, min(lineBuffer, l.size))
	}
	rest := copy(l.buf, l.buf[l.pos:])
	l.base += int64(l.pos)
	l.pos = 0
	l.buf = l.buf[:rest]
	at := l.base + int64(rest)
	n := min(int64(cap(l.buf)-rest), l.size-at)
	if n <= 0 {
		return at < l.size, nil
	}
	got, err := l.src.ReadAt(l.buf[rest:rest+int(n)], at)
	if int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return false, err
	}
	l.buf = l.buf[:rest+got]
	return at+n < l.size, nil
}
