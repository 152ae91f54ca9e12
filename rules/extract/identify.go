package extract

import (
	"bytes"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// A kind says which reader a document needs.
type kind uint8

const (
	kindBinary kind = iota // unknown, or known to have no text: strings
	kindText
	kindXML
	kindCSV
	kindVObject // calendar, contact
	kindMail
	kindRTF
	kindPDF
	kindZip // and all formats in it
	kindOLE // and all formats in it
	kindTNEF
	kindTar
	kindGzip
	kindBzip2
	kindXZ
	kindZstd
	kindSevenZip
	kindRAR
	kindCMS
	kindArmoured // CMS in PEM
	kindEncrypted
	kindUnread // a container that no reader is there for
)

// A signature is what a format starts with.
type signature struct {
	magic string
	kind  kind
	media string
}

func signatures() []signature {
	return []signature{
		{"PK\x03\x04", kindZip, "application/zip"},
		{"PK\x05\x06", kindZip, "application/zip"},
		{"PK00PK\x03\x04", kindZip, "application/zip"},
		{"PK\x07\x08PK\x03\x04", kindZip, "application/zip"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", kindOLE, "application/x-ole-storage"},
		{"7z\xbc\xaf\x27\x1c", kindSevenZip, "application/x-7z-compressed"},
		{"Rar!\x1a\x07", kindRAR, "application/vnd.rar"},
		{"\x1f\x8b\x08", kindGzip, "application/gzip"},
		{"BZh", kindBzip2, "application/x-bzip2"},
		{"\xfd7zXZ\x00", kindXZ, "application/x-xz"},
		{"\x28\xb5\x2f\xfd", kindZstd, "application/zstd"},
		{"\x78\x9f\x3e\x22", kindTNEF, "application/vnd.ms-tnef"},
		{"{\\rt", kindRTF, "application/rtf"},
		{"-----BEGIN PKCS7-----", kindArmoured, "application/pkcs7-mime"},
		{"-----BEGIN CMS-----", kindArmoured, "application/pkcs7-mime"},
		{"-----BEGIN PGP MESSAGE-----", kindEncrypted, "application/pgp-encrypted"},
		{"age-encryption.org/", kindEncrypted, "application/x-age"},
		{"-----BEGIN AGE ENCRYPTED FILE-----", kindEncrypted, "application/x-age"},
		{"Salted__", kindEncrypted, "application/x-openssl-encrypted"},
		{"LUKS\xba\xbe", kindEncrypted, "application/x-luks"},
		{"MSCF", kindUnread, "application/vnd.ms-cab-compressed"},
		{"ISc(", kindUnread, "application/x-installshield"},
		{"\x60\xea", kindUnread, "application/x-arj"},
		{"\x1f\x9d", kindUnread, "application/x-compress"},
		{"\x1f\xa0", kindUnread, "application/x-compress"},
		{"\x04\x22\x4d\x18", kindUnread, "application/x-lz4"},
		{"LZIP\x01", kindUnread, "application/lzip"},
		{"xar!", kindUnread, "application/x-xar"},
		{"\xed\xab\xee\xdb", kindUnread, "application/x-rpm"},
		{"!<arch>\n", kindUnread, "application/x-archive"},
		{"070701", kindUnread, "application/x-cpio"},
		{"070707", kindUnread, "application/x-cpio"},
		{"hsqs", kindUnread, "application/x-squashfs"},
		{"**ACE**", kindUnread, "application/x-ace"}, // at 7, see identify
		{"ITSF\x03", kindUnread, "application/vnd.ms-htmlhelp"},
		{"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", kindUnread, "application/onenote"},
		{"!BDN", kindUnread, "application/vnd.ms-outlook-pst"},
		{"vhdxfile", kindUnread, "application/x-vhdx"},
		{"conectix", kindUnread, "application/x-vhd"},
		{"WARC/", kindText, "application/warc"},
		{"BEGIN:VCALENDAR", kindVObject, "text/calendar"},
		{"BEGIN:VCARD", kindVObject, "text/vcard"},
	}
}

// identify tells what a document is from its content; its name and declared
// type only tell forms of text apart.
func identify(n node) (kind, string) {
	data := n.data
	start := bytes.TrimLeft(data[:min(len(data), 1<<10)], "\xef\xbb\xbf \t\r\n")
	for _, s := range signatures() {
		if hasMagic(data, s.magic) || len(start) > 0 && s.magic[0] > ' ' && s.magic[0] < 0x7f && hasMagic(start, s.magic) {
			return s.kind, s.media
		}
	}
	switch {
	case bytes.Contains(data[:min(len(data), 1<<10)], []byte("%PDF-")):
		return kindPDF, "application/pdf"
	case isTar(data):
		return kindTar, "application/x-tar"
	case isCMS(data):
		return kindCMS, "application/pkcs7-mime"
	case len(data) > 14 && string(data[7:14]) == "**ACE**":
		return kindUnread, "application/x-ace"
	case len(data) > 7 && data[2] == '-' && data[3] == 'l' && (data[4] == 'h' || data[4] == 'z') && data[6] == '-':
		return kindUnread, "application/x-lzh-compressed"
	case len(data) > 0x8006 && string(data[0x8001:0x8006]) == "CD001":
		return kindUnread, "application/x-iso9660-image"
	case isPGP(data, n):
		return kindEncrypted, "application/pgp-encrypted"
	}
	detected := mimetype.Detect(data)
	media, _, _ := strings.Cut(detected.String(), ";")
	if !textual(data) {
		return kindBinary, media
	}
	return textKind(n, start, media)
}

// textKind tells forms of text apart.
func textKind(n node, start []byte, media string) (kind, string) {
	ext := strings.ToLower(path.Ext(n.name))
	switch {
	case ext == ".csv" || ext == ".tsv" || n.declared == "text/csv" || n.declared == "text/tab-separated-values":
		return kindCSV, "text/csv"
	case ext == ".eml" || ext == ".mht" || ext == ".mhtml" || ext == ".mbox" || ext == ".mbx" || n.declared == "message/rfc822" || startsAsMail(start):
		return kindMail, "message/rfc822"
	case media == "text/html":
		return kindText, media
	case bytes.HasPrefix(start, []byte("<?xml")) && !bytes.Contains(start, []byte("<html")) && !bytes.Contains(start, []byte("<svg")):
		return kindXML, "text/xml"
	}
	return kindText, media
}

// hasMagic compares letters without regard to case, other octets as they are:
// strings.EqualFold takes all octets that are no UTF-8 for the same.
func hasMagic(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		a, b := data[i], magic[i]
		if a != b && (a|0x20 != b|0x20 || a|0x20 < 'a' || a|0x20 > 'z') {
			return false
		}
	}
	return true
}

// HeadBytes is how much of a document Look wants to see.
const HeadBytes = 4 << 10

// Look tells what a document seems to be from its first HeadBytes, and whether
// extracting can find text in it that reading mail doesn't: not in plain text and
// HTML and not in pictures and the like, if they are named as what they are.
func Look(name, declaredType string, head []byte) (mediaType string, needed bool) {
	defer func() {
		if recover() != nil { // let a child see
			mediaType, needed = "application/octet-stream", true
		}
	}()
	k, media := identify(node{name: name, declared: declaredType, data: head})
	ext := strings.ToLower(path.Ext(name))
	switch k {
	case kindText:
		switch ext {
		case "", ".txt", ".text", ".htm", ".html", ".md", ".log", ".json", ".yml", ".yaml", ".css", ".js", ".patch", ".diff", ".asc", ".sig":
			return media, false
		}
	case kindBinary:
		family, _, _ := strings.Cut(media, "/")
		if family == "image" || family == "audio" || family == "video" || family == "font" {
			return media, !picture(ext) && !strings.HasPrefix(declaredType, family+"/")
		}
	}
	return media, true
}

// textual tells whether data looks like text.
func textual(data []byte) bool {
	head := data[:min(len(data), 4<<10)]
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return true
	}
	odd := 0
	for _, b := range head {
		switch {
		case b == 0:
			return false
		case b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' && b != 0x1b:
			odd++
		}
	}
	return odd <= len(head)/50
}

// isTar checks the sum in the first header (POSIX ustar), which old archives
// without a signature have too.
func isTar(data []byte) bool {
	if len(data) < 512 {
		return false
	}
	if string(data[257:262]) == "ustar" {
		return true
	}
	if data[0] == 0 {
		return false
	}
	var want, sum int
	field := strings.Trim(string(data[148:156]), " \x00")
	if field == "" {
		return false
	}
	for _, c := range []byte(field) {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int(c-'0')
	}
	for i, b := range data[:512] {
		if i >= 148 && i < 156 {
			b = ' '
		}
		sum += int(b)
	}
	return sum == want
}

// isPGP recognises a binary OpenPGP message (RFC 9580 section 4.2) whose name
// or declared type agrees: the first octet alone says little.
func isPGP(data []byte, n node) bool {
	ext := strings.ToLower(path.Ext(n.name))
	if ext != ".pgp" && ext != ".gpg" && n.declared != "application/pgp-encrypted" || len(data) == 0 || data[0]&0x80 == 0 {
		return false
	}
	tag := data[0] & 0x3f
	if data[0]&0x40 == 0 {
		tag >>= 2
	}
	return tag == 1 || tag == 3 || tag == 9 || tag == 18 || tag == 20
}

// startsAsMail tells whether text starts with a header field that mail has
// first.
func startsAsMail(start []byte) bool {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if bytes.HasPrefix(line, []byte("From ")) && bytes.ContainsRune(line, '@') {
		return true // an mbox
	}
	name, _, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return false
	}
	switch strings.ToLower(string(name)) {
	case "received", "return-path", "delivered-to", "x-original-to", "mime-version", "message-id", "date", "dkim-signature",
		"content-type", "content-transfer-encoding", "x-mozilla-status", "authentication-results", "arc-seal":
		return true
	case "from", "to", "subject", "cc", "reply-to":
		// Also in notes; only with another field on the next line.
		_, rest, _ := bytes.Cut(start, []byte("\n"))
		next, _, _ := bytes.Cut(rest, []byte("\n"))
		name, _, ok := bytes.Cut(next, []byte(":"))
		return ok && len(name) > 0 && !bytes.ContainsAny(name, " \t")
	}
	return false
}

// readDocument calls the reader for a kind.
func (j *job) readDocument(k kind, n node) error {
	switch k {
	case kindXML:
		return readXML(j, n)
	case kindCSV:
		return readCSV(j, n)
	case kindVObject:
		return readVObject(j, n)
	case kindMail:
		return readMail(j, n)
	case kindRTF:
		return readRTF(j, n)
	case kindPDF:
		return readPDF(j, n)
	case kindZip:
		return readZip(j, n)
	case kindOLE:
		return readOLE(j, n)
	case kindTNEF:
		return readTNEF(j, n)
	case kindTar:
		return readTar(j, n)
	case kindGzip, kindBzip2, kindXZ, kindZstd:
		return readCompressed(j, n, k)
	case kindSevenZip:
		return readSevenZip(j, n)
	case kindRAR:
		return readRAR(j, n)
	case kindCMS:
		return readCMS(j, n)
	case kindArmoured:
		return readArmoured(j, n)
	case kindEncrypted:
		j.encrypted(n)
		return nil
	case kindUnread:
		j.note(ReasonFormat)
		return j.readStrings(n, n.data)
	case kindText:
		return readPlain(j, n)
	}
	return j.readStrings(n, n.data)
}
