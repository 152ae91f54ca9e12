package e2e

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
)

// goTo opens a message of the first page of the inbox, and returns its address.
func (m *mailboxTest) goTo(t *testing.T, tb *browsertest.Tab, subject string) string {
	t.Helper()
	tb.Open(m.URL + "/inbox")
	tb.Leave(func() { tb.Press(subject) })
	tb.WaitFor("h1", subject)
	return tb.Address()
}

// read saves what is with a message, one by one and together, and looks at it in
// tabs of its own.
func (m *mailboxTest) read(t *testing.T) {
	tb := m.tab(t)
	page := m.goTo(t, tb, "Two parcels")
	tb.WaitFor(".mail-text", "for you both")
	want := map[string][]byte{"one.bin": fileBytes(5000), "two.bin": fileBytes(150_000)}
	for file, data := range want {
		if name, got := tb.Download(func() { tb.Press(file) }); name != file || !bytes.Equal(got, data) {
			t.Errorf("%q: %d octets, not those that were sent", name, len(got))
		}
	}
	name, data := tb.Download(func() { tb.Press("All as a zip file") })
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || name != "Two parcels.zip" || len(z.File) != len(want) {
		t.Fatalf("the archive %q: %v", name, err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want[f.Name]) {
			t.Errorf("%s in the archive: %d octets, not those that were sent (%v)", f.Name, len(got), err)
		}
	}
	name, data = tb.Download(func() { tb.Press("Download as .eml") })
	if got, want := withoutTrace(string(data)), crlf(parcels().mail(m.guests)); name != "Two parcels.eml" || got != want {
		t.Errorf("%q is not what was submitted:\n%.2000s", name, got)
	}

	paper := tb.Opened(func() { tb.Press("Print view") })
	paper.Print()
	paper.WaitFor("h1", "Two parcels")
	paper.WaitFor("body", "for you both")
	paper.WaitFor("body", "one.bin, two.bin")
	if got := paper.Address(); got != page+"/print" {
		t.Errorf("the print view is at %s", got)
	}
	other := tb.Opened(func() { tb.Press("Open in a new tab") })
	other.WaitFor(".mail-text", "for you both")
	if got := tb.Address(); got != page {
		t.Errorf("the first tab went to %s", got)
	}
	tb.Quiet()
}

// restricted meets what senders don't want: it isn't offered, and the server does
// not do it either.
func (m *mailboxTest) restricted(t *testing.T) {
	tb := m.tab(t)
	for _, tc := range []struct {
		subject, remark string
		refused         []string
		offered         string
	}{
		{"Not for paper", "printed", []string{"/print", "/eml", "/forward"}, "/reply"},
		{"Not for answers", "takes no answers", []string{"/reply", "/all", "/forward"}, "/eml"},
	} {
		page := m.goTo(t, tb, tc.subject)
		tb.WaitFor(".remark", tc.remark)
		tb.Barriers()
		html := tb.MustHTML()
		for _, path := range tc.refused {
			if strings.Contains(html, page[len(m.URL):]+path) {
				t.Errorf("%s: %s is offered", tc.subject, path)
			}
			if status := asked(t, tb, page+path); status != 403 {
				t.Errorf("%s: %s has status %d", tc.subject, path, status)
			}
		}
		if status := asked(t, tb, page+tc.offered); status != 200 || !strings.Contains(html, tc.offered) {
			t.Errorf("%s: %s has status %d", tc.subject, tc.offered, status)
		}
	}
	// On paper is the sender's wish alone.
	m.goTo(t, tb, "Not for paper")
	tb.Print()
	tb.WaitFor(".print-note", "printed")
	if visible := tb.MustElement(".mail-text").MustVisible(); visible {
		t.Error("the text would be printed")
	}
	// An answer that no form offered.
	tb.Screen(m.size[0], m.size[1], "light")
	page := m.goTo(t, tb, "Not for answers")
	r, err := tb.Eval(`async (path) => {
		const form = new FormData();
		form.set('body', 'all the same');
		form.set('nonce', 'made up');
		return (await fetch(path, { method: 'POST', body: form })).status;
	}`, page+"/reply")
	if err != nil {
		t.Fatal(err)
	}
	if r.Value.Int() != 403 {
		t.Errorf("an answer that isn't wanted has status %d", r.Value.Int())
	}
	tb.Quiet("403")
}
