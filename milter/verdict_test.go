package milter

import (
	"bytes"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// letter is a mail with header fields that must not survive in a notice.
func letter(to ...string) testMail {
	return testMail{
		from: "<ann@example.com>", to: to,
		header: [][2]string{
			{"Received", " from x by y; Sat, 21 Nov 2026 19:09:59 +0000"},
			{"DKIM-Signature", " v=1; a=rsa-sha256"},
			{"From", " Ann =?utf-8?q?M=C3=BCller?= <ann@example.com>"},
			{"To", " guest@customer.example, colleague@example.com"},
			{"Cc", " cc@customer.example"},
			{"Bcc", " bcc@customer.example"},
			{"Subject", " Planted-Subject one"},
			{"Date", " Sat, 21 Nov 2026 19:09:00 +0000"},
			{"Message-ID", " <m1@example.com>"},
			{"References", " <m0@example.com>"},
			{"Thread-Topic", " Planted-Subject topic"},
			{"X-Custom", " planted-custom"},
			{"Subject", " Planted-Subject two"},
			{"Keywords", "planted-keyword"},
			{"MIME-Version", " 1.0"},
			{"Content-Type", " text/plain;\n charset=utf-8; name=planted-name"},
			{"Content-Language", " planted-language"},
			{"Autocrypt", " addr=ann@example.com"},
			{"Disposition-Notification-To", " ann@example.com"},
			{"X-Custom", " planted-custom-2"},
		},
		body: "planted-body line one\r\n..\r\n\r\nfrom here on\r\n",
	}
}

// asSent is the message as the sender submitted it.
func asSent(tm testMail) string {
	var b strings.Builder
	for _, h := range tm.header {
		b.WriteString(h[0] + ":" + strings.ReplaceAll(h[1], "\n", "\r\n") + "\r\n")
	}
	return b.String() + "\r\n" + tm.body
}

func wantAccepted(t *testing.T, d done) {
	t.Helper()
	if d.code != 'a' {
		t.Fatalf("answer %q %q, want accept", d.code, d.data)
	}
}

func TestClearMessageIsUntouched(t *testing.T) {
	f := &fakeStore{}
	m := connect(t, newServer(t, f, nil), true)
	d := m.transact(letter("<colleague@example.com>", "<other@example.com>"))
	wantAccepted(t, d)
	if len(d.frames) > 0 || f.commits > 0 {
		t.Errorf("%d modifications, %d commits, want none", len(d.frames), f.commits)
	}
}

func TestSingleSealedRecipientInPlace(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<Guest@Customer.example>")
	m := connect(t, newServer(t, f, nil), true)
	d := m.transact(tm)
	wantAccepted(t, d)
	a := tm.apply(t, d)

	if len(a.to) != 1 || a.to[0] != tm.to[0] {
		t.Errorf("recipients %q", a.to)
	}
	whole := a.body
	for _, h := range a.header {
		whole += h[0] + ":" + h[1] + "\n"
	}
	if strings.Contains(strings.ToLower(whole), "planted") {
		t.Errorf("something of the message is left:\n%s", whole)
	}
	want := map[string]string{
		"From":    " Ann =?utf-8?q?M=C3=BCller?= <ann@example.com>",
		"Subject": " You have a new encrypted message from ann@example.com",
		"To":      " guest@customer.example, colleague@example.com", "Cc": " cc@customer.example",
		"Message-ID": " <m1@example.com>", "References": " <m0@example.com>", "MIME-Version": " 1.0",
		"Content-Language": " en", "Content-Transfer-Encoding": " 7bit", "Date": " Sat, 21 Nov 2026 19:09:00 +0000",
	}
	for name, v := range want {
		if got := a.get(name); len(got) != 1 || got[0] != v {
			t.Errorf("%s is %q, want %q", name, got, v)
		}
	}
	if ct := a.get("Content-Type"); len(ct) != 1 || !strings.HasPrefix(ct[0], " multipart/alternative;") {
		t.Errorf("Content-Type %q", ct)
	}
	for _, gone := range []string{"Bcc", "DKIM-Signature", "Thread-Topic", "X-Custom", "Keywords", "Autocrypt", "Disposition-Notification-To"} {
		if got := a.get(gone); len(got) > 0 {
			t.Errorf("%s is left: %q", gone, got)
		}
	}

	if len(f.sealed) != 1 || len(f.sent) != 0 || f.commits != 1 {
		t.Fatalf("%d sealed, %d sent, %d commits", len(f.sealed), len(f.sent), f.commits)
	}
	s := f.sealed[0]
	if got := string(s.content); got != asSent(tm) {
		t.Errorf("sealed message differs from what was submitted:\n%q\n%q", got, asSent(tm))
	}
	if s.Mode != seal.ModeAccount || s.Sender != "ann@example.com" || !s.Internal || s.ReplyTo != "ann@example.com" ||
		s.MessageID != "<m1@example.com>" || len(s.Recipients) != 1 || s.Recipients[0] != "guest@customer.example" {
		t.Errorf("seal request %+v", s.SealRequest)
	}
	if s.Expires.Sub(s.Created) != 30*24*time.Hour {
		t.Errorf("kept %v", s.Expires.Sub(s.Created))
	}
	if s.Summary.Subject != "Planted-Subject one" || s.Summary.Size != int64(len(asSent(tm))) {
		t.Errorf("summary %+v", s.Summary)
	}
	if !strings.Contains(a.body, s.sealed[0].Code.Text()) {
		t.Error("the notice lacks the code")
	}
	if strings.Contains(f.log.String(), s.sealed[0].Code.Fragment()) || strings.Contains(f.log.String(), "Planted") {
		t.Error("the log holds a secret or the subject")
	}
}

// Colleague and guest: one gets the mail as it is, the other a notice.
func TestMixedRecipients(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<colleague@example.com>", "<GUEST@customer.example>")
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	a := tm.apply(t, d)
	if len(a.to) != 1 || a.to[0] != "<colleague@example.com>" {
		t.Errorf("recipients %q", a.to)
	}
	if a.body != tm.body || len(a.header) != len(tm.header) {
		t.Error("the colleague's message was changed")
	}
	if len(f.sent) != 1 {
		t.Fatalf("%d mails sent", len(f.sent))
	}
	n := f.sent[0]
	if n.Kind != "notice" || n.From != "ann@example.com" || len(n.To) != 1 || n.To[0] != "GUEST@customer.example" {
		t.Errorf("notice %+v", n)
	}
	for _, bad := range []string{"colleague", "cc@customer", "bcc@", "planted", "Planted"} {
		if bytes.Contains(n.Data, []byte(bad)) {
			t.Errorf("the notice tells %q", bad)
		}
	}
	p, err := mail.ReadMessage(bytes.NewReader(n.Data))
	if err != nil {
		t.Fatal(err)
	}
	if p.Header.Get("To") != "<GUEST@customer.example>" || !strings.Contains(p.Header.Get("From"), "<ann@example.com>") {
		t.Errorf("notice header %v", p.Header)
	}
}

func TestSeveralSealedRecipients(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<guest1@a.example>", "<known@b.example>", "<once@c.example>", "<short@d.example>")
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	a := tm.apply(t, d)
	if len(a.to) != 1 || a.to[0] != "<guest1@a.example>" {
		t.Errorf("recipients %q, want the first sealed one", a.to)
	}
	if len(f.sent) != 3 || len(f.sealed) != 3 {
		t.Fatalf("%d notices, %d sealed messages, want 3 and 3 (account, short account, one-time)", len(f.sent), len(f.sealed))
	}
	all := map[string]string{"guest1@a.example": a.body}
	for _, n := range f.sent {
		all[n.To[0]] = string(n.Data)
	}
	codes := map[string]string{}
	for _, s := range f.sealed {
		for _, r := range s.sealed {
			if !r.Account {
				codes[r.Recipient] = r.Code.Text()
			}
		}
		if s.Recipients[0] == "short@d.example" && s.Expires.Sub(s.Created) != 48*time.Hour {
			t.Errorf("short is kept %v", s.Expires.Sub(s.Created))
		}
	}
	for who, text := range all {
		for owner, code := range codes {
			if strings.Contains(text, code) != (who == owner) {
				t.Errorf("notice of %s and the code of %s: %v", who, owner, who != owner)
			}
		}
		for other := range all {
			if other != who && strings.Contains(text, other) {
				t.Errorf("notice of %s tells of %s", who, other)
			}
		}
	}
}

func TestRecipientTwice(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<guest@a.example>", "<Guest@A.example>", "<guest@a.example>")
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(a.to) != 3 || len(f.sent) != 0 || len(f.sealed[0].Recipients) != 1 {
			t.Errorf("recipients %q, %d sent, sealed for %q", a.to, len(f.sent), f.sealed[0].Recipients)
		}
	})
	t.Run("beside a colleague", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<guest@a.example>", "<colleague@example.com>", "<Guest@A.example>", "<guest@a.example>")
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(a.to) != 1 || a.to[0] != "<colleague@example.com>" || len(f.sent) != 1 {
			t.Errorf("recipients %q, %d sent", a.to, len(f.sent))
		}
	})
}

// One mailbox with two verdicts gets the stricter one; of two strict ones none is
// the stricter.
func TestRecipientTwiceWithTwoVerdicts(t *testing.T) {
	m := &message{recipients: []recipient{{raw: "<a@x>", address: "a@x", key: "a@x"}, {raw: "<A@x>", address: "A@x", key: "a@x"}}}
	decide := func(a, b rules.Action) *rules.Decision {
		return &rules.Decision{Verdicts: []rules.Verdict{{Recipient: "a@x", Action: a}, {Recipient: "A@x", Action: b}}}
	}
	for _, d := range []*rules.Decision{decide(rules.Deliver, rules.Pickup), decide(rules.Pickup, rules.Deliver)} {
		s, err := assort(m, d)
		if err != nil || len(s.sealed) != 1 || len(s.clear) != 0 || len(s.sealed[0].raws) != 2 {
			t.Errorf("%+v, %v", s, err)
		}
	}
	if _, err := assort(m, decide(rules.Return, rules.Pickup)); err == nil {
		t.Error("two strict verdicts for one mailbox are no error")
	}
}

func TestReturn(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		f := &fakeStore{}
		d := connect(t, newServer(t, f, nil), true).transact(letter("<return@a.example>", "<return2@a.example>"))
		if d.code != 'y' || d.data != "550 5.7.1 100%% of these go to the vault." || len(d.frames) > 0 {
			t.Errorf("answer %q %q, %d modifications", d.code, d.data, len(d.frames))
		}
		if len(f.sent) != 0 || len(f.audit) != 2 {
			t.Errorf("%d mails, audit %v", len(f.sent), f.audit)
		}
	})
	t.Run("some", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<colleague@example.com>", "<return@a.example>", "<guest@a.example>")
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(a.to) != 1 || a.to[0] != "<colleague@example.com>" || a.body != tm.body {
			t.Errorf("recipients %q", a.to)
		}
		kinds := map[string]store.Mail{}
		for _, m := range f.sent {
			kinds[m.Kind] = m
		}
		dsn := kinds["dsn"]
		if len(f.sent) != 2 || dsn.From != "" || len(dsn.To) != 1 || dsn.To[0] != "ann@example.com" ||
			!bytes.Contains(dsn.Data, []byte("Final-Recipient: rfc822; return@a.example")) ||
			!bytes.Contains(dsn.Data, []byte("100% of these go to the vault.")) ||
			bytes.Contains(dsn.Data, []byte("guest@a.example\r\nAction")) {
			t.Errorf("sent %d; DSN %s", len(f.sent), dsn.Data)
		}
	})
	t.Run("bounce", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<colleague@example.com>", "<return@a.example>")
		tm.from = "<>"
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(a.to) != 1 || len(f.sent) != 0 {
			t.Errorf("recipients %q; %d mails, want no answer to a bounce", a.to, len(f.sent))
		}
	})
}

// RFC 3461: who asked for no notification gets none, and finds its own id.
func TestDeliveryStatusOptions(t *testing.T) {
	f := &fakeStore{}
	m := connect(t, newServer(t, f, nil), true)
	m.mail("<ann@example.com>", "SIZE=100", "ENVID=QQ314159")
	m.rcpt("<colleague@example.com>")
	m.rcpt("<return@a.example>", "NOTIFY=NEVER")
	m.rcpt("<return2@a.example>", "notify=SUCCESS,FAILURE", "ORCPT=rfc822;x@a.example")
	m.header("Subject", " x")
	m.eoh()
	d := m.end()
	wantAccepted(t, d)
	if len(d.frames) != 2 || len(f.sent) != 1 {
		t.Fatalf("%d modifications, %d mails", len(d.frames), len(f.sent))
	}
	data := string(f.sent[0].Data)
	if !strings.Contains(data, "Original-Envelope-Id: QQ314159") || !strings.Contains(data, "return2@a.example") || strings.Contains(data, "return@a.example") {
		t.Errorf("notification:\n%s", data)
	}
}

func TestReceipt(t *testing.T) {
	for _, tt := range []struct {
		from string
		want int
	}{{"<ann@example.com>", 1}, {"<>", 0}, {"<stranger@elsewhere.example>", 0}} {
		f := &fakeStore{}
		tm := letter("<guest@a.example>", "<colleague@example.com>")
		tm.from = tt.from
		tm.header[6][1] = " [receipt] Planted-Subject"
		wantAccepted(t, connect(t, newServer(t, f, nil), true).transact(tm))
		got := 0
		for _, m := range f.sent {
			if m.Kind == "receipt" {
				got++
				if m.From != "" || m.To[0] != "ann@example.com" || !bytes.Contains(m.Data, []byte("guest@a.example")) ||
					bytes.Contains(m.Data, []byte("Planted")) || bytes.Contains(m.Data, []byte("colleague")) {
					t.Errorf("receipt:\n%s", m.Data)
				}
			}
		}
		if got != tt.want {
			t.Errorf("%s gets %d receipts, want %d", tt.from, got, tt.want)
		}
	}
}

func TestBounceIsSealed(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<guest@a.example>", "<guest2@a.example>")
	tm.from = "<>"
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	if len(f.sealed) != 1 || f.sealed[0].Sender != "" || f.sealed[0].ReplyTo != "" || f.sealed[0].Internal {
		t.Fatalf("sealed %+v", f.sealed)
	}
	if len(f.sent) != 1 || f.sent[0].From != "" || f.sent[0].Kind != "notice" {
		t.Errorf("sent %+v", f.sent)
	}
}

func TestDiscard(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		f := &fakeStore{}
		d := connect(t, newServer(t, f, nil), true).transact(letter("<drop@a.example>"))
		if d.code != 'd' || len(d.frames) > 0 || len(f.audit) != 1 || f.audit[0].Event != store.EventDiscarded {
			t.Errorf("answer %q, audit %v", d.code, f.audit)
		}
	})
	t.Run("some", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<colleague@example.com>", "<drop@a.example>")
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(a.to) != 1 || a.to[0] != "<colleague@example.com>" || len(f.sent) != 0 {
			t.Errorf("recipients %q", a.to)
		}
	})
	t.Run("the others are returned", func(t *testing.T) {
		f := &fakeStore{}
		d := connect(t, newServer(t, f, nil), true).transact(letter("<drop@a.example>", "<return@a.example>"))
		if d.code != 'd' || len(d.frames) > 0 || len(f.sent) != 1 || f.sent[0].Kind != "dsn" {
			t.Errorf("answer %q, %d modifications, sent %d", d.code, len(d.frames), len(f.sent))
		}
	})
	t.Run("the other is sealed", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<drop@a.example>", "<guest@a.example>")
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(a.to) != 1 || a.to[0] != "<guest@a.example>" || strings.Contains(a.body, "planted") {
			t.Errorf("recipients %q", a.to)
		}
	})
}

func TestQuarantine(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<colleague@example.com>", "<hold@a.example>", "<guest@a.example>", "<return@a.example>")
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	a := tm.apply(t, d)
	// The hold knows no recipients: whoever need not wait gets mail of his own.
	if a.quarantine != "Postseal: held by hold" || len(a.to) != 1 || a.to[0] != "<hold@a.example>" || a.body != tm.body {
		t.Errorf("quarantine %q, recipients %q", a.quarantine, a.to)
	}
	if kinds := f.kinds(); kinds != "copy:colleague@example.com notice:guest@a.example dsn:ann@example.com" {
		t.Errorf("sent %s", kinds)
	}
	if got := string(f.sent[0].Data); got != asSent(tm) {
		t.Errorf("the colleague gets\n%s", got)
	}
}

func TestTagsAndSubject(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<colleague@example.com>", "<guest@a.example>")
	tm.header[6][1] = " [tag] Planted-Subject"
	tm.header = append(tm.header[:12:12], tm.header[13:]...)
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	a := tm.apply(t, d)
	if got := a.get("Subject"); len(got) != 1 || got[0] != " Planted-Subject" {
		t.Errorf("Subject %q", got)
	}
	if got := a.get(TagHeader); len(got) != 1 || got[0] != " PHI" {
		t.Errorf("%s %q", TagHeader, got)
	}
	// The recipient sees as little of the tag in the sealed message.
	if s := f.sealed[0]; s.Summary.Subject != "Planted-Subject" || s.Summary.Size != int64(len(s.content)) ||
		string(s.content) != strings.Replace(asSent(tm), "Subject: [tag] Planted", "Subject: Planted", 1) {
		t.Errorf("summary %q, sealed\n%s", s.Summary.Subject, s.content)
	}
}

// TestSubjectsThatStay: without a pattern that fits, a subject stays as it came; of
// several, one is left.
func TestSubjectsThatStay(t *testing.T) {
	for _, tt := range []struct{ subjects, want []string }{
		{[]string{" =?utf-8?q?hello_?="}, []string{" =?utf-8?q?hello_?="}},
		{[]string{" =?utf-8?q?hello_?=", " second"}, []string{" =?utf-8?q?hello_?=", " second"}},
		{[]string{" [tag] one", " two"}, []string{" one"}},
		{[]string{" [tag]"}, []string{" "}},
	} {
		f := &fakeStore{}
		tm := letter("<guest@a.example>")
		tm.header = slices.DeleteFunc(tm.header, func(f [2]string) bool { return f[0] == "Subject" })
		for _, s := range tt.subjects {
			tm.header = append(tm.header, [2]string{"Subject", s})
		}
		wantAccepted(t, connect(t, newServer(t, f, nil), true).transact(tm))
		var got []string
		for _, line := range strings.Split(string(f.sealed[0].content), "\r\n") {
			if s, ok := strings.CutPrefix(line, "Subject:"); ok {
				got = append(got, s)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q became %q", tt.subjects, got)
		}
	}
}

// TestStrippedSubjectIsFolded: what is left of a subject stays a field of RFC 5322.
func TestStrippedSubjectIsFolded(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<guest@a.example>")
	long := strings.Repeat("Beträge für das Jahr ", 30)
	tm.header[6][1] = " " + mime.QEncoding.Encode("utf-8", "[tag] "+long)
	tm.header = append(tm.header[:12:12], tm.header[13:]...)
	wantAccepted(t, connect(t, newServer(t, f, nil), true).transact(tm))
	s := f.sealed[0]
	header, _, _ := strings.Cut(string(s.content), "\r\n\r\n")
	for _, line := range strings.Split(header, "\r\n") {
		if strings.HasPrefix(line, " =?") && len(line) > 78 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d: %q", len(line), line)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(s.content))
	if err != nil {
		t.Fatal(err)
	}
	if got := decoded(m.Header.Get("Subject")); got != strings.TrimSpace(long) {
		t.Errorf("subject %q", got)
	}
}

func TestReport(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<colleague@example.com>")
	tm.header[6][1] = " [watch] Planted-Subject"
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	if len(d.frames) != 0 || len(f.sent) != 1 || f.sent[0].Kind != "report" || f.sent[0].To[0] != "privacy@example.com" {
		t.Fatalf("sent %+v", f.sent)
	}
	if bytes.Contains(f.sent[0].Data, []byte("Planted")) {
		t.Error("the report tells the subject")
	}
}

func TestKeepHeaders(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<guest@a.example>")
	s := newServer(t, f, func(o *Options) { o.KeepHeaders = []string{"x-custom"} })
	d := connect(t, s, true).transact(tm)
	wantAccepted(t, d)
	a := tm.apply(t, d)
	if got := a.get("X-Custom"); len(got) != 2 || len(a.get("Keywords")) != 0 {
		t.Errorf("X-Custom %q, Keywords %q", got, a.get("Keywords"))
	}
}
