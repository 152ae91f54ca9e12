package milter

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// TagHeader is the field that carries the labels of `also.tag`.
const TagHeader = "X-Postseal-Tag"

// notified lists the addresses that rules name to be told.
func notified(s *sorted) []string {
	var out []string
	for _, p := range s.all() {
		for _, a := range p.verdict.Also.Notify {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// clearSet is how rules change the subject of the message for ps, who get it.
func clearSet(m *message, ps []*person) []planField {
	if m.count("Subject") == 0 {
		return nil
	}
	old := decoded(m.get("Subject"))
	if now := strip(old, ps); now != old {
		return []planField{{"Subject", mime.QEncoding.Encode("utf-8", now)}}
	}
	return nil
}

// folded is the field as a mail has it, in lines that are not too long (RFC 5322
// section 2.2.3).
func (f planField) folded() field {
	var h textproto.Header
	h.Set(f.Name, f.Value)
	var b bytes.Buffer
	_ = textproto.WriteHeader(&b, h) // a buffer takes everything
	_, value, _ := strings.Cut(strings.TrimRight(b.String(), "\r\n"), ":")
	return field{f.Name, value}
}

// clearAdd is what rules add to the header of the message for ps, who get it.
// Labels of other recipients' verdicts are not theirs to see.
func clearAdd(ps []*person) []planField {
	var tags []string
	for _, p := range ps {
		for _, t := range p.verdict.Also.Tags {
			if t = headerLine(t); t != "" && !slices.Contains(tags, t) {
				tags = append(tags, t)
			}
		}
	}
	var add []planField
	if len(tags) > 0 {
		add = append(add, planField{TagHeader, mime.QEncoding.Encode("utf-8", strings.Join(tags, ", "))})
	}
	if way := strictest(ps); way != "" {
		add = append(add, planField{TLSHeader, string(way)})
	}
	return add
}

// clearChanges is all of it.
func clearChanges(m *message, ps []*person) []planField {
	return append(clearSet(m, ps), clearAdd(ps)...)
}

// strip cuts out of a subject what the rules for ps say, with the blanks that are left
// around it. One in which there is nothing of it stays as it is.
func strip(subject string, ps []*person) string {
	left := subject
	for _, p := range ps {
		for _, re := range p.verdict.Also.StripSubject {
			left = re.ReplaceAllString(left, "")
		}
	}
	if left == subject {
		return subject
	}
	return strings.TrimSpace(left)
}
