package notice

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed locale
var catalogues embed.FS

// fallback is the language whose catalogue is complete by definition.
const fallback = "en"

// A tongue is one language: its texts and the templates that use them.
type tongue struct {
	tag       language.Tag
	texts     *i18n.Localizer
	templates *templates
	months    [12]string
	zones     map[string]string
	clock     string // layout of a time of day
}

// languages are all that there are.
type languages struct {
	all     []*tongue
	matcher language.Matcher
	byHome  map[string]*tongue // by domain of a recipient
	usual   *tongue
}

// loadLanguages reads our catalogues, and those in dir, whose texts come before
// ours. A catalogue of a language that we don't have may have gaps: what is
// missing is English.
func loadLanguages(dir, usual string, domains map[string]string) (*languages, error) {
	bundle := i18n.NewBundle(language.MustParse(fallback))
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	ours, err := fs.Glob(catalogues, "locale/*.toml")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, name := range ours {
		b, err := catalogues.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := bundle.ParseMessageFileBytes(b, filepath.Base(name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, m := range f.Messages {
			known[m.ID] = true
		}
	}
	if err := addCatalogues(bundle, dir, known); err != nil {
		return nil, err
	}

	l := &languages{byHome: map[string]*tongue{}}
	tags := bundle.LanguageTags()
	for _, tag := range tags {
		t := &tongue{tag: tag, texts: i18n.NewLocalizer(bundle, tag.String())}
		if err := t.loadDates(); err != nil {
			return nil, err
		}
		if t.templates, err = loadTemplates(dir, t); err != nil {
			return nil, err
		}
		l.all = append(l.all, t)
	}
	l.matcher = language.NewMatcher(tags)
	var errs []error
	choose := func(name string) *tongue {
		t, ok := l.find(name)
		if !ok {
			errs = append(errs, fmt.Errorf("notice: there is no language %q", name))
		}
		return t
	}
	l.usual = choose(usual)
	for domain, name := range domains {
		l.byHome[strings.ToLower(domain)] = choose(name)
	}
	return l, errors.Join(errs...)
}

// addCatalogues reads the administrator's catalogues. A key that we don't have is
// an error: it is probably misspelt.
func addCatalogues(bundle *i18n.Bundle, dir string, known map[string]bool) error {
	if dir == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return fmt.Errorf("read the catalogues: %w", err)
	}
	var errs []error
	for _, file := range files {
		if _, err := language.Parse(strings.TrimSuffix(filepath.Base(file), ".toml")); err != nil {
			errs = append(errs, fmt.Errorf("%s: the name is no language, such as de.toml", file))
			continue
		}
		b, err := os.ReadFile(file)
		if err == nil && len(b) > maxTemplate {
			err = fmt.Errorf("a catalogue has at most %d octets", maxTemplate)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
			continue
		}
		f, err := bundle.ParseMessageFileBytes(b, filepath.Base(file))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
			continue
		}
		for _, m := range f.Messages {
			if !known[m.ID] {
				errs = append(errs, fmt.Errorf("%s: there is no text %q", file, m.ID))
			}
		}
	}
	return errors.Join(errs...)
}

// find returns the language called name (BCP 47), or one that its readers read
// too: "de" for "de-AT".
func (l *languages) find(name string) (*tongue, bool) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, false
	}
	_, i, sure := l.matcher.Match(tag)
	return l.all[i], sure >= language.High
}

// choose returns the language of a mail to address: the one that its account
// prefers, else the one of its domain or of the closest domain above, else the
// usual one.
func (l *languages) choose(preferred, address string) *tongue {
	if preferred != "" {
		if t, ok := l.find(preferred); ok {
			return t
		}
	}
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	for domain != "" {
		if t := l.byHome[domain]; t != nil {
			return t
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return l.usual
}

// text returns the text of key, with the placeholders from data.
func (t *tongue) text(key string, data any) (string, error) {
	return t.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data})
}

// count is text in the form that n asks for.
func (t *tongue) count(key string, n int, data any) (string, error) {
	return t.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n})
}

func (t *tongue) localize(c *i18n.LocalizeConfig) (string, error) {
	s, err := t.texts.Localize(c)
	// A gap in a language that an administrator added: the text is English.
	if missing := (*i18n.MessageNotFoundErr)(nil); errors.As(err, &missing) && s != "" {
		err = nil
	}
	if err != nil {
		return "", fmt.Errorf("text %q in %s: %w", c.MessageID, t.tag, err)
	}
	return s, nil
}

// direction is the dir attribute of a page in the language.
func (t *tongue) direction() string {
	switch script, _ := t.tag.Script(); script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}
