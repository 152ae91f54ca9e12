package milter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules"
)

// person is one recipient of a message, however many RCPT commands named it.
type person struct {
	address string   // as in the first of them
	key     string   // normalised
	raws    []string // the arguments of all of them
	silent  bool     // no notification about this one
	verdict rules.Verdict
}

// sorted is who gets what.
type sorted struct {
	clear, sealed, returned, discarded, held []*person
}

var errVerdicts = errors.New("the verdicts do not match the recipients")

// assort puts each recipient where its verdict says. An action that nobody
// applies is an error: the message must not go out without it.
func assort(m *message, d *rules.Decision) (*sorted, error) {
	if len(d.Verdicts) != len(m.recipients) || len(m.recipients) == 0 {
		return nil, errVerdicts
	}
	var s sorted
	var people []*person
	byKey := map[string]*person{}
	for i, r := range m.recipients {
		v := d.Verdicts[i]
		if v.Recipient != r.address {
			return nil, errVerdicts
		}
		if p := byKey[r.key]; p != nil {
			// The same mailbox again: one copy in clear would undo a stricter
			// verdict for the other.
			switch {
			case p.verdict.Action == v.Action:
			case p.verdict.Action == rules.Deliver:
				p.verdict = v
			case v.Action != rules.Deliver:
				return nil, errVerdicts
			}
			p.raws = append(p.raws, r.raw)
			p.silent = p.silent && r.silent
			continue
		}
		p := &person{address: r.address, key: r.key, raws: []string{r.raw}, silent: r.silent, verdict: v}
		byKey[r.key] = p
		people = append(people, p)
	}
	for _, p := range people {
		switch p.verdict.Action {
		case rules.Deliver:
			s.clear = append(s.clear, p)
		case rules.Pickup, rules.OneTime:
			s.sealed = append(s.sealed, p)
		case rules.Return:
			s.returned = append(s.returned, p)
		case rules.Discard:
			s.discarded = append(s.discarded, p)
		case rules.Quarantine, rules.Block:
			s.held = append(s.held, p)
		default:
			return nil, fmt.Errorf("verdict with the unknown action %q", p.verdict.Action)
		}
	}
	return &s, nil
}

// allClear reports whether everybody gets the message.
func (s *sorted) allClear() bool {
	return len(s.sealed)+len(s.returned)+len(s.discarded)+len(s.held) == 0
}

// allReturned reports whether nobody gets it and the sender is to be told.
func (s *sorted) allReturned() bool {
	return len(s.clear)+len(s.sealed)+len(s.discarded)+len(s.held) == 0
}

// all lists everybody.
func (s *sorted) all() []*person {
	return slices.Concat(s.clear, s.sealed, s.returned, s.discarded, s.held)
}

// names lists the distinct names of the rules that decided for ps.
func names(ps []*person) string {
	var out []string
	for _, p := range ps {
		name := p.verdict.Rule
		if name == "" {
			name = p.verdict.Reason
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// texts joins the distinct texts of the rules that decided for ps, a line each.
func texts(ps []*person) string {
	var out []string
	for _, p := range ps {
		if t := strings.TrimSpace(p.verdict.Text); t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return strings.Join(out, "\n")
}

// raws lists the RCPT arguments of ps.
func raws(ps []*person) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.raws...)
	}
	return out
}
