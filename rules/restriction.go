package rules

import "slices"

// A Restriction is what a recipient can't do with a sealed message.
type Restriction struct {
	NoPrint bool // the portal offers no print view, and styles that print nothing
	NoReply bool // the portal takes no answer
	PIN     bool // opening takes a PIN, which the sender gives by another way
}

// The names of the restrictions in rule files.
const (
	noPrint = "no-print"
	noReply = "no-reply"
	withPIN = "pin"
)

// union is what either restricts.
func (r Restriction) union(s Restriction) Restriction {
	return Restriction{r.NoPrint || s.NoPrint, r.NoReply || s.NoReply, r.PIN || s.PIN}
}

// names lists what is restricted, as a rule file has it.
func (r Restriction) names() []string {
	var names []string
	for _, n := range []struct {
		set  bool
		name string
	}{{r.NoPrint, noPrint}, {r.NoReply, noReply}, {r.PIN, withPIN}} {
		if n.set {
			names = append(names, n.name)
		}
	}
	return names
}

func decodeRestriction(n node) Restriction {
	var names []string
	for _, item := range n.texts() {
		names = append(names, oneOf(item, noPrint, noReply, withPIN))
	}
	return Restriction{slices.Contains(names, noPrint), slices.Contains(names, noReply), slices.Contains(names, withPIN)}
}
