package portal

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// markers stand in all that an account of these tests has; nobody else's page may
// show one.
const (
	secretMail = `From: Clara Member <clara@firm.example>
Subject: Emberglow subject
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>Emberglow body</p>
--b
Content-Type: application/pdf; name="Emberglow.pdf"
Content-Disposition: attachment

Emberglow file
--b--
`
	marker = "Emberglow"
)

// An owned account has one of everything, all with the marker in it.
type owned struct {
	*client
	messages []string // opened, not opened, with a PIN, deleted
	items    []string // a draft and a copy in sent
	file     string   // of the draft
	session  string
}

var sessionID = regexp.MustCompile(`name="id" value="([^"]{8,})"`)

func newOwned(t testing.TB, s *site) *owned {
	t.Helper()
	c, first := s.activated(secretMail)
	o := &owned{client: c, messages: []string{first}}
	for _, restrict := range []seal.Restriction{{}, {PIN: true}, {}} {
		id, _, _ := s.restricted(seal.ModeAccount, restrict, secretMail)
		o.messages = append(o.messages, id)
	}
	c.post("/m/"+o.messages[3]+"/open").wants(t, 200)
	c.post("/m/change", "action", "delete", "id", o.messages[3], "to", "/inbox").wants(t, 200)
	draft, sent := uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String()
	p := c.postReply("/m/write", map[string]string{"kind": "new", "draft": draft, "nonce": "n1", "to": member, "subject": "Emberglow draft",
		"body": "Emberglow text", "action": "save"}, chosenFile{"Emberglow.txt", []byte("Emberglow attached")}).wants(t, 200)
	o.file = keptField.FindStringSubmatch(p.body)[1][:36]
	c.postReply("/m/write", map[string]string{"kind": "new", "draft": sent, "nonce": "n2", "to": member, "subject": "Emberglow sent", "body": "Emberglow text"}).wants(t, 200)
	o.items = []string{draft, sent}
	second := s.client()
	second.post("/login", "address", guest, "password", password).wants(t, 200)
	o.session = sessionID.FindStringSubmatch(c.get("/settings").wants(t, 200).body)[1]
	return o
}

// state is what the account sees of its things.
func (o *owned) state() map[string]string {
	o.t.Helper()
	pages := map[string]string{}
	for _, path := range []string{"/inbox", "/m/sent", "/m/drafts", "/m/deleted", "/m/" + o.messages[0], "/m/own/" + o.items[1], "/m/own/" + o.items[0] + "/" + o.file} {
		pages[path] = o.get(path).wants(o.t, 200).body
	}
	return pages
}

// attack asks for a route with these values in place of its variables, and names
// the other's things in the form too.
func (c *client) attack(rt route, id, file, part string, fields url.Values) page {
	c.t.Helper()
	path := strings.NewReplacer(`{id:[0-9a-fA-F-]{36}}`, id, fileID, file, "{from:[0-9]{1,5}}", "1", "{part:[0-9]{1,4}}", part,
		"{folder:sent|drafts|deleted}", "drafts").Replace(concreteBut(rt.path))
	if rt.method == "GET" {
		return c.get(path + "?" + fields.Encode())
	}
	var b bytes.Buffer
	kind := "application/x-www-form-urlencoded"
	if rt.weight == upload {
		w := multipart.NewWriter(&b)
		for name, values := range fields {
			for _, v := range values {
				must(c.t, w.WriteField(name, v))
			}
		}
		must(c.t, w.Close())
		kind = w.FormDataContentType()
	} else {
		b.WriteString(fields.Encode())
	}
	r, err := http.NewRequest("POST", c.url+path, &b)
	must(c.t, err)
	r.Header.Set("Content-Type", kind)
	return c.do(r)
}

// concreteBut fills the variables of a route's template but those that name
// things of an account.
func concreteBut(path string) string {
	return strings.NewReplacer("{file:[A-Za-z0-9._-]+}", "x.css", "{mark:(?:#|%23)}", "%23", "{code:.*}", "AAAA", "{kind:[ao]}", "a", "{kind:[rhsjp]}", "r").Replace(path)
}

// TestOthers walks the whole table as somebody with an account, who knows every
// id of another account's things: nothing of it is shown, nothing of it changes,
// and an id that exists is answered as one that doesn't.
func TestOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	o := newOwned(t, s)
	eve := s.client()
	own := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "eve@elsewhere.example", raw: plainMail})
	eve.post("/activate", "code", own.Code.Fragment(), "name", "Eve", "password", password, "repeat", password).wants(t, 200)
	before := o.state()

	all := slices.Concat(o.messages, o.items, []string{o.file})
	walked := 0
	for _, rt := range routes() {
		switch rt.path {
		case "/logout", "/settings/close": // they end the caller's own session
			continue
		}
		named := strings.Contains(rt.path, id)
		ids := []string{o.messages[0]}
		if named {
			ids = all
		}
		for _, victim := range ids {
			actions := []string{""}
			switch rt.path {
			case "/m/change":
				actions = []string{"read", "unread", "star", "unstar", "delete", "back", "gone"}
			case "/m/write":
				actions = []string{"", "save", "discard", "drop:" + o.file}
			}
			for _, action := range actions {
				for _, draft := range append(o.items, uuid.Must(uuid.NewV7()).String()) {
					fields := url.Values{"id": all, "draft": {draft}, "answers": {victim}, "message": {victim}, "kind": {"forward"}, "nonce": {"n1"}, "action": {action},
						"to": {member}, "body": {"x"}, "subject": {"x"}, "kept": {o.file + " 18 x.txt"}, "sure": {"1"}, "q": {"emberglow"}, "view": {"text"},
						"from": {victim}, "done": {"deleted"}, "current": {password}, "code": {"AAAA"}}
					if strings.HasPrefix(rt.path, "/settings") {
						fields.Set("id", o.session)
						fields.Set("password", password)
						fields.Set("repeat", password)
					}
					if action == "" {
						fields.Set("kind", "new") // with another's file in it
					}
					walked++
					p := eve.attack(rt, victim, o.file, "1", fields)
					if strings.Contains(p.body, marker) && !strings.Contains(p.body, "q=") {
						t.Errorf("%s %s of another's %s shows it", rt.method, rt.path, victim)
					}
					if named && rt.caller == session {
						unknown := eve.attack(rt, uuid.Must(uuid.NewV7()).String(), o.file, "1", fields)
						if p.status < 400 && rt.path != "/m/"+id+"/sent" || p.status != unknown.status {
							t.Errorf("%s %s of another's: status %d, of none: %d", rt.method, rt.path, p.status, unknown.status)
						}
					}
					if p.status >= 500 {
						t.Errorf("%s %s: status %d", rt.method, rt.path, p.status)
					}
					if rt.method == "GET" || !named && rt.path != "/m/write" {
						break // no draft in it
					}
				}
			}
		}
		if eve.get("/inbox").status != 200 {
			eve.post("/login", "address", "eve@elsewhere.example", "password", password).wants(t, 200)
		}
	}
	if walked < 300 {
		t.Errorf("only %d requests", walked)
	}
	for path, was := range before {
		if now := o.get(path); now.body != was {
			t.Errorf("%s has changed:\n%s\n%s", path, was, now.body)
		}
	}
	if !strings.Contains(o.get("/settings").body, o.session) {
		t.Error("another's session was ended")
	}
	for _, m := range s.owner.sent("reply") {
		if strings.Contains(m.raw, "eve@elsewhere.example") && strings.Contains(m.raw, marker) {
			t.Error("another's file was sent")
		}
	}
	// The control: the same requests show the account its things.
	shown := 0
	for _, rt := range routes() {
		if rt.method == "GET" && rt.caller == session {
			for _, mine := range []string{o.messages[0], o.items[0], o.items[1]} {
				if strings.Contains(o.attack(rt, mine, o.file, "1", nil).body, marker) {
					shown++
					break
				}
			}
		}
	}
	if shown < 12 {
		t.Errorf("the account itself sees its things by %d routes", shown)
	}
}

// TestEndedSessions: a cookie that was right once, or never, opens no route.
func TestEndedSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	o := newOwned(t, s)
	old := cookieOf(o.client)
	o.post("/logout").wants(t, 200)
	for _, value := range []string{old, strings.Repeat("A", len(old)), old[:len(old)-1], "x.y", seal.NewToken().Encode() + old[strings.IndexByte(old, '.'):]} {
		for _, rt := range routes() {
			if rt.caller != session {
				continue
			}
			c := s.client()
			u, err := url.Parse(s.url)
			must(t, err)
			c.http.Jar.SetCookies(u, []*http.Cookie{{Name: "postseal", Value: value, Path: "/"}})
			for _, victim := range []string{o.messages[0], o.items[0]} {
				c.attack(rt, victim, o.file, "1", url.Values{"id": {victim}, "sure": {"1"}}).wants(t, http.StatusUnauthorized).lacks(t, marker)
			}
		}
	}
}

// TestOtherCodes offers every kind of code to every route for those who hold one:
// only the one that it is for opens or changes anything.
func TestOtherCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	account, accountCode := s.sealed(seal.ModeAccount, secretMail)
	once, onceCode := s.sealed(seal.ModeOneTime, secretMail)
	second, secondCode := s.sealed(seal.ModeOneTime, strings.ReplaceAll(secretMail, marker, "Second"))
	held := s.owner.hold(store.TrustGrant{}, guest)
	followed := s.owner.dispatch([]string{"three@elsewhere.example"}, []string{"four@elsewhere.example"})
	codes := map[string]seal.Code{"account": accountCode, "once": onceCode, "second": secondCode, "held": held.Code, "status": followed.status, "none": seal.NewCode()}
	rightful := map[string][]string{ // by route, without the id
		"/h/release": {"held"}, "/h/withdraw": {"held"}, "/s/recall": {"status"}, "/s/extend": {"status"}, "/s/remind": {"status"},
	}
	ids := map[string]string{account: "account", once: "once", second: "second", followed.sealed["four@elsewhere.example"].Message: "", uuid.NewString(): ""}
	c := s.client()
	tried := 0
	for _, rt := range routes() {
		if rt.caller != holder || rt.path == "/code/find" {
			continue
		}
		named := strings.Contains(rt.path, id)
		for target, kind := range ids {
			for name, code := range codes {
				switch {
				case named && name == kind && kind != "": // its own
					continue
				case !named && rightful[rt.path] == nil: // it finds what the code is for
					continue
				case slices.Contains(rightful[rt.path], name):
					continue
				}
				tried++
				fields := url.Values{"code": {code.Fragment()}, "token": {code.Token().Encode()}, "message": {target}, "confirm": {"1"}, "days": {"7"}, "body": {"x"}, "nonce": {"n"}}
				p := c.attack(rt, target, "", "1", fields)
				if p.status < 400 || strings.Contains(p.body, marker) || strings.Contains(p.body, "Second") || strings.Contains(p.body, "Your statement") {
					t.Errorf("%s with the code %s for %s: status %d\n%.300s", rt.path, name, kind, p.status, p.body)
				}
				p = c.postJSON(strings.ReplaceAll(rt.path, id, target), fmt.Sprintf(`{"token":%q,"verifier":""}`, code.Token().Encode()))
				if !strings.Contains(rt.path, "{") && p.status < 400 || strings.Contains(p.body, "payload_size") {
					t.Errorf("%s with the token of %s for %s: status %d", rt.path, name, kind, p.status)
				}
				if !named {
					break
				}
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d attempts", tried)
	}
	// All is as it was.
	c.post("/h", "code", held.Code.Fragment()).wants(t, 200, text("release.button"))
	c.post("/s", "code", followed.status.Fragment()).wants(t, 200, text("status.recall.all"))
	c.post("/o/"+once, "code", onceCode.Fragment()).wants(t, 200, marker)
	if n := len(s.owner.sent("reply")) + len(s.owner.sent("released")); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}
