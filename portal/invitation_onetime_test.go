package portal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// TestInvitationTold: what the browser tells of an event becomes one answer to the
// message's sender, whatever it is, and nothing else.
func TestInvitationTold(t *testing.T) {
	s := newSite(t, nil)
	c := s.client()
	open := func(r seal.Restriction) (string, seal.Code) {
		id, code, _ := s.restricted(seal.ModeOneTime, r, inviteMail("REQUEST", review...))
		c.postJSON("/o/"+id+"/open", `{"token":"`+code.Token().Encode()+`"}`).wants(t, 200)
		return id, code
	}
	id, code := open(seal.Restriction{})
	told := strings.Join([]string{"UID:1", "SEQUENCE:2", "DTSTART:20261124T130000Z", "SUMMARY:Review", "ORGANIZER:mailto:boss@evil.example"}, "\n")
	with := func(add ...string) string { return strings.Join(append(add, told), "\r\n") }
	tests := []struct {
		name, event string
		status      int
		want        map[string]string
	}{
		{"as it is", told, 200, map[string]string{"UID": "1", "SEQUENCE": "2", "SUMMARY": "Review", "DTSTART": "20261124T130000Z", "ATTENDEE": "mailto:" + guest, "ORGANIZER": "mailto:boss@evil.example"}},
		{"more than is needed", with("ATTENDEE:mailto:x@evil.example", "ATTACH:https://tracker.example/", "DESCRIPTION:Emberglow", "X-Y:Emberglow", "COMMENT:Emberglow"), 200,
			map[string]string{"ATTACH": "", "DESCRIPTION": "", "COMMENT": "", "ATTENDEE": "mailto:" + guest}},
		{"another event in it", with("UID:9", "DTSTART:20300101", "END:VEVENT", "BEGIN:VEVENT"), 404, nil},
		{"a method", with("METHOD:CANCEL"), 200, map[string]string{"METHOD": ""}},
		{"cancelled", with("STATUS:CANCELLED"), 404, nil},
		{"no identity", "DTSTART:20261124T130000Z\nORGANIZER:mailto:boss@evil.example", 404, nil},
		{"no organiser", "UID:1\nDTSTART:20261124T130000Z", 404, nil},
		{"no beginning", "UID:1\nORGANIZER:mailto:boss@evil.example", 400, nil},
		{"the end of all", with("END:VCALENDAR"), 400, nil},
		{"none", "", 400, nil},
		{"too much", with("X:" + strings.Repeat("x", maxEvent)), 400, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.owner.sent("reply"))
			p := c.post("/o/"+id+"/invitation", "token", code.Token().Encode(), "event", tt.event, "answer", "accept", "nonce", tt.name)
			p.wants(t, tt.status)
			sent := s.owner.sent("reply")[before:]
			if tt.status != 200 {
				if len(sent) != 0 {
					t.Errorf("%d answers went out", len(sent))
				}
				return
			}
			if len(sent) != 1 || !slices.Equal(sent[0].to, []string{member}) {
				t.Fatalf("answers %+v", sent)
			}
			if strings.Contains(sent[0].raw, "Emberglow") || strings.Contains(sent[0].raw, "x@evil.example") {
				t.Errorf("more than an answer needs:\n%s", sent[0].raw)
			}
			a := readITIP(t, sent[0])
			for name, want := range tt.want {
				if got := a.get(name); got != want {
					t.Errorf("%s %q, want %q", name, got, want)
				}
			}
		})
	}
	refused := func(what string, status int, id string, form ...string) {
		t.Helper()
		before := len(s.owner.sent("reply"))
		c.post("/o/"+id+"/invitation", append(form, "event", told)...).wants(t, status)
		if n := len(s.owner.sent("reply")) - before; n != 0 {
			t.Errorf("%s: %d answers went out", what, n)
		}
	}
	token := code.Token().Encode()
	refused("no choice", 400, id, "token", token, "nonce", "n")
	refused("no nonce", 400, id, "token", token, "answer", "accept")
	refused("another's token", 404, id, "token", seal.NewToken().Encode(), "nonce", "n", "answer", "accept")
	refused("no token", 404, id, "nonce", "n", "answer", "accept")
	refused("no code", 404, id, "code", "x", "nonce", "n", "answer", "accept")
	plain, plainCode := s.sealed(seal.ModeOneTime, plainMail)
	refused("another message's token", 404, id, "token", plainCode.Token().Encode(), "nonce", "n", "answer", "accept")
	refused("not open yet", 404, plain, "token", plainCode.Token().Encode(), "nonce", "n", "answer", "accept")
	refused("no invitation", 404, plain, "code", plainCode.Fragment(), "nonce", "n", "answer", "accept")
	account, accountCode := s.sealed(seal.ModeAccount, inviteMail("REQUEST", review...))
	refused("an account's link", 404, account, "token", accountCode.Token().Encode(), "nonce", "n", "answer", "accept")
	closed, closedCode := open(seal.Restriction{NoReply: true})
	refused("no reply, by token", 400, closed, "token", closedCode.Token().Encode(), "nonce", "n", "answer", "accept")
	refused("no reply, by code", 400, closed, "code", closedCode.Fragment(), "nonce", "n", "answer", "accept")
	s.owner.pass(time.Hour * 24 * 3)
	refused("used up", 410, id, "token", token, "nonce", "late", "answer", "accept")
}
