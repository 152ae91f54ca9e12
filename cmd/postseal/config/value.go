package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// A value is a field of [Config] with the type it has in the file. set takes
// what the TOML decoder made; its error says what is wrong and what would be
// right. kind is for the reference.
type value interface {
	set(any) error
	String() string // as TOML
	kind() string
}

type text struct {
	to    *string
	check func(string) error
}

func (v text) kind() string   { return "text" }
func (v text) String() string { return quote(*v.to) }
func (v text) set(a any) error {
	s, ok := a.(string)
	if !ok {
		return fmt.Errorf("is %s, want text in quotes", kindOf(a))
	}
	if s != "" || !emptyIsRight(v) {
		if err := v.check(s); err != nil {
			return err
		}
	}
	*v.to = s
	return nil
}

// emptyIsRight tells whether "" stands for "not set".
func emptyIsRight(v text) bool { return *v.to == "" }

type list struct {
	to    *[]string
	check func(string) error
}

func (v list) kind() string { return "list of texts" }
func (v list) String() string {
	quoted := make([]string, len(*v.to))
	for i, s := range *v.to {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
func (v list) set(a any) error {
	items, ok := a.([]any)
	if !ok {
		return fmt.Errorf("is %s, want a list of texts such as [\"a\", \"b\"]", kindOf(a))
	}
	texts := make([]string, len(items))
	var bad []error
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			bad = append(bad, fmt.Errorf("item %d is %s, want text in quotes", i+1, kindOf(item)))
		} else if err := v.check(s); err != nil {
			bad = append(bad, err)
		}
		texts[i] = s
	}
	if len(bad) > 0 {
		return errors.Join(bad...)
	}
	*v.to = texts
	return nil
}

// mapping is a table of texts whose names are data.
type mapping struct {
	to          *map[string]string
	name, check func(string) error
}

func (v mapping) kind() string { return "table of texts" }
func (v mapping) String() string {
	if len(*v.to) == 0 {
		return "{}"
	}
	var items []string
	for _, name := range slices.Sorted(maps.Keys(*v.to)) {
		items = append(items, quote(name)+" = "+quote((*v.to)[name]))
	}
	return "{ " + strings.Join(items, ", ") + " }"
}
func (v mapping) set(a any) error {
	table, ok := a.(map[string]any)
	if !ok {
		return fmt.Errorf("is %s, want a table such as { \"a\" = \"b\" }", kindOf(a))
	}
	texts := make(map[string]string, len(table))
	var bad []error
	for _, name := range slices.Sorted(maps.Keys(table)) {
		s, ok := table[name].(string)
		switch {
		case !ok:
			bad = append(bad, fmt.Errorf("%q is %s, want text in quotes", name, kindOf(table[name])))
		default:
			bad = append(bad, v.name(name), v.check(s))
		}
		texts[name] = s
	}
	if err := errors.Join(bad...); err != nil {
		return err
	}
	*v.to = texts
	return nil
}

type number struct {
	to       *int
	min, max int
}

func (v number) kind() string   { return fmt.Sprintf("number, %d to %d", v.min, v.max) }
func (v number) String() string { return strconv.Itoa(*v.to) }
func (v number) set(a any) error {
	n, ok := a.(int64)
	if !ok {
		return fmt.Errorf("is %s, want a whole number", kindOf(a))
	}
	if n < int64(v.min) || n > int64(v.max) {
		return fmt.Errorf("%d is out of bounds, want %d to %d", n, v.min, v.max)
	}
	*v.to = int(n)
	return nil
}

type boolean struct{ to *bool }

func (v boolean) kind() string   { return "true or false" }
func (v boolean) String() string { return strconv.FormatBool(*v.to) }
func (v boolean) set(a any) error {
	b, ok := a.(bool)
	if !ok {
		return fmt.Errorf("is %s, want true or false without quotes", kindOf(a))
	}
	*v.to = b
	return nil
}

type choice struct {
	to *string
	of []string
}

func (v choice) kind() string   { return quoteAll(v.of) }
func (v choice) String() string { return quote(*v.to) }
func (v choice) set(a any) error {
	s, ok := a.(string)
	if ok {
		for _, c := range v.of {
			if s == c {
				*v.to = s
				return nil
			}
		}
		return fmt.Errorf("%q is not known, want %s", s, quoteAll(v.of))
	}
	return fmt.Errorf("is %s, want %s", kindOf(a), quoteAll(v.of))
}

type mode struct{ to *uint32 }

func (v mode) kind() string   { return "permissions in octal" }
func (v mode) String() string { return fmt.Sprintf("%q", fmt.Sprintf("%04o", *v.to)) }
func (v mode) set(a any) error {
	s, ok := a.(string)
	n, err := strconv.ParseUint(s, 8, 32)
	if !ok || err != nil || n > 0o777 || n < 0o400 {
		return fmt.Errorf("is no file mode, want octal digits in quotes such as \"0660\"")
	}
	*v.to = uint32(n)
	return nil
}

type duration struct {
	to       *time.Duration
	min, max time.Duration
}

func (v duration) kind() string {
	return fmt.Sprintf("duration, %s to %s", showDuration(v.min), showDuration(v.max))
}
func (v duration) String() string { return quote(showDuration(*v.to)) }
func (v duration) set(a any) error {
	s, ok := a.(string)
	if !ok {
		return fmt.Errorf("is %s, want a duration in quotes such as \"30s\", \"12h\" or \"30d\"", kindOf(a))
	}
	d, err := parseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no duration, want a number and a unit such as \"30s\", \"15m\", \"12h\", \"30d\" or \"2w\"", s)
	}
	if d < v.min || d > v.max {
		return fmt.Errorf("%s is out of bounds, want %s to %s", s, showDuration(v.min), showDuration(v.max))
	}
	*v.to = d
	return nil
}

type durations struct {
	to       *[]time.Duration
	min, max time.Duration
	most     int
}

func (v durations) kind() string {
	return fmt.Sprintf("list of at most %d durations, %s to %s", v.most, showDuration(v.min), showDuration(v.max))
}

func (v durations) String() string {
	quoted := make([]string, len(*v.to))
	for i, d := range *v.to {
		quoted[i] = quote(showDuration(d))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func (v durations) set(a any) error {
	items, ok := a.([]any)
	if !ok {
		return fmt.Errorf("is %s, want a list of durations such as [\"3d\", \"10d\"]", kindOf(a))
	}
	if len(items) > v.most {
		return fmt.Errorf("has %d durations, want at most %d", len(items), v.most)
	}
	out := make([]time.Duration, len(items))
	for i, item := range items {
		if err := (duration{&out[i], v.min, v.max}).set(item); err != nil {
			return err
		}
	}
	*v.to = out
	return nil
}

type size struct {
	to       *int64
	min, max int64
}

func (v size) kind() string   { return fmt.Sprintf("size, %s to %s", showSize(v.min), showSize(v.max)) }
func (v size) String() string { return quote(showSize(*v.to)) }
func (v size) set(a any) error {
	var n int64
	switch a := a.(type) {
	case int64:
		n = a
	case string:
		var err error
		if n, err = parseSize(a); err != nil {
			return fmt.Errorf("%q is no size, want a number and a unit such as \"500 kB\", \"50 MB\" or \"64 MiB\"", a)
		}
	default:
		return fmt.Errorf("is %s, want a size in quotes such as \"50 MB\"", kindOf(a))
	}
	if n < v.min || n > v.max {
		return fmt.Errorf("%s is out of bounds, want %s to %s", showSize(n), showSize(v.min), showSize(v.max))
	}
	*v.to = n
	return nil
}

// kindOf names what the decoder found.
func kindOf(a any) string {
	switch a.(type) {
	case string:
		return "text"
	case int64, float64:
		return "a number"
	case bool:
		return "true or false"
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	case time.Time:
		return "a date"
	}
	return "something else"
}

// quote writes a basic string (TOML v1.0.0, String).
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteAll is a list for people: "a", "b" or "c".
func quoteAll(of []string) string {
	var b strings.Builder
	for i, s := range of {
		switch {
		case i == 0:
		case i == len(of)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(quote(s))
	}
	return b.String()
}
