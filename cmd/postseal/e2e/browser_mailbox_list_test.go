package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
)

// rowIDs are the ids of a list, from above.
func rowIDs(t *testing.T, tb *browsertest.Tab) []string {
	t.Helper()
	r, err := tb.Eval(`() => [...document.querySelectorAll('.row .pick input')].map((e) => e.value).join(' ')`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(r.Value.Str())
}

// shows reports whether a page shows a text, wherever.
func shows(t *testing.T, tb *browsertest.Tab, text string) bool {
	t.Helper()
	e, err := tb.Element("main")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Text()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(got, text)
}

func (m *mailboxTest) emptyFolders(t *testing.T) {
	tb := m.tab(t)
	for path, want := range map[string]string{
		"/m/sent": "Nothing sent", "/m/drafts": "No drafts", "/m/deleted": "Nothing deleted", "/inbox?show=starred": "Nothing here",
	} {
		tb.Open(m.URL + path)
		tb.WaitFor(".empty h2", want)
		tb.Barriers()
	}
	tb.Quiet()
}

// pages goes through a list of several pages, and does on the second what must not
// lead away from it.
func (m *mailboxTest) pages(t *testing.T) {
	tb := m.tab(t)
	tb.Open(m.URL + "/settings/preferences")
	tb.MustElement("#page").MustSelect("10")
	tb.Press("Save")
	tb.WaitFor(".notice", "saved")

	tb.Open(m.URL + "/inbox")
	tb.WaitFor(".count", "unread")
	var seen []string
	for page := 1; ; page++ {
		ids := rowIDs(t, tb)
		if len(ids) > 10 || page > 5 {
			t.Fatalf("%d rows on page %d", len(ids), page)
		}
		for _, id := range ids {
			if slices.Contains(seen, id) {
				t.Errorf("page %d shows %s again", page, id)
			}
		}
		seen = append(seen, ids...)
		if shows(t, tb, "Harvest of old") {
			t.Error("a message of seventy days ago is in the inbox")
		}
		last := !shows(t, tb, "Older")
		if got := shows(t, tb, "The last 60 days are shown here."); got != last {
			t.Errorf("page %d: the note about 60 days is there: %v", page, got)
		}
		if last {
			break
		}
		tb.Leave(func() { tb.Press("Older") })
	}
	// A line for each filler, the conversation, and six others.
	if want := fillers + 1 + 6; len(seen) != want {
		t.Errorf("%d lines on all pages, want %d", len(seen), want)
	}

	tb.Leave(func() { tb.Press("Newest") })
	tb.Leave(func() { tb.Press("Older") })
	second := tb.Address()
	ids := rowIDs(t, tb)
	tb.Click(".star")
	tb.WaitFor(".star.on", "★")
	if got := tb.Address(); got != second {
		t.Errorf("a star leads to %s", got)
	}
	// Two are read, and are not.
	boxes := tb.MustElements(".row .pick input")
	boxes[1].MustClick()
	boxes[2].MustClick()
	before := len(tb.MustElements(".row.unread"))
	tb.Click(".acts [value=read]")
	tb.WaitFor(".said", "2 entries marked as read.")
	if got := len(tb.MustElements(".row.unread")); got != before-2 || !slices.Equal(rowIDs(t, tb), ids) {
		t.Errorf("%d unread on the page, there were %d; the same entries: %v", got, before, slices.Equal(rowIDs(t, tb), ids))
	}
	tb.MustElements(".row .pick input")[1].MustClick()
	tb.Click(".acts [value=unread]")
	tb.WaitFor(".said", "Marked as unread.")
	// The whole page goes, and comes back.
	tb.Click("[data-all]")
	tb.Click(".acts [value=delete]")
	tb.WaitFor(".said", "10 entries deleted.")
	if left := rowIDs(t, tb); slices.ContainsFunc(left, func(id string) bool { return slices.Contains(ids, id) }) {
		t.Errorf("deleted entries are still in the list")
	}
	tb.Barriers()
	tb.Press("Undo")
	tb.WaitFor(".said", "10 entries restored.")
	if got := tb.Address(); !strings.Contains(got, "from=") || !slices.Equal(rowIDs(t, tb), ids) {
		t.Errorf("undo leads to %s with other entries", got)
	}

	tb.Press("Starred")
	tb.WaitFor(`[aria-current="true"]`, "Starred")
	if got := rowIDs(t, tb); !slices.Equal(got, ids[:1]) {
		t.Errorf("starred: %v", got)
	}
	tb.Click(".star.on")
	tb.WaitFor(".empty h2", "Nothing here")
	tb.Press("Unread")
	tb.WaitFor(`[aria-current="true"]`, "Unread")
	tb.Press("Older")
	tb.WaitFor(".pages", "Newest")
	if got := tb.Address(); !strings.Contains(got, "show=unread") || len(tb.MustElements(".row:not(.unread)")) > 0 {
		t.Errorf("the second page of what is unread: %s", got)
	}
	tb.Quiet()
}

// conversation reads a conversation, deletes one of its messages, brings that back
// alone, and deletes another for good.
func (m *mailboxTest) conversation(t *testing.T) {
	tb := m.tab(t)
	tb.Open(m.URL + "/inbox")
	tb.WaitFor(".thread", "3")
	tb.Press("Re: Bridge")
	tb.WaitFor(".mail-text", "third span")
	tb.WaitFor("#conversation", "3 messages in this conversation")
	tb.Barriers()
	// The oldest first; it was not opened yet.
	tb.MustElement(".conversation .row button.cell").MustClick()
	tb.WaitFor(".mail-text", "first span")
	first := tb.Address()
	tb.Click(`.tools [value=delete]`)
	tb.WaitFor(".said", "Deleted.")
	tb.WaitFor(".thread", "2")
	tb.Press("Re: Bridge")
	tb.WaitFor("#conversation", "2 messages")
	tb.MustElement(".conversation .row button.cell").MustClick()
	tb.WaitFor(".mail-text", "second span")
	second := tb.Address()
	tb.Click(`.tools [value=delete]`)
	tb.WaitFor(".said", "Deleted.")
	// What comes back is the one that went a moment ago.
	tb.Press("Undo")
	tb.WaitFor(".said", "Restored.")
	tb.WaitFor(".thread", "2")
	tb.Open(second)
	tb.WaitFor("#conversation", "2 messages")
	tb.Press("Mark unread")
	tb.WaitFor("h1", "Inbox")
	tb.WaitFor(".row.unread .from", "otto")

	tb.Open(first)
	tb.WaitFor(".tools", "Restore")
	tb.Barriers()
	tb.Press("Delete for good")
	tb.WaitFor("h1", "Delete for good?")
	tb.WaitFor("p", "1 entry will be gone")
	tb.Press("Cancel")
	tb.WaitFor(".subject", "Bridge")
	tb.Click(".row .pick input")
	tb.Press("Delete for good")
	tb.WaitFor("h1", "Delete for good?")
	tb.Press("Delete for good")
	tb.WaitFor(".empty h2", "Nothing deleted")
	tb.Open(first)
	tb.WaitFor("h1", "Nothing found")
	tb.Open(m.URL + "/inbox")
	tb.WaitFor(".thread", "2")
	tb.Quiet("404")
}

// ended sees what is left of messages that ended, and that nothing of their content
// is.
func (m *mailboxTest) ended(t *testing.T) {
	tb := m.tab(t)
	tb.Open(m.URL + "/inbox")
	tb.WaitFor(".ended", "Taken back by rita@example.com")
	tb.Open(m.URL + "/inbox")
	for !shows(t, tb, "bea@example.com") {
		tb.Leave(func() { tb.Press("Older") })
	}
	tb.WaitFor(".ended", "Expired")
	for _, secret := range []string{"Taken away", "fleeting"} {
		if shows(t, tb, secret) {
			t.Errorf("%q of a message that ended is shown", secret)
		}
	}
	line := tb.WaitFor(".row", "bea@example.com").MustElement(".pick input")
	page := m.URL + "/m/" + line.MustProperty("value").Str()
	line.MustClick()
	tb.Click(".acts [value=delete]")
	tb.WaitFor(".said", "Deleted.")
	if shows(t, tb, "bea@example.com") {
		t.Error("the line is still there")
	}
	tb.Open(page)
	tb.WaitFor("h1", "expired")
	tb.Quiet("404", "410")
}
