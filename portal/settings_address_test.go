package portal

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

const further = "robert@other.example"

// Address renders a mail about an address as plainly as can be.
func (plainMails) Address(m store.AddressMail) (store.Mail, error) {
	text := string(m.Kind)
	if m.Code != (seal.Code{}) {
		text = m.Code.Text()
	}
	return store.Mail{Kind: store.KindAddress, ID: "<" + m.ID + "@firm.example>", Data: []byte("To: " + m.To + "\r\n\r\n" + text)}, nil
}

// addressMails are the texts of the mails about addresses that an address got.
func (o *testOwner) addressMails(to string) (texts []string) {
	o.t.Helper()
	for _, m := range o.sent(store.KindAddress) {
		if _, text, _ := strings.Cut(m.raw, "\r\n\r\n"); m.to[0] == to {
			texts = append(texts, text)
		}
	}
	return texts
}

// sealedTo seals a message of the member's to somebody.
func (s *site) sealedTo(to string) store.Sealed {
	s.t.Helper()
	return s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: to, raw: plainMail,
		summary: seal.Summary{From: "Clara Member <clara@firm.example>", To: to, Subject: "For " + to}})
}

func TestAddAnAddress(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	waits := s.sealedTo(further)
	c.get("/settings").wants(t, 200, text("addresses.title"), text("addresses.main")).lacks(t, text("addresses.asked"))
	ask := func(address, password string) page {
		return c.post("/settings/address", "address", address, "current", password)
	}
	ask("nonsense", password).wants(t, 422, text("forgot.badaddress"))
	ask(guest, password).wants(t, 422, text("addresses.own"))
	ask(further, "wrong").wants(t, 403, text("settings.wrong"), further)
	if n := len(s.owner.addressMails(further)); n != 0 {
		t.Fatalf("%d mails without a proof", n)
	}
	ask(further, password).wants(t, 200, text("settings.done.asked"), further, text("addresses.code"))
	code := s.owner.addressMails(further)[0]

	// The link is the same page for everybody, and does nothing without a log-in.
	c.get("/j").wants(t, 200, `name="code"`).lacks(t, guest)
	stranger := s.client()
	stranger.post("/j", "code", code).wants(t, 200, text("login.heading.join")).lacks(t, guest, further)
	stranger.post("/settings/address/confirm", "code", code, "sure", "yes").wants(t, 401)

	// One that was typed wrong is taken back.
	ask("furhter@elsewhere.example", password).wants(t, 200, "furhter@elsewhere.example")
	c.post("/settings/address/withdraw", "address", "furhter@elsewhere.example").
		wants(t, 200, text("settings.done.withdrawn"), further).lacks(t, "furhter@elsewhere.example")

	// Somebody else's account can't have it, with the code or without.
	other := s.client()
	m := s.sealedTo("vera@elsewhere.example")
	other.post("/activate", "code", m.Code.Fragment(), "name", "Vera", "password", password, "repeat", password).wants(t, 200)
	other.post("/j", "code", code).wants(t, 403, text("addresses.another"))
	other.post("/settings/address/confirm", "code", code, "sure", "yes").wants(t, 403, text("addresses.another"))
	// An address that has an account: the same answer, and a mail without a code.
	before := len(s.owner.addressMails(guest))
	other.post("/settings/address", "address", guest, "current", password).wants(t, 200, text("settings.done.asked"), guest)
	if told := s.owner.addressMails(guest); len(told) != before+1 || told[before] != "taken" {
		t.Errorf("the mail to an address with an account: %q", told)
	}

	// Whoever logs in on the way gets to the question.
	again := s.client()
	again.post("/login", "address", guest, "password", password, "link", code, "join", "yes").
		wants(t, 200, text("addresses.add.title"), further, guest, text("addresses.add"))
	c.post("/settings/address/confirm", "code", "nonsense").wants(t, 422, text("link.badcode"))
	c.post("/settings/address/confirm", "code", seal.NewCode().Fragment()).wants(t, 422, text("addresses.badcode"), `id="a-code-error"`)
	p := c.post("/j", "code", code).wants(t, 200, text("addresses.add.title"), further, "One message that waits")
	if strings.Contains(p.body, `name="current"`) {
		t.Error("the password is asked for again")
	}
	c.get("/inbox").wants(t, 200).lacks(t, "For "+further)
	c.post("/settings/address/confirm", "code", code, "sure", "yes").wants(t, 200, text("settings.done.joined"), further)
	c.post("/j", "code", code).wants(t, 410)

	// What waited is in the inbox, names its address, and is answered from it.
	c.get("/inbox").wants(t, 200, "For "+further, text("mailbox.to")+" <bdi>"+further)
	c.post("/m/"+waits.Message+"/open").wants(t, 200, text("message.for"), further, "4111 1111")
	c.get("/m/"+waits.Message+"/reply").wants(t, 200, further)
	c.postReply("/m/"+waits.Message+"/reply", map[string]string{"subject": "Re: x", "body": "Hello", "nonce": "n1"}).wants(t, 200)
	if m := s.owner.sent("reply"); len(m) != 1 || !strings.Contains(m[0].header(t, "Reply-To"), further) {
		t.Errorf("the answer: %+v", m)
	}
	sent := linkTo.FindStringSubmatch(c.get("/m/sent").wants(t, 200).body)
	c.get(sent[1]).wants(t, 200, further)
	again = s.client()
	again.post("/login", "address", further, "password", password).wants(t, 200, "For "+further)
	later := s.sealedTo(further)
	if !later.Account {
		t.Error("a later notice has a code")
	}
	again.post("/m/"+later.Message+"/open").wants(t, 200, "4111 1111")
	if got := s.owner.addressMails(guest); got[len(got)-1] != "added" {
		t.Errorf("the main address was told %q", got)
	}

	// Removing asks, and wants the password.
	remove := []string{"address", further, "sure", "yes", "current"}
	c.post("/settings/address/remove", "address", further).wants(t, 200, text("addresses.remove.title"), `name="current"`)
	c.post("/settings/address/remove", append(remove, "wrong")...).wants(t, 403, text("settings.wrong"))
	c.post("/settings/address/remove", "address", guest, "sure", "yes", "current", password).wants(t, 404)
	other.post("/settings/address/remove", append(remove, password)...).wants(t, 404)
	c.post("/settings/address/remove", append(remove, password)...).wants(t, 200, text("settings.done.parted")).lacks(t, further)
	c.get("/m/"+waits.Message).wants(t, 200, "4111 1111", further)
	if again := s.sealedTo(further); again.Account {
		t.Error("the address is still part of the account")
	}
}

var linkTo = regexp.MustCompile(`href="(/m/own/[0-9a-f-]{36})"`)

// Somebody with a first notice has an account already.
func TestJoinByNotice(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	m := s.sealedTo(further)
	code := m.Code.Fragment()
	fresh := s.client()
	fresh.post("/a/"+m.Message, "code", code).wants(t, 200, text("activate.heading"), text("activate.join"))
	fresh.post("/activate/join", "code", "nonsense").wants(t, 404)
	fresh.post("/activate/join", "code", code).wants(t, 200, text("login.heading.join"), `name="join"`).lacks(t, guest)
	fresh.post("/login", "address", guest, "password", "wrong", "link", code, "join", "yes").wants(t, 401, `name="join"`, code)
	p := fresh.post("/login", "address", guest, "password", password, "link", code, "join", "yes").
		wants(t, 200, text("addresses.add.title"), further).lacks(t, "4111 1111")
	if strings.Contains(p.body, `name="current"`) {
		t.Error("the password is asked for twice")
	}

	// A session from a while ago shows the password once more.
	s.owner.pass(20 * time.Minute)
	c.post("/activate/join", "code", code).wants(t, 200, text("addresses.add.title"), `name="current"`)
	c.post("/settings/address/confirm", "code", code, "sure", "yes").wants(t, 403, text("settings.wrong"))
	c.post("/settings/address/confirm", "code", code, "sure", "yes", "current", "wrong").wants(t, 403, text("settings.wrong"), further)
	p = c.post("/settings/address/confirm", "code", code, "sure", "yes", "current", password).wants(t, 200, "4111 1111", further)
	if p.url.Path != "/m/"+m.Message {
		t.Errorf("led to %s", p.url.Path)
	}
	// The same notice leads to the message from then on.
	c.post("/activate/join", "code", code).wants(t, 200, "4111 1111")
	s.client().post("/a/"+m.Message, "code", code).wants(t, 200, text("login.heading.claim"), further)
	if log := s.log.String(); strings.Contains(log, code) {
		t.Error("the log holds a code")
	}
}

// With a second step, the question comes after it.
func TestJoinAfterTheSecondStep(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	_, codes := c.withTOTP()
	m := s.sealedTo(further)
	fresh := s.client()
	form := []string{"address", guest, "password", password, "link", m.Code.Fragment(), "join", "yes"}
	fresh.post("/login", form...).wants(t, 200, text("second.heading"), `name="join"`)
	fresh.post("/settings/address/confirm", "code", m.Code.Fragment(), "sure", "yes").wants(t, 401)
	fresh.post("/login", form...).wants(t, 200)
	fresh.post("/login/second", "code", codes[0], "link", m.Code.Fragment(), "join", "yes").
		wants(t, 200, text("addresses.add.title"), further)
	fresh.post("/settings/address/confirm", "code", m.Code.Fragment(), "sure", "yes").wants(t, 200, "4111 1111")
}

// withAddress returns the session of an account with a further address, and the id
// of an open message to it.
func (w *world) withAddress() (cookie, message string) {
	s, t := w.s, w.s.t
	m := s.sealedTo("ute@elsewhere.example")
	c := s.client()
	c.post("/activate", "code", m.Code.Fragment(), "name", "Ute", "password", password, "repeat", password).wants(t, 200)
	m = s.sealedTo("ute.with.a.long.name@another.elsewhere.example")
	c.post("/settings/address/confirm", "code", m.Code.Fragment(), "sure", "yes").wants(t, 200)
	return cookieOf(c), m.Message
}
