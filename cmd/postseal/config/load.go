package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxFileBytes bounds postseal.toml.
const maxFileBytes = 1 << 20

// A Problem is one thing that is wrong in the file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"` // 0: the file as a whole
	Key  string `json:"key,omitempty"`
	Text string `json:"text"` // what is wrong, what would be right
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	return b.String() + ": " + p.Text
}

// Problems is the error of [Load] and [Parse]: everything that is wrong, in the
// order of the lines.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Load reads a file. The error is [Problems] if the file could be read.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the configuration: %w: make one with postseal init, or name yours with --config", err)
	} else if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if len(b) > maxFileBytes {
		return nil, Problems{{File: path, Text: "is larger than 1 MiB, which no configuration is"}}
	}
	return Parse(path, string(b))
}

// Parse is Load for text that came from path.
func Parse(path, text string) (*Config, error) {
	var tree map[string]any
	if _, err := toml.Decode(text, &tree); err != nil {
		return nil, Problems{syntaxProblem(path, err)}
	}
	c := Default()
	c.Path = path
	r := reader{path: path, lines: findLines(text), bad: make(map[string]bool)}
	keys := schema(c)
	r.walk("", tree, keys)
	for _, k := range keys {
		switch empty := k.value.String() == `""` || k.value.String() == "[]"; {
		case !k.required || r.bad[k.name]:
		case r.lines[k.name] == 0:
			r.report(k.name, "is missing, want one such as %s", k.example)
		case empty:
			r.report(k.name, "is empty, want one such as %s", k.example)
		}
	}
	if len(r.problems) == 0 {
		c.cross(r.report)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, r.problems
	}
	c.resolve()
	return c, nil
}

func syntaxProblem(path string, err error) Problem {
	var syntax toml.ParseError
	if !errors.As(err, &syntax) {
		return Problem{File: path, Text: err.Error()}
	}
	text := syntax.Message
	if text == "" { // the library keeps some messages in the chain alone
		text = strings.TrimPrefix(err.Error(), "toml: ")
	}
	return Problem{File: path, Line: syntax.Position.Line, Text: text + " (this is no TOML)"}
}

// reader collects what is wrong while the values are set.
type reader struct {
	path     string
	lines    map[string]int
	bad      map[string]bool
	problems Problems
}

func (r *reader) report(key, format string, args ...any) {
	r.bad[key] = true
	line := r.lines[key]
	if line == 0 { // it isn't there: its table is the place, or the top
		section, _ := split(key)
		line = max(r.lines[section], 1)
	}
	r.problems = append(r.problems, Problem{File: r.path, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// walk sets what is below prefix.
func (r *reader) walk(prefix string, table map[string]any, keys []key) {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		path, v := prefix+name, table[name]
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == path })
		switch sub, isTable := v.(map[string]any); {
		case i >= 0:
			err := keys[i].value.set(v)
			if each, ok := err.(interface{ Unwrap() []error }); ok { // of a list's items
				for _, err := range each.Unwrap() {
					r.report(path, "%s", err)
				}
			} else if err != nil {
				r.report(path, "%s", err)
			}
		case isTable && isSection(path):
			r.walk(path+".", sub, keys)
		case isSection(path):
			r.report(path, "is %s, want a table: [%s]", kindOf(v), path)
		default:
			r.report(path, "is not known%s", suggest(path, keys))
		}
	}
}

func isSection(name string) bool {
	return slices.ContainsFunc(sections, func(s struct{ name, doc string }) bool { return s.name != "" && s.name == name })
}

// suggest names the key that was probably meant.
func suggest(path string, keys []key) string {
	last := func(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }
	best, distance := "", 3
	for _, k := range keys {
		if d := editDistance(path, k.name); d < distance {
			best, distance = k.name, d
		}
	}
	for _, k := range keys {
		if best == "" && last(k.name) == last(path) {
			best = k.name
		}
	}
	for _, s := range sections {
		if d := editDistance(path, s.name); best == "" && s.name != "" && d < 3 {
			return ", want [" + s.name + "]"
		}
	}
	if best == "" {
		return "; docs/configuration.md lists the keys"
	}
	return ", want " + best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal, row[j] = row[j], min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
