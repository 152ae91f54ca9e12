package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// TestPostfixExample gives the lines of postfix.conf.example to Postfix, which
// must know every setting in them.
func TestPostfixExample(t *testing.T) {
	text, err := os.ReadFile("../../../postfix.conf.example")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(text, []byte("/etc/postfix/main.cf\n"))
	main, master, ok2 := bytes.Cut(rest, []byte("/etc/postfix/master.cf\n"))
	if !ok || !ok2 {
		t.Fatal("the file has no part for main.cf, then one for master.cf")
	}
	dir := t.TempDir()
	for name, part := range map[string]string{
		"main.cf":   "compatibility_level = 3.6\n" + string(main),
		"master.cf": "postlog unix-dgram n - n - 1 postlogd\n" + string(master),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(part), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	postconf, err := mta.Program("postconf")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-n"}, {"-M"}, {"-P"}} {
		var errs bytes.Buffer
		cmd := exec.Command(postconf, append([]string{"-c", dir}, args...)...)
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil || errs.Len() > 0 {
			t.Errorf("postconf %s: %v: %s", args, err, errs.String())
		}
		if args[0] == "-n" && !strings.Contains(string(out), "milter_default_action = tempfail") {
			t.Errorf("main.cf is\n%s", out)
		}
		if args[0] == "-M" && !strings.Contains(string(out), "127.0.0.1:10025") {
			t.Errorf("master.cf is\n%s", out)
		}
	}
}
