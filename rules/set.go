package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/mail"
)

// A Set is one loaded version of the rules. It never changes and may be used by
// any number of goroutines.
type Set struct {
	internal    []string
	limits      mail.Limits
	then        Action // when no rule decides
	unscannable Action // when a rule that decides stays unknown
	rules       []*rule
	warnings    []Problem       // see Lint
	tests       int             // that were run when it was loaded
	shared      int             // number of shared conditions
	scanner     *detect.Scanner // nil if no condition looks at text
	areas       mail.Where      // what the scanner has to see
	extractor   Extractor
}

// Len returns the number of rules in force and of the tests that they passed.
func (s *Set) Len() (rules, tests int) { return len(s.rules), s.tests }

// Evaluate decides about m for each of its recipients. It reads m.Body only if
// a rule that can still matter needs it. An error means that nothing is known:
// the caller must not let the message go.
func (s *Set) Evaluate(ctx context.Context, m *Message) (*Decision, error) {
	d, ok, err := s.evaluate(ctx, m, levelText)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("evaluate rules: a condition was left open")
	}
	return d, nil
}

// EvaluateHeader decides from the connection, the envelope and the header alone,
// before the body and m.Size are known. ok is false when the verdict for some
// recipient needs more; then Evaluate has to be asked once the body is there.
func (s *Set) EvaluateHeader(ctx context.Context, m *Message) (d *Decision, ok bool, err error) {
	return s.evaluate(ctx, m, levelHeader)
}

// evaluate decides as far as it can with the message read up to limit.
func (s *Set) evaluate(ctx context.Context, m *Message, limit level) (d *Decision, ok bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			d, ok, err = nil, false, fmt.Errorf("evaluate rules: %w", panicError(r))
		}
	}()
	st := &state{ctx: ctx, set: s, message: m, outcomes: make([]outcome, s.shared)}
	runs := make([]run, len(m.Recipients))
	for i, r := range m.Recipients {
		runs[i].verdict.Recipient = r
	}
	for {
		open := false
		for i := range runs {
			if err := ctx.Err(); err != nil {
				return nil, false, err
			}
			open = !runs[i].advance(st) || open
			if st.err != nil {
				return nil, false, fmt.Errorf("evaluate rules: %w", st.err)
			}
		}
		if !open {
			break
		}
		if st.level >= limit {
			return nil, false, nil
		}
		if err := st.raise(ctx); err != nil {
			return nil, false, fmt.Errorf("evaluate rules: read the message: %w", err)
		}
	}
	d = &Decision{}
	for i := range runs {
		s.protect(&runs[i].verdict)
		d.Verdicts = append(d.Verdicts, runs[i].verdict)
	}
	if st.mail != nil {
		for _, defect := range st.mail.Defects {
			d.Defects = append(d.Defects, defect.String())
		}
		for _, defect := range st.notRead() {
			d.Defects = append(d.Defects, "not read: "+defect.String())
		}
	}
	return d, true, nil
}

// protect joins what the rules want for all mail to the recipient's domain, also
// where a rule further up decided: a server that asks by the domain does the same.
func (s *Set) protect(v *Verdict) {
	_, domain := resolveAddress(v.Recipient, s.internal)
	level, orElse, rule := s.TLSPolicy(domain)
	if v.Action == Deliver && stricterTLS(level, orElse, v.Also.TLS, v.Also.TLSElse) {
		v.Also.TLS, v.Also.TLSElse, v.Also.TLSRule = level, orElse, rule
		v.Matched = append(v.Matched, rule)
	}
}

// A run is the way of one recipient through the rules.
type run struct {
	verdict Verdict
	next    int // the rule to look at
	done    bool
}

// advance goes on until the recipient is decided (true) or more of the message
// has to be read (false).
func (r *run) advance(st *state) bool {
	if r.done {
		return true
	}
	v := &r.verdict
	st.recipient = v.Recipient
	for ; r.next < len(st.set.rules); r.next++ {
		rule := st.set.rules[r.next]
		t := rule.matches(st)
		if st.err != nil {
			return true // the evaluation fails
		}
		if t == unknown && st.wanted > st.level {
			return false
		}
		switch {
		case t == no:
		case rule.test:
			v.Would = append(v.Would, st.set.would(rule, t))
			v.add(rule, st)
		case rule.then == "":
			// Undecided counts as matched: what is added can't let a message out.
			v.Matched = append(v.Matched, rule.name)
			v.Also.join(rule.also)
			v.add(rule, st)
		case t == unknown:
			// A rule that blocks says itself who may release.
			release := rule.release
			if rule.then != Block {
				release = offeredRelease(DefaultUnscannable)
			}
			reason := fmt.Sprintf("unscannable: rule %q: %s", rule.name, st.doubt)
			if r.decide(st, Verdict{Action: st.set.unscannable, Reason: reason, Release: release}) {
				return true
			}
		case r.decide(st, Verdict{Action: rule.then, Rule: rule.name, Text: rule.text, Release: rule.release}):
			v.Also.join(rule.also)
			v.add(rule, st)
			return true
		}
	}
	if !r.decide(st, Verdict{Action: st.set.then, Reason: "default", Release: offeredRelease(DefaultThen)}) {
		return r.decide(st, Verdict{Action: Deliver, Reason: "default"})
	}
	return true
}

// decide gives the recipient the action of d, unless that blocks what is
// released (false). With st.err the answer means nothing.
func (r *run) decide(st *state, d Verdict) bool {
	v := &r.verdict
	if d.Action == Quarantine {
		d.Release = quarantinedBy(cmp.Or(d.Rule, d.Release.Rule))
	}
	if d.Action == Block || d.Action == Quarantine {
		if st.released(d.Release) {
			if !slices.Contains(v.Passed, d.Release.Rule) {
				v.Passed = append(v.Passed, d.Release.Rule)
			}
			return false
		}
		v.Release = d.Release
	}
	v.Action, v.Rule, v.Reason, v.Text = d.Action, d.Rule, d.Reason, d.Text
	r.done = true
	return true
}

// released asks whether what a rule blocks is let through to the recipient that
// is being decided. An error ends the evaluation.
func (st *state) released(r Release) bool {
	if st.message.Released == nil {
		return false
	}
	ok, err := st.message.Released(r, st.recipient)
	if err != nil {
		st.err = fmt.Errorf("ask for a release from rule %q: %w", r.Rule, err)
	}
	return ok && err == nil
}

// add keeps the evidence for a rule that matched.
func (v *Verdict) add(r *rule, st *state) {
	for _, e := range st.evidence {
		e.Rule = r.name
		v.Evidence = append(v.Evidence, e)
	}
}

// would tells what a rule in test mode would have done.
func (s *Set) would(r *rule, t truth) string {
	switch {
	case r.then == "":
		return "add by " + r.name
	case t == unknown:
		return string(s.unscannable) + " (unscannable) by " + r.name
	}
	return string(r.then) + " by " + r.name
}

// panicError makes an error of a panic. Only the runtime's own texts are kept:
// another value could hold content of the message.
func panicError(r any) error {
	if e, ok := r.(runtime.Error); ok {
		return fmt.Errorf("panic: %w", e)
	}
	return errors.New("panic")
}
