package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
)

// The sweep reads the raw message in each way that some reader might: whoever
// trusts another header, another boundary or another encoding than the walk did
// still sees what the sweep sees.
//
// It is made of passes over the same octets, each with its own way to undo an
// encoding. What comes out with markup in it is given twice, with and without.

// sweep gives all passes over all sources: the header, the body, and what
// encoded parts decoded to.
func (t *texts) sweep() error {
	header := t.rawHeader()
	sources := []*source{{bytes.NewReader(header), int64(len(header))}, t.body}
	for _, p := range t.Parts {
		if s := p.src; s != t.body && sources[len(sources)-1] != s {
			sources = append(sources, s)
		}
	}
	passes := []struct {
		label string
		undo  func(io.Reader) io.Reader
	}{
		{"raw", func(r io.Reader) io.Reader { return r }},
		{"raw quoted-printable", func(r io.Reader) io.Reader { return &qpReader{r: r, defect: func(string) {}} }},
		{"raw base64", func(r io.Reader) io.Reader { return &runReader{r: r} }},
		{"raw base64", func(r io.Reader) io.Reader { return &runReader{r: r, offset: 1} }},
		{"raw base64", func(r io.Reader) io.Reader { return &runReader{r: r, offset: 2} }},
		{"raw base64", func(r io.Reader) io.Reader { return &runReader{r: r, offset: 3} }},
		{"raw uuencode", func(r io.Reader) io.Reader { return &uuFiles{r: r} }},
	}
	for _, s := range sources {
		for _, p := range passes {
			if err := t.pass(p.label, p.undo(s.section(extent{0, s.size}))); err != nil {
				return err
			}
		}
	}
	return nil
}

// rawHeader is the message's header as text, within its limit.
func (t *texts) rawHeader() []byte {
	var b bytes.Buffer
	for _, f := range t.Header {
		if b.Len()+len(f.Name)+len(f.Value) > t.limits.HeaderBytes {
			break
		}
		b.WriteString(f.Name)
		if f.Value != "" {
			b.WriteString(": " + f.Value)
		}
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// pass gives one reading of a source.
func (t *texts) pass(label string, r io.Reader) error {
	c := &chunker{buf: t.buffers[0][:0], norm: normaliser{guess: true}, deliver: func(data []byte, n int) error {
		return t.swept(label, data, n)
	}}
	if err := copyTo(c, r); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	err := c.close()
	t.buffers[0] = c.buf
	return err
}

// swept gives one chunk, and again without its markup.
func (t *texts) swept(label string, data []byte, n int) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if err := t.visit(&Text{Where: InRaw, Label: label, Chunk: n, Data: data}); err != nil {
		return err
	}
	if bytes.IndexByte(data, '<') < 0 && bytes.IndexByte(data, '&') < 0 {
		return nil
	}
	for i, area := range []string{label, label + " hidden"} {
		c := &chunker{buf: t.buffers[1][:0], norm: normaliser{guess: true}}
		c.deliver = func(data []byte, part int) error {
			return t.give(&Text{Where: InRaw, Label: area, Chunk: n + part, Data: data}, c.norm.override)
		}
		write := [2]func([]byte) error{ignore, ignore}
		write[i] = c.write
		if err := htmlText(bytes.NewReader(data), write[0], write[1], &c.norm.override); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		err := c.close()
		t.buffers[1] = c.buf
		if err != nil {
			return err
		}
	}
	return nil
}

func ignore([]byte) error { return nil }

// minRun is the length from which characters of its alphabet may be base64.
const minRun = 16

// A runReader decodes each run of base64 in its source, beginning with the
// character at offset. A run goes over line breaks.
type runReader struct {
	r      io.Reader
	offset int
	in     [8 << 10]byte
	run    []byte // characters not decoded yet
	length int    // of the whole run so far
	out    []byte
	err    error
}

func (b *runReader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		n, err := b.r.Read(b.in[:])
		b.out = b.out[:0]
		for _, c := range b.in[:n] {
			v := base64Table[c]
			switch {
			case v < 64:
				if c == '-' {
					c = '+'
				} else if c == '_' {
					c = '/'
				}
				b.run = append(b.run, c)
				if b.length++; len(b.run) >= 4<<10 {
					b.decode()
				}
			case c == '\r' || c == '\n':
			default:
				b.end()
			}
		}
		if err != nil {
			b.end()
			b.err = err
		}
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// decode decodes the whole quanta of a run that goes on.
func (b *runReader) decode() {
	run := b.run
	if b.length == len(run) { // its beginning
		run = run[b.offset:]
	}
	k := len(run) &^ 3
	b.append(run[:k])
	b.run = b.run[:copy(b.run, run[k:])]
	b.length += 4 // never its beginning again
}

func (b *runReader) append(run []byte) {
	at := len(b.out)
	b.out = append(b.out, make([]byte, base64.RawStdEncoding.DecodedLen(len(run)))...)
	n, _ := base64.RawStdEncoding.Decode(b.out[at:], run)
	b.out = b.out[:at+n]
}

func (b *runReader) end() {
	run := b.run
	if b.length >= minRun {
		if b.length == len(run) {
			run = run[b.offset:]
		}
		if len(run)%4 == 1 {
			run = run[:len(run)-1]
		}
		b.append(run)
		b.out = append(b.out, '\n')
	}
	b.run, b.length = b.run[:0], 0
}

// uuFiles decodes all uuencoded files in its source, one after the other.
type uuFiles struct {
	r   io.Reader
	cur *uuReader
}

func (u *uuFiles) Read(p []byte) (int, error) {
	for {
		if u.cur == nil {
			u.cur = &uuReader{r: u.r, defect: func(string) {}}
		}
		n, err := u.cur.Read(p)
		if err != io.EOF {
			return n, err
		}
		if !u.cur.ended {
			return n, io.EOF
		}
		// The same buffer holds what follows. What it gives starts on a new line.
		u.cur = &uuReader{br: u.cur.br, defect: func(string) {}, out: []byte{'\n'}}
		if n > 0 {
			return n, nil
		}
	}
}
