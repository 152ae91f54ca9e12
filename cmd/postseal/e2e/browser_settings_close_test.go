package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/postseal/postseal/portal/browsertest"
)

// savesAll downloads all messages: those that may be saved, octet for octet as they
// were sent.
func (h *holder) savesAll() {
	t := h.t
	tb := h.begin()
	from := fmt.Sprintf("bea%d@example.com", h.number)
	big := strings.Replace(richMail(h.address, "big"+strings.Repeat(" ../ünder", 3)), "ann@example.com>", from+">\nDate: Fri, 20 Nov 2026 11:00:00 +0100", 1)
	h.Submit(t, from, []string{h.address}, big)
	h.receive(from)
	h.sends("closely", "not to be kept")
	h.sends("pinned", "not without a PIN")
	h.open(tb, "/settings")
	name, data := tb.Download(func() { h.start(tb, "Download all") })
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || name != "messages.zip" {
		t.Fatalf("%s: %v", name, err)
	}
	got := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(b)
	}
	want := map[string]string{
		"first":    crlf(h.letter(fmt.Sprintf("ann%d@example.com", h.number), "the first")),
		"under":    crlf(big),
		"Left out": "2 messages are not in this archive",
	}
	if len(got) != len(want) {
		t.Errorf("%d files", len(got))
	}
	for name, text := range got {
		found := false
		for part, whole := range want {
			if part == "under" {
				part = "ünder"
			}
			if strings.Contains(name, part) {
				found = strings.HasPrefix(text, whole)
				if !found {
					t.Errorf("%s has\n%.600s\nnot\n%.600s", name, text, whole)
				}
			}
		}
		if !found {
			t.Errorf("%q is not what was sent", name)
		}
	}
	// What it holds counts as opened, and nothing else; unread it stays.
	h.status("bea").WaitFor(".tag", "Opened")
	h.status("closely").WaitFor(".tag", "Not opened yet")
	h.open(tb, "/inbox")
	tb.WaitFor(".count", "3 unread")
	tb.Quiet()
}

// status follows a message as its sender does.
func (h *holder) status(name string) *browsertest.Tab {
	h.t.Helper()
	_, receipt := h.senderMail(h.t, fmt.Sprintf("%s%d@example.com", name, h.number), h.address)
	code := linkCode(h.t, h.Site, receipt.Text, "s")
	tb := h.tab()
	if h.scripts {
		tb.Open(h.URL + "/s#" + code.Fragment())
	} else {
		h.open(tb, "/s")
		tb.Fill("#code", code.Text())
	}
	tb.Press("Continue")
	return tb
}

// start presses a button that leads to no other page.
func (h *holder) start(tb *browsertest.Tab, text string) {
	h.t.Helper()
	e := tb.WaitFor("button", text)
	if err := e.Click("left", 1); err != nil {
		h.t.Fatal(err)
	}
}

// closes closes the account. Its messages are gone, their sender sees it, and who
// writes again invites anew.
func (h *holder) closes() {
	t := h.t
	tb := h.begin()
	message := tb.Address()
	other := h.loggedIn(guestPassword)
	n := h.sends("bea", "never read")
	sender := h.status("ann")
	sender.WaitFor(".tag", "Opened")

	h.open(tb, "/settings")
	if h.scripts {
		tb.Fill("#c-current", guestPassword)
		tb.Press("Close the account")
		if !tb.MustElement("#c-sure").MustEval(`() => this.validity.valueMissing`).Bool() {
			t.Error("it closes without being sure")
		}
	}
	tb.Click("#c-sure")
	tb.Fill("#c-current", freshPassword)
	tb.Press("Close the account")
	tb.WaitFor("#c-current-error", "present password is not right")
	tb.Click("#c-sure")
	tb.Fill("#c-current", guestPassword)
	tb.Press("Close the account")
	tb.WaitFor(".notice", "Your account is closed")
	tb.WaitFor("h1", "Log in")

	h.open(other, "/inbox")
	other.WaitFor("h1", "Log in")
	h.login(other, guestPassword)
	other.WaitFor(".problem", "not right")
	sender.Press("Look again")
	sender.WaitFor(".tag", "Account closed")
	if strings.Contains(sender.MustHTML(), "Take it back") {
		t.Error("what is gone can be taken back")
	}

	// Anew: the first message's notice has a code again, and nothing is left.
	again := h.sends("cid", "the new one")
	if again.Code == "" {
		t.Fatalf("the notice has no code:\n%s", again.Text)
	}
	h.follow(tb, again)
	tb.WaitFor("h1", "Choose a name and a password")
	if name := tb.MustElement("#name").MustProperty("value").Str(); name != "" {
		t.Errorf("the name %q is left", name)
	}
	tb.Fill("#name", "Roberta Anew")
	h.choose(tb, freshPassword, freshPassword)
	tb.Press("Save and open")
	tb.WaitFor("h1", "the new one")
	h.open(tb, "/inbox")
	tb.WaitFor(".count", "1 message")
	for _, gone := range []string{message, n.Link} {
		tb.Open(gone)
		tb.WaitFor("h1", "The message has expired")
	}
	tb.Quiet("403", "404", "410")
	sender.Quiet()
}
