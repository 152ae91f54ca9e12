package mail

import "io"

// minString is the length from which printable characters in a binary content
// are taken as text.
const minString = 5

// strings gives the printable strings of a binary content, a line each: ASCII,
// and UTF-16 of ASCII as octets with a NUL after each.
func (t *texts) strings(p *Part, r io.Reader) error {
	c := t.chunker(p, p.label()+" strings", 0)
	f := stringFinder{write: c.write}
	var buf [16 << 10]byte
	for {
		n, err := io.ReadFull(r, buf[:])
		f.add(buf[:n])
		if f.err != nil {
			return f.err
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
	}
	f.end()
	f.flush()
	if f.err != nil {
		return f.err
	}
	return t.done(c, p, 0)
}

// A stringFinder collects strings from octets that come in pieces.
type stringFinder struct {
	write func([]byte) error
	open  []byte // the printable octets that may become a string
	long  bool   // the beginning of this string is in out already
	wide  bool   // its octets have a NUL after each
	zero  bool   // the last octet was such a NUL
	out   []byte
	err   error
}

// printable tells which octets can be of a string.
var printable = func() (t [256]bool) {
	for b := ' '; b <= '~'; b++ {
		t[b] = true
	}
	t['\t'] = true
	return t
}()

func (f *stringFinder) add(p []byte) {
	for i := 0; i < len(p); {
		if len(f.open) == 0 && !f.long {
			// Nothing is open: most of a binary content passes here.
			for i < len(p) && !printable[p[i]] {
				i++
			}
			start := i
			for i < len(p) && printable[p[i]] {
				i++
			}
			f.open = append(f.open, p[start:i]...)
			continue
		}
		f.octet(p[i])
		i++
	}
	if len(f.out) >= 16<<10 {
		f.flush()
	}
}

// octet takes an octet after an open string.
func (f *stringFinder) octet(b byte) {
	switch {
	case printable[b]:
		if f.wide && !f.zero {
			f.end()
		}
		f.wide = f.zero
		f.zero = false
		f.open = append(f.open, b)
		if len(f.open) >= maxOpen {
			f.out = append(f.out, f.open...)
			f.open, f.long = f.open[:0], true
		}
	case b == 0 && !f.zero && len(f.open) > 0:
		if !f.wide && (f.long || len(f.open) > 1) {
			// Only its last octet can begin a string of this kind.
			last := f.open[len(f.open)-1]
			f.end()
			f.open = append(f.open, last)
		}
		f.zero = true
	default:
		f.end()
	}
}

// maxOpen bounds how much of a string is kept before it is passed on.
const maxOpen = 4 << 10

// end ends the open string.
func (f *stringFinder) end() {
	if f.long || len(f.open) >= minString {
		f.out = append(append(f.out, f.open...), '\n')
	}
	f.open, f.long, f.wide, f.zero = f.open[:0], false, false, false
}

func (f *stringFinder) flush() {
	if f.err == nil && len(f.out) > 0 {
		f.err = f.write(f.out)
	}
	f.out = f.out[:0]
}
