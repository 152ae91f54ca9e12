package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/postseal/postseal/rules/detect"
)

// A dictionary is a named set of words and phrases with weights.
type dictionary struct {
	name  string
	node  node
	terms []detect.Term
	used  bool
}

// dictionaryKeys are the keys of [dictionary.NAME], with their documentation.
func dictionaryKeys() []keyInfo {
	return []keyInfo{
		{name: "terms", value: "words or phrases", doc: "Found as wholes, in any case and with or without accents.", example: `terms = ["diagnosis", "medical record"]`},
		{name: "file", value: "a file name", doc: "More terms from a file: one a line, a tab and a weight after it if it isn't 1, comments after #. Relative to the rules folder.", example: `file = "health-terms.txt"`},
	}
}

// decodeDictionaries decodes one [dictionary] table.
func (l *loader) decodeDictionaries(table node) {
	for _, n := range table.fields() {
		name := n.name()
		if old, ok := l.dictionaries[name]; ok {
			n.errorf("there is a dictionary with that name already at %s; join them or rename one", old.node.place())
			continue
		}
		d := &dictionary{name: name, node: n}
		l.dictionaries[name] = d
		for _, f := range n.fields() {
			switch f.name() {
			case "terms":
				for _, item := range f.texts() {
					d.terms = append(d.terms, detect.Term{Text: item.value.(string)})
				}
			case "file":
				if s, ok := f.text(); ok {
					l.dictionaryFile(d, f, s)
				}
			default:
				f.unknown(keyNames(dictionaryKeys()))
			}
		}
		if n.isTable() && len(d.terms) == 0 && len(l.problems) == 0 {
			n.errorf("has no terms; write terms = [...] or file = \"...\"")
		}
	}
}

// dictionaryFile adds a file of terms: one a line, a tab and a weight after it
// if it isn't 1; empty lines and lines that begin with # are left out.
func (l *loader) dictionaryFile(d *dictionary, n node, name string) {
	data, shown, ok := l.readNamed(n, name)
	if !ok {
		return
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		term := detect.Term{Text: line}
		if text, weight, ok := cutLast(line, "\t"); ok {
			w, err := strconv.Atoi(strings.TrimSpace(weight))
			if err != nil || w < 1 || w > 1000 {
				l.problem(listEntry{file: shown, line: number}, owner{}, fmt.Sprintf("%q is not a weight; write a whole number from 1 to 1000 after the tab", weight))
				continue
			}
			term.Text, term.Weight = strings.TrimSpace(text), w
		}
		d.terms = append(d.terms, term)
	}
}
