package e2e

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Strings that stand in a sealed mail and nowhere else.
const (
	plantedSender  = "planted-sender@example.com"
	plantedGuest   = "planted-guest@guest.example"
	plantedSubject = "planted subject line"
	plantedBody    = "planted body line"
	plantedFile    = "planted-file-name.txt"
)

const plantedMail = "From: Planted Name <" + plantedSender + ">\nTo: " + plantedGuest + "\nSubject: " + plantedSubject + `
Message-ID: <planted-id@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

` + plantedBody + ` 4111 1111 1111 1111
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=` + plantedFile + `

planted attachment line
--b--
`

// TestStolenStore greps the store's files for what the mails said, in clear and
// in the encodings in which it could lie there: while the notices are in the
// outbox or out, before and after compaction, and in a backup.
func TestStolenStore(t *testing.T) {
	s := NewSite(t, SiteOptions{})
	s.Submit(t, plantedSender, []string{plantedGuest}, plantedMail)
	s.Submit(t, plantedSender, []string{plantedGuest, "colleague@example.com", "second-guest@guest.example"}, plantedMail)
	n := s.ReadNotice(t, s.WaitOutside(t, plantedGuest))
	s.WaitOutside(t, "second-guest@guest.example")

	secrets := []string{
		plantedSender, plantedGuest, "Planted Name", plantedSubject, plantedBody, plantedFile,
		"planted-id", "planted attachment line", "second-guest", "guest.example", "4111 1111",
		n.Code, strings.ReplaceAll(n.Code, "-", ""), "You have a new encrypted message",
	}
	backup := filepath.Join(s.Dir, "backup")
	for _, step := range []struct {
		name string
		do   func()
		dir  string
	}{
		{"running", func() {}, s.StoreDir()},
		{"after compaction", func() { s.Run(t, "store", "compact") }, s.StoreDir()},
		{"backup", func() { s.Run(t, "store", "backup", backup) }, backup},
		{"stopped", func() {
			if err := s.Milter.Stop(t); err != nil {
				t.Errorf("stop: %v", err)
			}
		}, s.StoreDir()},
	} {
		step.do()
		grep(t, step.name, step.dir, secrets)
	}
	// The grep finds what is there: the sealed form of something we know.
	if !bytes.Contains(contents(t, s.StoreDir()), []byte("age-encryption.org/v1")) {
		t.Error("no sealed message in the store: the grep would find nothing in any case")
	}
}

func grep(t *testing.T, step, dir string, secrets []string) {
	t.Helper()
	text := contents(t, dir)
	for _, secret := range secrets {
		if secret != "" && bytes.Contains(text, []byte(strings.ToLower(secret))) {
			t.Errorf("%s: %q is in the files of %s", step, secret, dir)
		}
	}
}

// contents are all files below dir, one after the other, in lower case (ASCII).
func contents(t *testing.T, dir string) []byte {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d octets in %s, %v", len(all), dir, err)
	}
	for i, c := range all {
		if 'A' <= c && c <= 'Z' {
			all[i] = c + 'a' - 'A'
		}
	}
	return all
}

// TestBackupAndRestore copies a running store, loses the original, and picks up
// from the copy.
func TestBackupAndRestore(t *testing.T) {
	s := NewSite(t, SiteOptions{})
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	n := s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))
	page, code, _ := strings.Cut(n.Link, "#")

	backup := filepath.Join(s.Dir, "backup")
	s.Run(t, "store", "backup", backup)
	s.Milter.Kill(t)
	if err := os.RemoveAll(s.StoreDir()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(backup, s.StoreDir()); err != nil {
		t.Fatal(err)
	}
	if got := s.Run(t, "store", "check"); !strings.Contains(got, "0 problems") {
		t.Errorf("check of the copy: %s", got)
	}
	s.RestartMilter(t)
	if answer, err := http.Get(page); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %v %v", page, answer, err)
	}
	if got := s.Run(t, "store", "stats", "--json"); !strings.Contains(got, `"messages": 1,`) {
		t.Errorf("stats of the copy: %s", got)
	}
	if code == "" {
		t.Error("the link has no code")
	}
}
