package e2e

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/portal/browsertest"
)

// attachments are the files of a mail, by name.
func attachments(t *testing.T, m mta.Mail) map[string][]byte {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		h, ok := p.Header.(*mail.AttachmentHeader)
		if !ok {
			continue
		}
		name, err := h.Filename()
		if err != nil {
			t.Fatal(err)
		}
		if files[name], err = io.ReadAll(p.Body); err != nil {
			t.Fatal(err)
		}
	}
}

// holds waits until a page's script finds that something holds.
func holds(t *testing.T, tb *browsertest.Tab, what, script string) {
	t.Helper()
	wait(t, what, func() bool {
		r, err := tb.Eval(`() => !!(` + script + `)`)
		if err != nil {
			t.Fatal(err)
		}
		return r.Value.Bool()
	})
}

// uploaded waits until so many files are with the draft, and that is saved.
func uploaded(t *testing.T, tb *browsertest.Tab, n int) {
	t.Helper()
	holds(t, tb, "the files to be there", fmt.Sprintf(`document.querySelectorAll('#attached input[name=kept]').length === %d && !document.querySelector('.choices .primary').disabled`, n))
}

// tooLarge makes a file in a folder that is larger than an answer may be.
func tooLarge(t *testing.T, folder string) string {
	t.Helper()
	file := filepath.Join(folder, "over.bin")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 50_000_001); err != nil {
		t.Fatal(err)
	}
	return file
}

// files writes an answer with files that are dropped, chosen, refused and removed, on
// a line that is cut.
func (m *mailboxTest) files(t *testing.T) {
	tb := m.tab(t)
	m.goTo(t, tb, "Two parcels")
	tb.Press("Reply to all")
	tb.WaitFor("h1", "Reply to all")

	// Several parts: the line breaks after one of them.
	large := fileBytes(5<<20 + 17)
	tb.Line(false, 700_000)
	tb.Drop("[data-drop]", tb.File("large.bin", large))
	holds(t, tb, "a part to be there", `document.querySelector('#attached progress').value > 0`)
	tb.Line(true, 0)
	tb.WaitFor("#attached .bytes", "The line was lost")
	tb.Barriers()
	if disabled := tb.MustElement(".choices .primary").MustProperty("disabled").Bool(); !disabled {
		t.Error("it could be sent without the file")
	}
	text := fmt.Sprintf("Three files from %d.", m.n)
	tb.Fill("#body", text)
	tb.Line(false, 0)
	uploaded(t, tb, 1)
	tb.WaitFor("#draft-state", "Draft saved")

	folder := t.TempDir()
	tb.Drop("[data-drop]", tooLarge(t, folder))
	tb.WaitFor("#files-error", "are more than 50\u00a0MB")
	tb.Barriers()
	tb.Drop("[data-drop]", folder)
	tb.WaitFor("#files-error", "can’t be read")
	tb.Drop("[data-drop]", tb.File("empty.txt", nil), tb.File("gone.bin", fileBytes(100)))
	uploaded(t, tb, 3)
	if err := tb.MustElement("#files-error").WaitInvisible(); err != nil {
		t.Error("the error stays")
	}
	tb.MustElementR("#attached li", "gone.bin").MustElement("button").MustClick()
	uploaded(t, tb, 2)
	tb.Choose("#files", "größe ä.txt", []byte("chosen"))
	uploaded(t, tb, 3)

	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	want := map[string][]byte{"large.bin": large, "empty.txt": {}, "größe ä.txt": []byte("chosen")}
	for _, member := range []string{"ann@example.com", "cy@example.com"} {
		sent, _ := m.senderMail(t, member, text)
		got := attachments(t, sent)
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Fatalf("%s got %q", member, slices.Sorted(maps.Keys(got)))
		}
		for name, data := range want {
			if sha256.Sum256(got[name]) != sha256.Sum256(data) {
				t.Errorf("%s: %s has %d octets, not those that were sent", member, name, len(got[name]))
			}
		}
	}

	// The copy has it all.
	tb.Open(m.URL + "/m/sent")
	tb.Leave(func() { tb.Press("Re: Two parcels") })
	tb.WaitFor(".mail-text", text)
	tb.WaitFor("#conversation", "2 messages")
	for name, data := range want {
		if _, got := tb.Download(func() { tb.Press(name) }); !bytes.Equal(got, data) {
			t.Errorf("the copy's %s has %d octets", name, len(got))
		}
	}
	tb.Barriers()
	tb.Quiet("409", "ERR_INTERNET_DISCONNECTED", "ERR_FILE_NOT_FOUND")
}

// draft leaves a page without a word, and finds what was written: after loading it
// again, in the folder, and after it was discarded.
func (m *mailboxTest) draft(t *testing.T) {
	tb := m.tab(t)
	tb.Open(m.URL + "/m/write")
	tb.Fill("#subject", "Half a thought")
	tb.Fill("#body", "begun")
	tb.Leave(func() { tb.Press("Inbox") })
	tb.Open(m.URL + "/m/drafts")
	if !shows(t, tb, "Half a thought") { // it was still on its way
		holds(t, tb, "the draft", `fetch('/m/drafts').then((r) => r.text()).then((s) => { window.seen = s.includes('Half a thought'); }), window.seen`)
		tb.Open(m.URL + "/m/drafts")
	}
	tb.Barriers()
	tb.Leave(func() { tb.Press("Half a thought") })
	tb.Fill("#body", "begun and gone on")
	tb.Choose("#files", "notes.txt", []byte("notes"))
	uploaded(t, tb, 1)
	tb.Leave(func() { tb.MustReload() })
	if got := tb.MustElement("#body").MustProperty("value").Str(); got != "begun and gone on" {
		t.Errorf("after loading it again: %q", got)
	}
	tb.WaitFor("#attached .name", "notes.txt")
	if got := m.look(t, tb, map[string]string{"q": "gone on", "folder": "drafts"}); !slices.Equal(got, []string{"Half a thought"}) {
		t.Errorf("the search finds %q", got)
	}
	tb.Leave(func() { tb.Press("Half a thought") })
	tb.Press("Discard")
	tb.WaitFor(".empty h2", "No drafts")
	tb.Press("Undo")
	tb.WaitFor(".subject", "Half a thought")
	tb.Leave(func() { tb.Press("Half a thought") })
	tb.WaitFor("#attached .name", "notes.txt")
	eve := fmt.Sprintf("eve%d@example.com", m.n)
	tb.Fill("#to", eve)
	tb.Press("Send")
	tb.WaitFor(".said", "Sent.")
	if sent, _ := m.senderMail(t, eve, "begun and gone on"); string(attachments(t, sent)["notes.txt"]) != "notes" {
		t.Error("the draft's file did not arrive")
	}
	// A page that was left open doesn't send again.
	tb.Open(m.URL + "/m/drafts")
	tb.WaitFor(".empty h2", "No drafts")
	tb.Quiet()
}
