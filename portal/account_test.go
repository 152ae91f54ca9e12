package portal

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

func TestActivationLoginLogout(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeAccount, plainMail)
	c := s.client()

	// GET is the same for everybody and changes nothing.
	c.get("/a/"+id).wants(t, 200, `name="code"`).lacks(t, guest)
	c.post("/a/"+id, "code", "nonsense").wants(t, 422, text("link.badcode"))
	c.post("/a/"+id, "code", code.Text()).wants(t, 200, guest, text("password.length", "Length", 15), "Choose a name")

	form := []string{"code", code.Fragment(), "name", "Gustav Guest"}
	bad := []struct{ password, repeat, want string }{
		{"short", "short", text("password.length.error", "Length", 15)},
		{"elsewhere.example guest", "elsewhere.example guest", text("password.context.error")},
		{"password1234567890", "password1234567890", text("password.common.error")},
		{password, password + "x", text("activate.mismatch")},
	}
	for _, b := range bad {
		c.post("/activate", append(form, "password", b.password, "repeat", b.repeat)...).wants(t, 422, b.want)
	}
	c.post("/activate", "code", code.Fragment(), "name", " ", "password", password, "repeat", password).
		wants(t, 422, text("activate.badname"))

	p := c.post("/activate", append(form, "password", password, "repeat", password)...).
		wants(t, 200, "4111 1111 1111 1111", "Your statement", "Clara Member")
	if p.url.Path != "/m/"+id {
		t.Fatalf("led to %s", p.url.Path)
	}
	c.get("/inbox").wants(t, 200, "Your statement", guest)
	c.get("/").wants(t, 200, "Inbox")

	c.post("/logout").wants(t, 200, text("login.out"))
	c.get("/inbox").wants(t, 401, text("login.heading")).lacks(t, "statement")
	c.get("/m/"+id).wants(t, 401, text("login.heading.message"), id).lacks(t, "statement")

	// The notice's link now leads to the log-in, and from there to the message.
	c.post("/a/"+id, "code", code.Fragment()).wants(t, 200, text("login.heading.claim"), guest).lacks(t, "4111 1111")
	c.post("/login", "address", guest, "password", password, "link", code.Fragment(), "message", id).wants(t, 200, "4111 1111")
	c.post("/a/"+id, "code", code.Fragment()).wants(t, 200, "4111 1111")
	c.post("/logout").wants(t, 200)
	c.post("/login", "address", guest, "password", "not the password at all").wants(t, 401, text("login.wrong"))
	c.post("/login", "address", "nobody@elsewhere.example", "password", password).wants(t, 401, text("login.wrong"))
	c.post("/login", "address", guest, "password", password, "message", id).wants(t, 200, "4111 1111")
	if strings.Contains(s.log.String(), code.Fragment()) || strings.Contains(s.log.String(), "statement") {
		t.Fatal("the log holds a code or a subject")
	}
}

func TestLoginThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.activated(plainMail)
	c := s.client()
	for range 6 {
		c.post("/login", "address", guest, "password", "wrong wrong wrong").wants(t, 401)
	}
	c.post("/login", "address", guest, "password", password).wants(t, 429, "There were too many attempts")
}

func TestSecondMessageOfAnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	// Two notices were waiting; activation with one opens both.
	other, _ := s.sealed(seal.ModeAccount, strings.Replace(plainMail, "4111", "5500", 1))
	c, _ := s.activated(plainMail)
	c.get("/m/"+other).wants(t, 200, text("message.open")).lacks(t, "5500 1111")
	c.post("/m/"+other+"/open").wants(t, 200, "5500 1111")

	// Now it has an account: no code, the link alone.
	third, _ := s.sealed(seal.ModeAccount, strings.Replace(plainMail, "4111", "6011", 1))
	c.get("/m/"+third).wants(t, 200, text("message.open")).lacks(t, "6011 1111")
	c.post("/m/"+third+"/open").wants(t, 200, "6011 1111")
	c.get("/m/"+third).wants(t, 200, "6011 1111")
}

// An offline site can't turn recovery grants: the second notice's own link adds
// its message to the account.
func TestClaimWithoutRecovery(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.RecoveryRecipient, o.Recovery = o.Recovery.Recipient(), nil })
	second, code := s.sealed(seal.ModeAccount, strings.Replace(plainMail, "4111", "5500", 1))
	third, code3 := s.sealed(seal.ModeAccount, strings.Replace(plainMail, "4111", "6011", 1))
	c, _ := s.activated(plainMail)

	stranger := s.client()
	stranger.post("/a/"+second, "code", code.Fragment()).wants(t, 200, text("login.heading.claim"), guest)
	stranger.post("/login", "address", guest, "password", password, "link", code.Fragment(), "message", second).
		wants(t, 200, "5500 1111")
	c.get("/m/"+second).wants(t, 200, "5500 1111")

	c.post("/a/"+third, "code", code3.Fragment()).wants(t, 200, "6011 1111")
}

func TestReset(t *testing.T) {
	t.Parallel()
	for _, online := range []bool{true, false} {
		s := newSite(t, func(o *Options) {
			if !online {
				o.RecoveryRecipient, o.Recovery = o.Recovery.Recipient(), nil
			}
		})
		c, id := s.activated(plainMail)
		other := s.client()
		lost := "open messages that you got before"
		p := other.get("/forgot").wants(t, 200, "It works for 24 hours.")
		if strings.Contains(p.body, lost) == online {
			t.Fatalf("online %v: the page about a forgotten password says\n%s", online, p.body)
		}
		other.post("/forgot", "address", "no address").wants(t, 422, text("forgot.badaddress"))
		a := other.post("/forgot", "address", guest).wants(t, 200, "is on its way")
		b := other.post("/forgot", "address", "nobody@x.example").wants(t, 200, "is on its way")
		if strings.ReplaceAll(a.body, guest, "") != strings.ReplaceAll(b.body, "nobody@x.example", "") {
			t.Fatal("the answer tells a known address from an unknown one")
		}
		resets := s.owner.resets()
		if len(resets) != 1 {
			t.Fatalf("%d resets mailed", len(resets))
		}
		code := resets[0].Fragment()
		other.get("/r").wants(t, 200, `name="code"`)
		p = other.post("/r", "code", code).wants(t, 200, text("reset.heading"), "Gustav Guest")
		if strings.Contains(p.body, lost) == online {
			t.Fatalf("online %v: the reset page says\n%s", online, p.body)
		}
		const fresh = "ein anderes langes Kennwort 77"
		p = other.post("/activate", "code", code, "name", "Gustav Guest", "password", fresh, "repeat", fresh).wants(t, 200)
		if p.url.Path != "/inbox" {
			t.Fatalf("led to %s", p.url.Path)
		}
		c.get("/inbox").wants(t, 401) // other sessions have ended
		if online {
			other.get("/m/"+id).wants(t, 200, "4111 1111")
		} else {
			other.get("/m/"+id).wants(t, 502).lacks(t, "4111 1111")
		}
		other.post("/r", "code", code).wants(t, 410, text("error.link.title"))
		other.post("/login", "address", guest, "password", password).wants(t, 401)
		other.post("/login", "address", guest, "password", fresh).wants(t, 200)
	}
}

func TestLinkErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeAccount, plainMail)
	other, code2 := s.sealed(seal.ModeAccount, plainMail)
	c := s.client()
	unknown := c.post("/a/"+id, "code", seal.NewCode().Fragment()).wants(t, 404, text("error.unknown.title"))
	wrongPath := c.post("/a/"+other, "code", code.Fragment()).wants(t, 404)
	if unknown.body != strings.ReplaceAll(wrongPath.body, other, id) {
		t.Fatal("a code for another message is told apart from an unknown one")
	}
	must(t, s.owner.RecallMessage(context.Background(), other))
	c.post("/code", "code", code2.Fragment()).wants(t, 410, text("error.recalled.title"))
	s.owner.pass(31 * 24 * time.Hour)
	c.post("/a/"+id, "code", code.Fragment()).wants(t, 410, text("error.expired.title"))
	// A stranger learns nothing of that.
	if p := c.post("/a/"+id, "code", seal.NewCode().Fragment()).wants(t, 404); p.body != unknown.body {
		t.Fatal("a stranger can tell an expired link")
	}
	s.owner.down = true
	c.post("/a/"+id, "code", code.Fragment()).wants(t, 503, text("error.unavailable.title"))
	c.get("/a/"+id).wants(t, 200)
	c.get("/healthz").wants(t, 200, "ok")
}

func TestResetLifeIsSaid(t *testing.T) {
	for life, want := range map[time.Duration]string{
		10 * time.Minute: "10 minutes", time.Hour: "1 hour", 90 * time.Minute: "90 minutes", 150 * time.Minute: "2 hours", 48 * time.Hour: "48 hours",
	} {
		s := newSite(t, func(o *Options) { o.ResetTTL = life })
		s.client().get("/forgot").wants(t, 200, "It works for "+want+".")
	}
}
