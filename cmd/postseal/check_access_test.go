package main

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
)

func TestCheckNames(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	const nobody = "postseal-no-such-name"
	for _, test := range []struct {
		name                string
		user, store, milter string
		listen              string
		want                string
	}{
		{name: "none is named", listen: "unix:/run/m.sock"},
		{name: "one that is there", user: me.Username, listen: "unix:/run/m.sock"},
		{name: "no such user", user: nobody, listen: "unix:/run/m.sock", want: "store.portal_user"},
		{name: "no such group of the store's", store: nobody, listen: "unix:/run/m.sock", want: "store.socket_group"},
		{name: "no such group of the milter's", milter: nobody, listen: "unix:/run/m.sock", want: "milter.socket_group"},
		{name: "a port has no group", milter: nobody, listen: "inet:127.0.0.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config.Default()
			c.Store.PortalUser, c.Store.SocketGroup, c.Milter.SocketGroup = test.user, test.store, test.milter
			c.Milter.Listen = []string{test.listen}
			var r report
			checkNames(&r, c)
			wantFinding(t, r, test.want)
		})
	}
}

// Root reads everything, so that only what its user says is right. Others can't
// ask and say nothing.
func TestCheckAccess(t *testing.T) {
	const stranger = "nobody"
	root := os.Geteuid() == 0
	for _, test := range []struct {
		name         string
		folder, file os.FileMode
		unreadable   bool
	}{
		{"open", 0o755, 0o644, false},
		{"the file is closed", 0o755, 0o600, true},
		{"the folder is closed", 0o700, 0o644, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			top, err := os.MkdirTemp("", "postseal-access-") // not below t.TempDir, which is closed
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(top) })
			c := config.Default()
			c.Path = filepath.Join(top, "in", "postseal.toml")
			c.Rules.Dir, c.Keys.Dir, c.Store.Dir = filepath.Join(top, "r"), filepath.Join(top, "k"), filepath.Join(top, "s")
			c.Store.PortalUser = stranger
			if err := os.Mkdir(filepath.Dir(c.Path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(c.Path, nil, test.file); err != nil {
				t.Fatal(err)
			}
			for path, mode := range map[string]os.FileMode{top: 0o755, filepath.Dir(c.Path): test.folder} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			want := ""
			if root && test.unreadable {
				want = c.Path + " can't be read by the user " + stranger
			}
			var r report
			checkAccess(&r, c)
			wantFinding(t, r, want)
		})
	}
}

// wantFinding compares with one error that begins so, or with none for "".
func wantFinding(t *testing.T, r report, want string) {
	t.Helper()
	if want == "" {
		if len(r.findings) != 0 {
			t.Errorf("got %v, want no finding", r.findings)
		}
		return
	}
	if len(r.findings) != 1 || r.findings[0].Level != levelError || !strings.HasPrefix(r.findings[0].Text, want) {
		t.Errorf("got %v, want an error about %s", r.findings, want)
	}
}
