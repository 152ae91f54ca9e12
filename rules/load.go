package rules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/postseal/postseal/rules/detect"
)

// Load reads the *.toml files of dir, compiles them and runs their tests. The
// error is a *LoadError where something in the files is wrong; it lists every
// problem found, one a line, as
//
//	file:line: rule "name": key: what is wrong, what would be right
func Load(dir string, o Options) (*Set, error) {
	set, _, err := load(dir, o)
	if err != nil {
		return nil, err
	}
	return set, nil
}

// load also returns the files that it read or tried to read, as it found them.
func load(dir string, o Options) (set *Set, seen view, err error) {
	l := &loader{
		dir: dir, options: o, seen: view{}, known: map[Problem]bool{},
		keys:         conditionKeys(),
		lists:        map[string]*list{},
		dictionaries: map[string]*dictionary{},
		detectors:    map[string]*ownDetector{},
		ruleNames:    map[string]string{},
		builder:      detect.NewBuilder(),
		set: &Set{
			internal: o.InternalDomains, limits: o.Limits,
			then: Deliver, unscannable: Quarantine,
			extractor: o.Extractor,
		},
	}
	if l.set.extractor == nil {
		l.set.extractor = inProcess{}
	}
	defer func() {
		if r := recover(); r != nil {
			set, seen, err = nil, l.seen, fmt.Errorf("load rules: %w", panicError(r))
		}
	}()
	err = l.load()
	return l.set, l.seen, err
}

// A loader compiles one folder of rule files.
type loader struct {
	dir      string
	options  Options
	keys     []keyInfo
	seen     view // the files read, or tried to
	problems []Problem
	known    map[Problem]bool // what is in problems

	lists        map[string]*list
	dictionaries map[string]*dictionary
	detectors    map[string]*ownDetector
	ruleNames    map[string]string // name to place
	defaults     map[string]string // key to place
	builder      *detect.Builder
	content      bool   // some condition looks at text
	subject      bool   // one of the rule being decoded looks at the subject
	patterns     []node // regular expressions over texts
	tests        []*testCase
	set          *Set
}

func (l *loader) load() error {
	roots, err := l.parse()
	if err != nil {
		return err
	}
	l.decodeTop(roots)
	// What rules refer to comes first, in whatever file it stands.
	each := func(key string, decode func(node)) {
		for _, root := range roots {
			if n, ok := root.field(key); ok {
				decode(n)
			}
		}
	}
	each("list", l.decodeLists)
	each("dictionary", l.decodeDictionaries)
	each("detector", l.decodeDetectors)
	each("rule", l.decodeRules)
	each("test", l.decodeTests)
	if err := l.failed(); err != nil {
		return err
	}
	l.lint()
	if l.content {
		if l.set.scanner, err = l.builder.Compile(); err != nil {
			return fmt.Errorf("compile detectors: %w", err)
		}
	}
	l.set.tests = len(l.tests)
	l.runTests(context.Background())
	return l.failed()
}

// maxProblems is how many problems are reported: who reads a wrong list doesn't
// need a hundred thousand.
const maxProblems = 200

// add records a problem, once: a list that several rules use is read several
// times.
func (l *loader) add(p Problem) {
	if l.known[p] || len(l.problems) >= maxProblems {
		return
	}
	l.known[p] = true
	l.problems = append(l.problems, p)
}

func (l *loader) failed() error {
	if len(l.problems) == 0 {
		return nil
	}
	sortProblems(l.problems)
	return &LoadError{l.problems}
}

// parse reads the rule files in the order of their names.
func (l *loader) parse() ([]node, error) {
	l.seen.add(l.dir)
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	var roots []node
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".toml" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(l.dir, e.Name())
		data, err := l.readFile(path)
		if err != nil {
			l.add(Problem{File: path, Text: unwrapPath(err)})
			continue
		}
		if root, ok := l.parseFile(path, data); ok {
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 && len(l.problems) == 0 {
		// An empty folder is more likely a wrong path than the wish to let all mail go.
		return nil, fmt.Errorf("read rules: no *.toml file in %s", l.dir)
	}
	return roots, nil
}

func (l *loader) parseFile(name string, data []byte) (node, bool) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var value map[string]any
	if _, err := toml.Decode(string(data), &value); err != nil {
		p := Problem{File: name, Text: "not TOML: " + err.Error()}
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			p.Line = syntax.Position.Line
			p.Text = "not TOML: " + syntax.Message
		}
		l.add(p)
		return node{}, false
	}
	if value == nil {
		value = map[string]any{}
	}
	return node{load: l, file: &source{name: name, at: findPositions(string(data))}, value: value}, true
}

// decodeTop decodes what isn't a rule, a test or referred to by one.
func (l *loader) decodeTop(roots []node) {
	l.defaults = map[string]string{}
	for _, root := range roots {
		for _, n := range root.fields() {
			switch n.name() {
			case "version":
				if v, ok := n.value.(int64); !ok || v != 1 {
					n.errorf("this version reads rule files of version = 1")
				}
			case "defaults":
				l.decodeDefaults(n)
			case "tests_alone":
				alone, _ := n.boolean()
				root.file.alone = alone
			case "list", "dictionary", "detector", "rule", "test":
			default:
				n.unknown([]string{"version", "tests_alone", "defaults", "list", "dictionary", "detector", "rule", "test"})
			}
		}
	}
}

func (l *loader) decodeDefaults(table node) {
	for _, n := range table.fields() {
		if place, ok := l.defaults[n.name()]; ok {
			n.errorf("is set already at %s; keep one", place)
			continue
		}
		l.defaults[n.name()] = n.place()
		switch n.name() {
		case "then":
			l.set.then = l.decodeAction(n)
		case "unscannable":
			l.set.unscannable = l.decodeAction(n)
		default:
			n.unknown(keyNames(defaultKeys()))
		}
	}
}

// defaultKeys are the keys of [defaults], with their documentation.
func defaultKeys() []keyInfo {
	return []keyInfo{
		{name: "then", value: "an action", doc: "What is done when no rule decides. `deliver` unless told.", example: `then = "deliver"`},
		{name: "unscannable", value: "an action", doc: "What is done when a rule that decides had to read content that can't be read: it is encrypted, malformed or over a limit. `quarantine` unless told. With `block` the sender may release it, unless the rule blocks too and says `release = false`.", example: `unscannable = "return"`},
	}
}

// unwrapPath leaves the path out of a file error, which is shown beside it.
func unwrapPath(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func unknownName(kind, name string, known []string) error {
	if guess := closest(name, known); guess != "" {
		return fmt.Errorf("there is no %s %q; did you mean %q?", kind, name, guess)
	}
	if len(known) == 0 {
		return fmt.Errorf("there is no %s %q; none is defined", kind, name)
	}
	return fmt.Errorf("there is no %s %q; known are %s", kind, name, strings.Join(known, ", "))
}
