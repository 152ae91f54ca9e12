package mail

import (
	"io"
	"strings"
)

// The defects of transfer encodings.
const (
	defectBase64Octet = "an octet in base64 that is none of its alphabet"
	defectBase64Short = "base64 is truncated"
	defectBase64After = "base64 goes on after its end"
	defectQPOctet     = "quoted-printable with a wrong escape"
	defectUUEncoded   = "uuencoded content"
	defectUUShort     = "uuencoded content is truncated"
	reasonEncoding    = "an unknown transfer encoding"
)

// A transferEncoding is a content transfer encoding (RFC 2045 section 6).
type transferEncoding uint8

const (
	identity transferEncoding = iota
	base64Encoding
	quotedPrintable
	uuEncoding
	unknownEncoding
)

// encodingByName reads a content transfer encoding; wrong names that are common
// are known.
func encodingByName(name string, defect func(string)) transferEncoding {
	switch name {
	case "", "7bit", "8bit", "binary":
		return identity
	case "base64":
		return base64Encoding
	case "quoted-printable":
		return quotedPrintable
	case "x-uuencode", "x-uue", "uuencode", "uue":
		return uuEncoding
	}
	defect(defectEncodingName)
	for _, known := range []string{"bit", "utf", "ascii", "none", "iso", "identity", "plain", "text", "base64", "b64", "quoted", "qp"} {
		if strings.Contains(name, known) {
			return identity // the sweep undoes what it may be instead
		}
	}
	return unknownEncoding
}

// decoder undoes a transfer encoding, and never fails for what it decodes.
func (e transferEncoding) decoder(r io.Reader, defect func(string)) io.Reader {
	defect = seldom(defect)
	switch e {
	case base64Encoding:
		return &base64Reader{r: r, defect: defect}
	case quotedPrintable:
		return &qpReader{r: r, defect: defect}
	case uuEncoding:
		return &uuReader{r: r, defect: defect}
	}
	return r
}

// seldom keeps a defect that comes with each octet from being told each time.
func seldom(defect func(string)) func(string) {
	var last, before string
	return func(what string) {
		if what == last || what == before {
			return
		}
		last, before = what, last
		defect(what)
	}
}
