package rules

// truth is the value of a condition. Unknown means that what it depends on
// isn't read yet or can't be.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// A level is how much of a message has been read.
type level int8

const (
	levelHeader    level = iota // connection, envelope and header
	levelStructure              // the body's parts
	levelText                   // all text
)

// A condition is compiled from a key of `when` or `unless`. It is immutable.
type condition interface {
	// level tells what has to be read before test gives its last word.
	level() level
	// test evaluates the condition for st.recipient and adds the evidence to st
	// when it holds.
	test(st *state) truth
}

// allOf holds when all of its conditions do. They are in the order of their
// levels, so that what is cheap is tried first.
type allOf []condition

func (c allOf) level() level { return highest(c) }

func (c allOf) test(st *state) truth {
	mark, result := len(st.evidence), yes
	for _, sub := range c {
		result = min(result, sub.test(st))
		if result == no {
			st.evidence = st.evidence[:mark]
			return no
		}
	}
	return result
}

// anyOf holds when one of its conditions does.
type anyOf []condition

func (c anyOf) level() level { return highest(c) }

func (c anyOf) test(st *state) truth {
	result := no
	for _, sub := range c {
		result = max(result, sub.test(st))
		if result == yes {
			break
		}
	}
	return result
}

// not holds when its condition doesn't.
type notOf struct{ condition }

func (c notOf) test(st *state) truth {
	mark := len(st.evidence)
	t := c.condition.test(st)
	st.evidence = st.evidence[:mark]
	return yes - t
}

// always holds for every message.
type always bool

func (c always) level() level         { return levelHeader }
func (c always) test(st *state) truth { return truthOf(bool(c)) }

func highest(cs []condition) level {
	l := levelHeader
	for _, c := range cs {
		l = max(l, c.level())
	}
	return l
}

// shared remembers the outcome of a condition that doesn't depend on the
// recipient: it is worked out once a message.
type shared struct {
	condition
	id int
}

type outcome struct {
	known    bool
	truth    truth
	doubt    string
	evidence []Evidence
}

func (c shared) test(st *state) truth {
	o := &st.outcomes[c.id]
	if !o.known {
		mark := len(st.evidence)
		o.truth = c.condition.test(st)
		o.evidence = append([]Evidence(nil), st.evidence[mark:]...)
		st.evidence = st.evidence[:mark]
		o.known = o.truth != unknown || c.level() <= st.level
		if o.truth == unknown {
			o.doubt = st.doubt
		}
	}
	if o.truth == unknown {
		st.want(c.level(), o.doubt)
	}
	st.evidence = append(st.evidence, o.evidence...)
	return o.truth
}
