package milter

import "testing"

// A guest's answer leaves in clear. So it goes to a member, or back to where the
// message came from.
func TestReplyTo(t *testing.T) {
	for _, tt := range []struct{ name, from, author, replyTo, want string }{
		{"the author", "<ann@example.com>", "Ann <ann.miller@example.com>", "", "ann.miller@example.com"},
		{"a team", "<ann@example.com>", "ann@example.com", "Team <team@example.com>", "team@example.com"},
		{"a mailbox outside", "<ann@example.com>", "ann@example.com", "<ann@mail.example>", "ann@example.com"},
		{"first of several outside", "<ann@example.com>", "ann@example.com", "x@mail.example, team@example.com", "ann@example.com"},
		{"routed outside", "<ann@example.com>", "ann@example.com", "ann%mail.example@example.com", "ann@example.com"},
		{"all outside", "<ann@example.com>", "ann@mail.example", "ann@mail.example", "ann@example.com"},
		{"no address", "<ann@example.com>", "nobody", "\x01", "ann@example.com"},
		{"from outside", "<dan@partner.example>", "ann@example.com", "team@example.com", "dan@partner.example"},
		{"a bounce", "<>", "ann@example.com", "team@example.com", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter("<guest@customer.example>")
			tm.from = tt.from
			tm.header[2][1] = " " + tt.author
			if tt.replyTo != "" {
				tm.header = append(tm.header, [2]string{"Reply-To", " " + tt.replyTo})
			}
			wantAccepted(t, connect(t, newServer(t, f, nil), true).transact(tm))
			if len(f.sealed) != 1 || f.sealed[0].ReplyTo != tt.want {
				t.Errorf("%d sealed, an answer goes to %q, want %q", len(f.sealed), f.sealed[0].ReplyTo, tt.want)
			}
		})
	}
}
