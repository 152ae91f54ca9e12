package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// TestMessageRecall recalls a message by a command, with and without a running
// milter. The trail names who did.
func TestMessageRecall(t *testing.T) {
	for _, running := range []bool{false, true} {
		t.Run(fmt.Sprint("running ", running), func(t *testing.T) {
			file, _, _ := heldSite(t)
			id := sealInto(t, file)
			if running {
				serveControl(t, file)
			}
			if out := mustRun(t, "message", "recall", id, "--config", file); out != "recalled\n" {
				t.Errorf("%q", out)
			}
			for _, wrong := range []string{id, "nonsense", "../held"} {
				if status, out, errs := runs(t, "message", "recall", wrong, "--config", file); status != statusFailed || out != "" || errs == "" {
					t.Errorf("%s: status %d, %q, %q", wrong, status, out, errs)
				}
			}
			trail := mustRun(t, "store", "audit", "--event", "recalled", "--config", file)
			if want := "by=" + userName(os.Getuid()) + "\n"; strings.Count(trail, id) != 1 || !strings.HasSuffix(trail, want) {
				t.Errorf("the trail does not end with %q:\n%s", want, trail)
			}
			if sealed := mustRun(t, "store", "audit", "--event", "sealed", "--config", file); strings.Contains(sealed, "by=") {
				t.Errorf("the mail's own entries name somebody:\n%s", sealed)
			}
		})
	}
}

// sealInto seals a message in a site's store.
func sealInto(t *testing.T, file string) (id string) {
	t.Helper()
	_, s := openSite(t, file)
	defer s.Close()
	d, now := s.Begin(store.DepositKey{From: "clara@example.com"}), time.Now()
	sealed, err := d.Seal(t.Context(), store.SealRequest{
		Mode: seal.ModeOneTime, Sender: "clara@example.com", Internal: true, Recipients: []string{"bob@guest.test"}, ReplyTo: "clara@example.com",
		MessageID: "<1@example.com>", Message: strings.NewReader(heldBody), Created: now, Expires: now.Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sealed[0].Message
}
