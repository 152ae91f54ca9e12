// Command assets makes portal/web/static/pickup.js, the script that opens a
// one-time message in the browser, and invitation.js, the module that it loads
// where there is an invitation, of portal/web/pickup and the npm packages that its
// package-lock.json pins. It needs npm; the program it makes the scripts for
// doesn't. Run it at the top of the repository: go run ./portal/web/assets
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := os.Chdir(filepath.FromSlash("portal/web")); err != nil {
		return fmt.Errorf("run it at the top of the repository: %w", err)
	}
	const dir = "pickup"
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir, npm.Stdout, npm.Stderr = dir, os.Stderr, os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	if err := licences(dir); err != nil {
		return err
	}
	inputs, err := inputsOf(dir)
	if err != nil {
		return err
	}
	for name, format := range map[string]api.Format{"pickup.js": api.FormatIIFE, "invitation.js": api.FormatESModule} {
		if err := bundle(dir, name, format, inputs); err != nil {
			return err
		}
	}
	return nil
}

// bundle makes one script.
func bundle(dir, name string, format api.Format, inputs string) error {
	out := api.Build(api.BuildOptions{
		EntryPoints:       []string{filepath.Join(dir, name)},
		Bundle:            true,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		Format:            format,
		Platform:          api.PlatformBrowser,
		Target:            api.ES2022,
		Charset:           api.CharsetASCII,
		LegalComments:     api.LegalCommentsEndOfFile,
		Banner:            map[string]string{"js": "// inputs " + inputs},
		LogLevel:          api.LogLevelWarning,
		Plugins:           []api.Plugin{entities(dir), scrypt()},
	})
	if len(out.Errors) > 0 || len(out.OutputFiles) != 1 {
		return fmt.Errorf("%s: esbuild did not make one file", name)
	}
	return os.WriteFile(filepath.Join("static", name), out.OutputFiles[0].Contents, 0o644)
}

// entities puts our list of named characters in the place of postal-mime's.
func entities(dir string) api.Plugin {
	return api.Plugin{Name: "entities", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `postal-mime.*html-entities\.js$`}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := os.ReadFile(filepath.Join(dir, "entities.js"))
			s := string(text)
			return api.OnLoadResult{Contents: &s, Loader: api.LoaderJS}, err
		})
	}}
}

// scrypt leaves the stretching of passphrases out, which age has and nothing here
// is sealed with.
func scrypt() api.Plugin {
	return api.Plugin{Name: "scrypt", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `@noble.hashes.scrypt\.js$`}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			s := `export const scrypt = () => { throw new Error("no passphrases"); };`
			return api.OnLoadResult{Contents: &s, Loader: api.LoaderJS}, nil
		})
	}}
}

// licences collects the licences of what is bundled.
func licences(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "node_modules", "*", "LICENSE*"))
	if err != nil {
		return err
	}
	scoped, err := filepath.Glob(filepath.Join(dir, "node_modules", "@*", "*", "LICENSE*"))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, f := range append(files, scoped...) {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Join(dir, "node_modules"), filepath.Dir(f))
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "==== %s: %s ====\n\n%s\n\n", rel, filepath.Base(f), bytes.TrimSpace(b))
	}
	return os.WriteFile(filepath.Join(dir, "LICENSES.txt"), out.Bytes(), 0o644)
}

// inputsOf is the digest of what the scripts are made of. It stands in their first
// line, so that a test can tell when a script is older than its source.
func inputsOf(dir string) (string, error) {
	h := sha256.New()
	names, err := filepath.Glob(filepath.Join(dir, "*.js"))
	if err != nil {
		return "", err
	}
	for _, name := range append(names, filepath.Join(dir, "package-lock.json")) {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		name = filepath.Base(name)
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
