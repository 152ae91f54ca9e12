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
	"strings"
	texttemplate "text/template"
)

//go:embed templates
var embedded embed.FS

// The templates, by file name. One that ends in .txt has a block "subject" too.
var templateFiles = []string{
	"notice.txt", "notice.html", "reset.txt", "reset.html",
	"return.txt", "undelivered.txt", "report.txt", "receipt.txt",
}

// maxTemplate bounds a template file.
const maxTemplate = 256 << 10

type templates struct {
	text map[string]*texttemplate.Template
	html map[string]*htmltemplate.Template
	// source names the file of each, for errors.
	source map[string]string
}

// loadTemplates reads the administrator's files and takes our own where there is
// none. A file that overrides nothing is an error: its name is probably wrong.
func loadTemplates(dir string) (*templates, error) {
	t := &templates{map[string]*texttemplate.Template{}, map[string]*htmltemplate.Template{}, map[string]string{}}
	var errs []error
	if dir != "" {
		errs = append(errs, checkNames(dir))
	}
	for _, name := range templateFiles {
		source, b, err := readTemplate(dir, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.source[name] = source
		if strings.HasSuffix(name, ".html") {
			p, err := htmltemplate.New(name).Option("missingkey=error").Parse(string(b))
			errs = append(errs, located(source, name, err))
			t.html[name] = p
			continue
		}
		p, err := texttemplate.New(name).Option("missingkey=error").Parse(string(b))
		errs = append(errs, located(source, name, err))
		if err == nil && p.Lookup("subject") == nil {
			errs = append(errs, fmt.Errorf(`%s:1: there is no {{define "subject"}} block`, source))
		}
		t.text[name] = p
	}
	return t, errors.Join(errs...)
}

func checkNames(dir string) error {
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
		known := false
		for _, k := range templateFiles {
			known = known || k == name
		}
		if !known {
			errs = append(errs, fmt.Errorf("%s: there is no template of this name, only %s",
				filepath.Join(dir, name), strings.Join(templateFiles, ", ")))
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
	return strings.TrimSpace(b.String()) + "\n", nil
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
