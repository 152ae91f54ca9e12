package notice

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// The languages that mails are written in.
var spoken = []string{"de", "en", "es", "fi", "fr", "it", "nl", "pl", "pt"}

// forms are the plural forms that a text with a number needs (CLDR), those of
// millions left out.
var forms = map[string][]string{"pl": {"few", "many", "one", "other"}}

// catalogue reads a catalogue as it stands: a text, or a table of forms.
func catalogue(t *testing.T, lang string) map[string]any {
	t.Helper()
	b, err := fs.ReadFile(catalogues, "locale/"+lang+".toml")
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := toml.Unmarshal(b, &c); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	if len(c) == 0 {
		t.Fatalf("%s: no texts", lang)
	}
	return c
}

var placeholder = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// placeholders returns those of a text, sorted.
func placeholders(text any) []string {
	found := map[string]bool{}
	add := func(s string) {
		for _, p := range placeholder.FindAllString(s, -1) {
			if strings.HasPrefix(p, "{{.") { // not the {{if}} of a date
				found[p] = true
			}
		}
	}
	switch v := text.(type) {
	case string:
		add(v)
	case map[string]any:
		for _, s := range v {
			add(s.(string))
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestCatalogues(t *testing.T) {
	files, err := fs.Glob(catalogues, "locale/*.toml")
	if err != nil || len(files) != len(spoken) {
		t.Fatalf("%d catalogues, want %d (%v)", len(files), len(spoken), err)
	}
	want := catalogue(t, fallback)
	for _, lang := range spoken {
		got := catalogue(t, lang)
		for key, text := range want {
			if _, ok := got[key]; !ok {
				t.Errorf("%s: %q is missing", lang, key)
				continue
			}
			if a, b := placeholders(text), placeholders(got[key]); !slices.Equal(a, b) {
				t.Errorf("%s: %q has the placeholders %v, want %v", lang, key, b, a)
			}
			table, isTable := got[key].(map[string]any)
			if _, should := text.(map[string]any); should != isTable {
				t.Errorf("%s: %q has forms: %v, want %v", lang, key, isTable, should)
				continue
			}
			if isTable {
				need := forms[lang]
				if need == nil {
					need = []string{"one", "other"}
				}
				if have := slices.Sorted(maps.Keys(table)); !slices.Equal(have, need) {
					t.Errorf("%s: %q has the forms %v, want %v", lang, key, have, need)
				}
			}
		}
		for key, text := range got {
			if _, ok := want[key]; !ok {
				t.Errorf("%s: %q is not in English", lang, key)
			}
			if s, ok := text.(string); ok && (s == "" || s != strings.TrimSpace(s)) {
				t.Errorf("%s: %q is empty or has spaces around it", lang, key)
			}
		}
	}
}

// Every mail can be written in every language.
func TestTexts(t *testing.T) {
	if err := newRenderer(t, nil).tryTemplates(); err != nil {
		t.Error(err)
	}
}

// No text is there for nothing.
func TestTextsAreUsed(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"*.go", "templates/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s (%v)", pattern, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(b)
		}
	}
	// Some keys are made of a prefix and a kind: "remind.intro." + string(kind).
	prefixes := regexp.MustCompile(`"([a-z]+\.(?:[a-z]+\.)?)" \+ string\(`).FindAllStringSubmatch(source.String(), -1)
	if len(prefixes) == 0 {
		t.Fatal("no prefixes found")
	}
	kinds := regexp.MustCompile(`^(unread|expiring|again|expired|lost|account|once|held|returned|login|added|removed|code|codes|password|missed)$`)
	for key := range catalogue(t, fallback) {
		used := strings.Contains(source.String(), `"`+key+`"`)
		for _, p := range prefixes {
			if rest, ok := strings.CutPrefix(key, p[1]); ok && kinds.MatchString(rest) {
				used = true
			}
		}
		if !used {
			t.Errorf("%q is not used", key)
		}
	}
}

func TestDates(t *testing.T) {
	tests := map[string][2]string{
		"de": {"21. November 2026, 20:10 MEZ", "21. November 2026"},
		"en": {"21 November 2026, 20:10 CET", "21 November 2026"},
		"es": {"21 de noviembre de 2026 a las 20:10 (CET)", "21 de noviembre de 2026"},
		"fi": {"21. marraskuuta 2026 klo 20.10 (CET)", "21. marraskuuta 2026"},
		"fr": {"21 novembre 2026 à 20:10 (CET)", "21 novembre 2026"},
		"it": {"21 novembre 2026, ore 20:10 (CET)", "21 novembre 2026"},
		"nl": {"21 november 2026, 20:10 uur (CET)", "21 november 2026"},
		"pl": {"21 listopada 2026, 20:10 (CET)", "21 listopada 2026"},
		"pt": {"21 de novembro de 2026, 20:10 (CET)", "21 de novembro de 2026"},
	}
	r := newRenderer(t, nil)
	for _, lang := range spoken {
		in, ok := r.languages.find(lang)
		if !ok {
			t.Fatalf("no language %s", lang)
		}
		local := at.In(berlin)
		if m, d := in.moment(local), in.day(local); m != tests[lang][0] || d != tests[lang][1] {
			t.Errorf("%s: %q and %q, want %q", lang, m, d, tests[lang])
		}
	}
}

func TestLanguageIsChosen(t *testing.T) {
	r := newRenderer(t, func(o *Options) {
		o.Language = "fi"
		o.Domains = map[string]string{"kunde.example": "de", "fr.kunde.example": "fr"}
	})
	tests := []struct{ preferred, address, want string }{
		{"", "a@other.example", "fi"},
		{"", "a@kunde.example", "de"},
		{"", "a@KUNDE.example", "de"},
		{"", "a@mail.kunde.example", "de"},
		{"", "a@fr.kunde.example", "fr"},
		{"", "a@notkunde.example", "fi"},
		{"", "", "fi"},
		{"pl", "a@kunde.example", "pl"},
		{"de-AT", "a@other.example", "de"},
		{"pt-BR", "a@other.example", "pt"},
		{"ja", "a@kunde.example", "de"},
		{"no language", "a@other.example", "fi"},
	}
	for _, tt := range tests {
		if got := r.languages.choose(tt.preferred, tt.address).tag.String(); got != tt.want {
			t.Errorf("%q for %q: %s, want %s", tt.preferred, tt.address, got, tt.want)
		}
	}
	for name, change := range map[string]func(*Options){
		"unknown":        func(o *Options) { o.Language = "ja" },
		"no language":    func(o *Options) { o.Language = "?" },
		"unknown domain": func(o *Options) { o.Domains = map[string]string{"a.example": "ja"} },
	} {
		o := Options{URL: "https://p.example", Domain: "example.com"}
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOwnCatalogue(t *testing.T) {
	write := func(t *testing.T, name, text string) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Run("one text", func(t *testing.T) {
		dir := write(t, "de.toml", `"notice.subject" = "Geheimpost von {{.Author.Address}}"`)
		r := newRenderer(t, func(o *Options) { o.Templates, o.Language = dir, "de" })
		e, err := r.Notice(example("account", true))
		if err != nil {
			t.Fatal(err)
		}
		if plain, _ := texts(t, e); e.Subject != "Geheimpost von ann@example.com" || !strings.Contains(plain, "öffnen Sie diese Seite") {
			t.Errorf("subject %q, text %q", e.Subject, plain)
		}
	})
	t.Run("a language of one's own", func(t *testing.T) {
		dir := write(t, "he.toml", `"notice.subject" = "הודעה מ-{{.Author.Address}}"`)
		r := newRenderer(t, func(o *Options) { o.Templates, o.Language = dir, "he" })
		e, err := r.Notice(example("account", true))
		if err != nil {
			t.Fatal(err)
		}
		plain, html := texts(t, e)
		if e.ContentLanguage != "he" || !strings.Contains(html, `lang="he" dir="rtl"`) || !strings.Contains(plain, "open this page") {
			t.Errorf("language %q, HTML %.60q", e.ContentLanguage, html)
		}
	})
	for name, tt := range map[string][3]string{
		"unknown key":   {"de.toml", `"notice.subjekt" = "x"`, `there is no text "notice.subjekt"`},
		"unknown field": {"de.toml", `"notice.subject" = "{{.Secret}}"`, "Secret"},
		"syntax":        {"de.toml", `"notice.subject" = `, "de.toml"},
		"wrong name":    {"german-.toml", `"notice.subject" = "x"`, "the name is no language"},
		"months":        {"de.toml", `"date.months" = "Jan Feb"`, "2 months"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, tt[0], tt[1])
			_, err := New(Options{URL: "https://p.example", Domain: "example.com", Templates: dir})
			if err == nil || !strings.Contains(err.Error(), tt[2]) {
				t.Errorf("error %v, want %s", err, tt[2])
			}
		})
	}
}

func TestWrap(t *testing.T) {
	long := strings.Repeat("word ", 20)
	for _, tt := range []struct{ in, want string }{
		{"short\n", "short\n"},
		{"-- \nName\n", "-- \nName\n"},
		{long, strings.TrimSpace(strings.Repeat("word ", 14)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 6)) + "\n"},
		{"- " + long, "- " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n  " + strings.TrimSpace(strings.Repeat("word ", 6)) + "\n"},
		{"    " + long, "    " + strings.TrimSpace(strings.Repeat("word ", 13)) + "\n    " + strings.TrimSpace(strings.Repeat("word ", 7)) + "\n"},
		{"  https://" + strings.Repeat("x", 100), "  https://" + strings.Repeat("x", 100) + "\n"},
		{strings.Repeat("x", 71) + "\u00a0: y", strings.Repeat("x", 71) + "\u00a0:\ny\n"},
	} {
		if got := wrap(tt.in); got != tt.want {
			t.Errorf("%q:\n%q, want\n%q", tt.in, got, tt.want)
		}
	}
}
