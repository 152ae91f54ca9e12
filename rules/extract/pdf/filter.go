package pdf

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

var (
	errFilter = errors.New("pdf: unknown filter")
	errBroken = errors.New("pdf: broken stream")
)

// maxFilters bounds the filters of one stream.
const maxFilters = 10

// decode applies the filters of a stream (section 7.4). What came before an
// error is returned with it.
func (f *file) decode(d dict, data []byte) ([]byte, error) {
	filters, params := f.list(first(d, "Filter", "F")), f.list(first(d, "DecodeParms", "DP"))
	if len(filters) > maxFilters {
		return nil, errFilter
	}
	var broken error
	for i, v := range filters {
		var p dict
		if i < len(params) {
			p = f.dict(params[i])
		}
		var err error
		switch f.name(v) {
		case "FlateDecode", "Fl":
			if data, err = f.flate(data); err == nil || err == errBroken {
				data = f.predict(p, data)
			}
		case "LZWDecode", "LZW":
			if data, err = f.lzw(p, data); err == nil || err == errBroken {
				data = f.predict(p, data)
			}
		case "ASCIIHexDecode", "AHx":
			l := lexer{data: append([]byte("<"), data...)}
			data = []byte(l.hex())
		case "ASCII85Decode", "A85":
			data, err = ascii85(data)
		case "RunLengthDecode", "RL":
			data, err = f.runLength(data)
		case "Crypt":
		default:
			return nil, errFilter
		}
		if f.err != nil {
			return nil, f.err
		}
		if err != nil {
			broken = err
		}
	}
	return data, broken
}

func first(d dict, keys ...string) any {
	for _, k := range keys {
		if v, ok := d[k]; ok {
			return v
		}
	}
	return nil
}

// list makes a list of one or many.
func (f *file) list(v any) array {
	switch v := f.resolve(v).(type) {
	case nil:
		return nil
	case array:
		return v
	default:
		return array{v}
	}
}

// grow accounts for expanded octets; false ends everything.
func (f *file) grow(n int) bool {
	if f.err == nil {
		f.err = f.opts.Expand(n)
	}
	return f.err == nil
}

// flate inflates. Readers differ in how they take a wrong header or checksum:
// both are ignored.
func (f *file) flate(data []byte) ([]byte, error) {
	data = bytes.TrimLeft(data, "\r\n")
	body := data
	if len(data) >= 2 && data[0]&0x0f == 8 && (int(data[0])<<8|int(data[1]))%31 == 0 {
		body = data[2:]
	}
	r := flate.NewReader(bytes.NewReader(body))
	var out []byte
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if !f.grow(n) {
			return nil, f.err
		}
		out = append(out, buf[:n]...)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, errBroken
		}
	}
}

// lzw decodes (section 7.4.4); EarlyChange is 1 unless said otherwise.
func (f *file) lzw(p dict, data []byte) ([]byte, error) {
	early := 1
	if v, ok := f.resolve(p["EarlyChange"]).(float64); ok {
		early = int(v) & 1
	}
	const clear, end = 256, 257
	type code struct {
		prefix int16
		last   byte
	}
	var table [4096]code
	next, width := 258, 9
	var out, word []byte
	previous := -1
	acc, bits := uint32(0), 0
	expand := func(c int) []byte {
		word = word[:0]
		for c >= 258 {
			word = append(word, table[c].last)
			c = int(table[c].prefix)
		}
		word = append(word, byte(c))
		for i, j := 0, len(word)-1; i < j; i, j = i+1, j-1 {
			word[i], word[j] = word[j], word[i]
		}
		return word
	}
	for _, b := range data {
		acc, bits = acc<<8|uint32(b), bits+8
		if bits < width {
			continue
		}
		c := int(acc >> (bits - width) & (1<<width - 1))
		bits -= width
		switch {
		case c == end:
			return out, nil
		case c == clear:
			next, width, previous = 258, 9, -1
			continue
		case previous < 0:
			if c > 255 {
				return out, errBroken
			}
			out = append(out, byte(c))
		case c < next:
			w := expand(c)
			out = append(out, w...)
			if next < 4096 {
				table[next] = code{prefix: int16(previous), last: w[0]}
				next++
			}
			if !f.grow(len(w)) {
				return nil, f.err
			}
		case c == next && next < 4096:
			w := expand(previous)
			table[next] = code{prefix: int16(previous), last: w[0]}
			next++
			out = append(append(out, w...), w[0])
			if !f.grow(len(w) + 1) {
				return nil, f.err
			}
		default:
			return out, errBroken
		}
		previous = c
		for width < 12 && next+early >= 1<<width {
			width++
		}
	}
	return out, nil
}

// predict undoes a predictor (section 7.4.4.4).
func (f *file) predict(p dict, data []byte) []byte {
	predictor := int(f.number(p["Predictor"]))
	if predictor < 2 {
		return data
	}
	value := func(key string, other int) int {
		if v := f.number(p[key]); v > 0 && v < 1<<20 {
			return int(v)
		}
		return other
	}
	colours, bits, columns := value("Colors", 1), value("BitsPerComponent", 8), value("Columns", 1)
	pixel := max(1, colours*bits/8)
	row := (colours*bits*columns + 7) / 8
	if row <= 0 || row > 1<<24 {
		return data
	}
	if predictor == 2 {
		if bits == 8 {
			for start := 0; start+row <= len(data); start += row {
				for i := pixel; i < row; i++ {
					data[start+i] += data[start+i-pixel]
				}
			}
		}
		return data
	}
	out := make([]byte, 0, len(data))
	before := make([]byte, row)
	for len(data) > 1 {
		kind, n := data[0], min(row, len(data)-1)
		now := data[1 : 1+n]
		data = data[1+n:]
		for i := range now {
			var left, up, corner int
			up = int(before[i])
			if i >= pixel {
				left, corner = int(now[i-pixel]), int(before[i-pixel])
			}
			switch kind {
			case 1:
				now[i] += byte(left)
			case 2:
				now[i] += byte(up)
			case 3:
				now[i] += byte((left + up) / 2)
			case 4:
				now[i] += byte(paeth(left, up, corner))
			}
		}
		out = append(out, now...)
		copy(before, now)
	}
	return out
}

func paeth(a, b, c int) int {
	p := a + b - c
	pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

func ascii85(data []byte) ([]byte, error) {
	var out []byte
	var group [5]byte
	n := 0
	flush := func(n int) {
		v := uint32(0)
		for i := range group {
			c := byte(84)
			if i < n {
				c = group[i]
			}
			v = v*85 + uint32(c)
		}
		full := [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
		out = append(out, full[:n-1]...)
	}
	for _, b := range bytes.TrimPrefix(bytes.TrimLeft(data, " \r\n\t"), []byte("<~")) {
		switch {
		case isSpace(b):
		case b == '~':
			if n > 1 {
				flush(n)
			}
			return out, nil
		case b == 'z' && n == 0:
			out = append(out, 0, 0, 0, 0)
		case b >= '!' && b <= 'u':
			group[n] = b - '!'
			if n++; n == 5 {
				flush(5)
				n = 0
			}
		default:
			return out, errBroken
		}
	}
	if n > 1 {
		flush(n)
	}
	return out, nil
}

func (f *file) runLength(data []byte) ([]byte, error) {
	var out []byte
	for len(data) > 0 {
		n := int(data[0])
		data = data[1:]
		switch {
		case n == 128:
			return out, nil
		case n < 128:
			if n+1 > len(data) {
				return append(out, data...), errBroken
			}
			out = append(out, data[:n+1]...)
			data = data[n+1:]
		case len(data) == 0:
			return out, errBroken
		default:
			out = append(out, bytes.Repeat(data[:1], 257-n)...)
			data = data[1:]
		}
		if !f.grow(128) {
			return nil, f.err
		}
	}
	return out, nil
}
