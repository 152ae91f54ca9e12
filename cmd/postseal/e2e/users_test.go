package e2e

import (
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// credentials are the users of the two processes, with the groups that
// docs/operations.md gives them.
func credentials(t *testing.T) map[string]*syscall.Credential {
	t.Helper()
	id := func(s string) uint32 {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	lookup := func(name string) *user.User {
		u, err := user.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	m, p := lookup(milterUser), lookup(portalUser)
	postfix, err := user.LookupGroup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*syscall.Credential{
		"milter": {Uid: id(m.Uid), Gid: id(m.Gid), Groups: []uint32{id(postfix.Gid), id(p.Gid)}},
		"portal": {Uid: id(p.Uid), Gid: id(p.Gid)},
	}
}

func groupName(t *testing.T, gid uint32) string {
	t.Helper()
	g, err := user.LookupGroupId(strconv.FormatUint(uint64(gid), 10))
	if err != nil {
		t.Fatal(err)
	}
	return g.Name
}

// TestTwoUsers runs the two processes under users of their own: the mail is
// sealed, the portal shows its link, and neither user can read what is the
// other's.
func TestTwoUsers(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true, Users: true})
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	n := s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))
	page, _, _ := strings.Cut(n.Link, "#")
	if answer, err := http.Get(page); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %v %v", page, answer, err)
	}
	keys := filepath.Join(s.Dir, "etc", "keys")
	for _, c := range []struct {
		as   string
		path string
		can  bool
	}{
		{"milter", filepath.Join(keys, "store.key"), true},
		{"milter", filepath.Join(keys, "pepper.key"), false},
		{"milter", filepath.Join(keys, "recovery.key"), false},
		{"portal", filepath.Join(keys, "pepper.key"), true},
		{"portal", filepath.Join(keys, "store.key"), false},
		{"portal", filepath.Join(keys, "signing.key"), false},
		{"portal", filepath.Join(s.StoreDir(), "meta.db"), false},
	} {
		if _, err := os.Stat(c.path); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("cat", c.path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credentials[c.as]}
		if err := cmd.Run(); (err == nil) != c.can {
			t.Errorf("%s reads %s: %v, want %t", c.as, c.path, err, c.can)
		}
	}
	for _, socket := range []string{"store.sock", "control.sock"} {
		info, err := os.Stat(filepath.Join(s.Dir, socket))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]fs.FileMode{"store.sock": 0o660, "control.sock": 0o600}[socket]
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", socket, info.Mode().Perm(), want)
		}
	}
}
