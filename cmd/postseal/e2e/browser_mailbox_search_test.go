package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
)

// look searches and returns the subjects of what was found. Fields are those of the
// form, by id; a box is ticked by "1".
func (m *mailboxTest) look(t *testing.T, tb *browsertest.Tab, fields map[string]string) []string {
	t.Helper()
	tb.Open(m.URL + "/m/search")
	for id, value := range fields {
		_, err := tb.Eval(`(id, value) => {
			const e = document.getElementById(id);
			if (e.type === 'checkbox') e.checked = true; else e.value = value;
		}`, id, value)
		if err != nil {
			t.Fatal(err)
		}
	}
	tb.Leave(func() { tb.Click("#search button.primary") })
	r, err := tb.Eval(`() => [...document.querySelectorAll('.inbox .subject')].map((e) => e.textContent).join('\n')`)
	if err != nil {
		t.Fatal(err)
	}
	if r.Value.Str() == "" {
		return nil
	}
	return strings.Split(r.Value.Str(), "\n")
}

// search finds by each field and filter what there is, and nothing by the text of
// what nobody has opened.
func (m *mailboxTest) search(t *testing.T) {
	tb := m.tab(t)
	day := func(ago int) string { return time.Now().AddDate(0, 0, -ago).Format(time.DateOnly) }
	for _, tc := range []struct {
		name   string
		fields map[string]string
		want   []string
	}{
		{"older than sixty days", map[string]string{"q": "harvest"}, []string{"Harvest of old"}},
		{"text", map[string]string{"q": "walnuts"}, []string{"Harvest of old"}},
		{"text of what was opened later", map[string]string{"q": "third span"}, []string{"Re: Bridge"}},
		{"text of what is closed", map[string]string{"q": "for you both"}, nil},
		{"sender", map[string]string{"q": "OTTO@example"}, []string{"Re: Bridge"}},
		{"recipient", map[string]string{"q": "cy@example.com"}, []string{"Two parcels"}},
		{"file", map[string]string{"q": "two.bin"}, []string{"Two parcels"}},
		{"several words", map[string]string{"q": "parcels ann@example.com"}, []string{"Two parcels"}},
		{"a word too many", map[string]string{"q": "parcels walnuts"}, nil},
		{"with files", map[string]string{"q": "", "files": "1"}, []string{"Two parcels"}},
		{"unread", map[string]string{"q": "filler 07", "unread": "1"}, []string{"Filler 07"}},
		{"unread, but it is read", map[string]string{"q": "harvest", "unread": "1"}, nil},
		{"until", map[string]string{"q": "", "until": day(20)}, []string{"Harvest of old"}},
		{"from and until", map[string]string{"q": "", "since": day(69), "until": day(20)}, nil},
		{"from", map[string]string{"q": "harvest", "since": day(72)}, []string{"Harvest of old"}},
		{"folder", map[string]string{"q": "harvest", "folder": "sent"}, nil},
		{"what ended", map[string]string{"q": "fleeting"}, nil},
		{"what was taken back", map[string]string{"q": "rita"}, nil},
	} {
		if got := m.look(t, tb, tc.fields); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if len(m.look(t, tb, map[string]string{"q": "filler", "since": day(1)})) != fillers {
		t.Error("not all fillers of today were found")
	}
	if strings.Contains(tb.Address(), "filler") || strings.Contains(m.Portal.Log(), "walnuts") {
		t.Error("what was looked for is in the address or the log")
	}
	m.searchDeleted(t, tb)
	m.searchPIN(t, tb)
	tb.Quiet()
}

func (m *mailboxTest) searchDeleted(t *testing.T, tb *browsertest.Tab) {
	t.Helper()
	m.look(t, tb, map[string]string{"q": "filler 03"})
	tb.Leave(func() { tb.Press("Filler 03") })
	tb.Leave(func() { tb.Click(".tools [value=delete]") })
	if got := m.look(t, tb, map[string]string{"q": "filler 03", "folder": "inbox"}); got != nil {
		t.Errorf("the inbox has %q", got)
	}
	if got := m.look(t, tb, map[string]string{"q": "filler 03", "folder": "deleted"}); !slices.Equal(got, []string{"Filler 03"}) {
		t.Errorf("what was deleted has %q", got)
	}
}

// searchPIN finds a message with a PIN by its sender until the PIN was given, and
// says so.
func (m *mailboxTest) searchPIN(t *testing.T, tb *browsertest.Tab) {
	t.Helper()
	vera := fmt.Sprintf("vera%d@example.com", m.n)
	if got := m.look(t, tb, map[string]string{"q": "vault"}); got != nil {
		t.Errorf("without its PIN %q was found", got)
	}
	tb.WaitFor(".hint", "1 message that opens with a PIN")
	tb.Barriers()
	if got := m.look(t, tb, map[string]string{"q": vera}); len(got) != 1 || strings.Contains(got[0], "Vault") {
		t.Errorf("by its sender: %q", got)
	}
	tb.Leave(func() { tb.Press("Opens with a PIN") })
	tb.WaitFor("h1", "Type the PIN")
	_, receipt := m.senderMail(t, vera, m.guest)
	tb.Fill("#pin", pinOf(t, receipt.Text))
	tb.Press("Open the message")
	tb.WaitFor(".mail-text", "combination")
	for _, q := range []string{"vault", "combination"} {
		if got := m.look(t, tb, map[string]string{"q": q}); !slices.Equal(got, []string{"Vault plans"}) {
			t.Errorf("with its PIN %q finds %q", q, got)
		}
		if shows(t, tb, "that opens with a PIN was looked for") {
			t.Error("it still says that a PIN is missing")
		}
	}
}
