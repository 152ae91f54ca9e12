package tlspolicy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxRequest bounds a request: a map's name, a space, a destination.
const maxRequest = 1024

var errNetstring = errors.New("not a netstring")

// readNetstring reads one netstring of at most max octets, "3:abc,". A length
// with a sign or leading zeros is none. io.EOF means that nothing came.
func readNetstring(r *bufio.Reader, max int) (string, error) {
	length := 0
	for digits := 0; ; digits++ {
		c, err := r.ReadByte()
		if err != nil {
			if digits > 0 && err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if c == ':' && digits > 0 {
			break
		}
		if c < '0' || c > '9' || digits == 1 && length == 0 {
			return "", errNetstring
		}
		if length = length*10 + int(c-'0'); length > max {
			return "", fmt.Errorf("%w: longer than %d octets", errNetstring, max)
		}
	}
	b := make([]byte, length+1)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", io.ErrUnexpectedEOF
	}
	if b[length] != ',' {
		return "", errNetstring
	}
	return string(b[:length]), nil
}

func appendNetstring(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}
