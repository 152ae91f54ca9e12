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

// TestBundle says when a bundled script is older than what it is made of.
func TestBundle(t *testing.T) {
	h := sha256.New()
	names, err := filepath.Glob(filepath.Join("web", "pickup", "*.js"))
	must(t, err)
	if len(names) < 3 {
		t.Fatalf("sources %q", names)
	}
	for _, name := range append(names, filepath.Join("web", "pickup", "package-lock.json")) {
		b, err := os.ReadFile(name)
		must(t, err)
		fmt.Fprintf(h, "%s %d\n", filepath.Base(name), len(b))
		h.Write(b)
	}
	for _, name := range []string{"static/pickup.js", "static/invitation.js"} {
		b, err := web.Files.ReadFile(name)
		must(t, err)
		if want := fmt.Sprintf("// inputs %x\n", h.Sum(nil)); !strings.HasPrefix(string(b), want) {
			t.Errorf("%s is older than pickup/: run make assets", name)
		}
		for _, bad := range []string{"eval(", "new Function(", "WebAssembly", "http://127", "sourceMappingURL", "innerHTML"} {
			if strings.Contains(string(b), bad) && !(bad == "innerHTML" && name == "static/pickup.js") {
				t.Errorf("%s has %q", name, bad)
			}
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
