package main

import (
	"strings"
	"testing"
)

// TestPeopleCommands gives and takes a seat by the command, and sees what it says.
func TestPeopleCommands(t *testing.T) {
	file, _, _ := heldSite(t)
	account := func(args ...string) string {
		t.Helper()
		return mustRun(t, append([]string{"account"}, append(args, "--config", file)...)...)
	}
	if out := account("people", "add", "desk@guest.test", "ann@guest.test", "--manager"); out != "ann@guest.test opens and manages desk@guest.test\n" {
		t.Errorf("%q", out)
	}
	if out := account("people", "add", "desk@guest.test", "bob@guest.test"); out != "bob@guest.test opens desk@guest.test\n" {
		t.Errorf("%q", out)
	}
	if out := account("people", "list", "desk@guest.test", "--json"); !strings.Contains(out, `"manager": false`) || !strings.Contains(out, `"manager": true`) {
		t.Errorf("list: %s", out)
	}
	if out := account("people", "remove", "desk@guest.test", "bob@guest.test"); out != "bob@guest.test does not open desk@guest.test any more\n" {
		t.Errorf("%q", out)
	}
	for _, wrong := range [][]string{{"people", "remove", "desk@guest.test", "bob@guest.test"}, {"separate", "ann@guest.test"}, {"unlock", "ann@guest.test"}, {"people", "add", "desk@guest.test", "ann"}} {
		args := append([]string{"account"}, append(wrong, "--config", file)...)
		if status, out, errs := runs(t, args...); status != statusFailed || out != "" || errs == "" {
			t.Errorf("%v: status %d, %q, %q", wrong, status, out, errs)
		}
	}
}
