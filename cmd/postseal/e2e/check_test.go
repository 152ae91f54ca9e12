package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// checkReport is what "postseal check --json" prints.
type checkReport struct {
	OK       bool
	Findings []struct{ Level, Where, Text string }
}

func (s *Site) check(t *testing.T) checkReport {
	t.Helper()
	// The exit status is 1 when there are errors; the report says so as well.
	out, _ := exec.Command(binary, "check", "--json", "--config", s.ConfigFile(), "--postfix-config", s.Postfix.ConfigDir()).Output()
	var r checkReport
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return r
}

func (r checkReport) has(level, text string) bool {
	for _, f := range r.Findings {
		if f.Level == level && strings.Contains(f.Text, text) {
			return true
		}
	}
	return false
}

// TestCheckAgainstPostfix runs check on a site that is in order, and after its
// Postfix was set up badly.
func TestCheckAgainstPostfix(t *testing.T) {
	s := NewSite(t, SiteOptions{Main: map[string]string{"message_size_limit": "72000000"}})
	r := s.check(t)
	if !r.OK || !r.has("ok", "Postfix's settings") || !r.has("ok", "milter.sock answers") || !r.has("ok", "store.sock answers") {
		t.Errorf("a good site: %+v", r)
	}
	for _, f := range r.Findings {
		if f.Level != "ok" {
			t.Errorf("a good site: %+v", f)
		}
	}
	if err := s.Postfix.Configure(deadline(t), "milter_default_action=accept", "non_smtpd_milters=", "message_size_limit=0"); err != nil {
		t.Fatal(err)
	}
	r = s.check(t)
	if r.OK || !r.has("error", `milter_default_action is "accept"`) || !r.has("error", "non_smtpd_milters does not name") || !r.has("warning", "message_size_limit (0)") {
		t.Errorf("a bad site: %+v", r)
	}
}
