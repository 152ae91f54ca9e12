package config

import (
	"fmt"
	"strings"
)

// Effective returns the whole configuration as TOML, with what differs from the
// defaults marked. It holds no secrets, since the file can't hold any.
func (c *Config) Effective() string {
	var b strings.Builder
	standard := Default()
	standard.Path = c.Path
	standard.resolve()
	defaults := schema(standard)
	current := schema(c)
	for _, s := range sections {
		if s.name != "" {
			fmt.Fprintf(&b, "\n[%s]\n", s.name)
		}
		for i, k := range current {
			if section, name := split(k.name); section == s.name {
				fmt.Fprintf(&b, "%s = %s", name, k.value)
				if !k.required && k.value.String() == defaults[i].value.String() {
					b.WriteString(" # default")
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

// Values returns the same by key, for JSON: texts, numbers, booleans and lists
// as the file has them.
func (c *Config) Values() map[string]any {
	values := make(map[string]any)
	for _, k := range schema(c) {
		switch v := k.value.(type) {
		case list:
			values[k.name] = *v.to
		case mapping:
			values[k.name] = *v.to
		case number:
			values[k.name] = *v.to
		case boolean:
			values[k.name] = *v.to
		case text:
			values[k.name] = *v.to
		case choice:
			values[k.name] = *v.to
		default:
			values[k.name] = strings.Trim(k.value.String(), `"`)
		}
	}
	return values
}

// Sample returns a file to start from: every key with its default and a comment.
// What set holds (TOML by key) is written out, everything else is commented out.
func Sample(set map[string]string) string {
	var b strings.Builder
	b.WriteString("# Configuration of Postseal. A key that is commented out has the value shown;\n" +
		"# \"postseal check\" says what is wrong, \"postseal config\" prints what is in force.\n")
	for _, s := range sections {
		b.WriteByte('\n')
		wrap(&b, s.doc)
		if s.name != "" {
			fmt.Fprintf(&b, "[%s]\n", s.name)
		}
		for _, k := range schema(Default()) {
			section, name := split(k.name)
			if section != s.name {
				continue
			}
			b.WriteByte('\n')
			wrap(&b, k.doc)
			v, isSet := set[k.name]
			switch {
			case isSet:
				fmt.Fprintf(&b, "%s = %s\n", name, v)
			case k.required:
				fmt.Fprintf(&b, "%s = %s\n", name, k.example)
			default:
				fmt.Fprintf(&b, "#%s = %s", name, k.value)
				if k.example != "" {
					fmt.Fprintf(&b, " # for example %s", k.example)
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

// Quote returns s as a TOML string, for the values given to [Sample].
func Quote(s string) string { return quote(s) }

// QuoteList returns the texts as a TOML array.
func QuoteList(s []string) string { return list{to: &s}.String() }

// Reference returns the keys as Markdown, the body of docs/configuration.md.
func Reference() string {
	var b strings.Builder
	for _, s := range sections {
		title := "[" + s.name + "]"
		if s.name == "" {
			title = "Top level"
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title, s.doc)
		for _, k := range schema(Default()) {
			section, name := split(k.name)
			if section != s.name {
				continue
			}
			standard := "`" + k.value.String() + "`"
			if k.required {
				standard = "required"
			}
			doc := k.doc
			if k.example != "" {
				doc += " Example: `" + k.example + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, strings.ReplaceAll(k.value.kind(), "|", "\\|"), standard, strings.ReplaceAll(doc, "|", "\\|"))
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func split(name string) (section, key string) {
	if i := strings.IndexByte(name, '.'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// wrap writes text as comment lines of at most 80 columns.
func wrap(b *strings.Builder, text string) {
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 80 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
