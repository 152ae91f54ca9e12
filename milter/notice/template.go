package notice

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
)

//go:embed templates
var embedded embed.FS

// The templates, by file name. One that ends in .txt has a block "subject" too.
// Those of layout.* hold the blocks that the others share.
var (
	layoutFiles   = []string{"layout.txt", "layout.html"}
	templateFiles = []string{
		"notice.txt", "notice.html", "reset.txt", "reset.html", "alert.txt", "address.txt", "address.html", "address-told.txt", "remind.txt", "remind.html",
		"roundup.txt", "roundup.html", "invitation.txt", "invitation.html", "people.txt",
		"receipt.txt", "receipt.html", "held.txt", "held.html", "follow.txt",
		"return.txt", "undelivered.txt", "expired.txt", "rejected.txt", "read.txt", "report.txt",
	}
)

// maxTemplate bounds a template file.
const maxTemplate = 256 << 10

type templates struct {
	text map[string]*texttemplate.Template
	html map[string]*htmltemplate.Template
	// source names the file of each, for errors.
	source map[string]string
}

// loadTemplates reads the administrator's files and takes our own where there is
// none. The templates speak the language of in.
func loadTemplates(dir string, in *tongue) (*templates, error) {
	t := &templates{map[string]*texttemplate.Template{}, map[string]*htmltemplate.Template{}, map[string]string{}}
	// What a template can call: text with a number decides its form by count.
	call := map[string]any{
		"text": in.text, "count": in.count,
		"lang": in.tag.String, "dir": in.direction,
	}
	text := texttemplate.New("").Funcs(call).Option("missingkey=error")
	html := htmltemplate.New("").Funcs(call).Option("missingkey=error")
	var errs []error
	for _, name := range slices.Concat(layoutFiles, templateFiles) {
		source, b, err := readTemplate(dir, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.source[name] = source
		layout := slices.Contains(layoutFiles, name)
		if strings.HasSuffix(name, ".html") {
			errs = append(errs, located(source, name, t.addHTML(html, name, string(b), layout)))
			continue
		}
		p, err := t.addText(text, name, string(b), layout)
		errs = append(errs, located(source, name, err))
		if err == nil && !layout && p.Lookup("subject") == nil {
			errs = append(errs, fmt.Errorf(`%s:1: there is no {{define "subject"}} block`, source))
		}
	}
	return t, errors.Join(errs...)
}

// addText parses a template. The layout goes into base, from which the others
// are made.
func (t *templates) addText(base *texttemplate.Template, name, text string, layout bool) (*texttemplate.Template, error) {
	if !layout {
		var err error
		if base, err = base.Clone(); err != nil {
			return nil, err
		}
	}
	p, err := base.New(name).Parse(text)
	t.text[name] = p
	return p, err
}

func (t *templates) addHTML(base *htmltemplate.Template, name, text string, layout bool) error {
	if !layout {
		var err error
		if base, err = base.Clone(); err != nil {
			return err
		}
	}
	p, err := base.New(name).Parse(text)
	t.html[name] = p
	return err
}

// checkNames looks for files that override nothing: their names are probably
// wrong.
func checkNames(dir string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the templates: %w", err)
	}
	var errs []error
	for _, e := range entries {
		name := e.Name()
		if ext := filepath.Ext(name); ext != ".txt" && ext != ".html" {
			continue
		}
		if all := slices.Concat(layoutFiles, templateFiles); !slices.Contains(all, name) {
			errs = append(errs, fmt.Errorf("%s: there is no template of this name, only %s",
				filepath.Join(dir, name), strings.Join(all, ", ")))
		}
	}
	return errors.Join(errs...)
}

func readTemplate(dir, name string) (source string, b []byte, err error) {
	if dir != "" {
		source = filepath.Join(dir, name)
		b, err = os.ReadFile(source)
		if err == nil && len(b) > maxTemplate {
			err = fmt.Errorf("%s: a template has at most %d octets", source, maxTemplate)
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return source, b, err
		}
	}
	b, err = embedded.ReadFile("templates/" + name)
	return "templates/" + name, b, err
}

// place finds the line in the error of a template: "template: name:3: ..." or
// "template: name:3:12: ...".
var place = regexp.MustCompile(`^(?:html/)?template: ?[^:]*:(\d+):(?:\d+:)? ?`)

// located rewrites a template's error to file:line.
func located(source, name string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if m := place.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s:%s: %s", source, m[1], text[len(m[0]):])
	}
	return fmt.Errorf("%s: %s", source, strings.TrimPrefix(text, "template: "+name+": "))
}

// renderText executes a text template. Block "" is the whole file.
func (t *templates) renderText(name, block string, data any) (string, error) {
	var b bytes.Buffer
	var err error
	if block == "" {
		err = t.text[name].Execute(&b, data)
	} else {
		err = t.text[name].ExecuteTemplate(&b, block, data)
	}
	if err != nil {
		return "", located(t.source[name], name, err)
	}
	return wrap(strings.TrimSpace(b.String()) + "\n"), nil
}

func (t *templates) renderHTML(name string, data any) (string, error) {
	var b bytes.Buffer
	if err := t.html[name].Execute(&b, data); err != nil {
		return "", located(t.source[name], name, err)
	}
	return strings.TrimSpace(b.String()) + "\n", nil
}

// subject renders a template's subject as one line of text.
func (t *templates) subject(name string, data any) (string, error) {
	s, err := t.renderText(name, "subject", data)
	if err != nil {
		return "", err
	}
	return oneLine(s), nil
}
