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
	way     rules.TLSLevel // that a copy in clear has to take, "" for any (routing.go)
}

// sorted is who gets what.
type sorted struct {
	clear, sealed, returned, discarded []*person
	// blocked wait with us or at the sender's server, quarantined in the MTA or
	// with us.
	blocked, quarantined []*person
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
		group := s.group(p.verdict.Action)
		if group == nil {
			return nil, fmt.Errorf("verdict with the unknown action %q", p.verdict.Action)
		}
		*group = append(*group, p)
	}
	return &s, nil
}

// group is where an action's recipients stand, nil for an action that there is
// not.
func (s *sorted) group(a rules.Action) *[]*person {
	switch a {
	case rules.Deliver:
		return &s.clear
	case rules.Pickup, rules.OneTime:
		return &s.sealed
	case rules.Return:
		return &s.returned
	case rules.Discard:
		return &s.discarded
	case rules.Block:
		return &s.blocked
	case rules.Quarantine:
		return &s.quarantined
	}
	return nil
}

// all lists everybody.
func (s *sorted) all() []*person {
	return slices.Concat(s.clear, s.sealed, s.returned, s.discarded, s.blocked, s.quarantined)
}

// allClear reports whether everybody gets the message.
func (s *sorted) allClear() bool { return len(s.clear) == len(s.all()) }

// allReturned reports whether nobody gets it and the sender is to be told.
func (s *sorted) allReturned() bool { return len(s.returned) == len(s.all()) }

// allBlocked reports whether nobody gets it until it is released.
func (s *sorted) allBlocked() bool { return len(s.blocked) == len(s.all()) }

// ruleOf is what a verdict that holds a message is known by when it is released.
func ruleOf(p *person) string {
	if r := p.verdict.Release.Rule; r != "" {
		return r
	}
	return name(p)
}

// byRule divides people by what they wait for.
func byRule(ps []*person) [][]*person {
	var out [][]*person
	at := map[string]int{}
	for _, p := range ps {
		i, ok := at[ruleOf(p)]
		if !ok {
			i, at[ruleOf(p)] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

// name is the name of the rule that decided for p, or why none did.
func name(p *person) string {
	if p.verdict.Rule != "" {
		return p.verdict.Rule
	}
	return p.verdict.Reason
}

// names lists the distinct names of the rules that decided for ps.
func names(ps []*person) string {
	var out []string
	for _, p := range ps {
		if n := name(p); !slices.Contains(out, n) {
			out = append(out, n)
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

// addressesOf lists the envelope addresses of ps.
func addressesOf(ps []*person) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.address
	}
	return out
}
