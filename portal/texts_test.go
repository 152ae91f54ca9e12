package portal

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/portal/web"
)

// speaking is the language in which the tests expect the pages: another than
// English for pictures alone.
var speaking = "en"

// text is a text of the pages in that language.
func text(key string, args ...any) string {
	c, err := catalogues()
	if err != nil {
		panic(err)
	}
	return c.Find(speaking).Text(key, args...)
}

var catalogues = sync.OnceValues(locale.Load)

// madeKeys are the beginnings of keys whose end is known at run time only.
var madeKeys = []string{"error.", "settings.done.", "seats.done.", "password.", "status.state.", "status.whynot.", "folder.", "mailbox.done.", "mailbox.empty."}

// TestTexts: each text that the pages use is there, and each that is there is used.
func TestTexts(t *testing.T) {
	c, err := locale.Load()
	must(t, err)
	source := sources(t)
	used := regexp.MustCompile(`(?:\btext |\bplural |\btext\(|\bplural\(|\.Text\(|\.Plural\()"([a-z0-9.]+)"`).FindAllStringSubmatch(source, -1)
	if len(used) < 100 {
		t.Fatalf("only %d uses of texts found", len(used))
	}
	for _, m := range used {
		if !strings.HasSuffix(m[1], ".") && !c.English().Has(m[1]) {
			t.Errorf("no text %s", m[1])
		}
	}
	for _, key := range c.English().Keys() {
		made := false
		for _, prefix := range madeKeys {
			made = made || strings.HasPrefix(key, prefix)
		}
		if !made && !strings.Contains(source, `"`+key+`"`) {
			t.Errorf("text %s is not used", key)
		}
	}
	for _, f := range failures {
		for _, part := range []string{".title", ".text"} {
			if !c.English().Has("error." + f.key + part) {
				t.Errorf("no text error.%s%s", f.key, part)
			}
		}
	}
	for _, key := range append([]string{"long"}, passwordKeys...) {
		for _, part := range []string{"", ".error"} {
			if !c.English().Has("password." + key + part) {
				t.Errorf("no text password.%s%s", key, part)
			}
		}
	}
}

// sources is all that may use a text: templates and the program.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	templates, err := fs.Glob(web.Files, "templates/*.html")
	must(t, err)
	for _, name := range templates {
		b, err := web.Files.ReadFile(name)
		must(t, err)
		all.Write(b)
	}
	for _, folder := range []string{".", "locale"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		must(t, err)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(name)
			must(t, err)
			all.Write(b)
		}
	}
	return all.String()
}
