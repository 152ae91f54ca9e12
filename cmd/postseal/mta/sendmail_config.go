package mta

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed sendmail/sendmail.mc sendmail/submit.mc
var macroFiles embed.FS

// sendmailFilterFlags are what docs/sendmail.md tells an admin to write after
// the socket: F=T keeps mail while the filter is away; S is the time to connect
// and for a write, R for an answer, E for all of an end of message.
const sendmailFilterFlags = "F=T, T=S:30s;R:2m;E:5m"

// SendmailFilter is the INPUT_MAIL_FILTER line for a milter as in
// [Options].Milters.
func SendmailFilter(name, milter string) (string, error) {
	kind, address, _ := strings.Cut(milter, ":")
	switch kind {
	case "unix", "local":
		if !filepath.IsAbs(address) {
			return "", fmt.Errorf("milter %q: the socket needs an absolute path", milter)
		}
		address = "local:" + address
	case "inet":
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return "", fmt.Errorf("milter %q: %w", milter, err)
		}
		address = "inet:" + port + "@" + host
	default:
		return "", fmt.Errorf("milter %q: want unix:/path or inet:host:port", milter)
	}
	return fmt.Sprintf("INPUT_MAIL_FILTER(`%s', `S=%s, %s')dnl", name, address, sendmailFilterFlags), nil
}

// configure writes the instance's files and makes its sendmail.cf and submit.cf.
func (s *Sendmail) configure(ctx context.Context) error {
	o := s.options
	var filters []string
	for i, m := range o.Milters {
		name := "postseal"
		if i > 0 {
			name = fmt.Sprintf("filter%d", i)
		}
		line, err := SendmailFilter(name, m)
		if err != nil {
			return err
		}
		filters = append(filters, line)
	}
	values := map[string]any{
		"Dir": s.dir, "Hostname": o.Hostname, "MessageSizeLimit": o.MessageSizeLimit, "Filters": filters, "Macros": o.Macros,
	}
	for name, address := range map[string]string{"SMTP": s.SMTP, "Submission": s.Submission, "Inside": o.Inside, "Outside": o.Outside} {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		values[name+"Host"], values[name+"Port"] = host, port
	}

	host, _, _ := net.SplitHostPort(o.Inside)
	var table strings.Builder
	for _, d := range o.Internal {
		d = strings.TrimPrefix(d, ".")
		fmt.Fprintf(&table, "%s inside:[%s]\n.%s inside:[%s]\n", d, host, d, host)
	}
	for domain, address := range o.Routes {
		fmt.Fprintf(&table, "%s outside:[%s]\n", domain, address)
	}
	files := map[string]string{
		"mailertable":    table.String(),
		"service.switch": "hosts files\naliases files\n", // no DNS
		"hosts":          "127.0.0.1 localhost\n",
	}
	for name, text := range files {
		if err := os.WriteFile(s.path("conf", name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	// Sendmail counts in it only if it is there, and complains if it isn't.
	if err := os.WriteFile(s.path("data", "statistics"), nil, 0o600); err != nil {
		return err
	}
	for _, name := range []string{"sendmail", "submit"} {
		if err := s.expand(ctx, name, values); err != nil {
			return err
		}
	}
	return nil
}

// expand makes name.cf of name.mc with Sendmail's own m4 macros.
func (s *Sendmail) expand(ctx context.Context, name string, values map[string]any) error {
	t, err := template.New(name+".mc").Option("missingkey=error").ParseFS(macroFiles, "sendmail/"+name+".mc")
	if err != nil {
		return err
	}
	var mc, cf, stderr bytes.Buffer
	if err := t.Execute(&mc, values); err != nil {
		return err
	}
	if err := os.WriteFile(s.path("conf", name+".mc"), mc.Bytes(), 0o644); err != nil {
		return err
	}
	macros := filepath.Join(s.installed, "cf") + "/"
	m4 := exec.CommandContext(ctx, "m4", "-D_CF_DIR_="+macros, macros+"m4/cf.m4", s.path("conf", name+".mc"))
	m4.Stdout, m4.Stderr = &cf, &stderr
	if err := m4.Run(); err != nil {
		return fmt.Errorf("m4 %s.mc: %w: %s", name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return os.WriteFile(s.path("conf", name+".cf"), cf.Bytes(), 0o644)
}
