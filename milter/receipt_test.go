package milter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// the mails of a kind that were sent.
func (f *fakeStore) mails(kind string) []store.Mail {
	var out []store.Mail
	for _, m := range f.sent {
		if m.Kind == kind {
			out = append(out, m)
		}
	}
	return out
}

// unfold undoes the soft line ends of quoted-printable.
func unfold(m store.Mail) string {
	return strings.NewReplacer("=\r\n", "", "\r\n", " ").Replace(string(m.Data))
}

// A member can follow what was sealed, and gets the link where somebody wants a
// receipt.
func TestWhoGetsAReceipt(t *testing.T) {
	yes := func(o *Options) { o.Receipt = true }
	for _, tt := range []struct {
		name            string
		from            string
		to              []string
		change          func(*Options)
		subject         string
		follows, mailed int
	}{
		{name: "nobody asked", from: "<ann@example.com>", to: []string{"<guest@a.example>"}, follows: 1},
		{name: "a rule asked", from: "<ann@example.com>", to: []string{"<guest@a.example>"}, subject: "[receipt] ", follows: 1, mailed: 1},
		{name: "configured", from: "<ann@example.com>", to: []string{"<guest@a.example>"}, change: yes, follows: 1, mailed: 1},
		{name: "configured, and a rule says no", from: "<ann@example.com>", to: []string{"<guest@a.example>"}, change: yes, subject: "[quiet] ", follows: 1},
		{name: "a PIN", from: "<ann@example.com>", to: []string{"<pin@a.example>"}, subject: "[quiet] ", follows: 1, mailed: 1},
		{name: "a bounce", from: "<>", to: []string{"<pin@a.example>"}, change: yes},
		{name: "an outsider", from: "<x@elsewhere.example>", to: []string{"<pin@a.example>"}, change: yes},
		{name: "nothing sealed", from: "<ann@example.com>", to: []string{"<colleague@example.com>", "<return@a.example>"}, change: yes},
		{name: "nothing but held", from: "<ann@example.com>", to: []string{"<block@a.example>"}, change: yes, follows: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter(tt.to...)
			tm.from = tt.from
			tm.header[6][1] = " " + tt.subject + "Planted-Subject"
			connect(t, newServer(t, f, tt.change), true).transact(tm)
			if len(f.followed) != tt.follows || len(f.mails("receipt")) != tt.mailed {
				t.Fatalf("%d followed, sent %s", len(f.followed), f.kinds())
			}
			if tt.follows > 0 && (f.followed[0].Sender != "ann@example.com" || f.followed[0].MessageID != "<m1@example.com>" || f.followed[0].Expires.IsZero()) {
				t.Errorf("followed %+v", f.followed[0])
			}
			for _, s := range f.sealed {
				if (s.sealed[0].PIN != "") != (tt.mailed > 0 && s.Restrict.PIN) {
					t.Errorf("PIN %q", s.sealed[0].PIN)
				}
			}
		})
	}
}

// The receipt has it all: who, how, why, until when, the PIN and the link; and the
// log has nothing of it.
func TestReceiptSays(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<guest@a.example>", "<pin@b.example>", "<once@c.example>", "<block@d.example>", "<return@e.example>", "<colleague@example.com>", "<drop@f.example>")
	tm.header[6][1] = " [receipt] Planted-Subject"
	connect(t, newServer(t, f, nil), true).transact(tm)
	if len(f.mails("receipt")) != 1 {
		t.Fatalf("sent %s", f.kinds())
	}
	text := unfold(f.mails("receipt")[0])
	pin := ""
	for _, s := range f.sealed {
		pin += s.sealed[0].PIN
	}
	for _, want := range []string{
		"guest@a.example", "pin@b.example", "once@c.example", "block@d.example", "return@e.example",
		"Contracts need a second look.", "100% of these go to the vault.", pin[:4] + " " + pin[4:], "https://pickup.example.com/s#",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the receipt lacks %q:\n%s", want, text)
		}
	}
	for _, bad := range []string{"drop@f.example", "planted-body"} {
		if strings.Contains(text, bad) {
			t.Errorf("the receipt tells %q", bad)
		}
	}
	if log := f.log.String(); strings.Contains(log, pin) || strings.Contains(log, "/s#") {
		t.Error("the log holds the PIN or the link")
	}
	for _, m := range append(f.mails("notice"), f.mails("dsn")...) {
		if s := unfold(m); strings.Contains(s, pin) || strings.Contains(s, pin[:4]+" "+pin[4:]) {
			t.Errorf("the PIN is in the mail to %q", m.To)
		}
	}
}

// A read receipt goes to the message's own sender (RFC 8098 section 2.1).
func TestReadReceipt(t *testing.T) {
	for _, tt := range []struct {
		name, from, asks, subject, want string
	}{
		{"nobody asked", "<ann@example.com>", "", "", ""},
		{"the message asked", "<ann@example.com>", " Ann <Ann@Example.com>", "", "ann@example.com"},
		{"for somebody else", "<ann@example.com>", " boss@example.com", "", ""},
		{"for two", "<ann@example.com>", " ann@example.com, boss@example.com", "", ""},
		{"nonsense", "<ann@example.com>", " <<", "", ""},
		{"a rule says yes", "<ann@example.com>", "", "[read] ", "ann@example.com"},
		{"a rule says no", "<ann@example.com>", " ann@example.com", "[unread] ", ""},
		{"a bounce", "<>", " ann@example.com", "[read] ", ""},
		{"somebody outside asked", "<dan@partner.example>", " dan@partner.example", "", ""},
		{"a rule says yes to somebody outside", "<dan@partner.example>", "", "[read] ", "dan@partner.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter("<guest@a.example>")
			tm.from = tt.from
			tm.header[6][1] = " " + tt.subject + "x"
			tm.header[18] = [2]string{"Disposition-Notification-To", tt.asks}
			if tt.asks == "" {
				tm.header = append(tm.header[:18:18], tm.header[19:]...)
			}
			wantAccepted(t, connect(t, newServer(t, f, nil), true).transact(tm))
			if got := f.sealed[0].ReadReceipt; got != tt.want {
				t.Errorf("goes to %q, want %q", got, tt.want)
			}
		})
	}
}

// Those who open a message on other terms have one of their own.
func TestTerms(t *testing.T) {
	f := &fakeStore{}
	connect(t, newServer(t, f, nil), true).transact(letter("<guest1@a.example>", "<pin1@a.example>", "<guest2@a.example>", "<pin2@a.example>"))
	if len(f.sealed) != 2 || len(f.sealed[0].Recipients) != 2 || f.sealed[0].Restrict.PIN || !f.sealed[1].Restrict.PIN {
		t.Errorf("sealed %+v", f.sealed)
	}
	if len(f.noticed) != 1 || f.noticed[0] != f.sealed[0].sealed[0].Message {
		t.Errorf("noticed %q", f.noticed)
	}
	for _, m := range f.mails("notice") {
		if m.Message == "" {
			t.Error("a notice that is not known by its message")
		}
	}
	w := &work{server: newServer(t, f, nil), m: &message{from: "ann@example.com"}}
	k := w.terms(&person{verdict: rules.Verdict{Also: rules.Also{Restrict: rules.Restriction{NoPrint: true, NoReply: true}}}})
	if !k.restrict.NoPrint || !k.restrict.NoReply || k.restrict.PIN {
		t.Errorf("terms %+v", k)
	}
}

// A member who wants more PINs than can be made is told so, for good: the next
// attempt would have as many.
func TestTooManyPINs(t *testing.T) {
	for _, tt := range []struct {
		name, from string
		n          int
		refused    bool
	}{
		{"as many as can be", "<ann@example.com>", store.MaxPINs, false},
		{"one more", "<ann@example.com>", store.MaxPINs + 1, true},
		{"of an outsider, who gets none", "<x@elsewhere.example>", store.MaxPINs + 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter()
			tm.from = tt.from
			for i := range tt.n {
				tm.to = append(tm.to, fmt.Sprintf("<pin%d@a.example>", i))
			}
			d := connect(t, newServer(t, f, nil), true).transact(tm)
			if refused := strings.HasPrefix(d.data, "550 5.5.3 Each recipient needs a PIN"); refused != tt.refused || refused != (f.commits == 0) {
				t.Errorf("answer %q %q, %d commits", d.code, d.data, f.commits)
			}
		})
	}
}
