package milter

import (
	"errors"
	"strings"
	"testing"
)

// Who waits for a round-up gets nothing now; everybody else what he gets otherwise.
// What is left of a message that was sealed for such recipients alone is dropped,
// after it is durable.
func TestRoundup(t *testing.T) {
	for _, tt := range []struct {
		name   string
		to     []string
		code   byte
		left   string // whom the message itself goes to
		notice bool   // the message became a notice
		sent   string
	}{
		{"alone", []string{"<known-later@customer.example>"}, 'd', "", false, ""},
		{"two of them", []string{"<known-later@customer.example>", "<known-later2@customer.example>"}, 'd', "", false, ""},
		{"with one in clear", []string{"<known-later@customer.example>", "<colleague@example.com>"}, 'a', "<colleague@example.com>", false, ""},
		{"before one with a notice", []string{"<known-later@customer.example>", "<guest@customer.example>"}, 'a', "<guest@customer.example>", true, ""},
		{"between two with a notice", []string{"<guest@customer.example>", "<known-later@customer.example>", "<guest2@customer.example>"}, 'a',
			"<guest@customer.example>", true, "notice:guest2@customer.example"},
		{"that can't be deleted", []string{`<"known-later:x"@customer.example>`, "<guest@customer.example>"}, 'd', "", false, "notice:guest@customer.example"},
		{"with one that is dropped", []string{"<known-later@customer.example>", "<drop@customer.example>"}, 'd', "", false, ""},
		{"with one that is put aside", []string{"<known-later@customer.example>", "<hold@customer.example>"}, 'a', "<hold@customer.example>", false, ""},
		{"with one that a rule stops", []string{"<known-later@customer.example>", "<return@customer.example>"}, 'd', "", false, "dsn:ann@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			s := newServer(t, f, nil)
			tm := letter(tt.to...)
			for range 2 { // the MTA may offer it again
				d := connect(t, s, true).transact(tm)
				if d.code != tt.code {
					t.Fatalf("answer %q %q", d.code, d.data)
				}
				if tt.code == 'd' {
					continue
				}
				a := tm.apply(t, d)
				if got := strings.Join(a.to, " "); got != tt.left {
					t.Errorf("it goes to %s, want %s", got, tt.left)
				}
				if got := a.body != tm.body; got != tt.notice || strings.Contains(a.body, "known-later") {
					t.Errorf("it became a notice: %v\n%s", got, a.body)
				}
			}
			if f.commits != 1 || len(f.sealed) == 0 || f.kinds() != tt.sent {
				t.Errorf("%d commits of %d sealed messages, sent %q, want %q", f.commits, len(f.sealed), f.kinds(), tt.sent)
			}
			if (len(f.noticed) == 1) != tt.notice {
				t.Errorf("noticed %q", f.noticed)
			}
		})
	}
}

// The sender's receipt says that the notice waits.
func TestReceiptOfRoundup(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<known-later@customer.example>")
	tm.header[6][1] = " [receipt] Planted-Subject"
	connect(t, newServer(t, f, nil), true).transact(tm)
	if f.kinds() != "receipt:ann@example.com" || !strings.Contains(unfold(f.mails("receipt")[0]), "waits for the recipient's summary") {
		t.Errorf("sent %s", f.kinds())
	}
}

// A message is dropped only when it is safe: after a failure the MTA keeps it.
func TestRoundupThatIsNotDurable(t *testing.T) {
	f := &fakeStore{commitErr: errors.New("disk on fire")}
	d := connect(t, newServer(t, f, nil), true).transact(letter("<known-later@customer.example>"))
	if d.code != 'y' || !strings.HasPrefix(d.data, "451 ") {
		t.Errorf("answer %q %q", d.code, d.data)
	}
}
