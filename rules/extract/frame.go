package extract

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// The kinds of frames, see the package comment.
const (
	frameSetup   = 'S' // parent, once: setup
	frameHello   = 'H' // child, once: protocol
	frameRequest = 'D'
	frameContent = 'C'
	frameText    = 'T'
	frameResult  = 'R'
)

// protocol is what both sides have to agree on.
const protocol = "postseal extract 1"

// The bounds of frames, in octets.
const (
	maxRequestFrame = 64 << 10
	maxContentFrame = 256 << 10
	maxTextFrame    = 32 << 20
	maxResultFrame  = 32 << 20
)

// setup is what a child is told first.
type setup struct {
	Memory int64         // octets of address space on top of what it has
	CPU    time.Duration // a document
	Limits Limits
}

// request announces a document.
type request struct{ Name, Type string }

var errFrame = errors.New("extract: a frame out of turn")

// writeFrame writes one frame, its payload in pieces.
func writeFrame(w io.Writer, kind byte, payload ...[]byte) error {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	head := [5]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(n))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	for _, p := range payload {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// readFrame reads one frame. Max says how long a frame of a kind may be; 0: it is
// out of turn.
func readFrame(r io.Reader, max func(kind byte) int) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if limit := max(head[0]); limit == 0 || int64(n) > int64(limit) {
		return 0, nil, errFrame
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, errors.Join(io.ErrUnexpectedEOF, err)
	}
	return head[0], payload, nil
}

// only is a bound for readFrame when one kind is expected.
func only(kind byte, max int) func(byte) int {
	return func(k byte) int {
		if k == kind {
			return max
		}
		return 0
	}
}

// answers is the bound for what a child sends while it reads a document.
func answers(kind byte) int {
	switch kind {
	case frameText:
		return maxTextFrame
	case frameResult:
		return maxResultFrame
	}
	return 0
}

func writeJSON(w io.Writer, kind byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, kind, data)
}

// readJSON reads a frame of one kind.
func readJSON(r io.Reader, kind byte, max int, v any) error {
	_, data, err := readFrame(r, only(kind, max))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// writeText writes a text with its path.
func writeText(w io.Writer, t *Text) error {
	path := t.Path[:min(len(t.Path), 1<<16-1)]
	head := binary.BigEndian.AppendUint16(nil, uint16(len(path)))
	return writeFrame(w, frameText, head, []byte(path), t.Data)
}

// parseText is the other side of writeText. A child that was taken over could
// send what is no text: detectors and logs bear that.
func parseText(payload []byte) (*Text, error) {
	if len(payload) < 2 {
		return nil, errFrame
	}
	n := int(binary.BigEndian.Uint16(payload))
	if len(payload) < 2+n {
		return nil, errFrame
	}
	return &Text{Path: string(payload[2 : 2+n]), Data: payload[2+n:]}, nil
}

// parseResult reads a result, and refuses reasons that are none of ours: they
// are shown and logged.
func parseResult(payload []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(payload, &r); err != nil {
		return nil, errFrame
	}
	for _, reason := range r.Unscannable {
		if !reason.known() {
			return nil, fmt.Errorf("%w: unknown reason", errFrame)
		}
	}
	return &r, nil
}

func (r Reason) known() bool { return slices.Contains(reasons(), r) }
