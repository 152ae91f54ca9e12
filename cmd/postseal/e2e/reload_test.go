package e2e

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

const sealAll = `version = 1
[[rule]]
name = "everything"
then = "pickup"
[rule.when]
to = "external"
`

// TestReload: SIGHUP puts new rules in force without a restart, and rules with
// an error change nothing.
func TestReload(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: "version = 1\n"})
	const mail = "From: ann@example.com\nSubject: hello\n\nnothing special\n"
	send := func(to string) mta.Mail {
		s.Submit(t, "ann@example.com", []string{to}, mail)
		return s.WaitOutside(t, to)
	}
	if m := send("a@guest.example"); s.IsNotice(t, m) {
		t.Fatalf("no rule, but sealed:\n%s", m.Data)
	}
	file := filepath.Join(s.RulesDir(), "60-more.toml")
	s.write(t, file, sealAll)
	s.Milter.Signal(t, syscall.SIGHUP)
	s.Milter.WaitLog(t, "rules reloaded")
	if m := send("b@guest.example"); !s.IsNotice(t, m) {
		t.Errorf("sent in clear:\n%s", m.Data)
	}
	before := strings.Count(s.Milter.Log(), "old ones stay") + strings.Count(s.Milter.Log(), "rules not reloaded")
	s.write(t, file, "version = 1\n[[rule]]\nthen = 7\n")
	s.Milter.Signal(t, syscall.SIGHUP)
	wait(t, "the error in the log", func() bool {
		log := s.Milter.Log()
		return strings.Count(log, "old ones stay")+strings.Count(log, "rules not reloaded") > before
	})
	if m := send("c@guest.example"); !s.IsNotice(t, m) {
		t.Errorf("a broken file let mail out in clear:\n%s", m.Data)
	}
}
