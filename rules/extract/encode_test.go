package extract

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// base64Lines encodes data in lines of 76 characters.
func base64Lines(data []byte) string {
	s := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return b.String() + s
}

// wideHex is ASCII as UTF-16 in hexadecimal.
func wideHex(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "00%02X", c)
	}
	return b.String()
}

func opener(data []byte) func() io.Reader {
	return func() io.Reader { return bytes.NewReader(data) }
}
