package portal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/mail"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// attachmentBytes is a file that says at once when a byte of it was changed.
func attachmentBytes() []byte {
	b := make([]byte, 200_000)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func mailWithFile() string {
	enc := base64.StdEncoding.EncodeToString(attachmentBytes())
	var lines strings.Builder
	for ; len(enc) > 76; enc = enc[76:] {
		lines.WriteString(enc[:76] + "\n")
	}
	lines.WriteString(enc)
	return `From: Clara Member <clara@firm.example>
To: guest@elsewhere.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_mit_Anlage?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p style="color: rgb(10,20,30)">Read <b>this</b>.</p><script>document.title='owned'</script><img src=x onerror="document.title='owned'">
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="data file.bin"
Content-Transfer-Encoding: base64

` + lines.String() + `
--b--
`
}

func TestBrowserAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeAccount, mailWithFile())
	tb := browsertest.Start(t).Tab(t, true)

	// The link from the notice, as a gateway mangles it.
	tb.Open(s.url + "/a/" + id + "%23" + code.Fragment())
	if got := tb.Address(); !strings.HasSuffix(got, "/a/"+id+"#"+code.Fragment()) {
		t.Fatalf("%%23 led to %s", got)
	}
	tb.Press(text("link.button"))
	tb.WaitFor("h1", text("activate.heading"))
	if strings.Contains(tb.Address(), "#") {
		t.Errorf("the code is still in the address bar")
	}

	// The requirements tick off while typing.
	tb.Fill("#name", "Gustav Guest")
	tb.Fill("#password", "password1234567")
	tb.WaitFor("li.met", text("password.length", "Length", 15))
	tb.WaitFor("li.unmet", text("password.common"))
	tb.Fill("#password", password)
	for _, k := range []string{"length", "common", "context"} {
		tb.WaitFor("li.met", text("password."+k, "Length", 15))
	}
	tb.Fill("#repeat", password)
	tb.WaitFor("li.met", text("password.repeat"))
	tb.Press(text("activate.button"))

	tb.WaitFor("h1", "Grüße mit Anlage")
	body := tb.Mail().MustElement("body")
	if got := body.MustText(); !strings.Contains(got, "Read this.") {
		t.Fatalf("the frame shows %q", got)
	}
	if got := tb.MustEval(`() => document.title`).Str(); strings.Contains(got, "owned") {
		t.Fatal("a script of the mail ran")
	}
	name, got := tb.Download(func() { tb.Press("data file.bin") })
	if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(attachmentBytes()) {
		t.Fatalf("attachment %q: %d octets, not those that were sent", name, len(got))
	}
	name, got = tb.Download(func() { tb.Press(text("message.original")) })
	if want := strings.ReplaceAll(mailWithFile(), "\n", "\r\n"); name != "Grüße mit Anlage.eml" || string(got) != want {
		t.Fatalf("original %q differs (%d octets)", name, len(got))
	}

	// Reply with a file.
	tb.Press(text("message.reply"))
	tb.WaitFor("h1", text("reply.heading"))
	tb.Choose("#files", "answer ä.bin", attachmentBytes())
	tb.Fill("#body", "Thank you.\nÜbrigens: fine.")
	tb.Press(text("reply.button"))
	tb.WaitFor("h1", text("sent.heading"))
	replies := s.owner.sent("reply")
	if len(replies) != 1 {
		t.Fatalf("%d replies", len(replies))
	}
	checkReply(t, replies[0], "Re: Grüße mit Anlage", "answer ä.bin")

	tb.Press(text("layout.logout"))
	tb.WaitFor(".notice", text("login.out"))
	tb.Open(s.url + "/m/" + id)
	tb.WaitFor("h1", text("login.heading.message"))
	tb.Fill("#address", guest)
	tb.Fill("#password", "this is not the password")
	tb.Press(text("login.button.open"))
	tb.WaitFor(".problem", text("login.wrong"))
	tb.Fill("#password", password)
	tb.Press(text("login.button.open"))
	tb.WaitFor("h1", "Grüße mit Anlage")
	tb.Quiet("the server responded with a status of 401")
}

// checkReply reads a reply's entity as a mail client does.
func checkReply(t testing.TB, r outgoing, subject, name string) {
	t.Helper()
	if got := r.header(t, "Subject"); got != subject {
		t.Errorf("subject %q", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(r.raw))
	must(t, err)
	_, boundary, _ := strings.Cut(m.Header.Get("Content-Type"), "boundary=")
	mr := multipart.NewReader(m.Body, strings.Trim(boundary, `"`))
	p, err := mr.NextPart()
	must(t, err)
	b, err := io.ReadAll(p) // decodes quoted-printable
	must(t, err)
	if string(b) != "Thank you.\r\nÜbrigens: fine.\r\n" {
		t.Errorf("text %q", b)
	}
	p, err = mr.NextPart()
	must(t, err)
	if p.FileName() != name {
		t.Errorf("file name %q", p.FileName())
	}
	b, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
	must(t, err)
	if sha256.Sum256(b) != sha256.Sum256(attachmentBytes()) {
		t.Errorf("the attachment changed on its way")
	}
}

func TestBrowserOneTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeOneTime, mailWithFile())
	tb := browsertest.Start(t).Tab(t, true)
	tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
	tb.WaitFor("p", text("onetime.ready"))
	s.owner.pass(2 * time.Hour) // had looking at the page opened the message, its time would be over
	tb.Press(text("onetime.button"))
	tb.WaitFor("#m-subject", "Grüße mit Anlage")
	if got := tb.Mail().MustElement("body").MustText(); !strings.Contains(got, "Read this.") {
		t.Fatalf("the frame shows %q", got)
	}
	if got := tb.Mail().MustElement("p").MustEval(`() => this.ownerDocument.defaultView.getComputedStyle(this).color`).Str(); got != "rgb(10, 20, 30)" {
		t.Errorf("the mail's style is %s", got)
	}
	name, got := tb.Download(func() { tb.Press("data file.bin") })
	if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(attachmentBytes()) {
		t.Fatalf("attachment %q: %d octets, not those that were sent", name, len(got))
	}
	name, got = tb.Download(func() { tb.Press(text("message.original")) })
	if want := strings.ReplaceAll(mailWithFile(), "\n", "\r\n"); name != "Grüße mit Anlage.eml" || string(got) != want {
		t.Fatalf("original %q differs", name)
	}

	// An empty answer is not sent: the page that shows the message would be gone.
	tb.MustElement("#m-reply button[type=submit]").MustClick()
	if got := tb.MustEval(`() => document.querySelector('#r-body:invalid')?.validationMessage || ''`).Str(); got != text("reply.empty") {
		t.Errorf("an empty answer: %q", got)
	}
	tb.WaitFor("#m-reply button[type=submit]", text("reply.button"))
	tb.Choose("#r-files", "answer ä.bin", attachmentBytes())
	tb.Fill("#r-body", "Thank you.\nÜbrigens: fine.")
	tb.Press(text("reply.button"))
	tb.WaitFor("h1", text("sent.heading"))
	checkReply(t, s.owner.sent("reply")[0], "Re: Grüße mit Anlage", "answer ä.bin")
	tb.Quiet("frame is sandboxed")

	noKey(t, tb, code)
}

// noKey fails the test if a request carried the code or the key that it yields.
func noKey(t testing.TB, tb *browsertest.Tab, code seal.Code) {
	t.Helper()
	key, err := code.Identity()
	must(t, err)
	requests := tb.Requests()
	if len(requests) < 5 {
		t.Fatalf("only %d requests were seen", len(requests))
	}
	saw := false
	for _, r := range requests {
		saw = saw || strings.Contains(r, code.Token().Encode())
		// The browser's own record of a navigation has the fragment, which it
		// does not send: RFC 9110 section 7.1.
		if strings.HasPrefix(r, "GET ") && strings.Contains(strings.SplitN(r, " ", 3)[1], "#"+code.Fragment()) {
			r = strings.Replace(r, "#"+code.Fragment(), "", 1)
		}
		for _, secret := range []string{code.Fragment(), code.Text(), strings.ToLower(code.Fragment()), key.String(), base64.StdEncoding.EncodeToString(code[:])} {
			if strings.Contains(r, secret) {
				t.Errorf("a request carried the key: %.80s", r)
			}
		}
	}
	if !saw {
		t.Error("no request carried the token: the requests' bodies were not seen")
	}
}

// TestBrowserOneTimeFiles compares what the browser takes out of a message with
// what was put in, for each transfer encoding.
func TestBrowserOneTimeFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	raw := `From: clara@firm.example
Subject: files
Content-Type: multipart/mixed; boundary="b(1)+x"

--b(1)+x

body
--b(1)+x
Content-Type: text/csv; charset=utf-8
Content-Disposition: attachment; filename=qp.csv
Content-Transfer-Encoding: quoted-printable

a;b=C3=A4
c;d=
e;=20
--b(1)+x
Content-Type: text/csv
Content-Disposition: attachment; filename=seven.csv

1;2
3;4

--b(1)+x
Content-Disposition: attachment; filename=inner.eml
Content-Type: message/rfc822

Subject: inner

inner text
--b(1)+x
Content-Type: application/octet-stream; name=b.bin
Content-Transfer-Encoding: base64

AAEC/w0KCg==
--b(1)+x--
`
	want := map[string]string{"qp.csv": "a;bä\r\nc;de; ", "seven.csv": "1;2\r\n3;4\r\n", "inner.eml": "Subject: inner\r\n\r\ninner text", "b.bin": "\x00\x01\x02\xff\r\n\n"}
	id, code := s.sealed(seal.ModeOneTime, raw)
	tb := browsertest.Start(t).Tab(t, true)
	tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
	tb.Press(text("onetime.button"))
	tb.WaitFor("#m-subject", "files")
	for name, content := range want {
		got, b := tb.Download(func() { tb.Press(name) })
		if got != name || string(b) != content {
			t.Errorf("%s: %q is %q, want %q", name, got, b, content)
		}
	}
	// The server's own reading is the same.
	c := s.client()
	for i, name := range []string{"qp.csv", "seven.csv", "inner.eml", "b.bin"} {
		p := c.post("/o/"+id+"/part/"+strconv.Itoa(i+1), "code", code.Text()).wants(t, 200)
		if p.body != want[name] {
			t.Errorf("server: %s is %q, want %q", name, p.body, want[name])
		}
	}
}

func TestBrowserOneTimeTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	// The link lost its fragment: the code is typed, at the link's page or anywhere.
	id, code := s.sealed(seal.ModeOneTime, plainMail)
	tb := browsertest.Start(t).Tab(t, true)
	tb.Open(s.url + "/o/" + id)
	tb.Fill("#code", strings.ToLower(code.Text()))
	tb.Press(text("onetime.button"))
	tb.WaitFor("#m-text", "4111 1111 1111 1111")
	noKey(t, tb, code)

	_, code = s.sealed(seal.ModeOneTime, plainMail)
	tb = browsertest.Start(t).Tab(t, true)
	tb.Open(s.url + "/code")
	tb.Fill("#code", code.Text())
	tb.Press(text("link.button"))
	tb.WaitFor("p", text("onetime.ready"))
	tb.Press(text("onetime.button"))
	tb.WaitFor("#m-text", "4111 1111 1111 1111")
	noKey(t, tb, code)
}

func TestBrowserOneTimeRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	tests := []struct {
		name, want string
		spoil      func(*testOwner, string, seal.Code)
	}{
		{"expired", "error.expired.title", func(o *testOwner, _ string, _ seal.Code) { o.pass(31 * 24 * time.Hour) }},
		{"recalled", "error.recalled.title", func(o *testOwner, id string, _ seal.Code) { must(t, o.RecallMessage(ctx, id)) }},
		{"used", "error.used.title", func(o *testOwner, _ string, code seal.Code) {
			_, err := o.OpenOneTime(ctx, code.Token())
			must(t, err)
			o.pass(2 * time.Hour)
		}},
		{"payload changed", "error.integrity.title", func(o *testOwner, id string, _ seal.Code) { o.corrupt[id] = flipLast }},
		{"grant of another message", "error.integrity.title", func(o *testOwner, id string, _ seal.Code) {
			o.forge[id] = func(m *socket.Message) { flipLast(m.Grant) }
		}},
	}
	b := browsertest.Start(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, nil)
			id, code := s.sealed(seal.ModeOneTime, plainMail)
			tt.spoil(s.owner, id, code)
			tb := b.Tab(t, true)
			tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", text(tt.want))
			if strings.Contains(tb.MustHTML(), "4111 1111") {
				t.Error("the message was shown")
			}
			// A stranger is told the same as for any link that never was.
			tb = b.Tab(t, true)
			tb.Open(s.url + "/o/" + id + "#" + seal.NewCode().Fragment())
			tb.Press(text("onetime.button"))
			tb.WaitFor("h1", text("error.unknown.title"))
		})
	}
}

func TestBrowserOneTimeWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id, code := s.sealed(seal.ModeOneTime, mailWithFile())
	tb := browsertest.Start(t).Tab(t, false)
	tb.Open(s.url + "/o/" + id + "#" + code.Fragment())
	tb.Fill("#code", code.Text())
	tb.Press(text("onetime.button"))
	tb.WaitFor("h1", "Grüße mit Anlage")
	if got := tb.Mail().MustElement("body").MustText(); !strings.Contains(got, "Read this.") {
		t.Fatalf("the frame shows %q", got)
	}
	name, got := tb.Download(func() {
		b := tb.WaitFor(".attachments button", "data file.bin")
		must(t, b.Click(proto.InputMouseButtonLeft, 1))
	})
	if name != "data file.bin" || sha256.Sum256(got) != sha256.Sum256(attachmentBytes()) {
		t.Fatalf("attachment %q: %d octets, not those that were sent", name, len(got))
	}
}
