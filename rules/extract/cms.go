package extract

import (
	"bytes"
	"compress/zlib"
	"encoding/asn1"
	"encoding/pem"

	"github.com/smallstep/pkcs7"
)

// isCMS tells whether data is a ContentInfo of CMS (RFC 5652 section 3): a
// sequence, in DER or BER, whose first element is an object identifier of PKCS #7
// or S/MIME.
func isCMS(data []byte) bool {
	return cmsType(data) != nil
}

// cmsType returns the content octets of the identifier, nil for something else.
func cmsType(data []byte) []byte {
	if len(data) < 16 || data[0] != 0x30 {
		return nil
	}
	at := 2
	if data[1] > 0x80 {
		at += int(data[1] & 0x7f)
	}
	if at+2 > len(data) || data[at] != 6 || at+2+int(data[at+1]) > len(data) {
		return nil
	}
	id := data[at+2 : at+2+int(data[at+1])]
	if bytes.HasPrefix(id, []byte(oidPKCS7)) || bytes.HasPrefix(id, []byte(oidSMIME)) {
		return id
	}
	return nil
}

// Object identifiers as they are encoded.
const (
	oidPKCS7         = "\x2a\x86\x48\x86\xf7\x0d\x01\x07"         // 1.2.840.113549.1.7
	oidSMIME         = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01" // 1.2.840.113549.1.9.16.1
	oidData          = oidPKCS7 + "\x01"
	oidSigned        = oidPKCS7 + "\x02"
	oidEnveloped     = oidPKCS7 + "\x03"
	oidEncrypted     = oidPKCS7 + "\x06"
	oidCompressed    = oidSMIME + "\x09"
	oidAuthEnveloped = oidSMIME + "\x17"
)

// readCMS reads the MIME entity in signed S/MIME. Signatures are not verified:
// what is there is shown to somebody.
func readCMS(j *job, n node) error {
	switch string(cmsType(n.data)) {
	case oidEnveloped, oidEncrypted, oidAuthEnveloped:
		j.encrypted(n)
		return nil
	case oidCompressed:
		return readCompressedCMS(j, n)
	case oidSigned, oidData:
	default:
		j.note(ReasonFormat)
		return j.readStrings(n, n.data)
	}
	p, err := pkcs7.Parse(n.data)
	if err != nil {
		return j.malformed(n)
	}
	if len(p.Content) == 0 {
		return nil // a detached signature
	}
	return j.entity(n, p.Content)
}

// entity reads a MIME entity, or a document that is signed as it is.
func (j *job) entity(n node, data []byte) error {
	m, err := j.enter(n, "content")
	if err != nil {
		return err
	}
	if fields, _ := splitMessage(data); len(fields) == 0 || m.depth > j.limits.Depth {
		return j.descend(m, "", data)
	}
	j.result.Members[m.member-1].Type = "message/rfc822"
	j.result.Members[m.member-1].Size = int64(len(data))
	return j.message(m, data)
}

// readCompressedCMS reads compressed data (RFC 3274): the one long octet string
// in it is a zlib stream.
func readCompressedCMS(j *job, n node) error {
	var info struct {
		Type    asn1.ObjectIdentifier
		Content struct {
			Version   int
			Algorithm asn1.RawValue
			Encap     struct {
				Type    asn1.ObjectIdentifier
				Content []byte `asn1:"explicit,tag:0"`
			}
		} `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(n.data, &info); err != nil {
		return j.malformed(n)
	}
	z, err := zlib.NewReader(bytes.NewReader(info.Content.Encap.Content))
	if err != nil {
		return j.malformed(n)
	}
	data, err := j.read(z, 0)
	if isLimit(err) || j.ctx.Err() != nil {
		return err
	}
	if err != nil {
		j.note(ReasonMalformed)
	}
	return j.entity(n, data)
}

// readArmoured reads CMS in PEM.
func readArmoured(j *job, n node) error {
	block, _ := pem.Decode(n.data)
	if block == nil || !isCMS(block.Bytes) {
		return j.malformed(n)
	}
	n.data = block.Bytes
	return readCMS(j, n)
}
