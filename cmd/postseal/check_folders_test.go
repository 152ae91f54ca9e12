package main

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
)

func TestCheckSocketFolders(t *testing.T) {
	for _, test := range []struct {
		name string
		mode os.FileMode
		want string // level
	}{
		{"the group's", 0o770, ""},
		{"everybody's", 0o777, levelError},
		{"everybody's, sticky", 0o777 | os.ModeSticky, levelWarning},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(dir, test.mode); err != nil {
				t.Fatal(err)
			}
			c := config.Default()
			c.Milter.Listen = []string{"unix:" + filepath.Join(dir, "m.sock"), "inet:127.0.0.1:1"}
			c.Store.Socket, c.Store.Control = "/nowhere/store.sock", "/nowhere/control.sock"
			var r report
			checkSocketFolders(&r, c)
			var got string
			for _, f := range r.findings {
				got += f.Level
				if !strings.HasPrefix(f.Text, dir+" can be written by everybody") {
					t.Errorf("%+v", f)
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCheckMember(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	own, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		user  *user.User
		group string
		want  string
	}{
		{"none is named", nobody, "", ""},
		{"his own", me, own.Name, ""},
		{"another's", nobody, "daemon", "the user nobody is not in the group daemon of milter.socket_group"},
		{"no such group", nobody, "postseal-no-such-name", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r report
			checkMember(&r, test.user, "milter", "milter.socket_group", test.group)
			wantFinding(t, r, test.want)
		})
	}
}
