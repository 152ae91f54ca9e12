package portal

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/web"
)

// TestBundle says when static/pickup.js is older than what it is made of.
func TestBundle(t *testing.T) {
	h := sha256.New()
	for _, name := range []string{"package-lock.json", "pickup.js"} {
		b, err := os.ReadFile(filepath.Join("web", "pickup", name))
		must(t, err)
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
	}
	b, err := web.Files.ReadFile("static/pickup.js")
	must(t, err)
	if want := fmt.Sprintf("// inputs %x\n", h.Sum(nil)); !strings.HasPrefix(string(b), want) {
		t.Error("static/pickup.js is older than pickup/: run make assets")
	}
	for _, bad := range []string{"eval(", "new Function(", "WebAssembly", "http://127", "sourceMappingURL"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("the bundle has %q", bad)
		}
	}
}

// TestTexts: each text is used, and each that is used is there.
func TestTexts(t *testing.T) {
	var all strings.Builder
	templates, err := fs.Glob(web.Files, "templates/*.html")
	must(t, err)
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, name := range templates {
		b, err := web.Files.ReadFile(name)
		must(t, err)
		all.Write(b)
		for _, attr := range []string{" style=", " onclick=", " onload=", "<style", "javascript:", "http://", "//cdn"} {
			if strings.Contains(string(b), attr) {
				t.Errorf("%s has %q", name, attr)
			}
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "texts.go" {
			continue
		}
		b, err := os.ReadFile(name)
		must(t, err)
		all.Write(b)
	}
	source := all.String()
	for _, m := range regexp.MustCompile(`(?:\bt |text\()"([a-z.]+[a-z])"[ )},]`).FindAllStringSubmatch(source, -1) {
		if english[m[1]] == "" {
			t.Errorf("no text %s", m[1])
		}
	}
	for key := range english {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".many")
		made := strings.HasPrefix(key, "error.") || strings.HasPrefix(key, "password.")
		if !made && !strings.Contains(source, `"`+key+`"`) && !strings.Contains(source, `"`+base+`"`) {
			t.Errorf("text %s is not used", key)
		}
	}
	for _, f := range failures {
		for _, part := range []string{".title", ".text"} {
			if english["error."+f.key+part] == "" {
				t.Errorf("no text error.%s%s", f.key, part)
			}
		}
	}
}
