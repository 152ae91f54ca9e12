package portal

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

const (
	claims = "claims@elsewhere.example"
	ann    = "ann@elsewhere.example"
	rob    = "rob@elsewhere.example"
)

func (plainMails) Invitation(i store.InvitationMail) (store.Mail, error) {
	return store.Mail{Kind: store.KindInvitation, ID: "<" + i.ID + "@firm.example>", Data: []byte("To: " + i.Address + "\r\n\r\n" + i.Code.Text())}, nil
}

func (plainMails) People(m store.PeopleMail) (store.Mail, error) {
	return store.Mail{Kind: store.KindPeople, ID: "<" + m.ID + "@firm.example>", Data: []byte("To: " + m.Address + "\r\n\r\n" + m.What + " " + m.Person)}, nil
}

// holderOf returns a client with an account of this address.
func (s *site) holderOf(address, name string) *client {
	s.t.Helper()
	m := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: address, raw: strings.Replace(plainMail, "4111", "for "+address+" 4111", 1)})
	c := s.client()
	c.post("/activate", "code", m.Code.Fragment(), "name", name, "password", password, "repeat", password).wants(s.t, 200, "for "+address)
	return c
}

// invite sends an invitation and returns the code that was mailed.
func (c *client) invite(to string, more ...string) seal.Code {
	c.t.Helper()
	c.post("/settings/people/invite", append([]string{"address", to, "current", password}, more...)...).wants(c.t, 200, text("seats.done.invited"), to)
	mails := c.owner.sent(store.KindInvitation)
	_, body, _ := strings.Cut(mails[len(mails)-1].raw, "\r\n\r\n")
	code, err := seal.ParseCode(body)
	must(c.t, err)
	return code
}

func TestPeopleOfAMailbox(t *testing.T) {
	s := newSite(t, nil)
	desk, annie, robert := s.holderOf(claims, "Claims"), s.holderOf(ann, "Ann Able"), s.holderOf(rob, "Rob Roe")
	desk.post("/settings/people/invite", "address", ann, "current", "wrong").wants(t, 403, text("settings.wrong"))
	desk.post("/settings/people/invite", "address", "nobody", "current", password).wants(t, 422, text("forgot.badaddress"))
	desk.post("/settings/people/invite", "address", strings.ToUpper(claims), "current", password).wants(t, 422, text("addresses.own"))
	desk.post("/settings/people/access", "only", "yes", "second", "yes", "current", password).
		wants(t, 422, text("seats.nomanager"), `name="only" type="checkbox" value="yes" aria-describedby="a-only-hint" checked`)
	code := desk.invite(ann, "manager", "yes")

	// A stolen link: somebody else's browser, with a log-in of its own and without.
	for _, thief := range []*client{robert, s.client()} {
		thief.post("/p", "code", code.Fragment()).wants(t, 200, text("login.heading.claim"), ann).lacks(t, claims)
		if p := thief.post("/p/accept", "code", code.Fragment()); p.status != 404 && p.status != 401 {
			t.Errorf("a thief: status %d", p.status)
		}
	}
	robert.post("/p", "code", code.Fragment()).wants(t, 200, text("login.as", "Address", rob, "For", ann))
	stranger := s.client()
	stranger.post("/login", "address", rob, "password", password, "link", code.Fragment()).wants(t, 200).lacks(t, text("invited.heading"))

	annie.get("/p").wants(t, 200) // the same for everybody
	annie.post("/p", "code", code.Fragment()).wants(t, 200, text("invited.heading"), claims, text("invited.manager"))
	before := cookieOf(annie)
	annie.post("/p/accept", "code", code.Fragment()).wants(t, 200, text("inbox.heading"), claims)
	if cookieOf(annie) == before {
		t.Error("the visit has the cookie of the session before")
	}
	annie.post("/p/accept", "code", code.Fragment()).wants(t, 410)
	old := s.client()
	old.http.Jar.SetCookies(mustURL(t, s.url), cookies("postseal", before))
	old.get("/inbox").wants(t, 401)

	// In a visit: the mailbox's messages under the own name, and no key to its locks.
	id := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: claims, raw: plainMail}).Message
	annie.post("/m/"+id+"/open").wants(t, 200, "4111 1111")
	annie.postReply("/m/"+id+"/reply", map[string]string{"body": "We look into it.", "nonce": "n1"}).wants(t, 200)
	if m := s.owner.sent("reply"); len(m) != 1 || !strings.Contains(m[0].header(t, "Reply-To"), `Ann Able (Claims)" <`+claims) {
		t.Errorf("reply: %+v", m)
	}
	annie.get("/m/"+id).wants(t, 200, text("message.replied.by", "Name", "Ann Able"))
	desk.get("/m/"+id).wants(t, 200, text("message.replied.by", "Name", "Ann Able")).lacks(t, text("message.replied"))
	annie.get("/settings").wants(t, 200, text("seats.heading", "Address", claims), text("seats.invite")).lacks(t, text("settings.close.button"))
	for path, fields := range map[string][]string{
		"/settings/password": {"current", password, "password", fresh, "repeat", fresh}, "/settings/totp": {"current", password},
		"/settings/close": {"current", password, "sure", "yes"}, "/settings/codes": {"current", password},
	} {
		if p := annie.post(path, fields...); p.status < 400 {
			t.Errorf("%s in a visit: status %d", path, p.status)
		}
	}
	desk.get("/inbox").wants(t, 200)

	// The way back needs no log-in; messages of the other mailbox are offered there.
	annie.post("/settings/mailbox", "mailbox", "").wants(t, 200, text("inbox.heading"), ann)
	annie.get("/m/"+id).wants(t, 404, text("elsewhere.title"), claims).lacks(t, "4111 1111")
	annie.post("/settings/mailbox", "mailbox", claims, "message", id).wants(t, 200, "4111 1111")
	annie.get("/settings/mailboxes").wants(t, 200, claims, ann, text("mailboxes.leave"))
	robert.post("/settings/mailbox", "mailbox", claims).wants(t, 404)

	// A manager invites; an opener can't.
	robCode := annie.invite(rob)
	robert.post("/p", "code", robCode.Fragment()).wants(t, 200, text("invited.heading")).lacks(t, text("invited.manager"))
	robert.post("/p/accept", "code", robCode.Fragment()).wants(t, 200, text("inbox.heading"))
	robert.get("/settings/people").wants(t, 200, "Ann Able").lacks(t, text("seats.invite"), text("seats.remove"))
	if p := robert.post("/settings/people/invite", "address", "eve@elsewhere.example", "current", password); p.status < 400 {
		t.Errorf("an opener invites: status %d", p.status)
	}
	robert.post("/settings/people/name", "name", "Another").wants(t, 404)
	robert.post("/settings/preferences", "language", "de").wants(t, 200)
	annie.get("/inbox").wants(t, 200, text("inbox.heading")) // how pages look is each one's own affair

	annie.post("/settings/profile", "in", ann, "name", "Ann").wants(t, 409)

	// A form of one mailbox does nothing in another, to which a second tab switched.
	for path, fields := range map[string][]string{
		"/settings/people/invite": {"address", "eve@elsewhere.example", "current", password}, "/settings/people/name": {"name", "Other"},
		"/settings/people/change": {"person", "manager " + rob, "current", password}, "/settings/people/access": {"only", "yes", "current", password},
	} {
		annie.post(path, append(fields, "in", ann)...).wants(t, 409)
	}
	annie.postReply("/m/write", map[string]string{"kind": "new", "in": ann, "to": member, "body": "private", "nonce": "n2"}).wants(t, 409)
	annie.postReply("/m/"+id+"/reply", map[string]string{"in": ann, "body": "private", "nonce": "n3"}).wants(t, 409)
	annie.get("/settings/people").wants(t, 200, `name="in" value="`+claims+`"`).lacks(t, "eve@")
	annie.get("/m/"+id+"/reply").wants(t, 200, `name="in" value="`+claims+`"`, "<bdi>"+claims+"</bdi> (<bdi>Ann Able</bdi>)")

	// Who downloads everything has opened it, whoever did so before.
	robert.get("/m/"+id).wants(t, 200, `action="/m/`+id+`/open"`).lacks(t, "4111 1111") // each opens it under the own name
	robert.post("/settings/messages").wants(t, 200)
	robert.get("/m/"+id).wants(t, 200, "4111 1111")

	// Removal ends access at once.
	annie.post("/settings/people/change", "person", "remove "+rob, "current", "wrong").wants(t, 403, text("settings.wrong"))
	annie.post("/settings/people/change", "person", "remove "+rob, "current", password).wants(t, 200, text("seats.done.removed")).lacks(t, "Rob Roe")
	for _, path := range []string{"/inbox", "/m/" + id, "/m/" + id + "/eml"} {
		robert.get(path).wants(t, 401).lacks(t, "4111 1111")
	}
	robert.post("/login", "address", rob, "password", password).wants(t, 200).lacks(t, claims)
	robert.post("/settings/mailbox", "mailbox", claims).wants(t, 404)

	annie.post("/settings/people/access", "only", "yes", "current", password).wants(t, 200, text("seats.done.changed"))
	desk.get("/inbox").wants(t, 401)
	s.client().post("/login", "address", claims, "password", password).wants(t, 401)
	annie.post("/settings/people/change", "person", "opener "+ann, "current", password).wants(t, 422, text("seats.last"))
	annie.post("/settings/mailboxes/leave", "mailbox", claims).wants(t, 409, text("seats.last"))
	annie.get("/inbox").wants(t, 200, ann)
	if n := len(s.owner.sent(store.KindPeople)); n < 5 {
		t.Errorf("%d mails about seats", n)
	}
	if log := s.log.String(); strings.Contains(log, code.Fragment()) || !strings.Contains(log, "entered") {
		t.Error("the log has a code, or no entry")
	}
}

// A message to a further address of a mailbox opens for who switches to it by its link.
func TestSwitchToAFurtherAddress(t *testing.T) {
	s := newSite(t, nil)
	desk, annie := s.holderOf(claims, "Claims"), s.holderOf(ann, "Ann Able")
	annie.post("/p/accept", "code", desk.invite(ann).Fragment()).wants(t, 200, claims)
	annie.post("/settings/mailbox", "mailbox", "").wants(t, 200, ann)
	desk.post("/settings/address", "address", further, "current", password).wants(t, 200)
	desk.post("/settings/address/confirm", "code", s.owner.addressMails(further)[0], "sure", "yes").wants(t, 200, further)
	id := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: further, raw: plainMail}).Message
	annie.get("/m/"+id).wants(t, 404, text("elsewhere.title"))
	annie.post("/settings/mailbox", "mailbox", claims, "message", id).wants(t, 200, "4111 1111", further)
}

// Who is invited and has no account makes one by the invitation.
func TestInvitedWithoutAnAccount(t *testing.T) {
	s := newSite(t, nil)
	desk := s.holderOf(claims, "Claims")
	code := desk.invite("late@elsewhere.example")
	c := s.client()
	c.post("/p", "code", code.Fragment()).wants(t, 200, text("activate.heading"), text("seats.activate", "Sender", claims)).lacks(t, text("activate.join.button"))
	c.post("/activate", "code", code.Fragment(), "name", "Late Larry", "password", password, "repeat", password).
		wants(t, 200, text("invited.heading"), claims)
	c.get("/inbox").wants(t, 200, "late@elsewhere.example").lacks(t, claims)
	c.post("/p/accept", "code", code.Fragment()).wants(t, 200, text("inbox.heading"), claims)

	// What the mailbox's own second step asks for is no choice that its people were given.
	desk.withTOTP()
	desk.get("/settings/people").wants(t, 200, `aria-describedby="a-second-hint"`).lacks(t, `aria-describedby="a-second-hint" checked`)
}

// A mailbox that an administrator gave people opens for the first of them, and asks
// for a second step when it is told to.
func TestMailboxOfAnAdministrator(t *testing.T) {
	s := newSite(t, nil)
	annie := s.holderOf(ann, "Ann Able")
	const desk = "desk@elsewhere.example"
	id := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: desk, raw: plainMail}).Message
	must(t, s.owner.AddPerson(context.Background(), desk, ann, true))
	annie.get("/settings/mailboxes").wants(t, 200, desk)
	for range 2 { // from recovery, then by the seat
		annie.post("/settings/mailbox", "mailbox", desk, "message", id).wants(t, 200, "4111 1111", desk)
		annie.post("/settings/mailbox", "mailbox", ann).wants(t, 200, ann)
	}
	annie.post("/settings/mailbox", "mailbox", desk)
	annie.post("/settings/people/access", "only", "yes", "second", "yes", "current", password).wants(t, 401)
	annie.post("/login", "address", ann, "password", password).wants(t, 200)
	annie.post("/settings/mailbox", "mailbox", desk).wants(t, 409, text("mailboxes.second"))
	key, _ := annie.withTOTP()
	annie.post("/settings/mailbox", "mailbox", desk).wants(t, 200, desk)
	s.owner.pass(time.Minute)
	other := s.client()
	other.post("/login", "address", ann, "password", password).wants(t, 200, text("second.heading"))
	other.post("/settings/mailbox", "mailbox", desk).wants(t, 401)
	other.post("/login", "address", ann, "password", password).wants(t, 200, text("second.heading"))
	other.post("/login/second", "code", s.totp(key)).wants(t, 200)
	other.post("/settings/mailbox", "mailbox", desk).wants(t, 200, desk)

	// Without the recovery key there is nothing to open it by.
	t.Run("offline", func(t *testing.T) {
		s := newSite(t, func(o *Options) { o.Recovery = nil })
		annie := s.holderOf(ann, "Ann Able")
		must(t, s.owner.AddPerson(context.Background(), desk, ann, true))
		annie.post("/settings/mailbox", "mailbox", desk).wants(t, 409, text("mailboxes.nokey"))
		annie.get("/inbox").wants(t, 200, ann)
	})
}

func cookies(name, value string) []*http.Cookie {
	return []*http.Cookie{{Name: name, Value: value, Path: "/"}}
}
