package e2e

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"
)

// plainly uses the mailbox with the pages' scripts switched off.
func (m *mailboxTest) plainly(t *testing.T) {
	tb := m.home
	tb.Screen(m.size[0], m.size[1], "light")
	m.logIn(tb, m.guest)
	tb.Press("Older")
	second, ids := tb.Address(), rowIDs(t, tb)
	if !strings.Contains(second, "from=") || len(ids) != 10 {
		t.Fatalf("%d lines at %s", len(ids), second)
	}
	tb.Click(".star")
	tb.WaitFor(".star.on", "★")
	if got := tb.Address(); got != second {
		t.Errorf("a star leads to %s", got)
	}
	boxes := tb.MustElements(".row .pick input")
	boxes[0].MustClick()
	boxes[1].MustClick()
	tb.Click(".acts [value=delete]")
	tb.WaitFor(".said", "2 entries deleted.")
	tb.Press("Undo")
	tb.WaitFor(".said", "2 entries restored.")
	if got := rowIDs(t, tb); !slices.Equal(got, ids) {
		t.Error("undo leads to other entries")
	}
	tb.MustElements(".row .pick input")[2].MustClick()
	tb.Click(".acts [value=delete]")
	tb.WaitFor(".said", "Deleted.")
	tb.Open(m.URL + "/m/deleted")
	gone := rowIDs(t, tb)
	tb.Click(".row .pick input")
	tb.Press("Delete for good")
	tb.WaitFor("h1", "Delete for good?")
	tb.Press("Delete for good")
	if left := rowIDs(t, tb); len(left) != len(gone)-1 {
		t.Errorf("%d of %d are left", len(left), len(gone))
	}
	if got := m.look(t, tb, map[string]string{"q": "harvest", "folder": "inbox"}); !slices.Equal(got, []string{"Harvest of old"}) {
		t.Errorf("the search finds %q", got)
	}

	m.goTo(t, tb, "Two parcels")
	tb.WaitFor("#conversation", "messages")
	_, data := tb.Download(func() { tb.WaitFor("a", "All as a zip file").MustClick() })
	if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err != nil || len(z.File) != 2 {
		t.Errorf("the archive: %v", err)
	}
	paper := tb.Opened(func() { tb.WaitFor("a", "Print view").MustClick() })
	paper.WaitFor("body", "for you both")
	paper.MustClose()

	// The server itself says what is too large, and keeps what was typed.
	tb.Press("Reply")
	tb.Fill("#body", "far too much")
	tb.MustElement("#files").MustSetFiles(tooLarge(t, t.TempDir()))
	tb.Press("Send")
	tb.WaitFor("#files-error", "are more than 50\u00a0MB")
	if got := tb.MustElement("#body").MustProperty("value").Str(); got != "far too much" {
		t.Errorf("what was typed is %q now", got)
	}
	tb.Quiet("413")
}
