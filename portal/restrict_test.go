package portal

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
)

func (s *site) restricted(mode seal.Mode, r seal.Restriction, raw string) (id string, code seal.Code, pin string) {
	read, err := display.Read(strings.NewReader(raw))
	must(s.t, err)
	m := s.owner.seal(sealRequest{mode: mode, from: member, to: guest, raw: raw, restrict: r,
		summary: seal.Summary{From: read.Get("From"), Subject: read.Get("Subject"), Date: s.owner.now()}})
	return m.Message, m.Code, m.PIN
}

func TestNoPrintNoReply(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, free := s.activated(htmlMail)
	c.get("/m/"+free).wants(t, 200, text("message.print")).lacks(t, "no-print", text("message.noprint"))
	p := c.get("/m/"+free+"/print").wants(t, 200, "Household", "Your policy documents", "Policy 2027.pdf", "clara@firm.example")
	p.lacks(t, "<script", "onclick", "tracker.example")
	if policy := p.header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || strings.Contains(policy, "allow-scripts") {
		t.Errorf("policy of the print view: %s", policy)
	}

	id, _, _ := s.restricted(seal.ModeAccount, seal.Restriction{NoPrint: true, NoReply: true}, htmlMail)
	c.get("/m/"+id+"/print").wants(t, 404) // not opened
	c.post("/m/"+id+"/open").wants(t, 200, text("message.noprint"), text("message.noreply"), "no-print").
		lacks(t, "/m/"+id+"/print", "/m/"+id+"/eml", "/m/"+id+"/reply")
	c.get("/m/"+id+"/print").wants(t, 403, text("error.noprint.title")).lacks(t, "Household")
	c.get("/m/"+id+"/eml").wants(t, 403, text("error.noprint.title")).lacks(t, "Household")
	c.get("/m/"+id+"/part/3").wants(t, 200, "%PDF-1.4")
	c.get("/m/"+id+"/reply").wants(t, 403, text("error.noreply.title"))
	c.postReply("/m/"+id+"/reply", map[string]string{"body": "x", "nonce": "n"}).wants(t, 403)

	once, code, _ := s.restricted(seal.ModeOneTime, seal.Restriction{NoPrint: true, NoReply: true}, plainMail)
	c.post("/o/"+once, "code", code.Text()).wants(t, 200, "4111 1111", text("message.noprint"), text("message.noreply")).
		lacks(t, "/eml", "/reply")
	c.post("/o/"+once+"/eml", "code", code.Text()).wants(t, 403).lacks(t, "4111 1111")
	if p := c.postReply("/o/"+once+"/reply", map[string]string{"body": "x", "nonce": "n", "code": code.Text()}); p.status < 400 {
		t.Errorf("a one-time message that takes no answers was answered: %d", p.status)
	}
	if n := len(s.owner.sent("reply")); n != 0 {
		t.Errorf("%d replies went out", n)
	}
}

func TestPIN(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(strings.Replace(plainMail, "4111", "0000", 1))
	id, _, pin := s.restricted(seal.ModeAccount, seal.Restriction{PIN: true}, plainMail)
	if len(pin) != 8 {
		t.Fatalf("a PIN of %d digits", len(pin))
	}
	wrong := "00000000"
	if pin == wrong {
		wrong = "00000001"
	}
	c.get("/inbox").wants(t, 200, text("inbox.pin"), member).lacks(t, "4111 1111")
	for _, path := range []string{"/html", "/eml", "/part/0", "/print", "/reply"} {
		c.get("/m/"+id+path).wants(t, 403, text("error.pin.title")).lacks(t, "4111 1111")
	}
	c.post("/m/"+id+"/open").wants(t, 200, text("pin.heading")).lacks(t, "4111 1111")
	c.get("/m/"+id).wants(t, 200, text("pin.heading"), member).lacks(t, "4111 1111", "Your statement")
	c.post("/m/"+id+"/pin", "pin", "123").wants(t, 422, text("pin.bad"))
	c.post("/m/"+id+"/pin", "pin", wrong).wants(t, 422, text("pin.wrong")).lacks(t, "4111 1111")
	c.post("/m/"+id+"/pin", "pin", pin[:4]+" "+pin[4:]).wants(t, 200, "4111 1111", "Your statement")
	c.get("/m/"+id+"/eml").wants(t, 200, "4111 1111")
	c.get("/m/"+id+"/reply").wants(t, 200)
	// It lasts as long as the session.
	c.post("/login", "address", guest, "password", password).wants(t, 200)
	c.get("/m/"+id).wants(t, 200, text("pin.heading")).lacks(t, "4111 1111")
	c.post("/m/"+id+"/pin", "pin", pin).wants(t, 200, "4111 1111")
	c.post("/logout").wants(t, 200)
	c.post("/login", "address", guest, "password", password, "message", id).wants(t, 200, text("pin.heading")).lacks(t, "4111 1111")
	for range 10 {
		c.post("/m/"+id+"/pin", "pin", wrong).wants(t, 422)
	}
	c.post("/m/"+id+"/pin", "pin", pin).wants(t, 429, text("error.pinlocked.title")).lacks(t, "4111 1111")
	if strings.Contains(s.log.String(), pin) {
		t.Error("the log holds a PIN")
	}
}

func TestPINWithoutAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	// The first message of somebody without an account: password, then PIN.
	id, code, pin := s.restricted(seal.ModeAccount, seal.Restriction{PIN: true}, plainMail)
	c := s.client()
	c.post("/activate", "code", code.Fragment(), "name", "Gustav", "password", password, "repeat", password).
		wants(t, 200, text("pin.heading")).lacks(t, "4111 1111")
	c.post("/m/"+id+"/pin", "pin", pin).wants(t, 200, "4111 1111")

	// A one-time link without scripts: the PIN goes with the code.
	once, code, pin := s.restricted(seal.ModeOneTime, seal.Restriction{PIN: true}, htmlMail)
	o := s.client()
	o.post("/o/"+once, "code", code.Text()).wants(t, 200, text("pin.heading")).lacks(t, "Household")
	o.post("/o/"+once, "code", code.Text(), "pin", "1").wants(t, 422, text("pin.bad"))
	o.post("/o/"+once, "code", code.Text(), "pin", pin).wants(t, 200, "Household", "Policy 2027.pdf")
	o.post("/o/"+once, "code", code.Text(), "pin", pin, "view", "text").wants(t, 200, "The yearly amount")
	o.post("/o/"+once+"/part/3", "code", code.Text(), "pin", pin).wants(t, 200, "%PDF-1.4")
	o.post("/o/"+once+"/part/3", "code", code.Text()).wants(t, 403)
	o.post("/o/"+once+"/eml", "code", code.Text(), "pin", pin).wants(t, 200)
	other, code, _ := s.restricted(seal.ModeOneTime, seal.Restriction{PIN: true}, plainMail)
	for range 10 {
		o.post("/o/"+other, "code", code.Text(), "pin", "0000 0000").wants(t, 422, text("pin.wrong"))
	}
	o.post("/o/"+other, "code", code.Text(), "pin", "0000 0000").wants(t, 429, text("error.pinlocked.title"))
}

func TestUnwanted(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(plainMail)
	c.get("/m/"+id).wants(t, 200, text("unwanted.button"))
	c.post("/m/"+id+"/unwanted").wants(t, 200, text("unwanted.heading"), member, text("unwanted.undo"))
	c.post("/m/"+id+"/unwanted", "off", "yes").wants(t, 200, text("unwanted.off.heading")).lacks(t, text("unwanted.undo"))
	nobody := s.owner.seal(sealRequest{mode: seal.ModeAccount, to: guest, raw: plainMail}).Message
	c.post("/m/"+nobody+"/open").wants(t, 200).lacks(t, text("unwanted.button"))
	s.client().post("/m/"+id+"/unwanted").wants(t, 401)
}

func TestPINCookie(t *testing.T) {
	for url, name := range map[string]string{"https://pickup.example.com": "__Host-postseal-pin", "http://127.0.0.1:9": "postseal-pin"} {
		p, err := newPortal(Options{Owner: noOwner{}, SigningKey: make([]byte, 32), Pepper: make([]byte, 32), URL: url})
		must(t, err)
		w := httptest.NewRecorder()
		p.setPIN(&call{w: w, r: httptest.NewRequest("POST", url, nil)}, pinned{id: "01a1ff9e-74e6-775b-a478-0972810e6e75"})
		ck := w.Result().Cookies()[0]
		if ck.Name != name || ck.Secure != p.secure || !ck.HttpOnly || ck.SameSite != http.SameSiteLaxMode || ck.Path != "/" || ck.Domain != "" || ck.MaxAge != 0 {
			t.Errorf("%s: cookie %v", url, ck)
		}
	}
}

// FuzzPINCookie: whatever a browser sends as the cookie, it is a stretched PIN of
// the message asked for, or none.
func FuzzPINCookie(f *testing.F) {
	const id = "01a1ff9e-74e6-775b-a478-0972810e6e75"
	key := strings.Repeat("A", 43)
	for _, s := range []string{"", "..", id + "." + key + "." + key, id + "." + key, id + ".x." + key, "x." + key + "." + key, id + "." + key + "." + key + "."} {
		f.Add(s)
	}
	p, err := newPortal(Options{Owner: noOwner{}, SigningKey: make([]byte, 32), Pepper: make([]byte, 32), URL: "https://pickup.example.com"})
	must(f, err)
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "https://pickup.example.com/", nil)
		r.Header.Set("Cookie", p.pinCookie()+"="+value)
		keys, ok := p.readPIN(&call{r: r}, id)
		if !ok {
			return
		}
		w := httptest.NewRecorder()
		p.setPIN(&call{w: w, r: r}, pinned{id, keys})
		again := httptest.NewRequest("GET", "https://pickup.example.com/", nil)
		again.AddCookie(w.Result().Cookies()[0])
		if got, ok := p.readPIN(&call{r: again}, id); !ok || got != keys {
			t.Errorf("%q: read as one PIN and written as another", value)
		}
	})
}
