package rules

import (
	"context"
	"errors"
)

// A Set is one loaded version of the rules. It never changes and may be used by
// any number of goroutines.
type Set struct{}

// Load reads the *.toml files of dir, compiles them and runs their tests. Its
// error lists every problem found, one a line, as
//
//	file:line: rule "name": key: what is wrong, what would be right
func Load(dir string, o Options) (*Set, error) { return nil, errors.New("no rules yet") }

// Evaluate decides about m for each of its recipients. It reads m.Body only if
// a rule that can still matter needs it. An error means that nothing is known:
// the caller must not let the message go.
func (s *Set) Evaluate(ctx context.Context, m *Message) (*Decision, error) {
	return nil, errors.New("no rules yet")
}

// EvaluateHeader decides from the envelope and the header alone, before the
// body and m.Size are known. ok is false when some recipient's verdict needs
// more; then Evaluate has to be asked once the body is there.
func (s *Set) EvaluateHeader(ctx context.Context, m *Message) (d *Decision, ok bool, err error) {
	return nil, false, errors.New("no rules yet")
}
