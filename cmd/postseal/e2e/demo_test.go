package e2e

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDemoOnce runs the demo's samples; each must end as its rule says.
func TestDemoOnce(t *testing.T) {
	out, err := exec.Command(binary, "demo", "--once").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Every sample ended as its rule says.") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestDemoInterrupted: the demo shows what it captured; Ctrl-C, or a terminal
// that is closed, ends it in order and leaves nothing behind.
func TestDemoInterrupted(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) { interruptDemo(t, sig) })
	}
}

func interruptDemo(t *testing.T, sig syscall.Signal) {
	tmp := shortTemp(t)
	var out syncBuffer
	cmd := exec.Command(binary, "demo")
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	wait(t, "the end of the samples", func() bool {
		select {
		case err := <-done:
			t.Fatalf("it ended: %v\n%s", err, out.String())
		default:
		}
		return strings.Contains(out.String(), "Ctrl-C ends the demo")
	})
	page := regexp.MustCompile(`Mails as their recipients got them: +(\S+)`).FindStringSubmatch(out.String())
	if page == nil {
		t.Fatalf("no page:\n%s", out.String())
	}
	for path, want := range map[string]string{"/": "bob@guest.example", "/mail/0": `<base target="_blank">`} {
		if got := get(t, page[1]+path); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, got)
		}
	}
	// Six samples' mails, the receipt for the one-time link, the mail returned.
	wait(t, "eight mails", func() bool { return strings.TrimSpace(get(t, page[1]+"/count")) == "8" })
	if got := get(t, page[1]+"/"); !strings.Contains(got, "<pre>550 ") || !strings.Contains(got, "gil@guest.example") {
		t.Errorf("the returned mail is not shown:\n%s", got)
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ended with %v:\n%s", err, out.String())
		}
	case <-time.After(patience):
		cmd.Process.Kill()
		t.Fatal("it did not end")
	}
	if left, err := filepath.Glob(filepath.Join(tmp, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// shortTemp is a temporary folder with room for socket paths, open to Postfix.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, r.Status, err)
	}
	return string(b)
}
