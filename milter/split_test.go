package milter

import (
	"bytes"
	"strings"
	"testing"
)

func TestMailbox(t *testing.T) {
	for _, tt := range []struct {
		raw       string
		ok, plain bool
	}{
		{"<bob@guest.example>", true, true},
		{"<Bob+tag@GUEST.example>", true, true},
		{"<bob@guest.example.>", true, true},
		{"bob@guest.example", true, true},
		{"<.bob..x.@guest_x.example>", true, true},
		{`<"b b"@guest.example>`, true, true},
		{"<bob%guest.example@example.com>", true, true},
		{"<b\u00f6b@b\u00fccher.example>", true, true},
		{"<bob@[192.0.2.1]>", true, true},
		{"<bob@[IPv6:2001:db8::1]>", true, true},
		{"<bob>", true, false},
		{`<"bob@guest.example">`, false, false},
		{`<"b\"b"@guest.example>`, true, false},
		{`<"@x:bob"@guest.example>`, true, false},
		{`<"bob@guest.example"@example.com>`, true, false},
		{`<""@guest.example>`, true, true},
		{`<"b\"@guest.example>`, false, false},
		{`<"b"x"@guest.example>`, false, false},
		{`<"b"."x"@guest.example>`, false, false},
		{"<>", false, false},
		{"<@guest.example>", false, false},
		{"<bob@>", false, false},
		{"<@relay.example:bob@guest.example>", false, false},
		{"<@relay.example,@b.c:bob@guest.example>", false, false},
		{"<Bob <bob@guest.example>>", false, false},
		{"<bob@guest.example,>", false, false},
		{"<friends:bob@guest.example;>", false, false},
		{"<bob(x)@guest.example>", false, false},
		{"<bob@guest.example(@example.com)>", false, false},
		{"<bob@guest.example@example.com>", false, false},
		{"< bob@guest.example>", false, false},
		{`<b\ob@guest.example>`, false, false},
		{"<bob@guest.example\xff>", false, false},
		{"<bob@guest:25>", false, false},
		{"<bob@B\u00dcCHER.example.>", true, true},
		{"<bob@xn--bcher-kva.example>", true, true},
		{"<bob@\uff45xample.com>", false, false},
		{"<bob@exam\u00adple.com>", false, false},
		{"<bob@example\u3002com>", false, false},
		{"<bob@guest.example..>", false, false},
		{"<bob@guest..example>", false, false},
		{"<bob@.guest.example>", false, false},
		{"<bob@bu\u0308cher.example>", false, false},
	} {
		if got := mailbox(tt.raw); got != tt.ok {
			t.Errorf("%s: mailbox %v", tt.raw, got)
		}
		if got := plainMailbox(tt.raw); got != tt.plain {
			t.Errorf("%s: plain %v", tt.raw, got)
		}
	}
}

// What is no mailbox gets nothing, and with it nobody.
func TestRecipientThatIsNoMailbox(t *testing.T) {
	for _, to := range []string{"<@relay.example:guest@customer.example>", "<Guest <guest@customer.example>>", "<guest@customer.example,>"} {
		f := &fakeStore{}
		d := connect(t, newServer(t, f, nil), true).transact(letter("<colleague@example.com>", to))
		if d.code != 'y' || !strings.HasPrefix(d.data, "553 5.1.3 ") || len(d.frames) != 0 || len(f.sent) != 0 || f.commits != 0 {
			t.Errorf("%s: answer %q %q, %d modifications, %d mails", to, d.code, d.data, len(d.frames), len(f.sent))
		}
	}
}

// A recipient that Postfix would silently not delete is not left to it: what it
// got is dropped, and everybody gets mail of his own.
func TestRecipientThatCannotBeDeleted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		queue  string // known at MAIL
		to     []string
		copies string // to whom
		notes  string
	}{
		{"a quoted address", "", []string{"<colleague@example.com>", `<"guest:x"@customer.example>`, "<other@example.com>"},
			"colleague@example.com other@example.com", `"guest:x"@customer.example`},
		{"a local command", "4QUEUE", []string{"<colleague@example.com>", "<guest@customer.example>"},
			"colleague@example.com", "guest@customer.example"},
		{"two guests", "4QUEUE", []string{"<guest@customer.example>", "<guest2@customer.example>"},
			"", "guest@customer.example guest2@customer.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter(tt.to...)
			tm.queue = tt.queue
			d := connect(t, newServer(t, f, nil), true).transact(tm)
			if d.code != 'd' || len(d.frames) != 0 {
				t.Fatalf("answer %q with %d modifications", d.code, len(d.frames))
			}
			var copies, notes []string
			for _, s := range f.sent {
				switch s.Kind {
				case "copy":
					copies = append(copies, s.To...)
					if s.From != bracketed(tm.from) || string(s.Data) != asSent(tm) {
						t.Errorf("copy from %q:\n%s", s.From, s.Data)
					}
				case "notice":
					notes = append(notes, s.To...)
					if bytes.Contains(s.Data, []byte("planted")) {
						t.Error("a notice with the body")
					}
				}
				if len(s.To) != 1 {
					t.Errorf("a mail to %q", s.To)
				}
			}
			if strings.Join(copies, " ") != tt.copies || strings.Join(notes, " ") != tt.notes {
				t.Errorf("copies to %q, notices to %q", copies, notes)
			}
		})
	}
}

// Quarantined for some, sealed for others who can't be told apart: the MTA's hold
// would have to hold it for both, so it is kept with us.
func TestQuarantinedAndCannotBeDeleted(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<hold@customer.example>", `<"guest:x"@customer.example>`, "<colleague@example.com>")
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	if d.code != 'd' || len(d.frames) != 0 {
		t.Fatalf("answer %q %q, %d modifications", d.code, d.data, len(d.frames))
	}
	if len(f.held) != 1 || string(f.held[0].content) != asSent(tm) || len(f.held[0].Recipients) != 1 || f.held[0].Recipients[0] != "hold@customer.example" || !f.held[0].Quarantine {
		t.Errorf("held %+v", f.held)
	}
	if kinds := f.kinds(); kinds != "copy:colleague@example.com notice:\"guest:x\"@customer.example" {
		t.Errorf("sent %s", kinds)
	}
}

func TestLocal(t *testing.T) {
	for _, tt := range []struct {
		version, queue string
		want           bool
	}{
		{"Postfix 3.10.5", "", false},
		{"Postfix 3.10.5", "4QUEUE", true},
		{"8.18.1", "4QUEUE", false},
		{"", "4QUEUE", true},
	} {
		if got := local(tt.version, tt.queue); got != tt.want {
			t.Errorf("%q, %q: %v", tt.version, tt.queue, got)
		}
	}
}
