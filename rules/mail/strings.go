package mail

import "io"

// minString is the length from which printable characters in a binary file are
// taken as text.
const minString = 5

// strings gives the printable strings of a binary content, a line each: ASCII
// and UTF-8 octets in a row, and UTF-16 as ASCII with a NUL between.
func (t *texts) strings(p *Part, r io.Reader) error {
	c := t.chunker(p, p.label()+" strings", 0)
	f := stringFinder{write: c.write}
	var buf [8 << 10]byte
	for {
		n, err := r.Read(buf[:])
		if werr := f.add(buf[:n]); werr != nil {
			return werr
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := f.end(); err != nil {
		return err
	}
	f.flush()
	if f.err != nil {
		return f.err
	}
	return t.done(c, p, 0)
}

// A stringFinder collects strings from octets that come in pieces.
type stringFinder struct {
	write func([]byte) error
	run   []byte // of printable octets
	zero  bool   // the last octet was a NUL after a printable one
	out   []byte
	err   error
}

func (f *stringFinder) add(p []byte) error {
	for _, b := range p {
		switch {
		case b >= ' ' && b < 0x7f || b >= 0x80 || b == '\t':
			f.run = append(f.run, b)
			f.zero = false
			if len(f.run) >= 4<<10 {
				f.take()
			}
		case b == 0 && !f.zero && len(f.run) > 0:
			f.zero = true
		default:
			f.end()
		}
	}
	return f.err
}

// take moves a long run on without ending it.
func (f *stringFinder) take() {
	f.out = append(f.out, f.run...)
	f.run = f.run[:0]
	f.flush()
}

func (f *stringFinder) end() error {
	if len(f.run) >= minString {
		f.out = append(append(f.out, f.run...), '\n')
	}
	f.run, f.zero = f.run[:0], false
	if len(f.out) >= 16<<10 {
		f.flush()
	}
	return f.err
}

func (f *stringFinder) flush() {
	if f.err == nil && len(f.out) > 0 {
		f.err = f.write(f.out)
	}
	f.out = f.out[:0]
}
