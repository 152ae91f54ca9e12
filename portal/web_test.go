package portal

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/web"
)

// TestBundle says when static/pickup.js is older than what it is made of.
func TestBundle(t *testing.T) {
	h := sha256.New()
	for _, name := range []string{"package-lock.json", "pickup.js", "entities.js"} {
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

// TestTemplates: nothing that the policy would refuse, and nothing from elsewhere.
func TestTemplates(t *testing.T) {
	templates, err := fs.Glob(web.Files, "templates/*.html")
	must(t, err)
	if len(templates) == 0 {
		t.Error("no templates")
	}
	for _, name := range templates {
		b, err := web.Files.ReadFile(name)
		must(t, err)
		for _, attr := range []string{" style=", " onclick=", " onload=", "<style", "javascript:", "http://", "//cdn"} {
			if strings.Contains(string(b), attr) {
				t.Errorf("%s has %q", name, attr)
			}
		}
	}
}
