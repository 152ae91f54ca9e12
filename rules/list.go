package rules

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxFileBytes bounds a rule file and a file that one names.
const maxFileBytes = 32 << 20

// A list is a named list of strings: addresses, domains, media types, words.
type list struct {
	name    string
	node    node
	entries []listEntry
	used    bool
}

// A listEntry knows where it was written.
type listEntry struct {
	text string
	file string
	line int
	key  string
}

// lists decodes one [list] table.
func (l *loader) decodeLists(table node) {
	for _, n := range table.fields() {
		name := n.name()
		if name == "" || strings.ContainsAny(name, " @") {
			n.errorf("a list's name has no space and no @")
			continue
		}
		if old, ok := l.lists[name]; ok {
			n.errorf("there is a list with that name already at %s; join them or rename one", old.node.place())
			continue
		}
		li := &list{name: name, node: n}
		l.lists[name] = li
		for _, item := range n.texts() {
			s := item.value.(string)
			if rest, ok := strings.CutPrefix(s, "file:"); ok {
				l.listFile(li, item, rest)
				continue
			}
			li.entries = append(li.entries, listEntry{s, item.file.name, item.line(), item.key})
		}
	}
}

// listFile adds the lines of a file: one entry a line, empty lines and comments
// from a # at the beginning or after space are left out.
func (l *loader) listFile(li *list, n node, name string) {
	data, shown, ok := l.readNamed(n, name)
	if !ok {
		return
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		if i := strings.Index(" "+line, " #"); i >= 0 {
			line = line[:i]
		}
		if line = strings.TrimSpace(line); line != "" {
			li.entries = append(li.entries, listEntry{line, shown, number, ""})
		}
	}
}

// readNamed reads a file that a rule file names, relative to it.
func (l *loader) readNamed(n node, name string) (data []byte, shown string, ok bool) {
	if name == "" {
		n.errorf("no file name after \"file:\"")
		return nil, "", false
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.dir, filepath.FromSlash(name))
	}
	data, err := l.readFile(path)
	if err != nil {
		n.errorf("file %q: %v", name, unwrapPath(err))
		return nil, "", false
	}
	if !utf8.Valid(data) {
		n.errorf("file %q is not in UTF-8", name)
		return nil, "", false
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), path, true
}

// readFile reads a file of bounded size and remembers it for Watch.
func (l *loader) readFile(path string) ([]byte, error) {
	l.seen.add(path)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("larger than %d MiB", maxFileBytes>>20)
	}
	return os.ReadFile(path)
}

// entries replaces "@name" in nodes by the entries of that list; "@@name" is the
// text "@name". The errors of a
// list's own entry point to where it is written.
func (l *loader) entries(nodes []node) []listEntry {
	var es []listEntry
	for _, n := range nodes {
		s := n.value.(string)
		name, ok := strings.CutPrefix(s, "@")
		if literal, doubled := strings.CutPrefix(s, "@@"); doubled {
			s, ok = "@"+literal, false
		}
		if !ok {
			es = append(es, listEntry{s, n.file.name, n.line(), n.key})
			continue
		}
		li, ok := l.lists[name]
		if !ok {
			names := make([]string, 0, len(l.lists))
			for k := range l.lists {
				names = append(names, k)
			}
			hint := "define it in [list]"
			if guess := closest(name, names); guess != "" {
				hint = fmt.Sprintf("did you mean %q?", "@"+guess)
			}
			n.errorf("there is no list %q; %s", name, hint)
			continue
		}
		li.used = true
		es = append(es, li.entries...)
	}
	return es
}

// problem records what is wrong with an entry, at the place where it stands.
func (l *loader) problem(e listEntry, o owner, text string) {
	key := e.key
	if strings.HasPrefix(key, "list.") || key == "" {
		o = owner{}
	}
	l.add(Problem{File: e.file, Line: e.line, Rule: o.rule, Test: o.test, Key: key, Text: text})
}
