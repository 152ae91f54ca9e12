package store

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const plainEntity = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n"

func (e *env) reply(by socket.Caller, message, nonce string) error {
	return e.Reply(context.Background(), by, socket.Reply{Message: message, Subject: "Re: it", Name: "Carol", Nonce: nonce}, strings.NewReader(plainEntity))
}

// nextMail claims mails until one of the kind comes.
func (e *env) nextMail(kind string) (*OutboxItem, string) {
	e.t.Helper()
	for {
		i, err := e.ClaimMail(context.Background(), time.Minute)
		if err != nil || i == nil {
			e.t.Fatalf("no %s in the outbox: %v", kind, err)
		}
		if i.Kind != kind {
			continue
		}
		r := must(i.Open())(e.t)
		defer r.Close()
		return i, string(must(io.ReadAll(r))(e.t))
	}
}

func TestReply(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	by := socket.Caller{Session: session.Token}
	for range 2 { // the browser sends it twice
		if err := e.reply(by, s.Message, "nonce"); err != nil {
			t.Fatal(err)
		}
	}
	if n := must(e.Stats(ctx))(t).Outbox; n != 2 {
		t.Fatalf("%d mails, want the notice and one reply", n)
	}
	i, data := e.nextMail("reply")
	want := "From: portal@example.com\r\nTo: alice@example.com\r\nReply-To: bob@guest.test\r\nSubject: Re: it\r\n" +
		"In-Reply-To: <orig@example.com>\r\nMIME-Version: 1.0\r\n" + plainEntity
	if data != want || len(i.To) != 1 || i.To[0] != "alice@example.com" {
		t.Fatalf("to %v:\n%s", i.To, data)
	}
	if m := must(e.Message(ctx, session.Token, s.Message))(t); m.Replied.IsZero() || !m.CanReply {
		t.Errorf("%+v", m)
	}
}

func TestLargeReplyGoesToThePayloadFile(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.MaxReply = 3 << 20 }), context.Background()
	s := e.deposit(seal.ModeOneTime, "x", "carol@guest.test")[0]
	must(e.OpenOneTime(ctx, s.Code.Token()))(t)
	head := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	body := strings.Repeat("--b planted-reply\r\n", 100000)
	r := socket.Reply{Message: s.Message, Subject: "Re", Name: "Carol", Nonce: "1"}
	by := socket.Caller{Link: s.Code.Token()}
	if err := e.Reply(ctx, by, r, strings.NewReader(head+body)); err != nil {
		t.Fatal(err)
	}
	i, data := e.nextMail("reply")
	if !strings.HasSuffix(data, "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"+body) || i.Size != int64(len(data)) {
		t.Fatalf("%d octets arrived, %d announced", len(data), i.Size)
	}
	if size := must(e.Stats(ctx))(t).MetaBytes; size > 1<<20 {
		t.Errorf("meta.db has %d octets", size)
	}
	for name, b := range e.files() {
		if strings.Contains(string(b), "planted-reply") {
			t.Errorf("%s holds the reply in clear", name)
		}
	}
	if err := e.MailSent(ctx, i); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Open(); !errors.Is(err, ErrStale) {
		t.Errorf("open after it was sent: %v", err)
	}
	r.Nonce = "2"
	if err := e.Reply(ctx, by, r, strings.NewReader(head+body+body)); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	if err := e.sweep(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestReplyRefusals(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	req := e.request(seal.ModeAccount, "x", "bob@guest.test")
	req.ReplyTo = ""
	d := e.Begin(e.key())
	mute := must(d.Seal(ctx, req))(t)[0]
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	by := socket.Caller{Session: session.Token}
	good := socket.Reply{Message: s.Message, Subject: "Re", Nonce: "n"}
	for name, tc := range map[string]struct {
		change func(*socket.Reply)
		entity string
	}{
		"can't be answered":  {func(r *socket.Reply) { r.Message = mute.Message }, plainEntity},
		"no nonce":           {func(r *socket.Reply) { r.Nonce = "" }, plainEntity},
		"subject of lines":   {func(r *socket.Reply) { r.Subject = "a\r\nBcc: x@y" }, plainEntity},
		"long subject":       {func(r *socket.Reply) { r.Subject = strings.Repeat("s", 501) }, plainEntity},
		"name of lines":      {func(r *socket.Reply) { r.Name = "a\nb" }, plainEntity},
		"other field":        {nil, "Content-Type: text/plain\r\nBcc: eve@evil.test\r\n\r\nx"},
		"field by folding":   {nil, " folded\r\nContent-Type: text/plain\r\n\r\nx"},
		"field twice":        {nil, "Content-Type: text/plain\r\ncontent-type: text/html\r\n\r\nx"},
		"bare CR in a field": {nil, "Content-Type: text/plain\rBcc: eve@evil.test\r\n\r\nx"},
		"no type":            {nil, "\r\nx"},
		"odd type":           {nil, "Content-Type: message/rfc822\r\n\r\nx"},
		"odd encoding":       {nil, "Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nx"},
		"no boundary":        {nil, "Content-Type: multipart/mixed\r\n\r\nx"},
		"encoded multipart":  {nil, "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\nx"},
		"NUL":                {nil, "Content-Type: text/plain\r\n\r\na\x00b"},
		"8 bit in a field":   {nil, "Content-Type: text/plain; charset=\xff\r\n\r\nx"},
		"endless header":     {nil, "Content-Type: text/plain\r\n" + strings.Repeat(" x\r\n", 3000)},
		"nothing":            {nil, ""},
	} {
		r := good
		if tc.change != nil {
			tc.change(&r)
		}
		if err := e.Reply(ctx, by, r, strings.NewReader(tc.entity)); !errors.Is(err, socket.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := must(e.Stats(ctx))(t).Outbox; n != 1 {
		t.Errorf("%d mails, want the notice alone", n)
	}
}

func TestEntityLines(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb":        "a\r\nb",
		"a\nb\n":        "a\r\nb\r\n",
		"a\rb":          "a\r\nb",
		"a\r\r\nb\n\rc": "a\r\n\r\nb\r\n\r\nc",
		"\n.\n":         "\r\n.\r\n",
	} {
		r := must(readEntity(io.MultiReader(strings.NewReader("Content-Type: text/plain\n\n"), iotestOneByte{strings.NewReader(in)}), 1000))(t)
		got := string(must(io.ReadAll(r))(t))
		if _, body, _ := strings.Cut(got, "\r\n\r\n"); body != want {
			t.Errorf("%q became %q, want %q", in, body, want)
		}
	}
}

// iotestOneByte gives one octet at a time, so that a CRLF is split.
type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(b []byte) (int, error) { return o.r.Read(b[:min(1, len(b))]) }

func FuzzEntity(f *testing.F) {
	for _, s := range []string{plainEntity, "Content-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\n", "content-type:text/html\r\n ; charset=x\r\n\r\n\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := readEntity(strings.NewReader(s), 1<<16)
		if err != nil {
			return
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return
		}
		head, body, ok := strings.Cut(string(b), "\r\n\r\n")
		lines := strings.Split(head, "\r\n")
		if !ok || len(lines) != 2 || !strings.HasPrefix(lines[0], "Content-Type: ") || !strings.HasPrefix(lines[1], "Content-Transfer-Encoding: ") || strings.ContainsAny(head, "\x00") {
			t.Fatalf("header %q", head)
		}
		if rest := strings.ReplaceAll(body, "\r\n", ""); strings.ContainsAny(rest, "\r\n\x00") {
			t.Fatalf("body %q", body)
		}
	})
}

// TestMemberReply: what a member answers is the member's own mail, which the milter
// judges as such and lets the member follow; a guest's answer is neither.
func TestMemberReply(t *testing.T) {
	e := newEnv(t, func(o *Options) {
		o.Compose = Compose{Member: func(a string) bool { return strings.HasSuffix(a, "@example.com") }, Pass: func(by, dispatch string, _ socket.SendOptions) ([]byte, error) {
			return []byte(by + " " + dispatch), nil
		}}
	})
	ctx := context.Background()
	for _, to := range []string{"dora@example.com", "bob@guest.test"} {
		member := strings.HasSuffix(to, "@example.com")
		s := e.deposit(seal.ModeAccount, "x", to)[0]
		session, _ := e.activate(s.Code, "password")
		draft := uuid.Must(uuid.NewV7()).String()
		if err := e.draft(session, draft, "x"); err != nil {
			t.Fatal(err)
		}
		r := socket.Reply{Message: s.Message, Subject: "Re: it", Nonce: "n", Draft: draft}
		for range 2 { // sent twice is once
			if err := e.Reply(ctx, socket.Caller{Session: session.Token}, r, strings.NewReader(plainEntity)); err != nil {
				t.Fatal(err)
			}
		}
		item := must(e.OwnItem(ctx, session.Token, draft))(t)
		if item.Folder != socket.FolderSent || (item.Dispatch != "") != member {
			t.Errorf("%s: %+v", to, item)
		}
		i, _ := e.nextMail("reply")
		want := ""
		if member {
			want = to + " " + item.Dispatch
		}
		if string(i.Pass) != want {
			t.Errorf("%s: the milter is told %q", to, i.Pass)
		}
	}
}
