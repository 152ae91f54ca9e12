package rules

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A node is one value of a rule file with its place, so that whoever decodes it
// can say what is wrong with it and where. Its methods record a problem when the
// value isn't what they were asked for.
type node struct {
	load  *loader
	file  *source
	path  string // see keyPath
	owner owner  // the rule or test it belongs to
	key   string // as shown: "when.any[1].size"
	value any
}

// An owner is what a problem is attributed to.
type owner struct{ rule, test string }

// A source is one rule file.
type source struct {
	name  string // as shown
	at    positions
	alone bool // its tests run without the rules of other files
}

func (n node) line() int {
	for path := n.path; path != ""; {
		if line, ok := n.file.at[path]; ok {
			return line
		}
		path = path[:strings.LastIndexByte(path, '\x1f')]
	}
	return 0
}

func (n node) place() string { return fmt.Sprintf("%s:%d", n.file.name, n.line()) }

func (n node) errorf(format string, args ...any) {
	n.load.add(Problem{
		File: n.file.name, Line: n.line(), Rule: n.owner.rule, Test: n.owner.test,
		Key: n.key, Text: fmt.Sprintf(format, args...),
	})
}

// kind names the value's type as an admin would.
func (n node) kind() string {
	switch n.value.(type) {
	case string:
		return "a string"
	case int64:
		return "a number"
	case float64:
		return "a decimal number"
	case bool:
		return "true or false"
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "a list"
	default:
		return "a date or time"
	}
}

// isTable reports whether the value is a table, without recording anything.
func (n node) isTable() bool {
	_, ok := n.value.(map[string]any)
	return ok
}

// fields returns the entries of a table in the order of their lines.
func (n node) fields() []node {
	table, ok := n.value.(map[string]any)
	if !ok {
		n.errorf("is %s; write a table", n.kind())
		return nil
	}
	nodes := make([]node, 0, len(table))
	for k := range table {
		c, _ := n.field(k)
		nodes = append(nodes, c)
	}
	sort.Slice(nodes, func(i, j int) bool {
		if a, b := nodes[i].line(), nodes[j].line(); a != b {
			return a < b
		}
		return nodes[i].path < nodes[j].path
	})
	return nodes
}

// field returns one entry of a table.
func (n node) field(key string) (node, bool) {
	table, _ := n.value.(map[string]any)
	v, ok := table[key]
	if !ok {
		return node{}, false
	}
	c := n
	c.path, c.value = keyPath(n.path, key), v
	if n.key == "" {
		c.key = key
	} else {
		c.key = n.key + "." + key
	}
	return c, true
}

// name is the last key of the node's path.
func (n node) name() string { return n.path[strings.LastIndexByte(n.path, '\x1f')+1:] }

// items returns the elements of a list; a single value counts as a list of one.
func (n node) items() []node {
	var values []any
	switch v := n.value.(type) {
	case []any:
		values = v
	case []map[string]any:
		for _, t := range v {
			values = append(values, t)
		}
	default:
		return []node{n}
	}
	nodes := make([]node, len(values))
	for i, v := range values {
		nodes[i] = n
		nodes[i].path, nodes[i].value = indexPath(n.path, i), v
		nodes[i].key = fmt.Sprintf("%s[%d]", n.key, i+1)
	}
	return nodes
}

func (n node) text() (string, bool) {
	s, ok := n.value.(string)
	if !ok {
		n.errorf("is %s; write a string in quotes", n.kind())
	}
	return s, ok
}

// oneOf returns the string if it is one of values, "" after a problem.
func oneOf[T ~string](n node, values ...T) T {
	s, ok := n.text()
	if ok && !slices.Contains(values, T(s)) {
		last := len(values) - 1
		names := make([]string, len(values))
		for i, v := range values {
			names[i] = string(v)
		}
		n.errorf("%q is not known; write %s or %s", s, strings.Join(names[:last], ", "), names[last])
	}
	if !slices.Contains(values, T(s)) {
		return ""
	}
	return T(s)
}

// texts returns a string or the strings of a list, at least one, as nodes.
func (n node) texts() []node {
	items := n.items()
	if len(items) == 0 {
		n.errorf("is an empty list; write at least one value or leave the key out")
	}
	return slices.DeleteFunc(items, func(c node) bool {
		s, ok := c.text()
		if ok && s == "" {
			c.errorf("is an empty string; write a value or leave it out")
		}
		return s == ""
	})
}

func (n node) boolean() (bool, bool) {
	b, ok := n.value.(bool)
	if !ok {
		n.errorf("is %s; write true or false", n.kind())
	}
	return b, ok
}

// count returns a whole number of at least 1.
func (n node) count() (int, bool) {
	i, ok := n.value.(int64)
	if !ok {
		n.errorf("is %s; write a whole number", n.kind())
		return 0, false
	}
	if i < 1 || i > 1_000_000 {
		n.errorf("is %d; write a whole number from 1 to 1000000", i)
		return 0, false
	}
	return int(i), true
}

// unknown records a key that this table doesn't have.
func (n node) unknown(known []string) {
	known = slices.Clone(known)
	slices.Sort(known)
	if guess := closest(n.name(), known); guess != "" {
		n.errorf("unknown key; did you mean %q?", guess)
		return
	}
	n.errorf("unknown key; known are %s", strings.Join(known, ", "))
}

// closest returns the known word that word is most likely a misspelling of, ""
// if none is near.
func closest(word string, known []string) string {
	best, limit := "", 1+len(word)/6
	for _, k := range known {
		if d := editDistance(word, k); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(diagonal+cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
