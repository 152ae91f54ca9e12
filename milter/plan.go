package milter

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postseal/postseal/milter/guard"
)

// plan is what is done to a message. It is recorded with the deposit and made
// again, unchanged, when the MTA offers the message again. It names header
// fields and recipients by themselves and not by position, because the trace
// fields of another attempt may differ.
type plan struct {
	Version    int         `json:"v"` // 1
	Discard    bool        `json:"discard,omitempty"`
	Quarantine string      `json:"quarantine,omitempty"` // reason; "" is none
	Delete     []string    `json:"delete,omitempty"`     // RCPT arguments as received
	Remove     []string    `json:"remove,omitempty"`     // header fields, every one of the name
	Set        []planField `json:"set,omitempty"`        // header fields that stand once, with this value
	Add        []planField `json:"add,omitempty"`        // header fields beside those that are there
	Body       []byte      `json:"body,omitempty"`       // the new body; nil leaves the old one
}

type planField struct {
	Name  string `json:"name"`
	Value string `json:"value"` // without its leading space; may be folded
}

const planVersion = 1

func (p *plan) encode() ([]byte, error) {
	p.Version = planVersion
	return json.Marshal(p)
}

// decodePlan reads a recorded plan.
func decodePlan(b []byte) (*plan, error) {
	var p plan
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("read the recorded modifications: %w", err)
	}
	if p.Version != planVersion {
		return nil, fmt.Errorf("read the recorded modifications: version %d", p.Version)
	}
	return &p, nil
}

// frames turns the plan into modifications of m, in the order that Postfix
// accepts: all header changes on one side of the body. leading says that values
// bring their own leading space (SMFIP_HDR_LEADSPC).
//
// It is an error when a recipient to delete is none of m's or not removable, or
// when none would be left: the MTA would ignore the first two, and lose the
// message by the third.
func (p *plan) frames(m *message, leading bool) ([]byte, error) {
	var out []byte
	if m.marks > 0 {
		out = appendRemoval(out, guard.Header, m.marks)
	}
	if m.ways > 0 {
		out = appendRemoval(out, TLSHeader, m.ways)
	}
	if p.Discard {
		return nil, nil
	}
	gone := map[string]bool{}
	for _, raw := range p.Delete {
		if !slices.ContainsFunc(m.recipients, func(r recipient) bool { return r.raw == raw }) {
			return nil, errors.New("delete a recipient that the MTA did not name")
		}
		if !m.removable([]string{raw}) {
			return nil, errors.New("delete a recipient that the MTA may not know again")
		}
		gone[raw] = true
		out = appendString(out, modDeleteRcpt, raw)
	}
	if !slices.ContainsFunc(m.recipients, func(r recipient) bool { return !gone[r.raw] }) {
		return nil, errors.New("delete every recipient")
	}
	lead := ""
	if leading {
		lead = " "
	}
	for _, name := range p.Remove {
		out = appendRemoval(out, name, m.count(name))
	}
	for _, f := range p.Set {
		n := m.count(f.Name)
		if n == 0 {
			out = appendString(out, modAddHeader, f.Name, lead+folded(f.Value))
			continue
		}
		for i := n; i > 1; i-- {
			out = appendChange(out, i, f.Name, "")
		}
		out = appendChange(out, 1, f.Name, lead+folded(f.Value))
	}
	for _, f := range p.Add {
		out = appendString(out, modAddHeader, f.Name, lead+folded(f.Value))
	}
	if p.Quarantine != "" {
		out = appendString(out, modQuarantine, headerLine(p.Quarantine))
	}
	if p.Body != nil {
		out = appendBody(out, p.Body)
	}
	return out, nil
}

// answer is the answer that follows the frames.
func (p *plan) answer() answer {
	if p.Discard {
		return answer{respDiscard, nil}
	}
	return answer{respAccept, nil}
}

// count returns how many fields are called name.
func (m *message) count(name string) int {
	n := 0
	for _, f := range m.header {
		if f.is(name) {
			n++
		}
	}
	return n
}

// appendRemoval removes all n fields called name. Indexes count per name, from 1,
// and those behind a removed field move: so from the last to the first.
func appendRemoval(b []byte, name string, n int) []byte {
	for i := n; i >= 1; i-- {
		b = appendChange(b, i, name, "")
	}
	return b
}

// appendChange appends SMFIR_CHGHEADER; an empty value removes the field.
func appendChange(b []byte, index int, name, value string) []byte {
	var i [4]byte
	binary.BigEndian.PutUint32(i[:], uint32(index))
	name = strings.TrimRight(name, " \t")
	return appendFrame(b, modChangeHeader, i[:], []byte(name+"\x00"), []byte(value+"\x00"))
}
