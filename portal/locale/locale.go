// Package locale has the texts of the portal in every language, and prints
// dates, times, numbers and sizes as a reader expects them.
//
// A language is one file here: NAME.toml, with the same keys in each
// (go-i18n's format). A key is "page.what"; a text takes named values,
// "{{.Name}}", and one that depends on a number has a form for each of the
// language's plurals (CLDR), with the number as "{{.Count}}". The files are read
// once, by [Load]. English is complete by definition; what another language
// lacks is shown in English, and a test fails.
package locale

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed *.toml
var files embed.FS

// Catalogues are the texts in all languages. They are immutable.
type Catalogues struct {
	languages []*Language // English first, then by name of the file
	matcher   language.Matcher
}

// A Language is one language's texts.
type Language struct {
	Tag       language.Tag
	Code      string // "de": the value of lang attributes and of preferences
	Name      string // "Deutsch": in the language itself
	Dir       string // "ltr" or "rtl"
	localizer *i18n.Localizer
	keys      []string // of its file, sorted
}

// Load reads the catalogues that are built in.
func Load() (*Catalogues, error) { return load(files) }

func load(from fs.FS) (*Catalogues, error) {
	names, err := fs.Glob(from, "*.toml")
	if err != nil {
		return nil, err
	}
	// The default of a bundle, and of a matcher, is the first.
	slices.SortFunc(names, func(a, b string) int {
		if (a == "en.toml") != (b == "en.toml") {
			if a == "en.toml" {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	bundle := i18n.NewBundle(language.English)
	c := &Catalogues{}
	var tags []language.Tag
	for _, name := range names {
		code := strings.TrimSuffix(name, ".toml")
		tag, err := language.Parse(code)
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		messages, err := bundle.ParseMessageBytes(tag, b, toml.Unmarshal)
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
		l := &Language{Tag: tag, Code: code, localizer: i18n.NewLocalizer(bundle, code)}
		for _, m := range messages {
			l.keys = append(l.keys, m.ID)
		}
		slices.Sort(l.keys)
		c.languages = append(c.languages, l)
		tags = append(tags, tag)
	}
	if len(c.languages) == 0 || c.languages[0].Code != "en" {
		return nil, fmt.Errorf("no English catalogue")
	}
	for _, l := range c.languages {
		l.Name, l.Dir = l.Text("language.name"), l.Text("language.dir")
		if l.Dir != "ltr" && l.Dir != "rtl" {
			return nil, fmt.Errorf("catalogue %s: language.dir is %q, not ltr or rtl", l.Code, l.Dir)
		}
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// Languages lists the languages, English first.
func (c *Catalogues) Languages() []*Language { return c.languages }

// English is the language that has every text.
func (c *Catalogues) English() *Language { return c.languages[0] }

// Find returns the language with this code, or nil.
func (c *Catalogues) Find(code string) *Language {
	for _, l := range c.languages {
		if l.Code == code {
			return l
		}
	}
	return nil
}

// Keys lists the keys of the language itself, sorted.
func (l *Language) Keys() []string { return l.keys }

// Has says whether the language itself has the key, English's help aside.
func (l *Language) Has(key string) bool {
	_, found := slices.BinarySearch(l.keys, key)
	return found
}

// Text returns a text. args are names and values in turn, for its placeholders.
// A key that no catalogue has is a mistake in the program, and panics; a test
// looks for each key in the sources.
func (l *Language) Text(key string, args ...any) string {
	return l.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: l.values(args)})
}

// Plural returns the text's form for n, which stands in it as {{.Count}}.
func (l *Language) Plural(key string, n int, args ...any) string {
	v := l.values(args)
	v["Count"] = l.Number(int64(n))
	return l.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: v, PluralCount: n})
}

func (l *Language) localize(c *i18n.LocalizeConfig) string {
	s, err := l.localizer.Localize(c)
	if s == "" && err != nil {
		panic("locale: " + err.Error())
	}
	return s // with an error it is English, or the general form of the plural
}

func (l *Language) values(args []any) map[string]any {
	if len(args)%2 != 0 {
		panic("locale: a placeholder without a value")
	}
	v := make(map[string]any, len(args)/2+1)
	for i := 0; i < len(args); i += 2 {
		value := args[i+1]
		if s, ok := value.(string); ok {
			value = l.isolate(s)
		}
		v[args[i].(string)] = value
	}
	return v
}

// isolate keeps a name or address in the other direction of writing from moving
// the words around it (Unicode FSI and PDI, UAX #9 section 2.4).
func (l *Language) isolate(s string) string {
	if l.Dir != "rtl" && !strings.ContainsFunc(s, rightToLeft) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// rightToLeft says whether r is of a script written from right to left, or a mark
// that changes the direction.
func rightToLeft(r rune) bool {
	return 0x0590 <= r && r <= 0x08ff || 0xfb1d <= r && r <= 0xfdff || 0xfe70 <= r && r <= 0xfeff ||
		0x10800 <= r && r <= 0x10fff || 0x1e800 <= r && r <= 0x1efff ||
		r == 0x200e || r == 0x200f || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}
