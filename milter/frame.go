package milter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// The commands of an MTA (milter protocol, SMFIC_*).
const (
	cmdAbort   = 'A'
	cmdBody    = 'B'
	cmdConnect = 'C'
	cmdMacro   = 'D'
	cmdEnd     = 'E' // SMFIC_BODYEOB
	cmdHelo    = 'H'
	cmdNextMTA = 'K' // SMFIC_QUIT_NC
	cmdHeader  = 'L'
	cmdMail    = 'M'
	cmdEOH     = 'N'
	cmdOptions = 'O'
	cmdQuit    = 'Q'
	cmdRcpt    = 'R'
	cmdData    = 'T'
	cmdUnknown = 'U'
)

// The answers and modifications of a milter (SMFIR_*).
const (
	respAccept       = 'a'
	respContinue     = 'c'
	respDiscard      = 'd'
	respReply        = 'y'
	respProgress     = 'p'
	modAddHeader     = 'h'
	modChangeHeader  = 'm'
	modDeleteRcpt    = '-'
	modReplaceBody   = 'b'
	modQuarantine    = 'q'
	maxFrame         = 1 << 20 // as in go-milter
	maxReplacedChunk = 65535   // MILTER_CHUNK_SIZE
)

// errFrame is what a malformed frame gives. The connection ends with it, so that
// the MTA keeps the mail: guessing what was meant could lose a recipient or a
// header field.
var errFrame = errors.New("malformed milter frame")

// appendFrame appends one frame: its length, code and data.
func appendFrame(b []byte, code byte, data ...[]byte) []byte {
	n := 1
	for _, d := range data {
		n += len(d)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = append(b, code)
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}

// appendString is appendFrame for strings, each ended by a NUL.
func appendString(b []byte, code byte, data ...string) []byte {
	fields := make([][]byte, len(data))
	for i, s := range data {
		fields[i] = append([]byte(s), 0)
	}
	return appendFrame(b, code, fields...)
}

// appendBody appends the frames that replace the body. Line ends become bare
// LF: Postfix doubles the CR of a CRLF, and no chunk can be split inside one.
func appendBody(b, body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	for first := true; first || len(body) > 0; first = false {
		n := min(len(body), maxReplacedChunk)
		b = appendFrame(b, modReplaceBody, body[:n])
		body = body[n:]
	}
	return b
}

// parseStrings reads NUL-ended strings, at least one.
func parseStrings(data []byte) ([]string, error) {
	if len(data) == 0 || data[len(data)-1] != 0 {
		return nil, errFrame
	}
	return strings.Split(string(data[:len(data)-1]), "\x00"), nil
}

// parseHeader reads SMFIC_HEADER: a name and a value, which may be empty.
func parseHeader(data []byte) (name, value string, err error) {
	f, err := parseStrings(data)
	if err != nil || len(f) != 2 || f[0] == "" {
		return "", "", fmt.Errorf("header field: %w", errFrame)
	}
	return f[0], f[1], nil
}

// parseMacros reads SMFIC_MACRO: the command it is for, then names and values.
// Names lose their braces.
func parseMacros(data []byte) (cmd byte, macros map[string]string, err error) {
	if len(data) == 0 {
		return 0, nil, fmt.Errorf("macros: %w", errFrame)
	}
	cmd, data = data[0], data[1:]
	if len(data) == 0 {
		return cmd, nil, nil
	}
	f, err := parseStrings(data)
	if err != nil || len(f)%2 != 0 {
		return 0, nil, fmt.Errorf("macros: %w", errFrame)
	}
	macros = make(map[string]string, len(f)/2)
	for i := 0; i < len(f); i += 2 {
		macros[strings.TrimSuffix(strings.TrimPrefix(f[i], "{"), "}")] = f[i+1]
	}
	return cmd, macros, nil
}

// parseConnect reads SMFIC_CONNECT. The address is invalid for anything but an
// IP connection. Postfix and Sendmail write IPv6 addresses with the tag of
// RFC 5321 section 4.1.3 ("IPv6:").
func parseConnect(data []byte) (netip.Addr, error) {
	i := bytes.IndexByte(data, 0)
	if i < 0 || len(data) < i+2 {
		return netip.Addr{}, fmt.Errorf("connect: %w", errFrame)
	}
	family, rest := data[i+1], data[i+2:]
	if family != '4' && family != '6' {
		return netip.Addr{}, nil
	}
	if len(rest) < 3 || rest[len(rest)-1] != 0 {
		return netip.Addr{}, fmt.Errorf("connect: %w", errFrame)
	}
	text := string(rest[2 : len(rest)-1])
	if len(text) > 5 && strings.EqualFold(text[:5], "IPv6:") {
		text = text[5:]
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, nil // nothing depends on it but a rule's condition
	}
	return a.Unmap(), nil
}
