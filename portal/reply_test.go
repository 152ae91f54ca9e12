package portal

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

type chosenFile struct {
	name string
	data []byte
}

// postReply sends the form of a reply.
func (c *client) postReply(path string, fields map[string]string, files ...chosenFile) page {
	c.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		must(c.t, w.WriteField(k, v))
	}
	for _, f := range files {
		p, err := w.CreateFormFile("files", f.name)
		must(c.t, err)
		_, err = p.Write(f.data)
		must(c.t, err)
	}
	must(c.t, w.Close())
	r, err := http.NewRequest("POST", c.url+path, &b)
	must(c.t, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return c.do(r)
}

func TestReply(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Reply = 300_000 })
	c, id := s.activated(plainMail)
	path := "/m/" + id + "/reply"
	c.get("/m/"+id+"/sent").wants(t, 404)
	c.get(path).wants(t, 200, `value="Re: Your statement"`, "clara@firm.example", "300\u00a0kB")

	c.postReply(path, map[string]string{"body": " \n", "nonce": "n"}).wants(t, 422, text("reply.empty"))
	big := make([]byte, 500_000)
	c.postReply(path, map[string]string{"body": "kept text", "nonce": "n"}, chosenFile{"big.bin", big}).
		wants(t, 413, text("reply.toolarge", "Size", "300\u00a0kB"), "kept text")
	c.postReply(path, map[string]string{"body": "x", "nonce": "n"}, chosenFile{"huge.bin", make([]byte, 1_000_000)}).wants(t, 413)
	if n := len(s.owner.sent("reply")); n != 0 {
		t.Fatalf("%d replies went out", n)
	}

	fields := map[string]string{"body": "Thanks.\r\nMore.", "subject": "Re: Your\r\nBcc: x@y.example statement", "nonce": "once"}
	for range 2 { // a double click
		c.postReply(path, fields, chosenFile{"../../a\u202efdp.exe", []byte("%PDF")}).wants(t, 200, text("sent.heading"))
	}
	replies := s.owner.sent("reply")
	if len(replies) != 1 {
		t.Fatalf("%d replies went out", len(replies))
	}
	r := replies[0]
	if got := r.header(t, "Subject"); got != "Re: Your Bcc: x@y.example statement" || !slices.Equal(r.to, []string{member}) {
		t.Errorf("reply with subject %q to %q", got, r.to)
	}
	if !strings.Contains(r.raw, "filename=afdp.exe") && !strings.Contains(r.raw, `filename="afdp.exe"`) {
		t.Errorf("reply:\n%s", r.raw)
	}
	c.get("/m/"+id).wants(t, 200, text("message.replied"))

	// Without an address to answer to there is no form.
	bounce := s.owner.seal(sealRequest{mode: seal.ModeAccount, to: guest, raw: plainMail}).Message
	c.post("/m/"+bounce+"/open").wants(t, 200).lacks(t, "/m/"+bounce+"/reply")
	c.get("/m/"+bounce+"/reply").wants(t, 404)
	// A reply on a session that has ended says that the text isn't lost.
	c.post("/logout")
	c.postReply(path, fields).wants(t, 401, text("login.post"))
	c.post(path, "body", "x").wants(t, 401)
}

func TestReplyToOneTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeOneTime, plainMail)
	c := s.client()
	path := "/o/" + id + "/reply"
	c.postReply(path, map[string]string{"body": "x", "nonce": "n", "code": code.Text()}).wants(t, 404) // not opened
	c.post("/o/"+id, "code", code.Text()).wants(t, 200, "4111 1111", path)
	c.postReply(path, map[string]string{"body": "x", "nonce": "n", "code": seal.NewCode().Text()}).wants(t, 404)
	c.postReply(path, map[string]string{"body": "", "nonce": "n", "code": code.Text()}).wants(t, 422, text("error.emptyreply.title"))
	c.postReply(path, map[string]string{"body": "x", "nonce": "n", "code": code.Text(), "name": "Gustav"}).wants(t, 200, text("sent.heading"))
	if replies := s.owner.sent("reply"); len(replies) != 1 || !strings.Contains(replies[0].header(t, "Reply-To"), "Gustav") {
		t.Errorf("replies %+v", replies)
	}
}

func TestOneTimeWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeOneTime, htmlMail)
	other, _ := s.sealed(seal.ModeOneTime, plainMail)
	c := s.client()
	c.get("/o/"+id).wants(t, 200, `name="code"`).lacks(t, "policy documents")
	c.post("/o/"+id, "code", "7H2K-1").wants(t, 422, text("link.badcode"), "7H2K-1")
	c.post("/o/"+id, "code", seal.NewCode().Text()).wants(t, 404, text("error.unknown.title"))
	c.post("/o/"+other, "code", code.Text()).wants(t, 404, text("error.unknown.title"))
	s.owner.pass(2 * time.Hour) // had the code at another message's path used the link up, it would not open any more
	p := c.post("/o/"+id, "code", code.Text()).wants(t, 200, "policy documents", "srcdoc=", "Policy 2027.pdf", "Household")
	p.lacks(t, "<script>document", "tracker.example", "onclick")
	c.post("/o/"+id, "code", code.Text(), "view", "text").wants(t, 200, "The yearly amount").lacks(t, "srcdoc=")
	c.post("/o/"+id+"/part/3", "code", code.Text()).wants(t, 200, "%PDF-1.4")
	c.post("/o/"+id+"/part/99", "code", code.Text()).wants(t, 404)
	eml := c.post("/o/"+id+"/eml", "code", code.Text()).wants(t, 200)
	if want := strings.ReplaceAll(htmlMail, "\n", "\r\n"); eml.body != want {
		t.Error("the original differs")
	}
	c.post("/o/"+id+"/part/1", "code", "").wants(t, 404)
	c.postJSON("/o/"+id+"/open", `{"token":"x"}`).wants(t, 400)
	c.postJSON("/o/"+id+"/open", `{"token":"`+seal.NewToken().Encode()+`"}`).wants(t, 404, `"unknown"`)
	forgedID, forged := s.sealed(seal.ModeOneTime, plainMail)
	s.owner.forge[forgedID] = func(m *socket.Message) { m.Manifest.Signature[0] ^= 1 }
	c.postJSON("/o/"+forgedID+"/open", `{"token":"`+forged.Token().Encode()+`"}`).wants(t, 502, `"integrity"`)
	c.postJSON("/o/"+forgedID+"/payload", `{"token":"`+forged.Token().Encode()+`"}`).wants(t, 502, `"integrity"`)
	c.post("/o/"+forgedID, "code", forged.Text()).wants(t, 502, text("error.integrity.title")).lacks(t, "4111 1111")
	c.postJSON("/o/"+other+"/open", `{"token":"`+code.Token().Encode()+`"}`).wants(t, 404, `"unknown"`)
}

func TestWriteEntity(t *testing.T) {
	tests := []struct {
		name, body, want string
		files            []file
	}{
		{"empty", "", "\r\n", nil},
		{"one line", "Hello", "Hello\r\n", nil},
		{"lines", "a\n\nb\n\n\n", "a\r\n\r\nb\r\n", nil},
		{"dots and From", ".\nFrom here\n..x", ".\r\nFrom here\r\n..x\r\n", nil},
		{"long and wide", strings.Repeat("äöü €", 300), strings.Repeat("äöü €", 300) + "\r\n", nil},
		{"boundary in the text", "--x\n--", "--x\r\n--\r\n", []file{{name: "a.txt", data: []byte("a\nb")}, {name: "b.pdf", data: bytes.Repeat([]byte{0, 255}, 5000)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			must(t, writeEntity(&b, tt.body, tt.files))
			for line := range strings.SplitSeq(b.String(), "\r\n") {
				if len(line) > 200 || strings.ContainsAny(line, "\r\n") {
					t.Errorf("line %.90q", line)
				}
			}
			m, err := mail.ReadMessage(&b)
			must(t, err)
			kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
			must(t, err)
			if len(tt.files) == 0 {
				if kind != "text/plain" {
					t.Errorf("type %s", kind)
				}
				return
			}
			mr := multipart.NewReader(m.Body, params["boundary"])
			p, err := mr.NextPart()
			must(t, err)
			got, err := io.ReadAll(p)
			must(t, err)
			if string(got) != tt.want {
				t.Errorf("text %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPasswords(t *testing.T) {
	r, err := newPasswordRules(0)
	must(t, err)
	context := []string{"postseal", "gustav", "guest", "elsewhere", "firm"}
	tests := []struct{ password, want string }{
		{"correct horse battery staple", "common"}, // everybody has read it
		{"wrong zebra charger paperclip", ""},
		{"sieben blaue Fahrräder im Regen", ""},
		{"7f#kQ9!xZp2@Lm4", ""},
		{"日本語の長いパスフレーズです例えば", ""},
		{"äöüßäöüßäöüßäöü", "context"}, // one pattern repeated
		{"fourteen chars", "length"},
		{strings.Repeat("x1", 129), "long"},
		{"aaaaaaaaaaaaaaaaaaaa", "context"},
		{"123456789012345678", "context"},
		{"abcdefghijklmnopqrst", "context"},
		{"passwordpassword", "common"},
		{"Password-Password-1", "common"},
		{"qwertyuiopasdfghjkl", "common"},
		{"Welcome2024Welcome!", "common"},
		{"iloveyouforever123", "common"},
		{"gustav.guest@elsewhere", "context"},
		{"Gustav Guest Firm 1", "context"},
		{"postsealpostseal1", "context"},
		{"tHeQuIcKbRoWnFoX12", "common"},
	}
	for _, tt := range tests {
		got := ""
		if broken := r.check(tt.password, context); len(broken) > 0 {
			got = broken[0]
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.password, got, tt.want)
		}
	}
	if len(r.common) < 300 {
		t.Errorf("only %d common words", len(r.common))
	}
}

func TestAccent(t *testing.T) {
	for _, c := range []string{"", "#000000", "#ffffff", "#ffee00", "#808080", "#c8102e", "#00a3e0", "#1a5fb4", "#7fff00", "#ff00ff"} {
		a, err := newAccent(c)
		must(t, err)
		if got := contrast(a.button, a.onButton); got < 4.5 {
			t.Errorf("%s: button text has a contrast of %.1f", c, got)
		}
		if got := contrast(a.light, lightPage); got < 4.5 {
			t.Errorf("%s: a link on the light page has a contrast of %.1f", c, got)
		}
		if got := contrast(a.dark, darkPage); got < 4.5 {
			t.Errorf("%s: a link on the dark page has a contrast of %.1f", c, got)
		}
	}
	for _, c := range []string{"red", "#12345", "#1234567", "#gggggg", "#fff;}*{color:red"} {
		if _, err := newAccent(c); err == nil {
			t.Errorf("%s is taken", c)
		}
	}
}

func TestMessageViews(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(htmlMail)
	p := c.get("/m/"+id).wants(t, 200, "/m/"+id+"/html", "Policy 2027.pdf", "Beträge 2027", ">passwd<", text("message.remote"), "User-Agent", "Accounts <accounts@firm.example>")
	p.lacks(t, "etc/passwd", "tracker.example")
	c.get("/m/"+id+"?view=text").wants(t, 200, "The yearly amount is 1\u202f284.00 €").lacks(t, "iframe")
	p = c.get("/m/"+id+"/html").wants(t, 200, "Household", "data:image/png;base64,iVBOR", `target="_blank"`, "rgb(255, 249, 214)")
	p.lacks(t, "script", "onclick", "tracker", "position", "<title>x", "color: red")
	if got := p.header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "sandbox ") || strings.Contains(got, "allow-scripts") || strings.Contains(got, "allow-forms") {
		t.Errorf("policy %s", got)
	}
	p = c.get("/m/"+id+"/part/3").wants(t, 200, "%PDF-1.4")
	for name, want := range map[string]string{"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff",
		"Content-Disposition": `attachment; filename="Policy 2027.pdf"`, "Content-Security-Policy": filePolicy} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	p = c.get("/m/"+id+"/part/5").wants(t, 200, "root")
	if got := p.header.Get("Content-Disposition"); got != "attachment; filename=passwd" {
		t.Errorf("Content-Disposition %q", got)
	}
	c.get("/m/"+id+"/part/99").wants(t, 404)
	c.post("/m/"+id+"/unread").wants(t, 200)
	c.get("/inbox").wants(t, 200, "1 unread", text("inbox.new"))
	c.get("/inbox?from=nonsense").wants(t, 400)
}

func TestInboxPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Page = 2 })
	c, first := s.activated(plainMail)
	never, _ := s.sealed(seal.ModeAccount, plainMail) // listed before
	for range 2 {
		s.sealed(seal.ModeAccount, plainMail)
	}
	p := c.get("/inbox").wants(t, 200, "4 messages, 3 unread", text("inbox.older")).lacks(t, first, text("inbox.newest"))
	_, after, _ := strings.Cut(p.body, `href="/inbox?from=`)
	cursor, _, _ := strings.Cut(after, `"`)
	s.owner.forge[never] = func(m *socket.Message) { m.Manifest.Signature[0] ^= 1 }
	c.get("/inbox?from="+cursor).wants(t, 200, text("inbox.broken"))
	delete(s.owner.forge, never)
	c.get("/inbox?from="+cursor).wants(t, 200, first, text("inbox.newest")).lacks(t, text("inbox.older"))
}
